"""Results that are tables: Arrow inside, with a title, the instant they are as of, and the currency of their money."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

MINOR = "_minor"
"""Columns with this ending hold minor units of the result's currency."""
SHOWN_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TableResult:
    """A table with what a reader must know of it; `meanings` says what each column is."""

    table: pa.Table
    title: str
    as_of: datetime
    currency: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def columns(self) -> list[str]:
        """Names of the columns in order."""
        return list(self.table.schema.names)

    def to_arrow(self) -> pa.Table:
        """The table as Arrow."""
        return self.table

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame."""
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """The table as a polars DataFrame."""
        import polars

        return polars.from_arrow(self.table)

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as plain values."""
        return list(self.table.to_pylist())

    def shown_columns(self) -> list[str]:
        """Headings as people read them: money carries its currency instead of the word minor."""
        return [
            f"{name.removesuffix(MINOR)} ({self.currency})" if name.endswith(MINOR) and self.currency else name for name in self.columns
        ]

    def shown_rows(self, limit: int = SHOWN_ROWS) -> list[tuple[str, ...]]:
        """The first rows as people read them: money in major units, shares in per cent."""
        return [tuple(self._shown(name, value) for name, value in row.items()) for row in self.table.slice(0, limit).to_pylist()]

    def _shown(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if name.endswith(MINOR) and self.currency:
            return money.show(value, self.currency).rsplit(" ", 1)[0]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{100 * value:.1f} %" if name == "share" or name.endswith("_share") else f"{value:,.2f}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.shown_columns())
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self.shown_rows())
        more = f"<p>{len(self) - SHOWN_ROWS:,} rows more</p>" if len(self) > SHOWN_ROWS else ""
        caption = f"<caption>{html.escape(self.title)}, as of {self.as_of:%Y-%m-%d %H:%M} UTC</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
