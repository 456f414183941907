"""From a metric's rows to one row of sums per window and group: the query, built once and compiled once a dialect."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from regulars.metrics import estimates
from regulars.metrics.card import Card, Interval, Metric, Shape
from regulars.metrics.declare import DECLARED
from regulars.relations import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNKNOWN_GROUP = "(unknown)"


def query_text(name: str, group_by: str | None, arguments: Mapping[str, Any], dialect: str) -> tuple[str, tuple[str, ...]]:
    """The query that gives one row per window and group, and the tables that it reads.

    It depends on nothing but what is asked: windows, as-of and settings are tables of their own, so that a text is compiled once.
    """
    return _query_text(name, group_by, tuple(sorted(arguments.items())), dialect)


@lru_cache(maxsize=4096)
def _query_text(name: str, group_by: str | None, arguments: tuple[tuple[str, Any], ...], dialect: str) -> tuple[str, tuple[str, ...]]:
    tables = registry.Tables()
    expression = aggregated(tables, DECLARED[name], group_by, dict(arguments))
    return registry.compiled(expression, dialect), tuple(tables.asked)


def aggregated(tables: Any, found: Metric, group_by: str | None, arguments: Mapping[str, Any]) -> Any:
    """The expression that gives one row per window and group."""
    return _aggregate(found.card, _grouped(tables, found, group_by, arguments))


def _grouped(tables: Any, found: Metric, group_by: str | None, arguments: Mapping[str, Any]) -> Any:
    import ibis

    rows = found.function(tables, **arguments)
    if group_by is None:
        return rows.mutate(group=ibis.null("string"))
    if group_by in found.card.dimensions:
        rows = rows.mutate(group=rows[group_by].cast("string").fill_null(UNKNOWN_GROUP))
    else:
        attributes = tables.customer_attributes.select(member="customer_id", group=group_by)
        rows = rows.left_join(attributes, rows.customer_id == attributes.member)
        rows = rows.mutate(group=rows.group.fill_null(UNKNOWN_GROUP))
    return rows if found.within_group is None else found.within_group(rows, **{**found.card.defaults, **arguments})


def _sum(column: Any) -> Any:
    from regulars.relations.base import total

    if column.type().is_string():
        return column.max()
    return total(column) if column.type().is_integer() else column.sum()


def _aggregate(card: Card, rows: Any) -> Any:
    if card.shape is Shape.CURVE:
        figures = [c for c in rows.columns if c not in ("window_id", "group", "customer_id", "row_id", "age")]
        by = ["window_id", "group", "age"] if "age" in rows.columns else ["window_id", "group"]
        return rows.group_by(by).agg(**{c: _sum(rows[c]) for c in figures}).order_by(by)
    if card.shape is Shape.DISTRIBUTION:
        return _aggregate_values(rows)
    present = rows.columns
    beside = [c for c in (*card.beside, "excluded") if c in present]
    if card.shape is Shape.TOTAL:
        sums = {"numerator": _sum(rows.numerator), "n": rows.count().cast("int64")}
        return rows.group_by("window_id", "group").agg(**sums, **{c: _sum(rows[c]) for c in beside}).order_by("window_id", "group")
    if card.same:
        # A missing scale is a scale of its own: what is not known to be the same is not averaged.
        edges = {f"{c}_{edge}": rows[c].cast("float64").fill_null(UNKNOWN_SCALE) for c in card.same for edge in ("low", "high")}
        rows = rows.mutate(**edges)
    if card.interval is not Interval.WILSON:
        rows = _by_cluster(rows, beside)
    elif "row_id" in present:
        rows = rows.drop("row_id")
    return _ratio_sums(rows, beside)


def _by_cluster(rows: Any, beside: Sequence[str]) -> Any:
    import ibis

    cluster = rows.customer_id
    if "row_id" in rows.columns:
        cluster = ibis.coalesce(rows.customer_id, ibis.literal("row ") + rows.row_id)
    rows = rows.mutate(cluster=cluster)
    influence = "influence" if "influence" in rows.columns else "numerator"
    return rows.group_by("window_id", "group", "cluster").agg(
        numerator=_sum(rows.numerator),
        denominator=_sum(rows.denominator),
        influence=_sum(rows[influence]),
        **{c: _sum(rows[c]) for c in beside},
        **_edges(rows),
    )


def _edges(rows: Any) -> dict[str, Any]:
    low = {c: rows[c].min() for c in rows.columns if c.endswith("_low")}
    return low | {c: rows[c].max() for c in rows.columns if c.endswith("_high")}


def _ratio_sums(rows: Any, beside: Sequence[str]) -> Any:
    top = rows.numerator.cast("float64")
    if "influence" in rows.columns:
        top = rows.influence.cast("float64")
    below = rows.denominator.cast("float64")
    return (
        rows.group_by("window_id", "group")
        .agg(
            numerator=_sum(rows.numerator),
            denominator=_sum(rows.denominator),
            n=(rows.denominator != 0).ifelse(1, 0).sum().cast("int64"),
            top_squares=(top * top).sum(),
            below_squares=(below * below).sum(),
            products=(top * below).sum(),
            **{c: _sum(rows[c]) for c in beside},
            **_edges(rows),
        )
        .order_by("window_id", "group")
    )


UNKNOWN_SCALE = -1.0e12
QUARTILES = {"q25": 0.25, "q50": 0.50, "q75": 0.75}


def _aggregate_values(rows: Any) -> Any:
    import ibis

    rows = rows.mutate(value=rows.value.cast("float64"))
    known = rows.filter(rows.value.notnull())
    counted = known.mutate(
        position=ibis.row_number().over(group_by=["window_id", "group"], order_by=["value"]).cast("float64"),
        size=known.count().over(group_by=["window_id", "group"]).cast("float64"),
    )
    parts = {}
    for name, share in QUARTILES.items():
        place = (counted["size"] - 1.0) * share
        gap = (counted.position - place).abs()
        parts[name] = ((gap < 1.0).ifelse(1.0 - gap, 0.0) * counted.value).sum()
    half = estimates.Z * counted["size"].sqrt() / 2.0
    lowest = ibis.greatest((counted["size"] / 2.0 - half).floor().cast("float64"), ibis.literal(0.0))
    highest = ibis.least((counted["size"] / 2.0 + half).ceil().cast("float64"), counted["size"] - 1.0)
    by_place = counted.group_by("window_id", "group").agg(
        size=counted.count().cast("int64"),
        median_low=(counted.position == lowest).ifelse(counted.value, ibis.null("float64")).max(),
        median_high=(counted.position == highest).ifelse(counted.value, ibis.null("float64")).max(),
        **parts,
    )
    as_ratio = rows.mutate(numerator=rows.value.fill_null(0.0), denominator=rows.value.isnull().ifelse(0.0, 1.0))
    beside = ["excluded"] if "excluded" in rows.columns else []
    sums = _ratio_sums(_by_cluster(as_ratio, beside), beside)
    by_place = by_place.rename(place_window="window_id", place_group="group")
    same_group = (sums.group == by_place.place_group) | (sums.group.isnull() & by_place.place_group.isnull())
    return (
        sums.join(by_place, [sums.window_id == by_place.place_window, same_group])
        .drop("place_window", "place_group")
        .order_by("window_id", "group")
    )
