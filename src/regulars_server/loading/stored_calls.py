"""The latest calls of a source as the tables hold them: what a tracking plan is learned from when the hot tail is short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from regulars.tracking import Call
from regulars_server.loading.workspace import stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FEWEST = 50
"""Calls of each event at least, however many events a source has."""
_MOST_SAID = 16_384
_MEMORY = "256MB"
_OF_SOURCE = "source = (select source from asked)"


def latest_calls(source: str, *, limit: int, besides: Collection[str] = ()) -> Iterator[Call]:
    """Of each event the latest calls, about `limit` in all. Those with a message id of `besides` are left out.

    Two looks: one finds from when on the wanted calls of each event are, the second reads what those said and little else.
    """
    left_out = set(besides)
    with stored("events", memory=_MEMORY, threads=1) as engine:
        engine.load("asked", pa.table({"source": [source]}))
        events = engine.run(f"select count(distinct name) as n from events where {_OF_SOURCE}")["n"][0].as_py()
        each = max(FEWEST, limit // max(1, events))
        latest = f"select name, count(*) as n, list_min(max(occurred_at, {each})) as since from events where {_OF_SOURCE} group by name order by name"
        bounds = engine.run(latest)
        engine.load("bounds", bounds.drop_columns(["n"]))
        for condition in _conditions(bounds.to_pylist(), each):
            for batch in engine.batches(_wanted(condition, each)):
                for row in batch.to_pylist():
                    message_id = row["row_key"].removeprefix("event#")
                    if message_id not in left_out:
                        left_out.add(message_id)
                        yield _call(source, message_id, row)


def _conditions(bounds: list[dict[str, Any]], each: int) -> list[str]:
    """Where to look, such that a file's minima and maxima leave most of it out: frequent events by their time, rare ones by their names."""
    frequent = [one for one in bounds if one["n"] >= 10 * each]
    rare = [one for one in bounds if one["n"] < 10 * each]
    found = [f"e.occurred_at >= timestamp '{min(one['since'] for one in frequent)}' and {_named(frequent)}"] if frequent else []
    return [*found, _named(rare)] if rare else found


def _named(events: list[dict[str, Any]]) -> str:
    names = ", ".join("'" + one["name"].replace("'", "''") + "'" for one in events)
    return f"e.name in ({names})"


def _wanted(condition: str, each: int) -> str:
    return f"""
        select e.name, e.row_key, epoch_us(e.occurred_at)::bigint as at, e.properties
        from events e join bounds b on b.name = e.name and e.occurred_at >= b.since
        where {condition} and e.{_OF_SOURCE} and coalesce(length(e.properties), 0) <= {_MOST_SAID} and coalesce(e.identity_id, '') not like 'erased-%'
        qualify row_number() over (partition by e.name order by e.occurred_at desc, e.row_key) <= {each}
        order by e.occurred_at desc, e.row_key"""


def _call(source: str, message_id: str, row: dict[str, Any]) -> Call:
    said = msgspec.json.decode(row["properties"]) if row["properties"] else {}
    # The table keeps a part of the call's context beside what it said.
    said.pop("context", None)
    at = row["at"]
    return Call(
        kind="track", message_id=message_id, source=source, name=row["name"], occurred_at=at, received_at=at, raw=msgspec.Raw(b"{}"), properties=said
    )  # fmt: skip
