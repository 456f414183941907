"""Who responds: the facts of the day of assignment, and what the experiment learned from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.experiments.outcomes import outcomes
from regulars.experiments.tables import effect_text
from regulars.experiments.uplift import Learner, Uplift, learn as learn_uplift
from regulars.experiments.verdict import Finding
from regulars.metrics.estimates import Undefined
from regulars.periods import day_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.experiments.declare import Experiment
    from regulars.experiments.outcomes import Outcomes
    from regulars.relations.session import Session

GROUPS = ("orders", "second_orders", "rhythm", "returns", "discounts", "activity")
AMOUNTS = ("orders", "orders_90d", "orders_365d", "net_minor", "net_90d_minor", "net_365d_minor", "average_order_value_minor", "events_90d")
OTHERS = ("days_since_order", "tenure_days", "usual_gap_days", "overdue_ratio", "refund_share", "discounted_order_share")
MOST_DAYS = 8
"""Days of assignment whose facts are taken: each costs a run of the facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedUplift:
    """What an experiment teaches about who responds to its treatment in conversion."""

    experiment: str
    customers: Any
    found: Uplift | None
    notes: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; no customer is named."""
        out: dict[str, Any] = {"notes": [note.as_dict() for note in self.notes]}
        if self.found:
            of = self.found
            out |= {
                "learner": of.learner,
                "qini": {"value": of.qini.value, "low": of.qini.low, "high": of.qini.high},
                "qini_of_likely_buyers": {"value": of.likely.value, "low": of.likely.low, "high": of.likely.high},
                "learnable": of.is_learnable,
                "bins": [
                    {
                        "customers": each.customers,
                        "predicted": each.predicted,
                        "without": each.without,
                        "kind": each.kind if of.is_learnable else None,
                        "effect": {"undefined": each.effect.reason}
                        if isinstance(each.effect, Undefined)
                        else {"value": each.effect.value, "low": each.effect.low, "high": each.effect.high},
                    }
                    for each in of.bins
                ],
            }
        return out

    def text(self) -> str:
        """The same in words."""
        lines = ["Who responds:"]
        for place, each in enumerate(self.found.bins if self.found else (), start=1):
            kind = f", {each.kind.replace('_', ' ')}s" if self.found and self.found.is_learnable else ""
            lines.append(
                f"  fifth {place}: {each.customers:,} customers, {100 * each.without:.1f} % without, "
                f"{effect_text(each.effect, 'conversion', '')} with{kind}"
            )
        return "\n".join([*lines, *(str(note) for note in self.notes)])


def learn(session: Session, experiment: Experiment, *, learner: Learner = "t_logistic", seed: int = 0) -> LearnedUplift:
    """Uplift in conversion by the facts as of the assignment, all treatments taken together; see `regulars.experiments.uplift.learn`.

    Facts of at most eight days of assignment are taken, those with the most customers; the others are left out and a note says so.
    """
    import numpy as np

    found = outcomes(session, experiment)
    if not len(found.arms):
        return LearnedUplift(
            experiment=experiment.name,
            customers=found.customers,
            found=None,
            notes=(Finding("undivided", {"experiment": experiment.name}),),
        )
    days, counts = np.unique(found.start_days, return_counts=True)
    chosen = days[np.argsort(-counts, kind="stable")[:MOST_DAYS]]
    inside = np.isin(found.start_days, chosen)
    notes = [] if inside.all() else [Finding("days_left_out", {"customers": int((~inside).sum())})]
    rows = found.only(inside)
    features = _features(session, rows)
    answer = learn_uplift(features, rows.of("conversion"), rows.arms != experiment.control, learner=learner, seed=seed)  # type: ignore[arg-type]
    made = answer if isinstance(answer, Uplift) else None
    notes.append(answer.note if isinstance(answer, Uplift) else answer)
    return LearnedUplift(experiment=experiment.name, customers=rows.customers, found=made, notes=tuple(notes))


def _features(session: Session, rows: Outcomes) -> NDArray[Any]:
    """A row of numbers per customer, as of the beginning of the day from which their outcomes count."""
    import numpy as np
    import pyarrow as pa

    from regulars.predictions.snapshots import take

    matrix = np.zeros((len(rows.arms), 2 * len(AMOUNTS + OTHERS)))
    for day in np.unique(rows.start_days):
        mine = np.flatnonzero(rows.start_days == day)
        snapshot = take(session, day_of(int(day)), only=GROUPS)
        matrix[mine] = _numbers(snapshot.facts, rows.customers.take(pa.array(mine)))
    return matrix[:, matrix.std(axis=0) > 1e-12]


def _numbers(facts: pa.Table, customers: pa.Array) -> NDArray[Any]:
    """Logarithms of amounts, other facts as they are; a fact that is unknown is the mean of the others and sets a flag."""
    import numpy as np
    import pyarrow.compute as pc

    place = pc.index_in(customers, value_set=facts.column("customer_id").combine_chunks()).fill_null(-1).to_numpy(zero_copy_only=False)
    columns = []
    for name in AMOUNTS + OTHERS:
        known = facts.column(name).to_numpy(zero_copy_only=False).astype(np.float64) if name in facts.schema.names else np.zeros(0)
        values = np.append(known, np.nan)[place] if known.size else np.full(len(place), np.nan)
        if name in AMOUNTS:
            values = np.sign(values) * np.log1p(np.abs(values))
        missing = ~np.isfinite(values)
        middle = values[~missing].mean() if not missing.all() else 0.0
        columns += [np.where(missing, middle, values), missing.astype(np.float64)]
    return np.column_stack(columns)
