"""Lists of customers, and one of them, from the serving file."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from regulars_server.serving import searching
from regulars_server.serving.contracts import LIGHTS, SORTS, CustomerQuery, Page
from regulars_server.serving.reading import Reader, reader
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from regulars_server.serving.contracts import Built

PERSONAL = ("customer_id", "name", "email", "phone")
"""Columns that say who; a query of somebody who may not see people does not read them."""
NUMBERS = (
    "reference",
    "country",
    "acquisition_channel",
    "cohort",
    "light",
    "reasons",
    "health_score",
    "churn_risk",
    "clv_minor",
    "money_at_risk_minor",
    "net_minor",
    "value_minor",
    "orders",
    "first_order_on",
    "last_order_on",
    "days_since_order",
    "last_active_on",
    "mrr_minor",
    "plan",
)
ORDER = {
    "money_at_risk": "money_at_risk_minor",
    "risk": "churn_risk",
    "value": "clv_minor",
    "score": "health_score",
    "revenue": "value_minor",
    "orders": "orders",
    "last_order": "last_order_on",
    "first_order": "first_order_on",
    "name": "name",
}
MOST_ROWS = 500
MOST_WORDS = 5


def customers(query: CustomerQuery, *, columns: Collection[str] = NUMBERS) -> Page | None:
    """A page of the list; None where the serving file was not built yet. Rows have the reference, who it is, and of `NUMBERS` those in `columns`."""
    with reader() as file:
        if file is None:
            return None
        places, total = _places(file, query)
        wanted = ("reference", *(name for name in NUMBERS if name in columns and name != "reference"))
        return Page(
            rows=_rows(file, places, (*PERSONAL, *wanted) if query.people else wanted),
            total=total,
            query=query,
            built=file.built,
        )


def _rows(file: Reader, places: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that lie at these places, in their order."""
    if not places:
        return []
    # A list of row ids in the condition is looked through for each row; a relation of them is joined.
    found = file.rows(
        f"{_wanted(places)} select rowid as place, {', '.join(columns)} from customers where rowid in (select place from wanted)"
    )
    by_place = {row.pop("place"): _plain(row) for row in found}
    return [by_place[place] for place in places]


def _wanted(places: Iterable[int]) -> str:
    return f"with wanted as materialized (select unnest([{', '.join(map(str, places))}]) as place)"


def _places(file: Reader, query: CustomerQuery) -> tuple[list[int], int]:
    """Where the rows of a page lie, and how many there are in all.

    They are found by their numbers alone, and only then read: a wide sort of a million rows would take ten times as long. Texts are searched once.
    """
    part = f"limit {max(1, min(query.limit, MOST_ROWS))} offset {max(0, int(query.offset))}"
    hits = f"select rowid as place, key, {ORDER[_sort(query)]} from customers"
    sorted_hits = f"order by {_order(query)} {part}"
    where, values = _where(query, file, texts=False)
    words = _texts(query)
    if not words:
        total = file.once(f"select count(*) as total from customers {where}", values)[0]["total"]
        return [row["place"] for row in file.once(f"select place from ({hits} {where}) {sorted_hits}", values)], total
    among = searching.places(file, words)
    if among is None:
        where, values = _where(query, file)
    elif among:
        where = f"{where} and" if where else "where"
        hits = f"{_wanted(among)} {hits}"
        where = f"{where} rowid in (select place from wanted)"
    else:
        return [], 0
    found = file.rows(
        f"with hits as materialized ({hits} {where}) select place, (select count(*) from hits) as total from hits {sorted_hits}", values
    )
    if found:
        return [row["place"] for row in found], found[0]["total"]
    return [], file.rows(f"select count(*) as total from ({hits} {where})", values)[0]["total"]


def customer(customer_id: str) -> dict[str, Any] | None:
    """All that the file says of a customer; None where it does not know them, or was not built yet."""
    with reader() as file:
        if file is None or reference_of(customer_id) in file.left_out:
            return None
        rows = file.rows(
            "select * exclude (key, search) from customers where key = hash(?) and customer_id = ?", [customer_id, customer_id]
        )
        return {**_plain(rows[0]), "currency": file.built.currency, "as_of": file.built.as_of} if rows else None


def customer_id_of(reference: str) -> str | None:
    """The customer that bears a reference."""
    with reader() as file:
        if file is None or reference in file.left_out:
            return None
        rows = file.rows("select customer_id from refs where key = hash(?) and reference = ?", [reference, reference])
        return str(rows[0]["customer_id"]) if rows else None


def lights() -> dict[str, int]:
    """How many customers have which light, in the order of lights; `unknown` for those without."""
    with reader() as file:
        if file is None:
            return {}
        counted = {
            row["light"]: row["n"]
            for row in file.once("select coalesce(light, 'unknown') as light, count(*) as n from customers group by 1")
        }
        return {light: counted.get(light, 0) for light in LIGHTS}


def built() -> Built | None:
    """What the file is as of and when it was built."""
    with reader() as file:
        return None if file is None else file.built


def purchases_since(instant: datetime, *, besides: Collection[str] = ()) -> int:
    """Purchases from an instant on: those in the file, and of the order ids in `besides` those that it does not have."""
    with reader() as file:
        if file is None:
            return len(besides)
        start = instant.astimezone(UTC).replace(tzinfo=None)
        query = "select distinct thing from timeline where \"table\" = 'orders' and kind = 'purchase' and occurred_at >= ?"
        return len({row["thing"] for row in file.once(query, [start])} | set(besides))


def choices(column: str, most: int = 60) -> list[str]:
    """The values of `country` or `channel` that occur most, for a filter."""
    name = {"country": "country", "channel": "acquisition_channel"}[column]
    with reader() as file:
        if file is None:
            return []
        rows = file.once(
            f"select {name} as value from customers where {name} is not null group by 1 order by count(*) desc, 1 limit {most}"
        )
        return sorted(str(row["value"]) for row in rows)


def pieces(query: CustomerQuery, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a list, in its order, piece by piece."""
    with reader() as file:
        if file is None:
            return
        where, values = _where(query, file)
        yield from file.pieces(f"select {', '.join(columns)} from customers {where} order by {_order(query)}", values)


def _texts(query: CustomerQuery) -> list[str]:
    """The words that are searched for in names and ways to reach people, in small letters."""
    return [word for word in _said(query) if not _is_reference(word)] if query.people else []


def _said(query: CustomerQuery) -> list[str]:
    return query.search.lower().split()[:MOST_WORDS]


def _where(query: CustomerQuery, file: Reader, *, texts: bool = True) -> tuple[str, list[Any]]:
    """The condition of a query and its values; without what is searched in texts where `texts` are looked through by other means."""
    parts: list[str] = []
    values: list[Any] = []

    def add(text: str, *given: Any) -> None:
        parts.append(text)
        values.extend(given)

    found_in_texts = _texts(query)
    for word in _said(query):
        # Without names to search, only a whole reference finds somebody.
        if word not in found_in_texts:
            add("reference = ?", word)
        elif texts:
            add("contains(search, ?)", word)
    if query.lights:
        add(f"coalesce(light, 'unknown') in ({', '.join('?' for _ in query.lights)})", *query.lights)
    for column, value in (("country", query.country), ("acquisition_channel", query.channel)):
        if value:
            add(f"{column} = ?", value)
    bounds = (
        ("value_minor >= ?", query.min_revenue_minor),
        ("value_minor <= ?", query.max_revenue_minor),
        ("churn_risk >= ?", query.min_risk),
        ("last_order_on >= ?::date", query.ordered_since or None),
        ("(last_order_on is null or last_order_on < ?::date)", query.silent_since or None),
    )
    for text, value in bounds:
        if value is not None:
            add(text, value)
    if file.left_out:
        add(f"reference not in ({', '.join('?' for _ in file.left_out)})", *sorted(file.left_out))
    return ("where " + " and ".join(parts) if parts else ""), values


def _is_reference(word: str) -> bool:
    return len(word) == 16 and all(c in "abcdefghijklmnopqrstuvwxyz234567" for c in word)


def _sort(query: CustomerQuery) -> str:
    return query.sort if query.sort in SORTS and (query.people or query.sort != "name") else "money_at_risk"


def _order(query: CustomerQuery) -> str:
    return f"{ORDER[_sort(query)]} {'desc' if query.descending else 'asc'} nulls last, key"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "reasons": json.loads(row["reasons"]) if row["reasons"] else []} if "reasons" in row else dict(row)
