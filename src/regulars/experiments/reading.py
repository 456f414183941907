"""Reading an experiment: lift of each arm over the control, with what must be known before it is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.errors import ExperimentUnknown
from regulars.experiments.checks import Contamination, SampleRatio, sample_ratio
from regulars.experiments.cuped import adjust
from regulars.experiments.declare import Experiment
from regulars.experiments.lift import CONFIDENCE, Sample, difference, relative_difference
from regulars.experiments.outcomes import IN_MONEY, OUTCOMES, Outcomes, outcomes, reached
from regulars.experiments.sequential import difference_at_any_time, relative_difference_at_any_time
from regulars.experiments.verdict import Finding, verdict
from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from regulars.experiments.cuped import Adjusted
    from regulars.experiments.lift import Effect
    from regulars.relations.session import Session
    from regulars.results import TableResult

CONTROL_NAMES = ("control", "holdout", "held_out", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """One outcome of one arm against the control. Money is in minor units.

    `difference` and `relative` hold for one look; `at_any_time` and `relative_at_any_time` however often one looks, and the verdict comes
    from them. All are after CUPED where there is a covariate; `unadjusted` is the plain difference.
    """

    outcome: str
    arm: str
    control_mean: float
    treatment_mean: float
    difference: Effect | Undefined
    relative: Effect | Undefined
    at_any_time: Effect | Undefined
    relative_at_any_time: Effect | Undefined
    unadjusted: Effect | Undefined
    variance_reduction: float
    treated: int
    verdict: Finding

    @property
    def total(self) -> float | Undefined:
        """What the treatment brought in all: the difference times the treated."""
        return self.difference if isinstance(self.difference, Undefined) else self.difference.value * self.treated


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """An experiment as of an instant: its arms, lift by outcome and arm, the checks, and notes on what else is to be known."""

    experiment: Experiment
    as_of: datetime
    currency: str
    arms: TableResult
    lifts: tuple[Lift, ...]
    sample_ratio: SampleRatio | Undefined
    contamination: Contamination | Undefined
    confidence: float
    notes: tuple[Finding, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare."""
        return not self.lifts

    def lift(self, outcome: str, arm: str | None = None) -> Lift:
        """The lift of an outcome; `arm` is needed with several treatments. Raises `LookupError` where there is none."""
        for each in self.lifts:
            if each.outcome == outcome and arm in (None, each.arm):
                return each
        raise LookupError(f"{self.experiment.name} has no lift in {outcome}: {' '.join(str(note) for note in self.notes)}")

    def note(self, code: str) -> Finding | None:
        """The note with this code, where it was made."""
        return next((note for note in self.notes if note.code == code), None)

    @property
    def lift_table(self) -> TableResult:
        """One row per arm and outcome: means, difference with both intervals, per cent, verdict."""
        from regulars.experiments.tables import lift_table

        return lift_table(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        from regulars.experiments.tables import result_dict

        return result_dict(self)


def read(session: Session, experiment: Experiment | str, *, confidence: float = CONFIDENCE) -> ExperimentResult:
    """Lift in conversion, orders, revenue and margin of each treatment over the control, by intention to treat, as of the session.

    `experiment` is a declared one, or the name under which rows of `assignments` stand. With k treatments each interval is at
    `1 - (1 - confidence) / k`. Where there are no outcomes, or one arm only, the result is empty and a note says why. Raises `MixedCurrencies`.
    """
    notes: list[Finding] = []
    if isinstance(experiment, str):
        experiment = undeclared(session, experiment)
        notes.append(Finding("undeclared", {"experiment": experiment.name, "control": experiment.control}))
    found = outcomes(session, experiment)
    counts = {arm: int((found.arms == arm).sum()) for arm in experiment.arms}
    everybody = {arm: n + found.waiting.get(arm, 0) for arm, n in counts.items()}
    ratio = sample_ratio(everybody, experiment.arms)
    touched = _contamination(session, experiment, found)
    level = 1 - (1 - confidence) / len(experiment.treatments)
    lifts = _lifts(experiment, found, ratio, level) if min(counts.values()) else ()
    notes += [*_missing(experiment, found, everybody), *_remarks(experiment, found, lifts, touched)]
    from regulars.experiments.tables import arms_table

    return ExperimentResult(
        experiment=experiment,
        as_of=session.as_of,
        currency=session.currency or "",
        arms=arms_table(session, experiment, found),
        lifts=lifts,
        sample_ratio=ratio,
        contamination=touched,
        confidence=level,
        notes=tuple(notes),
    )


def undeclared(session: Session, name: str) -> Experiment:
    """An experiment of which only the rows of `assignments` are known: equal shares, the control by its name, else the first arm by name.

    Raises `ExperimentUnknown` where there are no such rows as of the session.
    """
    rows = session.run(session.table("assigned_customers").select("experiment", "arm").distinct()).to_pylist()
    arms = sorted(row["arm"] for row in rows if row["experiment"] == name)
    if not arms:
        raise ExperimentUnknown(
            f"There is no experiment '{name}' as of {session.as_of:%Y-%m-%d %H:%M} UTC.",
            expected=", ".join(sorted({row["experiment"] for row in rows})) or "an experiment that customers are assigned to",
            remedy="See `regulars experiment list`; declare and assign one with `regulars experiment assign NAME`.",
        )
    control = next((arm for arm in arms if arm in CONTROL_NAMES), arms[0])
    arms = arms if len(arms) > 1 else sorted({control, *arms, "treatment"})
    return Experiment(name=name, arms={arm: 1 / len(arms) for arm in arms}, control=control)


def _lifts(experiment: Experiment, found: Outcomes, ratio: SampleRatio | Undefined, level: float) -> tuple[Lift, ...]:
    control_rows = found.arms == experiment.control
    mismatch = ratio.p_value if isinstance(ratio, SampleRatio) and ratio.mismatch else None
    planned = experiment.planned or len(found.arms) + sum(found.waiting.values())
    made = []
    for arm in experiment.treatments:
        rows = found.arms == arm
        fewest = int(min((found.orders[rows] > 0).sum(), (found.orders[control_rows] > 0).sum()))
        share = (experiment.arms[arm] + experiment.arms[experiment.control]) if len(experiment.treatments) > 1 else 1.0
        for outcome in OUTCOMES:
            values = found.of(outcome)
            if isinstance(values, Undefined):
                made.append(_without(values, outcome, arm, int(rows.sum())))
                continue
            adjusted = adjust([values[rows], values[control_rows]], [found.covariate[rows], found.covariate[control_rows]])
            plain = (Sample.of_values(values[rows]), Sample.of_values(values[control_rows]))
            made.append(_lift(outcome, arm, experiment.control, plain, adjusted, max(2, round(planned * share)), level, fewest, mismatch))
    return tuple(made)


def _lift(
    outcome: str,
    arm: str,
    control: str,
    plain: tuple[Sample, Sample],
    adjusted: Adjusted,
    planned: int,
    level: float,
    fewest: int,
    mismatch: float | None,
) -> Lift:
    treated, untreated = adjusted.samples
    at_any_time = difference_at_any_time(treated, untreated, planned=planned, confidence=level)
    return Lift(
        outcome=outcome,
        arm=arm,
        control_mean=plain[1].mean,
        treatment_mean=plain[0].mean,
        difference=difference(treated, untreated, confidence=level),
        relative=relative_difference(treated, untreated, confidence=level),
        at_any_time=at_any_time,
        relative_at_any_time=relative_difference_at_any_time(treated, untreated, planned=planned, confidence=level),
        unadjusted=difference(*plain, confidence=level),
        variance_reduction=adjusted.variance_reduction,
        treated=plain[0].n,
        verdict=verdict(
            at_any_time,
            outcome=outcome,
            arm=arm,
            control=control,
            fewest_converters=fewest,
            mismatch=mismatch,
            money=outcome in IN_MONEY,
        ),
    )


def _without(reason: Undefined, outcome: str, arm: str, treated: int) -> Lift:
    return Lift(
        outcome=outcome,
        arm=arm,
        control_mean=0.0,
        treatment_mean=0.0,
        difference=reason,
        relative=reason,
        at_any_time=reason,
        relative_at_any_time=reason,
        unadjusted=reason,
        variance_reduction=0.0,
        treated=treated,
        verdict=verdict(reason, outcome=outcome, arm=arm, control="", fewest_converters=0),
    )


def _contamination(session: Session, experiment: Experiment, found: Outcomes) -> Contamination | Undefined:
    if not experiment.campaigns or not len(found.arms):
        return Undefined("no_data")
    import numpy as np

    customers = found.customers.to_pylist()
    got = reached(session, experiment, customers)
    hit = np.array([customer in got for customer in customers], bool)
    control = found.arms == experiment.control
    return Contamination(
        control=int(control.sum()),
        control_reached=int((hit & control).sum()),
        treated=int((~control).sum()),
        treated_reached=int((hit & ~control).sum()),
    )


def _missing(experiment: Experiment, found: Outcomes, everybody: Mapping[str, int]) -> list[Finding]:
    notes = []
    filled = [arm for arm, n in everybody.items() if n]
    if not filled and not found.before_data:
        notes.append(Finding("undivided", {"experiment": experiment.name}))
    elif len(filled) == 1:
        notes.append(Finding("one_arm", {"experiment": experiment.name}))
    if experiment.days is None and filled and not (found.start_days < found.as_of_day).any():
        notes.append(Finding("no_data_after"))
    if waiting := sum(found.waiting.values()):
        notes.append(Finding("waiting", {"customers": waiting, "days": experiment.days}))
    if experiment.planned and 0 < len(found.arms) < experiment.planned:
        notes.append(Finding("early", {"customers": len(found.arms), "planned": experiment.planned}))
    if found.before_data:
        notes.append(Finding("before_data", {"customers": found.before_data}))
    if found.conflicts:
        notes.append(Finding("merged", {"customers": found.conflicts}))
    return notes


def _remarks(experiment: Experiment, found: Outcomes, lifts: tuple[Lift, ...], touched: Contamination | Undefined) -> list[Finding]:
    import numpy as np

    if not lifts:
        return []
    notes = []
    known = np.isfinite(found.covariate)
    if known.any():
        reduction = next(each.variance_reduction for each in lifts if each.outcome == "revenue")
        notes.append(Finding("adjusted", {"share": reduction}))
        if not known.all():
            notes.append(Finding("covariate_missing", {"share": 1 - float(known.mean())}))
    else:
        notes.append(Finding("no_covariate"))
    if len(experiment.treatments) > 1:
        notes.append(Finding("several_arms", {"treatments": len(experiment.treatments)}))
    if found.margin_basis in ("gross_margin", "margin_rate"):
        notes.append(Finding("margin_by_share", {"share_of": found.margin_basis}))
    if not experiment.campaigns:
        notes.append(Finding("no_campaigns"))
    if isinstance(touched, Contamination):
        if touched.control_reached:
            notes.append(
                Finding("contaminated", {"customers": touched.control_reached, "share": touched.control_reached / touched.control})
            )
        if touched.treated and touched.treated_reached < touched.treated:
            notes.append(Finding("not_reached", {"share": 1 - touched.treated_reached / touched.treated}))
    return notes
