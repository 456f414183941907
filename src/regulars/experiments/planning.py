"""What an experiment of a size could see, from what customers did lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.experiments.covariates import aligned, covariate
from regulars.experiments.cuped import adjust
from regulars.experiments.power import Plan, detectable_difference, detectable_points
from regulars.experiments.verdict import Finding
from regulars.metrics.estimates import Undefined
from regulars.periods import day_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.relations.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookRow:
    """One outcome: what a customer does now in so many days, and the smallest difference that would be detected."""

    outcome: str
    baseline: float
    deviation: float
    variance_reduction: float
    detectable: float | Undefined
    currency: str = ""

    @property
    def relative(self) -> float | Undefined:
        """The detectable difference as a share of the baseline."""
        if isinstance(self.detectable, Undefined):
            return self.detectable
        return self.detectable / self.baseline if self.baseline > 0 else Undefined("zero_denominator")

    @property
    def shown_baseline(self) -> str:
        """The baseline in words."""
        return self._shown(self.baseline)

    @property
    def shown_detectable(self) -> str:
        """The detectable difference in words; conversion in points."""
        if isinstance(self.detectable, Undefined):
            return str(self.detectable)
        return f"{100 * self.detectable:.1f} points" if self.outcome == "conversion" else self._shown(self.detectable)

    @property
    def shown_relative(self) -> str:
        """The detectable difference in per cent of the baseline."""
        return "" if isinstance(self.relative, Undefined) else f"{100 * self.relative:.1f} %"

    def _shown(self, value: float) -> str:
        if self.outcome == "conversion":
            return f"{100 * value:.1f} %"
        return money.show(round(value), self.currency) if self.currency and self.outcome == "revenue" else f"{value:.3f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an experiment with `customers` in all arms together could see over `days`."""

    customers: int
    known: int
    days: int
    plan: Plan
    rows: tuple[OutlookRow, ...]
    notes: tuple[Finding, ...] = field(default=())

    @property
    def power(self) -> float:
        """Chance to detect a true effect of the size given."""
        return self.plan.power

    @property
    def how(self) -> str:
        """How it will be read, in words."""
        return "looking at any time" if self.plan.any_time else "looking once at the end"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        rows = [
            {
                "outcome": row.outcome,
                "baseline": row.baseline,
                "deviation": row.deviation,
                "variance_reduction": row.variance_reduction,
                "detectable": None if isinstance(row.detectable, Undefined) else row.detectable,
                "relative": None if isinstance(row.relative, Undefined) else row.relative,
            }
            for row in self.rows
        ]
        return {
            "customers": self.customers,
            "known": self.known,
            "days": self.days,
            "treatment_share": self.plan.treatment_share,
            "any_time": self.plan.any_time,
            "power": self.plan.power,
            "outcomes": rows,
            "notes": [note.as_dict() for note in self.notes],
        }


def outlook(session: Session, *, days: int = 28, customers: int | None = None, plan: Plan | None = None) -> Outlook:
    """What `customers` (default: all known) could detect in conversion, orders and revenue over `days`.

    The baseline is what the customers known `days` before as-of did in the last `days`; the variance that CUPED takes away is measured on the
    same days with what was expected of them then. Empty, with the note "undivided", where nobody was known.
    """
    import numpy as np

    from regulars.experiments.assignment import known_customers
    from regulars.relations.base import total

    plan = plan or Plan(any_time=True)
    start = session.as_of_day - timedelta(days=days)
    with session.earlier(start - timedelta(days=1)) as earlier:
        known = known_customers(earlier)
        expected, _basis = covariate(earlier, known)
    size = customers or len(known)
    if not known:
        return Outlook(customers=size, known=0, days=days, plan=plan, rows=(), notes=(Finding("nobody_known"),))
    session.require_one_currency("The plan of an experiment")
    order_days = session.table("order_days")
    rows = order_days.filter(order_days.local_day >= day_number(start), order_days.local_day < day_number(session.as_of_day))
    answer = session.run(rows.group_by("customer_id").agg(orders=total(rows.orders), net_minor=total(rows.net_minor)))
    names = answer.column("customer_id").to_pylist()
    import pyarrow as pa

    column = pa.array(known, pa.string())
    orders = np.nan_to_num(aligned(dict(zip(names, answer.column("orders").to_pylist(), strict=True)), column))
    revenue = np.nan_to_num(aligned(dict(zip(names, answer.column("net_minor").to_pylist(), strict=True)), column))
    before = np.array([np.nan if value is None else value for value in expected], np.float64)
    outcomes = {"conversion": (orders > 0).astype(np.float64), "orders": orders, "revenue": revenue}
    made = tuple(_row(name, values, before, size, plan, session.currency or "") for name, values in outcomes.items())
    return Outlook(customers=size, known=len(known), days=days, plan=plan, rows=made, notes=_notes(made, size, len(known)))


def _row(name: str, values: NDArray[Any], before: NDArray[Any], size: int, plan: Plan, currency: str) -> OutlookRow:
    from dataclasses import replace

    reduction = adjust([values], [before]).variance_reduction if len(values) > 20 else 0.0
    reduction = min(reduction, 0.99)
    baseline, deviation = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0
    narrowed = replace(plan, variance_reduction=reduction)
    detectable = detectable_points(size, baseline, narrowed) if name == "conversion" else detectable_difference(size, deviation, narrowed)
    return OutlookRow(
        outcome=name, baseline=baseline, deviation=deviation, variance_reduction=reduction, detectable=detectable, currency=currency
    )


def _notes(rows: tuple[OutlookRow, ...], size: int, known: int) -> tuple[Finding, ...]:
    notes = [Finding("narrowed", {"share": rows[2].variance_reduction})]
    if size > known:
        notes.append(Finding("more_than_known", {"customers": size, "known": known}))
    return tuple(notes)
