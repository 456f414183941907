"""What happened to a customer, the latest first: one look at a small part of the serving file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from regulars_server.serving.contracts import Entry
from regulars_server.serving.reading import Reader, reader
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST = 500
AT_ONCE = 8
"""Customers whose rows are looked for in one query."""
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - instants are stored without a zone


def timeline(
    identities: Iterable[str], before: datetime | str | None = None, limit: int = 50, *, tables: Collection[str] = ()
) -> list[Entry]:
    """The latest entries of these identities (and accounts), those before an instant or after the entry whose `cursor` is given.

    `tables` are those whose entries are wanted; without any, all.

    Rows lie by the customer that they belonged to when the file was built, so that one customer's are read at once; identities that were merged
    since are found where they were.
    """
    with reader() as file:
        if file is None:
            return []
        shown = max(1, min(limit, MOST))
        wanted = sorted({one for one in identities if not file.left_out or reference_of(one) not in file.left_out})
        if not wanted or (tables and not _has(file, tables)):
            return []
        found: list[tuple[Any, ...]] = []
        owners = _owners(file, wanted)
        border, values = _border(before)
        if tables:
            values.append(sorted(tables))
            border += f' and list_contains(${1 + len(values)}, "table")'
        for start in range(0, len(owners), AT_ONCE):
            # One owner at a time is found by the file's own minima and maxima; several in one condition would be looked for everywhere. Their rows
            # lie in the order in which they are shown, and DuckDB keeps the order of a table where none is asked for.
            parts = [
                "(select rowid as place, occurred_at, identity, account, entry from timeline"
                f" where owner = {owner} and (list_contains($1, identity) or list_contains($1, account)){border}"
                f" limit {shown})"
                for owner in owners[start : start + AT_ONCE]
            ]
            union = " union all ".join(parts)
            latest = f"select * from ({union}) order by occurred_at desc, place limit {shown}" if len(parts) > 1 else union
            found += file.tuples(latest, [wanted, *values])
        if len(owners) > AT_ONCE:
            found.sort(key=lambda row: (-_micros(row[1]), row[0]))
        return [_entry(*row) for row in found[:shown]]


def first_at(identity: str) -> datetime | None:
    """The instant of the earliest entry of an identity; None where there is none."""
    with reader() as file:
        if file is None or reference_of(identity) in file.left_out:
            return None
        # One owner at a time, as above.
        query = "select min(occurred_at) from timeline where owner = {} and identity = ?"
        found = [file.tuples(query.format(owner), [identity])[0][0] for owner in _owners(file, [identity])]
        return min((at.replace(tzinfo=UTC) for at in found if at is not None), default=None)


def _has(file: Reader, tables: Collection[str]) -> bool:
    """Whether anybody has entries of these tables: most companies have no points, for example, and are asked for them with each customer."""
    return not {row["table"] for row in file.once('select distinct "table" from timeline')}.isdisjoint(tables)


def _owners(file: Reader, identities: list[str]) -> list[int]:
    """Under which customers these identities lay when the file was built."""
    owners: set[int] = set()
    for start in range(0, len(identities), AT_ONCE):
        some = identities[start : start + AT_ONCE]
        parts = [f"select owner from identities where key = hash(${n}::varchar) and identity = ${n}" for n in range(1, len(some) + 1)]
        # Asked several times for each page of a customer: for the timeline, for points, for the next stretch.
        owners |= {int(row["owner"]) for row in file.once(" union all ".join(parts), some, of_people=True)}
    return sorted(owners)


def _border(before: datetime | str | None) -> tuple[str, list[Any]]:
    if before is None:
        return "", []
    if isinstance(before, datetime):
        return " and occurred_at < $2::timestamp", [before.astimezone(UTC).replace(tzinfo=None) if before.tzinfo else before]
    micros, _, place = before.partition(".")
    if not (micros.lstrip("-").isdigit() and place.isdigit()):
        return "", []
    return " and (occurred_at < make_timestamp($2) or (occurred_at = make_timestamp($2) and rowid > $3))", [int(micros), int(place)]


def _micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _entry(place: int, at: datetime, identity: str, account: str | None, told: str) -> Entry:
    return Entry(
        occurred_at=at.replace(tzinfo=UTC), identity=identity, account=account, cursor=f"{_micros(at)}.{place}", **msgspec.json.decode(told)
    )
