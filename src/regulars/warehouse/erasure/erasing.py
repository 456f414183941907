"""Erasing one person from every store of a workspace."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import PersonUnknown
from regulars.tables import TABLES, Type
from regulars.warehouse import ledger
from regulars.warehouse.erasure.anonymising import Anonymiser
from regulars.warehouse.erasure.hashes import ErasedHashes
from regulars.warehouse.erasure.person import Person, find_person
from regulars.warehouse.files import read_json
from regulars.warehouse.loads import QUARANTINE_SCHEMA, new_change_id
from regulars.warehouse.records import BY_THEMSELVES
from regulars.warehouse.rewriting import Rewrite, stored_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from regulars.warehouse.changes import Places
    from regulars.warehouse.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReport:
    """What an erasure did; it names nobody."""

    erased_at: datetime
    strict: bool
    identities: int
    """Ids, e-mail addresses and phone numbers that are refused from now on."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of the person by table: anonymised, or deleted when strict."""
    quarantined: int = 0
    """Rows in quarantine whose content was removed."""


def erase_person(places: Places, store: Store, given: str, *, zone: ZoneInfo, strict: bool) -> ErasureReport:
    """Take the person whom an id, e-mail address or phone number belongs to out of every store; the caller holds the lock alone.

    Raises `PersonUnknown` when no store knows them.
    """
    person = find_person(store, given)
    anonymiser = Anonymiser(person, zone, strict=strict)
    with Rewrite(places, store, new_change_id(), kind="an erasure") as rewrite:
        rows = {table: count for table in store.tables() if (count := _from_table(rewrite, store, table, anonymiser)) is not None}
        quarantined = sum(_from_quarantine(rewrite, places, person))
        for target in _json_files(places):
            found = read_json(places.folder / target)
            cleaned = _from_value(found, person)
            if cleaned != found:
                rewrite.replace_json(target, cleaned)
        _from_folded_records(rewrite, places, person)
        if rewrite.is_empty:
            raise PersonUnknown(
                "No store of this workspace knows the person.",
                expected="a customer's id, e-mail address or phone number as it stands in the data",
                remedy="Check the spelling; nothing was changed.",
            )
        now = datetime.now(UTC)
        hashes = read_erased(places).including(person.traces)
        rewrite.replace_json(
            "erased.json", {"hashes": list(hashes), "erasures": [*_past(places), {"at": now.isoformat(), "strict": strict}]}
        )
        rewrite.commit(empties_cache=True, purges=store.tables())
    return ErasureReport(
        erased_at=now, strict=strict, identities=len(person.traces), rows={t: n for t, n in rows.items() if n}, quarantined=quarantined
    )


def read_erased(places: Places) -> ErasedHashes:
    """The keyed hashes of everybody who was erased."""
    path = places.folder / "erased.json"
    hashes = read_json(path)["hashes"] if path.exists() else []
    return ErasedHashes((places.folder / "secret.key").read_bytes(), hashes)


def _past(places: Places) -> list[dict[str, Any]]:
    path = places.folder / "erased.json"
    return list(read_json(path)["erasures"]) if path.exists() else []


def _from_table(rewrite: Rewrite, store: Store, table: str, anonymiser: Anonymiser) -> int | None:
    """The number of rows that were the person's; None where the table has no trace."""
    state = store.state(table)
    texts = [c.name for c in TABLES[table].columns if c.type is Type.STRING and c.name not in {"identity_id", "customer_id"}]
    total: int | None = None
    for name in state.rows_by_file if state else ():
        path = store.path(table) / name
        if not any(anonymiser.changes(table, rows) for rows in stored_rows(path, dictionaries=texts)):
            continue
        counts: list[int] = []

        def cleaned(path: Any = path, counts: list[int] = counts) -> Iterator[pa.Table]:
            for rows in stored_rows(path):
                changed, count = anonymiser.apply(table, rows)
                counts.append(count)
                yield changed

        rewrite.remove(table, [name])
        rewrite.add(table, cleaned())
        total = (total or 0) + sum(counts)
    return total


def _from_quarantine(rewrite: Rewrite, places: Places, person: Person) -> Iterator[int]:
    """Rows stay, so that the closing report still adds up, but what they held goes."""
    for path in sorted(places.quarantine.glob("*.parquet")):
        rows = pq.read_table(path).to_pylist()
        changed = [_quarantined(row, person) for row in rows]
        count = sum(old != new for old, new in zip(rows, changed, strict=True))
        if count:
            rewrite.replace_parquet(f"quarantine/{path.name}", pa.Table.from_pylist(changed, schema=QUARANTINE_SCHEMA))
            yield count


def _quarantined(row: dict[str, Any], person: Person) -> dict[str, Any]:
    kept = {name: _from_value(value, person) for name, value in row.items() if name != "raw"}
    return {**kept, "raw": None if row["raw"] is not None and _is_about(row["raw"], person) else row["raw"]}


def _is_about(raw: str, person: Person) -> bool:
    try:
        found = json.loads(raw)
    except ValueError:
        found = raw
    return any(person.is_mentioned(text) for text in _texts(found)) or person.mentions(raw)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _from_folded_records(rewrite: Rewrite, places: Places, person: Person) -> None:
    """Records of loads that come by themselves hold counts and name nobody: of millions of records only those of others are looked at."""
    for path in ledger.folded_files(places):
        with ledger.Folded(path) as month:
            if not month.summary.undone and month.summary.by_source.keys() <= BY_THEMSELVES:
                continue
            sources = month.rows(["load_id", "source"])
            others = sources.filter(pc.invert(pc.is_in(sources["source"], pa.array(sorted(BY_THEMSELVES), pa.string()))))
            found = month.rows(["load_id", "record"], ids=set(others["load_id"].to_pylist())).to_pylist()
            cleaned = {one["load_id"]: text for one in found if (text := _cleaned_record(one["record"], person)) != one["record"]}
            if not cleaned:
                continue
            rows = month.rows(ledger.SCHEMA.names).to_pylist()
        for row in rows:
            if row["load_id"] in cleaned:
                text = cleaned[row["load_id"]]
                row.update(record=text, source=json.loads(text)["source"])
        ledger.write(rewrite.replace_file(f"loads/folded/{path.name}"), pa.Table.from_pylist(rows, schema=ledger.SCHEMA))


def _cleaned_record(text: str, person: Person) -> str:
    found = json.loads(text)
    cleaned = _from_value(found, person)
    return text if cleaned == found else ledger.as_text(cleaned)


def _json_files(places: Places) -> list[str]:
    found = [f"loads/{path.name}" for path in sorted(places.loads.glob("*.json"))]
    return found + (["mappings.json"] if (places.folder / "mappings.json").exists() else [])


def _from_value(value: Any, person: Person) -> Any:
    if isinstance(value, dict):
        return {person.without_mention(key): _from_value(item, person) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_value(item, person) for item in value]
    if not isinstance(value, str):
        return value
    return "[erased]" if value.strip().lower() in person.exact else person.without_mention(value)
