"""What the serving file does with personal data: it is a copy of the tables, so who is erased there is left out here at once and gone with the next build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars_server.serving import hidden
from regulars_server.serving.reading import reader
from regulars_server.shared.public import Holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def export(ids: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """The person's row of the list and the entries of their timeline."""
    with reader() as file:
        if file is None or not ids:
            return
        wanted = [sorted(ids)]
        for row in file.rows("select * exclude (key, search) from customers where list_contains(?, customer_id)", wanted):
            yield {"customer": _plain(row)}
        for row in file.rows(
            "select occurred_at, identity, account, entry from timeline where list_contains(?, identity) order by occurred_at", wanted
        ):
            yield {"entry": _plain(row)}


def erase(ids: frozenset[str]) -> int:
    """Leave the person out from now on; says how many rows that are. The next build, due at once, is without them."""
    with reader() as file:
        held = 0
        if file is not None and ids:
            wanted = [sorted(ids)]
            held = file.rows("select count(*) as n from customers where list_contains(?, customer_id)", wanted)[0]["n"]
            held += file.rows("select count(*) as n from timeline where list_contains(?, identity)", wanted)[0]["n"]
    hidden.hide(ids)
    return int(held)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items() if value is not None}


HOLDING = Holding(
    name="folder:server/serving",
    holds="a copy of the tables for lists and timelines: names, addresses, ids, what customers did; and the overview, which names nobody",
    export=export,
    erase=erase,
    kept="built anew from the tables whenever they change, so that it holds what they hold",
)
