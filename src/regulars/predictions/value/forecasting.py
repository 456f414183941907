"""The forecast: active customers, orders and revenue of the weeks or months ahead, each with the width that earlier forecasts have earned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ArgumentRefused
from regulars.metrics.estimates import Undefined
from regulars.periods import day_number
from regulars.predictions.clv.model import MONTH
from regulars.predictions.value.ahead import MEASURES, Arrivals, Path, came_of_new, came_of_today, of_new, of_today, period_ends
from regulars.predictions.value.buying import Bought, read
from regulars.predictions.value.fitting import fit_model
from regulars.predictions.value.looks import FAR, Look, earlier_looks, tested_days
from regulars.predictions.value.notes import Note, width_notes
from regulars.predictions.value.spread import Level, least_value, log_error, sampling_error
from regulars.relations.base import total
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.predictions.value.shrunk import Model
    from regulars.relations.session import Session

SHARES = (50, 80, 95)
WHO = ("current", "new")
ASSUMED_OF_NEW = 0.4
"""Error of what new customers bring that is assumed before any backtest: how many come depends on what is spent on winning them."""
WEEKLY_UNTIL = 120
"""Up to so many days ahead are forecast by week, more by month."""
MEANINGS = {
    "who": "current: who has bought so far; new: who is yet to come, at the recent rate; all: both",
    "measure": "active (customers active at the end), orders (kept orders in the period), revenue_minor (their net value)",
    "starts_on": "first day of the period",
    "ends_on": "the day after its last",
    "expected": "what is expected",
    "came": "what came",
    **{f"{end}{share}": f"{end}er end of the interval that holds {share} of 100 cases" for share in SHARES for end in ("low", "high")},
    "looked_on": "the day of the forecast; it saw nothing of that day and later",
    **{f"inside{share}": f"whether what came lay inside the {share} % interval, its width from the looks before" for share in SHARES},
    "periods": "periods that were tested",
    **{f"inside{share}_share": f"share of them inside the {share} % interval" for share in SHARES},
    "typical_error": "square root of the mean squared log(came / expected)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """`ahead`: one row per period, who and measure; `past`: what came in as many periods before; `backtest`: forecasts of earlier days beside what
    came; `coverage`: how often that lay inside.
    """

    ahead: TableResult
    past: TableResult
    backtest: TableResult
    coverage: TableResult
    notes: tuple[Note, ...]

    def note(self, code: str) -> Note | None:
        """The note with this code, where it was made."""
        return next((n for n in self.notes if n.code == code), None)


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """Expected by who, and how far chance alone moves it: squared, relative, by measure and period."""

    expected: Mapping[str, Path]
    chance: Mapping[str, Path]


Levels = dict[tuple[str, str], Level]


def forecast(
    session: Session,
    *,
    days: int = 90,
    months: int | None = None,
    by: str | None = None,
    backtests: int = 3,
    purchases: str = "bg_nbd",
    progress: Callable[[str], None] | None = None,
) -> Forecast | Undefined:
    """Active customers, orders and revenue by week or month ahead, of today's customers and apart from it of those to come.

    `months` overrides `days`; `by` is week or month (default: weeks up to 120 days). New customers come at the rate of as many days before.
    Every interval is value x exp(+-t sd): sd from how wrong the same forecast was on up to `backtests` earlier days (`spread.Level`), plus chance.
    Undefined (`no_buyers`, `no_time_passed`) where nobody has bought before today.
    """
    days = days if months is None else round(months * MONTH)
    by = by or ("week" if days <= WEEKLY_UNTIL else "month")
    if days < 1 or by not in {"week", "month"}:
        raise ArgumentRefused(f"days={days}, by={by!r}", expected="at least one day; week or month")
    session.require_one_currency("the forecast")
    bought = read(session)
    fitted = fit_model(bought, purchases)
    if isinstance(fitted, Undefined):
        return fitted
    ends, reach = period_ends(days, by), session.settings.inactive_after_days
    tested = tested_days(session, days)
    looks = earlier_looks(session, tested, most=backtests, purchases=purchases, progress=progress) if tested else []
    seen = ends[ends <= (tested or 0)]
    looks = looks if seen.size else []
    tests, errors = _tests(looks, seen, reach)
    arrivals = Arrivals.of(bought, days)
    paths = _paths(bought, fitted[0], arrivals, ends, reach)
    rows = _rows(paths, _levels(errors, sampling_error(bought)), _widening(session, ends, tested if looks else None))
    starts = [session.as_of_day + timedelta(days=int(start)) for start in [0, *ends[:-1]]]
    for row in rows:
        period = row.pop("period")
        row["starts_on"], row["ends_on"] = starts[period], session.as_of_day + timedelta(days=int(ends[period]))
    notes = [*fitted[1], *width_notes(session, errors.get(("current", "orders"), ()), tested or 0, days)]
    new = "new_at_recent_rate" if arrivals.seen else "no_new_customers"
    notes += [Note(new, {"days": arrivals.days, "per_day": arrivals.per_day}), Note("no_season")]
    return Forecast(
        ahead=_table(session, "What is expected", rows),
        past=_table(session, "What came before", _past(session, ends, reach)),
        backtest=_table(session, "What was forecast on earlier days, and what came", tests),
        coverage=_table(session, "How often what came lay inside the intervals", _coverage(tests, _leasts(bought))),
        notes=tuple(notes),
    )


def _paths(bought: Bought, model: Model, arrivals: Arrivals, ends: NDArray[Any], reach: int) -> _Paths:
    expected = {"current": of_today(bought, model, ends, reach), "new": of_new(bought, model, arrivals, ends, reach)}
    spread = _order_spread(bought)
    chance: dict[str, Path] = {}
    for who, path in expected.items():
        # A recent rate that rests on n first orders is itself known to 1 / sqrt(n).
        known = 1 / max(1.0, arrivals.per_day * arrivals.days) if who == "new" else 0.0
        open_ = np.maximum(path["active"] - path["certain"], 0.0)
        chance[who] = {
            m: known + (1.0 / np.maximum(open_, 1e-9) if m == "active" else spread / np.maximum(path["orders"], 1e-9)) for m in MEASURES
        }
    return _Paths(expected, chance)


def _order_spread(bought: Bought) -> float:
    """How much more than a Poisson number the orders of a period vary: 1 + the squared variation of order values, at least 2."""
    repeats = bought.histories.mean_value[bought.histories.frequency > 0]
    return 2.0 if repeats.size < 2 else max(2.0, 1 + float(repeats.var()) / max(float(repeats.mean()) ** 2, 1e-9))


def _levels(errors: Mapping[tuple[str, str], Sequence[float]], sampling: float) -> Levels:
    found = {}
    for m in MEASURES:
        found["current", m] = Level.of(errors.get(("current", m), ()), sampling)
        found["new", m] = Level.of(errors.get(("new", m), ()), 0.0, ASSUMED_OF_NEW)
    return found


def _widening(session: Session, ends: NDArray[Any], tested: int | None) -> NDArray[Any]:
    """How much wider than tested: the square root of the time ahead over the time tested, where that is longer."""
    history = (session.as_of_day - session.history_start).days
    found: NDArray[Any] = np.sqrt(np.maximum(1.0, ends / max(1, tested or history)))
    return found


def _rows(paths: _Paths, levels: Levels, widening: NDArray[Any]) -> list[dict[str, Any]]:
    """One row per who, measure and period, with `period` as its number.

    Counts have no parts: their ends are rounded outwards; and where there may be no order, there may be no revenue.
    """
    rows = []
    fewest: dict[tuple[str, int, int], float] = {}
    for measure in MEASURES:
        for period, factor in enumerate(widening):
            # Who is active whatever happens is no matter of chance: only what is open is spread.
            sure = float(paths.expected["current"]["certain"][period]) if measure == "active" else 0.0
            parts = {who: max(0.0, float(paths.expected[who][measure][period]) - (sure if who == "current" else 0.0)) for who in WHO}
            own = {who: levels[who, measure].widened(float(factor)).with_chance(float(paths.chance[who][measure][period])) for who in WHO}
            both = sum(parts.values())
            spread = math.sqrt(sum((own[who].sd * parts[who]) ** 2 for who in WHO)) / both if both > 0 else 0.0
            own["all"] = Level(spread, min(level.degrees for level in own.values()))
            for who, expected in {**parts, "all": both}.items():
                known = 0.0 if who == "new" else sure
                row = {"who": who, "measure": measure, "period": period, "expected": known + expected}
                for share in SHARES:
                    low, high = own[who].around(expected, share / 100)
                    low, high = known + low, known + high
                    if measure == "revenue_minor":
                        low = low if fewest[who, period, share] else 0.0
                    else:
                        low, high = math.floor(low), math.ceil(high)
                        fewest[who, period, share] = low
                    row[f"low{share}"], row[f"high{share}"] = float(low), float(high)
                rows.append(row)
    return rows


def _tests(looks: Sequence[Look], ends: NDArray[Any], reach: int) -> tuple[list[dict[str, Any]], dict[tuple[str, str], list[float]]]:
    """Forecasts of earlier days beside what came, each with the width that the looks before it allowed; and the errors of all looks."""
    rows: list[dict[str, Any]] = []
    errors: dict[tuple[str, str], list[float]] = {}
    for look in looks:
        paths = _paths(look.bought, look.model, Arrivals.of(look.bought, look.afterwards.days), ends, reach)
        came = {"current": came_of_today(look.bought, look.afterwards, ends, reach), "new": came_of_new(look.afterwards, ends, reach)}
        for row in _rows(paths, _levels(errors, sampling_error(look.bought)), np.ones(ends.size)):
            period, who = row.pop("period"), row["who"]
            happened = float(sum(came[w][row["measure"]][period] for w in (WHO if who == "all" else (who,))))
            dated = {"looked_on": look.day, "ends_on": look.day + timedelta(days=int(ends[period]))}
            inside = {f"inside{s}": row[f"low{s}"] <= happened <= row[f"high{s}"] for s in SHARES}
            rows.append({**dated, **row, "came": happened, **inside})
        for who in WHO:
            for m in MEASURES:
                errors.setdefault((who, m), []).append(_typical(came[who][m], paths, who, m, _leasts(look.bought)[m]))
    return rows, errors


def _leasts(bought: Bought) -> dict[str, float]:
    """Half of the smallest thing that can come."""
    return {"active": 0.5, "orders": 0.5, "revenue_minor": least_value(bought)}


def _typical(came: NDArray[Any], paths: _Paths, who: str, measure: str, least: float) -> float:
    """The error of one look: root of the mean over its periods of the squared log error, less what chance alone explains."""
    expected, chance = paths.expected[who][measure], paths.chance[who][measure]
    if measure == "active":
        expected, came = expected - paths.expected[who]["certain"], came - paths.expected[who]["certain"]
    squares = [max(0.0, log_error(c, e, least) ** 2 - min(1.0, v)) for c, e, v in zip(came, expected, chance, strict=True)]
    return math.sqrt(sum(squares) / len(squares))


def _coverage(tests: Sequence[Mapping[str, Any]], leasts: Mapping[str, float]) -> list[dict[str, Any]]:
    rows = []
    for who in ("current", "new", "all"):
        for measure in MEASURES:
            own = [t for t in tests if t["who"] == who and t["measure"] == measure and (t["expected"] > 0 or t["came"] > 0)]
            if own:
                errors = [log_error(t["came"], t["expected"], leasts[measure]) for t in own]
                rows.append(
                    {
                        "who": who,
                        "measure": measure,
                        "periods": len(own),
                        **{f"inside{s}_share": sum(t[f"inside{s}"] for t in own) / len(own) for s in SHARES},
                        "typical_error": math.sqrt(sum(e * e for e in errors) / len(errors)),
                    }
                )
    return rows


def _past(session: Session, ends: NDArray[Any], reach: int) -> list[dict[str, Any]]:
    """Of all customers, in periods as long as those ahead, the last of which ends at as-of; as many as there are ahead, where the data reach back."""
    import ibis

    table = session.table("order_days")
    dated_days = table.mutate(until=ibis.least(table.next_day.fill_null(FAR), table.local_day + reach))
    grouped = dated_days.group_by("local_day", "until")
    days = session.run(
        grouped.agg(times=dated_days.count().cast("int64"), orders=total(dated_days.orders), net_minor=total(dated_days.net_minor))
    )
    as_of = day_number(session.as_of_day)
    day, until_day, times, orders, net = (days.column(n).to_numpy() - (as_of if i < 2 else 0) for i, n in enumerate(days.schema.names))
    length = int(ends[0])
    rows: list[dict[str, Any]] = []
    for back in range(ends.size, 0, -1):
        start, end = -length * back, -length * (back - 1)
        if as_of + start < day_number(session.history_start):
            continue
        inside, active = (day >= start) & (day < end), (day < end) & (until_day >= end)
        dated = {"starts_on": session.as_of_day + timedelta(days=start), "ends_on": session.as_of_day + timedelta(days=end)}
        found = {"active": times[active].sum(), "orders": orders[inside].sum(), "revenue_minor": net[inside].sum()}
        rows += [{"measure": measure, **dated, "came": float(came)} for measure, came in found.items()]
    return rows


def _table(session: Session, title: str, rows: Sequence[Mapping[str, Any]]) -> TableResult:
    import pyarrow as pa

    table = pa.Table.from_pylist([dict(row) for row in rows])
    return TableResult(table=table, title=title, as_of=session.as_of, currency=session.currency, meanings=MEANINGS)
