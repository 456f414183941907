"""What the loader holds of persons, and how each of it is handed out, erased and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from regulars.tables import TABLES, Erase
from regulars_server.loading import flushing, hot, quality, quarantine, seen, staged
from regulars_server.loading.lease import held
from regulars_server.loading.models import Batch, HotRow, KnownPart, OrderAlias, Quarantined, TableLoad
from regulars_server.shared.public import Forms, Holding, write_tx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from regulars_server.shared.personal_data import Ids

Row = TypeVar("Row", HotRow, Quarantined)
_LEASE_SECONDS = 30.0
_AT_ONCE = 500
"""Rows that are read, and then written, together."""


def export_hot(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """The calls of the hot tail that concern the person or name them."""
    forms = Forms(ids)
    for row in HotRow.objects.order_by("id").iterator(chunk_size=500):
        if row.identity_id in ids or forms.in_bytes(bytes(row.said)):
            yield {
                "received_at": row.received_at,
                "source": row.source,
                "name": row.name,
                "said": bytes(row.said).decode("utf-8", "replace"),
            }


def erase_hot(ids: Ids) -> int:
    """Delete them, and take addresses and numbers of the person out of what others wrote."""

    def is_theirs(row: HotRow, forms: Forms) -> bool:
        return row.identity_id in ids or forms.in_bytes(bytes(row.said)) or forms.mentioned_in(f"{row.name} {row.message_id}")

    return _erase_said(HotRow, "said", is_theirs, Forms(ids))


def export_quarantine(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """The calls in quarantine that name the person."""
    forms = Forms(ids)
    for row in Quarantined.objects.order_by("id").iterator(chunk_size=200):
        if forms.in_bytes(bytes(row.raw)):
            yield {"at": row.at.isoformat(), "source": row.source, "reason": row.code, "raw": bytes(row.raw).decode("utf-8", "replace")}


def erase_quarantine(ids: Ids) -> int:
    """Delete them, and take addresses and numbers of the person out of the others."""

    def is_theirs(row: Quarantined, forms: Forms) -> bool:
        return forms.in_bytes(bytes(row.raw)) or forms.mentioned_in(f"{row.event_name} {row.message_id}")

    return _erase_said(Quarantined, "raw", is_theirs, Forms(ids))


def _erase_said(model: type[Row], field: str, is_theirs: Callable[[Row, Forms], bool], forms: Forms) -> int:
    """Delete the rows that are theirs, and clean `field` of the others.

    Each part is read to its end before it is written: SQLite refuses whoever writes below a query that is still open as soon as another
    process has written since it began.
    """
    after, count = 0, 0
    while rows := list(model._default_manager.filter(id__gt=after).order_by("id")[:_AT_ONCE]):
        after = rows[-1].pk
        theirs = {row.pk for row in rows if is_theirs(row, forms)}
        others = ((row.pk, bytes(getattr(row, field))) for row in rows if row.pk not in theirs)
        cleaned = [(number, clean) for number, said in others if (clean := forms.cleaned(said)) is not said]
        if theirs or cleaned:
            with write_tx():
                for number, clean in cleaned:
                    model._default_manager.filter(id=number).update(**{field: clean})
                model._default_manager.filter(id__in=theirs).delete()
        count += len(theirs)
    return count


def export_parts(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """What is known of the person's orders, subscriptions and tickets beside the tables."""
    for row in KnownPart.objects.filter(identity_id__in=list(ids)):
        yield {"thing": row.thing, "part": row.part, "source": row.source, "version_at": row.version_at, "said": row.said}


def erase_parts(ids: Ids) -> int:
    """Forget them; what the tables hold of them is erased there."""
    with write_tx():
        things = set(KnownPart.objects.filter(identity_id__in=list(ids)).values_list("scope", "thing"))
        for scope, thing in things:
            OrderAlias.objects.filter(shop=scope.partition(":")[2], order_key=thing).delete()
        return KnownPart.objects.filter(identity_id__in=list(ids)).delete()[0]


def export_staged(ids: Ids) -> Iterator[Mapping[str, Any]]:
    """Rows of the person on their way into the tables."""
    for name in _waiting():
        for table, rows in staged.read(name).items():
            for row in rows.filter(_of(rows, ids)).to_pylist():
                yield {"table": table, **{key: str(value) for key, value in row.items() if value is not None}}


def erase_staged(ids: Ids) -> int:
    """Take the person's rows out of what is on its way; the loader pauses meanwhile."""
    count = 0
    with held(wait_seconds=_LEASE_SECONDS):
        for name in _waiting():
            tables = staged.read(name)
            kept = {table: _without(rows, ids, table) for table, rows in tables.items()}
            gone = sum(rows.num_rows - kept[table].num_rows for table, rows in tables.items())
            if gone or any(not kept[table].equals(rows) for table, rows in tables.items()):
                staged.write(name, kept)
            count += gone
    return count


def _waiting() -> list[str]:
    there = staged.names()
    wanted = list(Batch.objects.filter(is_done=False).order_by("id").values_list("staged", flat=True))
    wanted += list(TableLoad.objects.exclude(state=TableLoad.State.DONE).values_list("extra_file", flat=True))
    return [name for name in wanted if name in there]


def _of(rows: pa.Table, ids: Ids) -> pa.Array:
    wanted = pa.array(sorted(ids), pa.string())
    mask = pc.is_in(rows["identity_id"], wanted)
    if "customer_id" in rows.schema.names:
        mask = pc.or_(mask, pc.is_in(rows["customer_id"], wanted))
    return mask


def _without(rows: pa.Table, ids: Ids, table: str) -> pa.Table:
    kept = rows.filter(pc.invert(pc.fill_null(_of(rows, ids), False)))
    forms = Forms(ids)
    for column in TABLES[table].columns:
        if column.erase is not Erase.BLANK or column.name not in kept.schema.names or not kept.num_rows:
            continue
        values = kept[column.name].to_pylist()
        cleaned = [None if value and (forms.mentioned_in(value) or forms.in_bytes(value.encode())) else value for value in values]
        if cleaned != values:
            at = kept.schema.get_field_index(column.name)
            kept = kept.set_column(at, kept.schema.field(at), pa.array(cleaned, pa.string()))
    return kept


def _nothing(*names: str, holds: str, kept: str) -> Iterable[Holding]:
    return [Holding(name=f"loading.{name}", holds=holds, nothing_personal=True, kept=kept) for name in names]


HOLDINGS = (
    Holding(name="loading.HotRow", holds="the latest calls and what they say", export=export_hot, erase=erase_hot, expire=hot.expire),
    Holding(
        name="loading.Quarantined",
        holds="calls that could not be taken, as they came",
        export=export_quarantine,
        erase=erase_quarantine,
        expire=quarantine.expire,
    ),
    Holding(
        name="loading.KnownPart",
        holds="ids and amounts of orders, subscriptions, answers and tickets, with whom they concern",
        export=export_parts,
        erase=erase_parts,
        kept="An order may be changed or refunded at any time; without its last version it would count twice.",
    ),
    Holding(
        name="folder:server/staged",
        holds="rows on their way into the tables, for seconds",
        export=export_staged,
        erase=erase_staged,
        kept="A file goes when its rows are in the tables.",
    ),
    Holding(name="loading.SeenMessage", holds="hashes of message ids", nothing_personal=True, expire=seen.expire),
    Holding(name="loading.TableLoad", holds="which batches went into which load", nothing_personal=True, expire=flushing.forget_done),
    *_nothing("Batch", holds="which rows of the inbox went into which load", kept="It goes with its load."),
    *_nothing("Dropped", holds="which staged rows were overruled", kept="It goes when the load is in the tables."),
    *_nothing("AdoptedLoad", holds="which imported files were compared with what was tracked", kept="A row for each file."),
    *_nothing(
        "FileOrder",
        holds="hashes of ids of orders and subscriptions in imported files",
        kept="A row for each of them that only a file has told of.",
    ),
    *_nothing("OrderAlias", holds="other ids of orders; they go with the order's person", kept="A row or two for each order."),
    *_nothing("Plan", holds="names and types of properties", kept="A row for each source."),
    *_nothing("KnownProperty", holds="names and types of properties", kept="So many for each source at most, then no more are noted."),
    Holding(name="loading.SourceHour", holds="counts by source and hour", nothing_personal=True, expire=quality.expire),
)
