"""Merging and un-merging customers by hand or rule: rows of the identity map, flat, so that readers never follow a chain."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from regulars.errors import ArgumentRefused
from regulars.tables import TABLES
from regulars.warehouse.identity_map import customer_of, map_rows

if TYPE_CHECKING:
    from regulars.warehouse.erasure.hashes import ErasedHashes
    from regulars.warehouse.identity_map import MapRow
    from regulars.warehouse.loads import Load
    from regulars.warehouse.snapshot import Snapshot

_TICK = timedelta(microseconds=1)
_SOURCE = "identities"


class Rows(Protocol):
    """What merging needs of a workspace: its rows as they are, and a load to add some."""

    def snapshot(self) -> Snapshot: ...

    def stage(self, *, source: str) -> Load: ...

    def erased(self) -> ErasedHashes: ...


def merge(workspace: Rows, identity: str, into: str, *, at: datetime, evidence: str | None = None) -> str:
    """From `at` on, the customer whom `identity` belongs to is one with the customer of `into`; returns that customer's id.

    Every identity of the merged customer gets a row of its own. `at` is an aware instant, or a naive one in UTC. Raises
    `ArgumentRefused` when both are one customer already, one was erased, or an id is empty.
    """
    _refuse_empty(identity, into)
    instant = _naive(at)
    with workspace.stage(source=_SOURCE) as load:
        _refuse_erased(workspace, identity, into)
        rows = map_rows(_identity_rows(workspace))
        known = customer_of(rows, instant + _TICK)
        old, target = known.get(identity, identity), known.get(into, into)
        if old == target:
            raise ArgumentRefused(
                f"'{identity}' and '{into}' are one customer already ('{target}').",
                expected="two different customers",
                remedy="Nothing is left to do.",
            )
        members = {old, identity, *(member for member, customer in known.items() if customer == old)}
        entries = [(member, target, _after(rows, member, instant)) for member in sorted(members)]
        # Rows that later name the customer who is gone would leave a chain of two steps.
        entries += [(row[0], target, row[2] + _TICK) for row in rows if row[1] == old and row[2] > instant and row[0] != old]
        load.add("identities", _as_table(entries, load.load_id, rule="merge", evidence=evidence, recorded_at=load.loaded_at))
        load.commit({"merged": len(entries)}, [])
    return target


def unmerge(workspace: Rows, identity: str, *, at: datetime, evidence: str | None = None) -> None:
    """From `at` on, `identity` is its own customer again. Raises `ArgumentRefused` when it is one already."""
    _refuse_empty(identity)
    instant = _naive(at)
    with workspace.stage(source=_SOURCE) as load:
        rows = map_rows(_identity_rows(workspace))
        if customer_of(rows, instant + _TICK).get(identity, identity) == identity:
            raise ArgumentRefused(
                f"'{identity}' is its own customer.",
                expected="an identity that was merged into another customer",
                remedy="Name the one that was merged.",
            )
        entries = [(identity, identity, _after(rows, identity, instant))]
        load.add("identities", _as_table(entries, load.load_id, rule="unmerge", evidence=evidence, recorded_at=load.loaded_at))
        load.commit({"unmerged": 1}, [])


def _identity_rows(workspace: Rows) -> pa.Table:
    """Rows of the map that no later load has replaced."""
    snapshot = workspace.snapshot()
    rows, replaced = (_all_rows(snapshot, table) for table in ("identities", "supersessions"))
    replaced = replaced.filter(pc.field("table_name") == "identities")
    return rows.join(
        replaced, ["source", "row_key", "load_id"], ["superseded_source", "superseded_key", "superseded_load_id"], join_type="left anti"
    )


def _all_rows(snapshot: Snapshot, table: str) -> pa.Table:
    schema = TABLES[table].arrow_schema
    parts = [pq.read_table(path, partitioning=None).cast(schema) for path in snapshot.files(table)]
    return pa.concat_tables([schema.empty_table(), *parts])


def _after(rows: list[MapRow], identity: str, instant: datetime) -> datetime:
    """`instant`, or the first one after it at which the identity has no row: later rows overrule earlier ones, at one instant none does."""
    taken = {row[2] for row in rows if row[0] == identity}
    while instant in taken:
        instant += _TICK
    return instant


def _as_table(
    entries: list[tuple[str, str, datetime]], load_id: str, *, rule: str, evidence: str | None, recorded_at: datetime
) -> pa.Table:
    names = [name for name in TABLES["identities"].arrow_schema.names if name != "load_id"]
    recorded = recorded_at.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {
            "occurred_at": instant,
            "recorded_at": max(recorded, instant),
            "source": _SOURCE,
            "row_key": f"{load_id}-{ordinal:06d}",
            "row_hash": hashlib.sha256(f"{member}\0{customer}\0{instant.isoformat()}".encode()).hexdigest()[:32],
            "identity_id": member,
            "account_id": None,
            "customer_id": customer,
            "rule": rule,
            "evidence": evidence,
        }
        for ordinal, (member, customer, instant) in enumerate(entries)
    ]
    schema = pa.schema([TABLES["identities"].arrow_schema.field(name) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _refuse_erased(workspace: Rows, *ids: str) -> None:
    erased = workspace.erased()
    if any(erased.contains(identity) for identity in ids):
        raise ArgumentRefused(
            "One of the ids belongs to a person who was erased.", expected="people who may be known", remedy="Leave them out."
        )


def _refuse_empty(*ids: str) -> None:
    if not all(ids):
        raise ArgumentRefused("An id was given empty.", expected="the id of an identity", remedy="Give the id as it stands in the data.")
