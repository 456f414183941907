"""What a metric run gives back: one row per window and group, as Arrow, and how it is shown."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.metrics.estimates import REASONS, Undefined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from regulars.metrics.card import Card

SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("group", pa.string()),
        ("numerator", pa.float64()),
        ("denominator", pa.float64()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("unit", pa.string()),
        ("currency", pa.string()),
        ("n", pa.int64()),
        ("excluded", pa.int64()),
        ("complete", pa.bool_()),
        ("undefined", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("interval_method", pa.string()),
        ("band", pa.string()),
        ("target", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One metric in one window for one group; money in major units of `currency`."""

    card: Card
    window_start: date
    window_end: date
    group: str | None
    value: float | Undefined
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    currency: str | None = None
    n: int = 0
    excluded: int = 0
    complete: bool = True
    as_of: datetime
    interval_method: str = "none"
    band: str | None = None
    target: float | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return not isinstance(self.value, Undefined)

    @property
    def number(self) -> float:
        """The value; raises `ValueError` where it is undefined."""
        if isinstance(self.value, Undefined):
            raise ValueError(str(self.value))  # noqa: TRY004 - a value is missing, not of another type
        return self.value

    def as_dict(self) -> dict[str, Any]:
        """Plain values under the public names, `beside` included."""
        row = {name: getattr(self, name, None) for name in SCHEMA.names}
        row |= {"metric": self.card.name, "unit": self.card.unit.value, "undefined": None, "beside": dict(self.beside)}
        if isinstance(self.value, Undefined):
            row |= {"value": None, "undefined": self.value.reason}
        return row


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The values of a metric run, in the order of windows and groups."""

    values: tuple[MetricValue, ...]

    def __iter__(self) -> Iterator[MetricValue]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def __add__(self, other: MetricResult) -> MetricResult:
        return MetricResult(self.values + other.values)

    @property
    def table(self) -> pa.Table:
        """The values as an Arrow table."""
        rows = [{k: v for k, v in value.as_dict().items() if k in SCHEMA.names} for value in self.values]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def to_arrow(self) -> pa.Table:
        """The values as an Arrow table."""
        return self.table

    def to_pandas(self) -> Any:
        """The values as a pandas DataFrame."""
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """The values as a polars DataFrame."""
        import polars

        return polars.from_arrow(self.table)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("metric", "window", "group", "value", "interval", "n"))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in shown_row(value)) + "</tr>" for value in self.values)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown_row(value: MetricValue) -> tuple[str, ...]:
    """Metric, window, group, value, interval and n as people read them."""
    window = f"{value.window_start} to {value.window_end}" + ("" if value.complete else " (partial)")
    return (value.card.name, window, value.group or "", shown(value), shown_interval(value), f"{value.n:,}")


def shown(value: MetricValue) -> str:
    """The value with its unit."""
    if isinstance(value.value, Undefined):
        return "undefined"
    return shown_number(value.value, value.card, value.currency)


def shown_interval(value: MetricValue) -> str:
    """The interval with its unit, or why there is no value, or nothing."""
    if isinstance(value.value, Undefined):
        return REASONS.get(value.value.reason, value.value.reason)
    if value.low is None or value.high is None:
        return ""
    return f"{shown_number(value.low, value.card, value.currency)} .. {shown_number(value.high, value.card, value.currency)}"


def shown_number(number: float, card: Card, currency: str | None) -> str:
    """A number in the metric's unit."""
    match card.unit.value:
        case "money":
            return f"{number:,.2f} {currency or ''}".rstrip()
        case "ratio":
            return (
                f"{number:.2f}"
                if card.money in (("numerator",), ("numerator", "denominator")) and card.scale == 1 and abs(number) > 1
                else f"{100 * number:.1f} %"
            )
        case "count":
            return f"{number:,.0f}"
        case "score":
            return f"{number:+.1f}" if card.name == "nps" else f"{number:.2f}"
        case "days" | "hours" | "years" | "months" as unit:
            return f"{number:,.1f} {unit}" if unit != "years" else f"{number:,.2f} years"
        case _:
            return f"{number:,.2f}"
