"""Results of experiments as tables and plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.experiments.lift import Effect
from regulars.experiments.outcomes import IN_MONEY
from regulars.metrics.estimates import Undefined
from regulars.results import TableResult

if TYPE_CHECKING:
    from regulars.experiments.declare import Experiment
    from regulars.experiments.outcomes import Outcomes
    from regulars.experiments.reading import ExperimentResult
    from regulars.relations.session import Session


def arms_table(session: Session, experiment: Experiment, found: Outcomes) -> TableResult:
    """One row per arm: its planned share, its customers, and what they did."""
    import pyarrow as pa

    rows = []
    for arm, share in experiment.arms.items():
        mine = found.arms == arm
        margin = None if isinstance(found.margin, Undefined) else round(float(found.margin[mine].sum()))
        rows.append(
            {
                "arm": arm,
                "planned_share": share,
                "customers": int(mine.sum()),
                "waiting": found.waiting.get(arm, 0),
                "converters": int((found.orders[mine] > 0).sum()),
                "orders": int(found.orders[mine].sum()),
                "revenue_minor": int(found.revenue[mine].sum()),
                "margin_minor": margin,
            }
        )
    kinds = [pa.string(), pa.float64(), *[pa.int64()] * 6]
    schema = pa.schema(list(zip(rows[0], kinds, strict=True)))
    return TableResult(
        table=pa.Table.from_pylist(rows, schema=schema),
        title=f"Arms of {experiment.name}",
        as_of=session.as_of,
        currency=session.currency,
        meanings={
            "customers": "assigned customers whose days have passed; they count in the arm that chance gave them",
            "waiting": "assigned customers whose days have not passed",
            "converters": "customers with a kept order",
        },
    )


def lift_table(result: ExperimentResult) -> TableResult:
    """One row per arm and outcome."""
    import pyarrow as pa

    rows = [_lift_row(each) for each in result.lifts]
    numbers = ("control_mean", "treatment_mean", "difference", "low", "high", "low_any_time", "high_any_time")
    percent = ("relative", "relative_low", "relative_high", "variance_reduction", "p_value")
    schema = pa.schema(
        [("arm", pa.string()), ("outcome", pa.string()), ("in_money", pa.bool_())]
        + [(name, pa.float64()) for name in (*numbers, *percent, "total")]
        + [("verdict", pa.string())]
    )
    return TableResult(
        table=pa.Table.from_pylist(rows, schema=schema),
        title=f"Lift in {result.experiment.name}",
        as_of=result.as_of,
        currency=result.currency or None,
        meanings={
            "difference": "treatment less control per customer; money in minor units",
            "low_any_time": "lower end of the interval that holds at all looks; the verdict comes from it",
            "relative": "the difference as a share of the control",
            "total": "difference x customers treated",
        },
    )


def _lift_row(each: Any) -> dict[str, Any]:
    defined = isinstance(each.difference, Effect)
    row = {"arm": each.arm, "outcome": each.outcome, "in_money": each.outcome in IN_MONEY, "verdict": each.verdict.code}
    if defined:
        row |= {
            "control_mean": each.control_mean,
            "treatment_mean": each.treatment_mean,
            "difference": each.difference.value,
            "low": each.difference.low,
            "high": each.difference.high,
            "low_any_time": each.at_any_time.low,
            "high_any_time": each.at_any_time.high,
            "variance_reduction": each.variance_reduction,
            "p_value": each.at_any_time.p_value,
            "total": each.total,
        }
    if isinstance(each.relative, Effect):
        row |= {"relative": each.relative.value, "relative_low": each.relative.low, "relative_high": each.relative.high}
    return row


def lift_lines(result: ExperimentResult) -> tuple[list[str], list[list[str]]]:
    """The lift as people read it: head and rows."""
    head = ["arm", "outcome", "control", "treatment", "difference (95 %, any time)", "in per cent (any time)"]
    rows = []
    for each in result.lifts:
        if isinstance(each.at_any_time, Undefined):
            rows.append([each.arm, each.outcome, "", "", "", ""])
            continue
        means = [amount_text(value, each.outcome, result.currency) for value in (each.control_mean, each.treatment_mean)]
        relative = each.relative_at_any_time
        percent = (
            ""
            if isinstance(relative, Undefined)
            else f"{100 * relative.value:+.1f} % [{100 * relative.low:+.1f}, {100 * relative.high:+.1f}]"
        )
        rows.append([each.arm, each.outcome, *means, effect_text(each.at_any_time, each.outcome, result.currency), percent])
    return head, rows


def effect_text(effect: Effect | Undefined, outcome: str, currency: str) -> str:
    """An effect with its interval; conversion in points, money in its currency."""
    if isinstance(effect, Undefined):
        return str(effect)
    if outcome == "conversion":
        return f"{100 * effect.value:+.2f} [{100 * effect.low:+.2f}, {100 * effect.high:+.2f}] points"
    value, low, high = (amount_text(number, outcome, currency) for number in (effect.value, effect.low, effect.high))
    return f"{value} [{low}, {high}]"


def amount_text(value: float, outcome: str, currency: str) -> str:
    """A mean: conversion in per cent, money in its currency."""
    if outcome == "conversion":
        return f"{100 * value:.2f} %"
    return money.show(round(value), currency) if outcome in IN_MONEY and currency else f"{value:.4f}"


def result_dict(result: ExperimentResult) -> dict[str, Any]:
    """An experiment's result as plain values."""
    ratio, touched = result.sample_ratio, result.contamination
    return {
        "experiment": result.experiment.as_dict(),
        "as_of": result.as_of.isoformat(),
        "currency": result.currency,
        "confidence": result.confidence,
        "arms": result.arms.to_pylist(),
        "lift": result.lift_table.to_pylist(),
        "verdicts": [each.verdict.as_dict() for each in result.lifts],
        "sample_ratio": {"undefined": ratio.reason}
        if isinstance(ratio, Undefined)
        else {"p_value": ratio.p_value, "mismatch": ratio.mismatch},
        "contamination": None
        if isinstance(touched, Undefined)
        else {"control_reached": touched.control_reached, "treated_reached": touched.treated_reached},
        "notes": [note.as_dict() for note in result.notes],
    }
