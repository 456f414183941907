"""What anonymising makes of each value of a person, and of each mention of them in the rows of others."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES, Column, Erase, Type
from regulars.warehouse.erasure.person import Person, own_mask, superseded_mask

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_IDENTITIES = {"identity_id", "customer_id"}
_OURS = {"load_id", "source", "superseded_load_id", "superseded_source", "table_name"}


class Anonymiser:
    """Takes one person out of rows. The same old id becomes the same random one wherever it stood; instants keep day and order."""

    def __init__(self, person: Person, zone: ZoneInfo, *, strict: bool) -> None:
        self.person = person
        self.strict = strict
        self.days = cut_to_days(person.instants, zone)
        self._fresh: dict[tuple[str, str], str] = {}
        self._keys = {(table, *row[:2]): new for table, rows in person.rows.items() for row, new in _ordered_keys(rows)}

    def changes(self, table: str, rows: pa.Table) -> bool:
        """Whether `rows` (text columns may be dictionaries) hold anything of the person."""
        if pc.any(own_mask(self.person, table, rows)).as_py():
            return True
        if table == "accounts" and any(_names_member(text, self.person) for text in rows["members"].to_pylist() if text):
            return True
        return any(self._is_mentioned_in(rows[column.name]) for column in _text_columns(table))

    def apply(self, table: str, rows: pa.Table) -> tuple[pa.Table, int]:
        """`rows` without the person, and how many rows were theirs."""
        schema = TABLES[table].arrow_schema
        mask = own_mask(self.person, table, rows)
        own = rows.filter(mask)
        others = self._without_mentions(table, rows.filter(pc.invert(mask)))
        if self.strict:
            own = self._to_keep(table, own)
        superseded = superseded_mask(self.person, own).to_pylist() if table == "supersessions" else [False] * own.num_rows
        values = [self._anonymous(table, row, superseded=hit) for row, hit in zip(own.to_pylist(), superseded, strict=True)]
        parts = [others.cast(schema), pa.Table.from_pylist(values, schema=schema)]
        return pa.concat_tables(parts), pc.sum(mask).as_py() or 0

    def _to_keep(self, table: str, own: pa.Table) -> pa.Table:
        """Of rows to delete those without which a replaced row of somebody else would be in force again."""
        if table != "supersessions":
            return own.slice(0, 0)
        return own.filter(pc.invert(superseded_mask(self.person, own)))

    def _anonymous(self, table: str, row: dict[str, Any], *, superseded: bool) -> dict[str, Any]:
        return {c.name: self._value(table, c, row, superseded=superseded) for c in TABLES[table].columns}

    def _value(self, table: str, column: Column, row: dict[str, Any], *, superseded: bool) -> Any:
        value = row[column.name]
        if value is None:
            return None
        if column.name in _IDENTITIES:
            return self.fresh("identity", value) if value in self.person.ids else value
        if column.name == "row_key":
            return self._keys.get((table, row["source"], value)) or self.fresh("row_key", value)
        if column.name == "superseded_key":
            key = (row["table_name"], row["superseded_source"], value)
            return self._keys.get(key, value) if superseded else value
        if column.name == "members":
            return self._members(value)
        if column.erase is Erase.FRESH:
            return self.fresh(column.name, value)
        if column.erase is Erase.BLANK:
            return None
        if column.erase is Erase.DAY:
            return self.days[value]
        return (
            self.person.without_things(self.person.without_mention(value))
            if column.type is Type.STRING and column.name not in _OURS
            else value
        )

    def fresh(self, domain: str, value: str) -> str:
        """The random id that stands for `value` from now on."""
        return self._fresh.setdefault((domain, value), f"erased-{secrets.token_hex(8)}")

    def _without_mentions(self, table: str, rows: pa.Table) -> pa.Table:
        for column in _text_columns(table):
            at = rows.schema.get_field_index(column.name)
            if column.name == "members":
                cleaned = [text and self._members(text) for text in rows["members"].to_pylist()]
            elif self._is_mentioned_in(rows[column.name]):
                cleaned = [self._cleaned(column, text) for text in rows[column.name].to_pylist()]
            else:
                continue
            rows = rows.set_column(at, rows.schema.field(at), pa.chunked_array([pa.array(cleaned, pa.string())]))
        return rows

    def _cleaned(self, column: Column, text: str | None) -> str | None:
        if text is None or not self.person.mentions(text):
            return text
        if column.erase is Erase.BLANK:
            return None
        return self.fresh(column.name, text) if column.erase is Erase.FRESH else self.person.without_mention(text)

    def _members(self, text: str) -> str | None:
        """A company keeps its number of members: the person's ids become the random ones."""
        members = _as_list(text)
        if members is None:
            return None if self.person.mentions(text) else text
        if not _names_member(text, self.person):
            return text
        if self.strict:
            return json.dumps([m for m in members if str(m) not in self.person.ids])
        return json.dumps([self.fresh("identity", str(m)) if str(m) in self.person.ids else m for m in members])

    def _is_mentioned_in(self, values: pa.ChunkedArray) -> bool:
        if self.person.mention is None:
            return False
        for chunk in values.chunks:
            texts = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
            if pc.any(pc.match_substring_regex(texts, self.person.mention)).as_py():
                return True
        return False


def cut_to_days(instants: set[datetime], zone: ZoneInfo) -> dict[datetime, datetime]:
    """Each instant (naive UTC) as the beginning of its day in `zone`, plus its rank on that day in microseconds.

    The day is the company's, so that monthly totals stay; the rank keeps the order of what happened on one day.
    """
    by_day: dict[datetime, list[datetime]] = defaultdict(list)
    for instant in instants:
        local = instant.replace(tzinfo=UTC).astimezone(zone)
        midnight = datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
        by_day[midnight].append(instant)
    return {
        instant: midnight + timedelta(microseconds=rank) for midnight, found in by_day.items() for rank, instant in enumerate(sorted(found))
    }


def _ordered_keys(rows: set[tuple[str, str, str]]) -> list[tuple[tuple[str, str, str], str]]:
    """Random keys that sort as the old ones did, since ties in time are broken by key."""
    old = sorted({(source, key) for source, key, _ in rows}, key=lambda pair: (pair[1], pair[0]))
    new = sorted(f"erased-{secrets.token_hex(16)}" for _ in old)
    by_old = dict(zip(old, new, strict=True))
    return [(row, by_old[row[:2]]) for row in sorted(rows)]


def _text_columns(table: str) -> list[Column]:
    return [c for c in TABLES[table].columns if c.type is Type.STRING and c.name not in _OURS | _IDENTITIES]


def _as_list(text: str) -> list[Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _names_member(text: str, person: Person) -> bool:
    return any(str(member) in person.ids for member in _as_list(text) or ())
