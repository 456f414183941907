"""What an analysis gives back: named tables, and notes that say what the data cannot tell."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from regulars.relations.session import Session

TEXTS = {
    "no_data": "There is nothing to say without {needs}: import a file that holds it.",
    "one_cohort": (
        "{share:.1%} of the customers placed their first order in the first {days} days (until {until}): what follows is the ageing of "
        "one cohort, not the course of the business."
    ),
    "history_too_short": "The data reach back less than {days} days before {windows} of the windows: nobody could lapse or return there yet.",
    "partial_window": "The last window ends after the data and is not complete.",
    "no_hours": "The orders carry days without a time: there is nothing to say about hours.",
    "less_than_a_year": "The data hold {days} days: months of the year cannot be told from growth or decline.",
    "revenue_basis": "No costs of goods and no margin are known: amounts are revenue, and no ratio to costs is judged.",
    "margin": "Margin {rate:.1%}, from {basis}.",
    "no_costs": "No acquisition costs are imported: channels can be compared by value, not by what they cost.",
    "cost_without_channel": "{amount} of acquisition cost names no channel and is in no row.",
    "small_groups": "{groups} groups hold fewer than {least} customers: too few to act on.",
    "returns_not_matched": "Returns that could not be matched to an order are subtracted from the customer, not from an order.",
    "pruned": "{products} products in fewer than {min_orders} orders are left out.",
    "lapsed_count_as_gone": "Customers who lapse count as gone; some return by themselves, so that the true worth lies below rather than above.",
    "few_active": "Fewer than {least} customers were active: the range is wide or cannot be given.",
    "no_gaps": "No product was bought again by its customers at least {min_gaps} times: there is no usual time to tell.",
    "few_gaps": "Only {pairs} pairs of a customer and a product have gaps enough to check the windows: take them as a rough guide.",
    "few_products": "Fewer than two products were bought by at least {min_customers} customers: there is nothing to suggest.",
    "popularity_used": "{method} found no more of what was bought than popularity did: the suggestions are the most popular products.",
    "few_to_judge": "Only {customers} customers bought again in the last {days} days: too few to tell methods apart, popularity is used.",
    "stages_missing": "The data cannot show {stages}: these stages are left out, not empty.",
    "one_stage": "The data show one stage only: there is nothing to pass between.",
    "cannot_tell": "By {of} the best customers cannot be told from the others: the interval of the AUC reaches .5 or below, and no such scores are given.",
    "spend_tells_as_much": "What a customer spends in the first 30 days tells the best by itself as well (AUC {auc:.3f}): the traits describe, they add little.",
    "nobody_judged": "No buyer's first {days} days have passed yet: nobody can be called the best.",
    "judged_after": "{customers} buyers are judged by their first {days} days; the best fifth are {best}.",
    "few_best": "Only {best} of the best customers are old enough to learn from, {least} are needed: no scores are given.",
    "no_activity": "No customer placed a kept order, did something meaningful or opened a message: there is no hour to tell.",
    "company_hour": "A customer's own hours foretold the latest contact no better than the company's: use the company's best hour.",
    "sources_without_time": "{sources} carry days without a time and are counted by weekday only.",
    "windows": "From {start} to {end}, in windows of {days} days.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a result: a stable code, with values."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return TEXTS[self.code].format(**self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisResult:
    """Named tables, the first of which is the main one; `notes` say what else is to be known."""

    name: str
    title: str
    tables: Mapping[str, TableResult]
    notes: tuple[Note, ...] = ()

    def __getitem__(self, name: str) -> TableResult:
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to analyse."""
        return not self.tables

    @property
    def main(self) -> TableResult:
        """The main table; raises `LookupError` when there is none."""
        # A table without rows is false, and is a table.
        return next(iter(self.tables.values())) if self.tables else _nothing(self)

    def note(self, code: str) -> Note | None:
        """The note with this code, where it was made."""
        return next((n for n in self.notes if n.code == code), None)

    def to_arrow(self) -> pa.Table:
        """The main table as Arrow."""
        return self.main.to_arrow()

    def to_pandas(self) -> Any:
        """The main table as a pandas DataFrame."""
        return self.main.to_pandas()

    def to_polars(self) -> Any:
        """The main table as a polars DataFrame."""
        return self.main.to_polars()

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(str(note))}</p>" for note in self.notes)
        return f"<h3>{html.escape(self.title)}</h3>{notes}" + "".join(table._repr_html_() for table in self.tables.values())


def _nothing(result: AnalysisResult) -> TableResult:
    raise LookupError(f"The analysis '{result.name}' has no tables: {' '.join(str(n) for n in result.notes)}")


def table_of(session: Session, rows: pa.Table, title: str, meanings: Mapping[str, str] | None = None) -> TableResult:
    """`rows` as a result of this session."""
    return TableResult(table=rows, title=title, as_of=session.as_of, currency=session.currency, meanings=meanings or {})


def rows_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]) -> pa.Table:
    """Plain rows as an Arrow table with the given column types."""
    import pyarrow as pa

    return pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(list(columns.items())))
