"""What happened to a customer, the latest first: one look at a small part of the serving file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars_server.serving.contracts import Entry
from regulars_server.serving.reading import reader
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 500


def timeline(identities: Iterable[str], before: datetime | str | None = None, limit: int = 50) -> list[Entry]:
    """The latest entries of these identities (and accounts), those before an instant or after the entry whose `cursor` is given.

    Rows lie by the customer that they belonged to when the file was built, so that one customer's are read at once; identities that were merged
    since are found where they were.
    """
    with reader() as file:
        if file is None:
            return []
        wanted = sorted({one for one in identities if not file.left_out or reference_of(one) not in file.left_out})
        if not wanted:
            return []
        keys = [row["key"] for row in file.rows("select hash(unnest(?::varchar[])) as key", [wanted])]
        among = ", ".join(map(str, keys))
        owners = file.rows(f"select distinct owner from identities where key in ({among}) and list_contains(?, identity)", [wanted])
        if not owners:
            return []
        place = ", ".join(str(row["owner"]) for row in owners)
        border, values = _border(before)
        rows = file.rows(
            "select *, rowid as place from timeline"
            f" where owner in ({place}) and (list_contains(?, identity) or list_contains(?, account)){border}"
            f" order by occurred_at desc, rowid limit {max(1, min(limit, MOST))}",
            [wanted, wanted, *values],
        )
        return [_entry(row) for row in rows]


def _border(before: datetime | str | None) -> tuple[str, list[Any]]:
    if before is None:
        return "", []
    if isinstance(before, datetime):
        return " and occurred_at < ?::timestamp", [before.astimezone(UTC).replace(tzinfo=None) if before.tzinfo else before]
    micros, _, place = before.partition(".")
    if not (micros.lstrip("-").isdigit() and place.isdigit()):
        return "", []
    return " and (occurred_at < make_timestamp(?) or (occurred_at = make_timestamp(?) and rowid > ?))", [
        int(micros),
        int(micros),
        int(place),
    ]


def _entry(row: dict[str, Any]) -> Entry:
    at = row["occurred_at"].replace(tzinfo=UTC)
    micros = round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    return Entry(
        occurred_at=at,
        identity=row["identity"],
        account=row["account"],
        table=row["table"],
        kind=row["kind"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        detail=json.loads(row["detail"]) if row["detail"] else {},
        source=row["source"],
        row_key=row["row_key"],
        load_id=row["load_id"],
        cursor=f"{micros}.{row['place']}",
    )
