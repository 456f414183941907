"""The hot tail: the latest calls, until the serving file has them. Timelines and the live view read it within two seconds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from regulars_server.loading.bulk import insert
from regulars_server.loading.contracts import HotCall
from regulars_server.loading.models import Batch, HotRow
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from regulars.tracking.projection import Located, Projection

_COLUMNS = (
    "batch_id", "identity_id", "account_id", "occurred_at", "received_at", "source", "kind", "name", "message_id", "said",
    "marks", "order_id", "amount_minor", "currency", "bought_at",
)  # fmt: skip
"""The last five are empty for most calls."""
_MOST_SAID = 16_384
_encode = msgspec.json.Encoder().encode
KEEP = timedelta(days=2)
"""Batches older than this are in the tables for long: what is noted of them goes, and their calls even where nobody has pruned."""
_AT_ONCE = 2_000


Worth = tuple[str | None, int | None, str | None, int | None]
"""An order's id, what it is worth in the tables, in which currency, and when it was bought."""
_NOTHING: Worth = (None, None, None, None)


def worth(located: Sequence[Located], projection: Projection) -> dict[int, Worth]:
    """What the calls that tell of orders are worth, by `id(call)`: the purchase before the refunds that it lists."""
    if "orders" not in projection.tables:
        return {}
    orders = projection.tables["orders"]
    found: dict[int, Worth] = {}
    columns = (orders[name].to_pylist() for name in ("kind", "order_id", "amount_minor", "currency"))
    instants = orders["occurred_at"].cast("int64").to_pylist()
    for place, at, (kind, *rest) in zip(
        projection.origins["orders"]["call"].to_pylist(), instants, zip(*columns, strict=True), strict=True
    ):
        found.setdefault(id(located[place].call), (*rest, at if kind == "purchase" else None))
    return found


def keep(batch: int, located: Sequence[Located], marks: Mapping[int, list[str]], worths: Mapping[int, Worth]) -> None:
    """Keep calls with whom they concern, inside the batch's transaction. `marks` and `worths` are by `id(call)`."""
    rows = []
    for one in located:
        call = one.call
        said = _encode(call.properties or call.traits)
        row = (
            batch, one.identity_id, one.account_id, call.occurred_at, call.received_at, call.source, call.kind, call.name, call.message_id,
            said if len(said) <= _MOST_SAID else b"{}",
        )  # fmt: skip
        key = id(call)
        if key in marks or key in worths:
            row += (json.dumps(marks[key]) if key in marks else None, *worths.get(key, _NOTHING))
        rows.append(row)
    insert(HotRow, _COLUMNS, rows)


def hot(identities: Sequence[str], limit: int = 200, *, before: int | None = None) -> list[HotCall]:
    """The latest calls of one customer's identities, the newest first; `before` is an instant in microseconds."""
    found = HotRow.objects.filter(identity_id__in=list(identities))
    if before is not None:
        found = found.filter(occurred_at__lt=before)
    return [_shown(row) for row in found.order_by("-occurred_at", "-id")[:limit]]


def live(limit: int = 50, source: str | None = None, *, after: int | None = None) -> list[HotCall]:
    """The latest calls of all sources or one, in the order they were taken, the newest first; `after` is the id of one seen already."""
    found = HotRow.objects.all()
    if source:
        found = found.filter(source=source)
    if after is not None:
        found = found.filter(id__gt=after)
    return [_shown(row) for row in found.order_by("-id")[:limit]]


def orders_since(instant: datetime) -> set[str]:
    """The ids of the orders bought from an instant on that calls of the hot tail tell of."""
    since = round(instant.timestamp() * 1_000_000)
    return set(HotRow.objects.filter(bought_at__gte=since).values_list("order_id", flat=True).distinct())


def flushed_batch() -> int:
    """The newest batch up to which everything is in the tables: take it before the serving file is built, and prune with it after."""
    waiting = Batch.objects.filter(is_done=False).order_by("id").values_list("id", flat=True).first()
    if waiting is not None:
        return waiting - 1
    return Batch.objects.order_by("-id").values_list("id", flat=True).first() or 0


def prune(up_to_batch: int) -> int:
    """Drop calls that the serving file has; says how many."""
    gone = 0
    while dropped := _drop_oldest(up_to_batch):
        gone += dropped
        if dropped < _AT_ONCE:
            break
    return gone


def _drop_oldest(up_to_batch: int) -> int:
    with write_tx():
        # The oldest lie first, so that nothing is looked through in vain where none is to go.
        oldest = HotRow.objects.order_by("id").values_list("id", "batch_id")[:_AT_ONCE]
        ids = [number for number, batch in oldest if batch <= up_to_batch]
        if ids:
            HotRow.objects.filter(id__lte=ids[-1], batch__lte=up_to_batch).delete()
    return len(ids)


def expire(now: datetime) -> int:
    """Drop some thousand calls that were taken two days ago and are in the tables; who asks goes on where that was not enough."""
    last = Batch.objects.filter(is_done=True, recorded_at__lt=now - KEEP).order_by("-id").values_list("id", flat=True).first()
    return 0 if last is None else _drop_oldest(min(last, flushed_batch()))


def _shown(row: HotRow) -> HotCall:
    return HotCall(
        id=row.pk,
        batch=row.batch_id,
        identity_id=row.identity_id,
        account_id=row.account_id,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        source=row.source,
        kind=row.kind,
        name=row.name,
        message_id=row.message_id,
        marks=row.marks or [],
        properties=msgspec.json.decode(row.said),
        order_id=row.order_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
    )
