"""The catalogue: finds the metrics, and does once for all what every metric needs: windows, groups, intervals, bands, rows, SQL."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.errors import ArgumentRefused, UnknownName
from regulars.metrics import estimates
from regulars.metrics.aggregation import QUARTILES, UNKNOWN_SCALE, query_text
from regulars.metrics.card import Band, Card, Grain, Interval, Metric, Shape, Unit
from regulars.metrics.declare import DECLARED
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.results import MetricResult, MetricValue
from regulars.periods import months_after

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from regulars.periods import Window
    from regulars.relations.session import Session

FAMILIES = ("revenue", "retention", "recurring_revenue", "value", "experience", "success")


@cache
def catalogue() -> dict[str, Metric]:
    """Every metric by its public name, in the order of families and names."""
    for family in FAMILIES:
        package = importlib.import_module(f"regulars.metrics.{family}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    order = {family: i for i, family in enumerate(FAMILIES)}
    return dict(sorted(DECLARED.items(), key=lambda item: (order[item[1].card.family], item[0])))


def metric(name: str) -> Metric:
    """The metric `name`; raises `UnknownName` with the nearest names."""
    known = catalogue()
    if name not in known:
        import difflib

        near = difflib.get_close_matches(name, known, n=3) or sorted(known)
        raise UnknownName(f"There is no metric '{name}'.", expected=f"one of {', '.join(near)}", remedy="See: regulars metrics list")
    return known[name]


def dimensions(card: Card) -> tuple[str, ...]:
    """By what a metric can be grouped."""
    from regulars.relations.customers import ATTRIBUTES

    by_customer = ATTRIBUTES if card.grain not in (Grain.COST, Grain.COMPANY) and card.shape is not Shape.DERIVED else ()
    return (*by_customer, *card.dimensions)


def default_windows(session: Session, card: Card, start: date | None, end: date | None, by: str | None) -> tuple[Window, ...]:
    """The windows of a request, by the metric's own default where no start is given."""
    if card.default_months and start is None and by is None:
        whole = session.windows(None, end)[0]
        start = months_after(whole.end, -card.default_months).replace(day=1)
        if whole.end.day != 1:
            start = _same_day_earlier(whole.end, card.default_months)
        return session.windows(start, whole.end)
    return session.windows(start, end, by)


def _same_day_earlier(day: date, months: int) -> date:
    first = months_after(day, -months)
    last = (months_after(first, 1) - first).days
    return first.replace(day=min(day.day, last))


def run(session: Session, name: str, windows: Sequence[Window], group_by: str | None = None, **arguments: Any) -> MetricResult:
    """The metric `name` in each of `windows`, for each group; see `MetricValue`."""
    found = metric(name)
    card = found.card
    _check_arguments(card, group_by, arguments)
    session.use_windows(windows)
    if card.unit is Unit.MONEY or card.money:
        session.require_one_currency(card.name, [table for needed in card.needs for table in needed.split(" or ")])
    if card.shape is Shape.DERIVED:
        return _derived(session, found, windows, group_by, arguments)
    reason = found.unless(session, {**card.defaults, **arguments}) if found.unless else None
    if reason:
        return _assemble(session, card, windows, group_by, {(i, None): Undefined(reason) for i in range(len(windows)) if group_by is None})
    if not _has_rows(session, card):
        return _assemble(session, card, windows, group_by, {})
    answer = session.answer(*query_text(name, group_by, arguments, session.engine.dialect)).to_pylist()
    if card.shape is Shape.CURVE:
        by_key: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
        for row in answer:
            by_key.setdefault((row["window_id"], row["group"]), []).append(row)
        assert found.reduce is not None
        shared = {**card.defaults, **arguments, "windows": tuple(windows), "group_by": group_by, "answer": answer, "memo": {}}
        found_values = {
            key: found.reduce(rows, context(session, windows[key[0]], shared) | {"window_id": key[0], "group": key[1]})
            for key, rows in by_key.items()
        }
        session.use_windows(windows)
        return _assemble(session, card, windows, group_by, found_values)
    return _assemble(session, card, windows, group_by, {(r["window_id"], r["group"]): _estimate(card, r) for r in answer})


def sql(session: Session, name: str, windows: Sequence[Window], group_by: str | None = None, **arguments: Any) -> str:
    """The whole chain of queries behind a metric; a derived one gives those of its parts."""
    found = metric(name)
    session.use_windows(windows)
    if found.card.shape is Shape.DERIVED:
        return "\n\n".join(f"-- {part}\n{sql(session, part, windows, **given)}" for part, given in found.inputs)
    return session.text(*query_text(name, group_by, arguments, session.engine.dialect))


def rows_behind(session: Session, name: str, windows: Sequence[Window], **arguments: Any) -> pa.Table:
    """The rows that a metric is made of."""
    found = metric(name)
    session.use_windows(windows)
    if found.card.shape is Shape.DERIVED:
        raise ArgumentRefused(
            f"{name} is made of other metrics and has no rows of its own.",
            expected=", ".join(part for part, _ in found.inputs),
            remedy="Ask for the rows of one of these.",
        )
    _check_arguments(found.card, None, arguments)
    return session.run(found.function(session.tables(), **arguments).order_by("window_id"))


# -- from sums to estimates -------------------------------------------------------------------------------------------------


def _estimate(card: Card, row: Mapping[str, Any]) -> Estimate | Undefined:
    beside = {name: row[name] for name in card.beside if name in row}
    excluded = int(row.get("excluded") or 0)
    if card.shape is Shape.TOTAL:
        return Estimate(
            value=float(row["numerator"] or 0) * card.scale,
            numerator=float(row["numerator"] or 0),
            n=row["n"],
            excluded=excluded,
            beside=beside,
        )
    numerator, denominator, n = float(row["numerator"] or 0), float(row["denominator"] or 0), int(row["n"])
    if n == 0:
        return Undefined(card.empty)
    mixed = next((reason for column, reason in card.same.items() if row[f"{column}_low"] != row[f"{column}_high"]), None)
    if mixed:
        return Undefined(mixed)
    if denominator == 0:
        return Undefined("zero_denominator")
    beside |= {name: None if beside[name] is None else float(beside[name]) / denominator for name in card.shares}
    beside |= {column: row[f"{column}_low"] for column in card.same if row[f"{column}_low"] != UNKNOWN_SCALE}
    if card.shape is Shape.DISTRIBUTION:
        beside |= {name: row[name] for name in QUARTILES}
    low, high = _interval(card, row, n) or (None, None)
    shared: dict[str, Any] = {"low": low, "high": high, "method": card.interval if low is not None else Interval.NONE}
    shared |= {"n": n, "excluded": excluded, "beside": beside}
    if card.interval is Interval.ORDER_STATISTIC:
        return Estimate(value=row["q50"], denominator=float(row["size"]), **shared)
    return Estimate(value=numerator / denominator * card.scale, numerator=numerator, denominator=denominator, **shared)


def _interval(card: Card, row: Mapping[str, Any], n: int) -> tuple[float, float] | None:
    numerator, denominator = float(row["numerator"]), float(row["denominator"])
    match card.interval:
        case Interval.WILSON:
            low, high = estimates.wilson(numerator, denominator)
        case Interval.ORDER_STATISTIC:
            return (row["median_low"], row["median_high"]) if n > 1 else None
        case Interval.ADJUSTED_WALD:
            return estimates.adjusted_wald(float(row["promoters"]), float(row["detractors"]), denominator)
        case Interval.NONE:
            return None
        case _:
            squares = (float(row["top_squares"]), float(row["below_squares"]), float(row["products"]))
            found = estimates.linearised(n, numerator, denominator, squares)
            if found is None:
                return None
            low, high = found
    return low * card.scale, high * card.scale


def context(session: Session, window: Window, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What derived metrics and curves may know: the session, the window, all windows, the group, the arguments, and a `memo` of the run."""
    return {"session": session, "window": window, **arguments}


def _derived(
    session: Session, found: Metric, windows: Sequence[Window], group_by: str | None, arguments: Mapping[str, Any]
) -> MetricResult:
    parts = {name: run(session, name, windows, group_by, **given) for name, given in found.inputs}
    by_key: dict[tuple[int, str | None], dict[str, MetricValue]] = {}
    index = {window: i for i, window in enumerate((w.start, w.end) for w in windows)}
    for name, result in parts.items():
        for value in result:
            by_key.setdefault((index[value.window_start, value.window_end], value.group), {})[name] = value
    memo: dict[Any, Any] = {}
    if not by_key:
        by_key = {(i, None): {} for i in range(len(windows))}
    full = {**found.card.defaults, **arguments}
    values: dict[tuple[int, str | None], Estimate | Undefined] = {}
    for key, own in by_key.items():
        around = context(session, windows[key[0]], {}) | {"group_by": group_by, "group": key[1], "windows": tuple(windows), "memo": memo}
        values[key] = found.function(own, around, **full) if len(own) == len(parts) else Undefined("part_undefined")
    session.use_windows(windows)
    return _assemble(session, found.card, windows, group_by, values, already_major=True)


def _assemble(
    session: Session,
    card: Card,
    windows: Sequence[Window],
    group_by: str | None,
    found: Mapping[tuple[int, str | None], Estimate | Undefined],
    *,
    already_major: bool = False,
) -> MetricResult:
    groups: list[str | None] = [None] if group_by is None else sorted({key[1] for key in found}, key=str)
    values = []
    for group in groups:
        for i, window in enumerate(windows):
            estimate = found.get((i, group))
            if estimate is None:
                estimate = (
                    Estimate(value=0.0, numerator=0.0) if card.shape is Shape.TOTAL and _has_rows(session, card) else Undefined(card.empty)
                )
            if (
                card.needs_history
                and not session.enough_history(window)
                and not (session.by_cancellation and card.grain is Grain.CUSTOMER and card.name in _BY_CHURN)
            ):
                estimate = Undefined("history_too_short")
            values.append(_value(session, card, window, group, estimate, already_major=already_major))
    return MetricResult(tuple(values))


_BY_CHURN = ("churn_rate", "retention_rate", "revenue_churn_rate")


def _has_rows(session: Session, card: Card) -> bool:
    return all(any(session.has_rows(table) for table in needed.split(" or ")) for needed in card.needs)


def _value(
    session: Session, card: Card, window: Window, group: str | None, estimate: Estimate | Undefined, *, already_major: bool
) -> MetricValue:
    shared: dict[str, Any] = {
        "card": card,
        "window_start": window.start,
        "window_end": window.end,
        "group": group,
        "complete": session.complete(window),
        "as_of": session.as_of,
        "target": session.settings.targets.get(card.name),
        "currency": session.currency if card.unit is Unit.MONEY or card.money else None,
    }
    if isinstance(estimate, Undefined):
        return MetricValue(value=estimate, **shared)

    def major(amount: float | None, *, is_money: bool) -> float | None:
        return (
            amount
            if amount is None or not is_money or already_major or session.currency is None
            else money.to_major(amount, session.currency)
        )

    in_money = card.unit is Unit.MONEY
    quartiles = {name: major(edge, is_money=in_money) for name, edge in estimate.beside.items() if name in QUARTILES}
    value = major(estimate.value, is_money=in_money)
    assert value is not None
    return MetricValue(
        value=value,
        numerator=major(estimate.numerator, is_money="numerator" in card.money or (in_money and card.shape is Shape.TOTAL)),
        denominator=major(estimate.denominator, is_money="denominator" in card.money),
        low=major(estimate.low, is_money=in_money),
        high=major(estimate.high, is_money=in_money),
        n=estimate.n,
        excluded=estimate.excluded,
        interval_method=estimate.method.value,
        band=_band(session, card, value) if estimate.beside.get("basis") != "revenue" else None,
        beside={**estimate.beside, **quartiles},
        **shared,
    )


def _band(session: Session, card: Card, value: float) -> str | None:
    rounded = round(value, 2)
    bands = [Band(*own) for own in session.settings.bands.get(card.name, ())] or card.bands
    return next((band.name for band in bands if band.low <= rounded < band.high), None)


def _check_arguments(card: Card, group_by: str | None, arguments: Mapping[str, Any]) -> None:
    unknown = sorted(set(arguments) - set(card.defaults))
    if unknown:
        raise ArgumentRefused(
            f"{card.name} takes no argument {', '.join(unknown)}.",
            expected=", ".join(card.defaults) or "no arguments",
            remedy=f"See: regulars metrics show {card.name}",
        )
    if group_by is not None and group_by not in dimensions(card):
        raise UnknownName(
            f"{card.name} cannot be grouped by '{group_by}'.",
            expected=", ".join(dimensions(card)) or "no grouping",
            remedy=f"See: regulars metrics show {card.name}",
        )
