"""The audit of value: what was expected on earlier days, held against what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.periods import day_number, day_of
from regulars.predictions.clv.histories import Histories
from regulars.predictions.value.buying import Bought, read
from regulars.predictions.value.fitting import fit_model
from regulars.predictions.value.looks import Look, earlier_looks, tested_days
from regulars.predictions.value.notes import Note
from regulars.predictions.value.shrunk import own_model
from regulars.predictions.value.spread import Level, chance, least_value, log_error, sampling_error
from regulars.predictions.value.subscriber_audit import audited
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regulars.predictions.value.shrunk import Model
    from regulars.relations.session import Session

DECILES = 10
OFTEN = 7
"""Buyers with so many repeat orders or more are one row."""
WEEK = 7
TITLES = {
    "totals": "What was expected of all who had bought, and what came",
    "deciles": "By tenth of the buyers, the least expected first",
    "frequency": "By repeat orders until the look",
    "tracking": "Repeat orders since the beginning, week by week",
    "intervals": "How often what came lay inside the 95 % interval",
    "tenure": "Subscriptions that ended, by how often they had been renewed",
    "drift": "Parameters of the model, look by look",
}
MEANINGS = {
    "looked_on": "the day as of which the model was fitted; it saw nothing of that day and later",
    "days": "days after it that were predicted",
    "buyers": "customers who had bought before",
    "expected_orders": "expected order days",
    "came_orders": "order days that came",
    "orders_error_share": "(came - expected) / expected, order days",
    "expected_minor": "expected net value of orders",
    "came_minor": "net value of the orders that came",
    "value_error_share": "(came - expected) / expected, net value",
    "mean_error_orders": "mean over buyers of |came - expected|, order days",
    "mean_error_minor": "mean over buyers of |came - expected|, net value",
    "correlation": "Pearson's correlation over buyers of expected and came, net value",
    "captured_share": "share of the value that came which the tenth of the buyers with the highest expected value brought",
    "captured_by_recent_share": "the same, had the buyers been ranked by what they spent in as many days before the look",
    "decile": "1 holds the lowest expected value",
    "repeat_orders": "order days after the first until the look; the last row holds all with so many or more",
    "expected_each": "expected order days per buyer",
    "came_each": "order days that came per buyer",
    "week_ends_on": "the day after the week",
    "seen": "whether the model had seen this week",
    "expected_so_far": "expected repeat order days since the beginning, of who had bought before the look",
    "came_so_far": "those that came",
    "error_share": "(came - expected) / expected",
    "low_minor": "lower end of the interval of the total, from the looks before",
    "high_minor": "upper end",
    "total_inside": "whether the total that came lay inside",
    "buyers_inside_share": "share of buyers whose own value lay inside their own interval",
    "buyers_above_share": "share of buyers who brought more than the upper end",
    "subscriptions": "subscriptions that ran on the day",
    "expected_ended": "how many of them were expected to end",
    "came_ended": "how many did",
    "renewals_from": "renewals until the look; a row holds those up to the next row's",
    "expected_ended_share": "share that was expected to end",
    "came_ended_share": "share that did",
    "parameter": "parameter of the model",
    "value": "its value",
    "low": "lower end of its 95 % interval, empty where the data do not say",
    "high": "upper end",
}


@dataclass(frozen=True, slots=True, eq=False)
class ValueAudit:
    """Tables by name (`totals`, `deciles`, `frequency`, `tracking`, `intervals`, `drift`), and notes; no tables where nothing could be tested.

    Of subscribers: `totals`, `deciles`, `tenure`, `drift`; what comes is revenue, and orders are none.
    """

    tables: Mapping[str, TableResult]
    notes: tuple[Note, ...]

    def __getitem__(self, name: str) -> TableResult:
        return self.tables[name]

    @property
    def is_empty(self) -> bool:
        """Whether nothing could be tested."""
        return not self.tables

    def note(self, code: str) -> Note | None:
        """The note with this code, where it was made."""
        return next((n for n in self.notes if n.code == code), None)


def audit_value(
    session: Session,
    *,
    days: int | None = None,
    backtests: int = 3,
    purchases: str = "bg_nbd",
    progress: Callable[[str], None] | None = None,
) -> ValueAudit:
    """What the model would have said on earlier days, at least `days` apart (default: the setting horizon_days), against what came since.

    Where leaving is a cancellation, the audit of subscribers' value: `totals`, `deciles`, `tenure` and `drift`. Where the history does not allow so many days, the longest that it allows are tested, and a note says so; below 28 days nothing is.
    """
    wanted = days or session.settings.horizon_days
    if session.by_cancellation and session.has_rows("subscriptions"):
        return _of_subscribers(session, wanted, backtests, progress)
    session.require_one_currency("the audit of value")
    tested = tested_days(session, wanted)
    looks = earlier_looks(session, tested, most=backtests, purchases=purchases, progress=progress) if tested else []
    if not looks or tested is None:
        return ValueAudit({}, (Note("not_tested", {"days": wanted}),))
    rows = {
        "totals": [_totals(look) for look in looks],
        "deciles": [row for look in looks for row in _deciles(look)],
        "frequency": [row for look in looks for row in _by_frequency(look)],
        "tracking": _tracking(session, looks[-1]),
        "intervals": _intervals(looks),
        "drift": [row for look in looks for row in _parameters(look.day, look.model)],
    }
    bought = read(session)
    now = fit_model(bought, purchases)
    if not isinstance(now, Undefined):
        rows["drift"] += _parameters(session.as_of_day, now[0])
    notes = [Note("shorter_test", {"tested_days": tested, "days": wanted})] if tested < wanted else []
    merged = _merged(bought, looks[0])
    if merged:
        notes.append(Note("ids_merged", {"customers": merged}))
    return ValueAudit({name: _table(session, name, found) for name, found in rows.items()}, tuple(notes))


def _of_subscribers(session: Session, days: int, backtests: int, progress: Callable[[str], None] | None) -> ValueAudit:
    session.require_one_currency("the audit of value", ("subscriptions",))
    rows = audited(session, days, backtests, progress)
    if not rows["totals"]:
        return ValueAudit({}, (Note("not_tested", {"days": days}),))
    return ValueAudit({name: _table(session, name, found) for name, found in rows.items()}, (Note("subscriptions"),))


def _merged(now: Bought, look: Look) -> int:
    """How many of the look's customers no longer are customers of that id."""
    import pyarrow.compute as pc

    return look.bought.size - int(pc.sum(pc.is_in(look.bought.customer_ids, value_set=now.customer_ids)).as_py() or 0)


def _table(session: Session, name: str, rows: Sequence[Mapping[str, Any]]) -> TableResult:
    import pyarrow as pa

    return TableResult(
        table=pa.Table.from_pylist([dict(row) for row in rows]),
        title=TITLES[name],
        as_of=session.as_of,
        currency=session.currency,
        meanings=MEANINGS,
    )


def _error(came: float, expected: float) -> float | None:
    return came / expected - 1 if expected > 0 else None


def captured(rank_by: Any, value: Any, share: float = 0.1) -> float | None:
    """Share of `value` that the `share` of entries with the highest `rank_by` hold (rounded up); ties are shared evenly. None where there is no value.

    >>> captured(np.array([3.0, 2.0, 1.0]), np.array([5.0, 5.0, 0.0]), share=0.3)
    0.5
    """
    whole = float(value.sum())
    if whole <= 0:
        return None
    most = int(np.ceil(share * value.size))
    edge = np.sort(rank_by)[::-1][most - 1]
    above, at = rank_by > edge, rank_by == edge
    return float(value[above].sum() + value[at].sum() * (most - above.sum()) / at.sum()) / whole


def _totals(look: Look) -> dict[str, Any]:
    orders, expected_orders, value, expected = look.order_days, look.expected_order_days, look.value, look.expected_value
    varies = value.std() > 0 and expected.std() > 0
    return {
        "looked_on": look.day,
        "days": look.afterwards.days,
        "buyers": look.bought.size,
        "expected_orders": float(expected_orders.sum()),
        "came_orders": float(orders.sum()),
        "orders_error_share": _error(float(orders.sum()), float(expected_orders.sum())),
        "expected_minor": float(expected.sum()),
        "came_minor": look.whole_value,
        "value_error_share": _error(look.whole_value, float(expected.sum())),
        "mean_error_orders": float(np.abs(orders - expected_orders).mean()),
        "mean_error_minor": float(np.abs(value - expected).mean()),
        "correlation": float(np.corrcoef(expected, value)[0, 1]) if varies else None,
        "captured_share": captured(expected, value),
        "captured_by_recent_share": captured(look.recent_minor, value),
    }


def _deciles(look: Look) -> list[dict[str, Any]]:
    orders, expected_orders, value, expected = look.order_days, look.expected_order_days, look.value, look.expected_value
    place = np.empty(expected.size, np.int64)
    place[np.argsort(expected, kind="stable")] = np.arange(expected.size)
    decile = place * DECILES // expected.size
    return [
        {
            "looked_on": look.day,
            "decile": int(d) + 1,
            "buyers": int((decile == d).sum()),
            "expected_orders": float(expected_orders[decile == d].sum()),
            "came_orders": float(orders[decile == d].sum()),
            "expected_minor": float(expected[decile == d].sum()),
            "came_minor": float(value[decile == d].sum()),
        }
        for d in np.unique(decile)
    ]


def _by_frequency(look: Look) -> list[dict[str, Any]]:
    group = np.minimum(look.bought.histories.frequency, OFTEN)
    expected, came = look.expected_order_days, look.order_days
    return [
        {
            "looked_on": look.day,
            "repeat_orders": int(x),
            "buyers": int((group == x).sum()),
            "expected_each": float(expected[group == x].mean()),
            "came_each": float(came[group == x].mean()),
        }
        for x in np.unique(group)
    ]


def _tracking(session: Session, look: Look) -> list[dict[str, Any]]:
    """Cumulative repeat order days by week: the sum over buyers of E[X(t - first day)] of a buyer who is new, and what came."""
    start, end = day_number(session.history_start), look.bought.as_of_day + look.afterwards.days
    born = np.bincount(np.maximum(look.bought.first_day - start, 0), minlength=1)
    model, longest = own_model(look.model), end - start
    new = Histories([0], [0], [0], [0.0])
    expected = np.array([float(model.expected_orders(new, age)[0]) for age in range(longest + 1)])
    came = np.bincount(_repeat_days(session, look.bought.as_of_day, end) - start, minlength=longest + 1)
    so_far = np.concatenate([[0], np.cumsum(came)])
    rows = []
    for t in range(WEEK, longest + 1, WEEK):
        ages = t - np.arange(min(t, born.size))
        coming = float(born[: ages.size] @ expected[ages])
        rows.append(
            {
                "week_ends_on": day_of(start + t),
                "seen": start + t <= look.bought.as_of_day,
                "expected_so_far": coming,
                "came_so_far": int(so_far[t]),
                "error_share": _error(float(so_far[t]), coming),
            }
        )
    return rows


def _repeat_days(session: Session, born_before: int, end: int) -> Any:
    """The day numbers of all repeat order days before `end`, of customers who first bought before `born_before`."""
    days = session.table("order_days")
    births = days.filter(days.previous_day.isnull(), days.local_day < born_before).select("customer_id")
    again = days.filter(days.previous_day.notnull(), days.local_day < end).semi_join(births, "customer_id")
    rows = session.run(again.group_by("local_day").agg(times=again.count().cast("int64")))
    return np.repeat(rows.column("local_day").to_numpy(), rows.column("times").to_numpy())


def _intervals(looks: Sequence[Look]) -> list[dict[str, Any]]:
    """Of each look, the interval that could have been given then: its width from the looks before."""
    rows: list[dict[str, Any]] = []
    errors: list[float] = []
    for look in looks:
        expected, came = look.expected_value, look.value
        own = chance(look.model, look.bought.histories, look.afterwards.days, expected)
        level = Level.of(errors, sampling_error(look.bought))
        low, high = level.with_chance(own.relative_variance()).around(float(expected.sum()))
        least, most = own.quantile(0.025, level.reach() / 1.96), own.quantile(0.975, level.reach() / 1.96)
        rows.append(
            {
                "looked_on": look.day,
                "low_minor": low,
                "high_minor": high,
                "came_minor": look.whole_value,
                "total_inside": low <= look.whole_value <= high,
                "buyers_inside_share": float(((came >= least) & (came <= most)).mean()),
                "buyers_above_share": float((came > most).mean()),
            }
        )
        errors.append(log_error(look.whole_value, float(expected.sum()), least_value(look.bought)))
    return rows


def _parameters(day: Any, model: Model) -> list[dict[str, Any]]:
    own = own_model(model)
    rows = []
    for values, fitted in ((own.purchases.as_dict(), own.purchase_fit), (own.spend.as_dict(), own.spend_fit)):
        known = {} if isinstance(fitted, Undefined) else {p.name: p for p in fitted.parameters}
        for name, value in values.items():
            low, high = (known[name].low, known[name].high) if name in known else (None, None)
            rows.append({"looked_on": day, "parameter": name, "value": float(value), "low": low, "high": high})
    return rows
