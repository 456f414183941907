"""From located calls to rows of the canonical tables: every track, page and screen call is an event, and many are more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from regulars.tracking import calls
from regulars.tracking.amounts import text
from regulars.tracking.books import Books
from regulars.tracking.calls import Call, Refusal, Refused
from regulars.tracking.makers import MAKERS
from regulars.tracking.people import account_parts, customer_parts
from regulars.tracking.rows import Gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from regulars.tracking.orders import KnownOrder
    from regulars.tracking.subscriptions import KnownSubscription


KEPT_CONTEXT = frozenset({"app", "campaign", "consent", "device", "locale", "os", "page", "referrer", "screen", "timezone", "userAgent"})
"""What of a call's context stays with its event."""
_DROPPED_OF_DEVICE = ("id", "advertisingId", "adTrackingEnabled", "token")
_PRODUCT = frozenset({"product_id", "productId", "sku"})
_encode = msgspec.json.Encoder().encode


class Located(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call and whom it concerns, as the identities say.

    `members` are all identity ids of a company that a group call is about, where they are known: a list of members is read as the
    whole list. `order` and `subscription` are what is known of those that the call names (`books.asks_for`). `newcomer` says that
    an identify call makes its person known: then the campaign that brought the call brought the person.
    """

    call: Call
    identity_id: str | None = None
    account_id: str | None = None
    members: tuple[str, ...] | None = None
    order: KnownOrder | None = None
    subscription: KnownSubscription | None = None
    newcomer: bool = False


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by table, in the table's columns without `load_id`; `origins` has a row beside each (the place of its call in `located`, the
    instant of the version, whether the row's own instant was said or is only the call's). A refused call left no row anywhere.
    """

    tables: dict[str, pa.Table]
    origins: dict[str, pa.Table]
    refused: list[Refused]


def project(located: Sequence[Located], *, currency: str | None) -> Projection:
    """The rows that the calls stand for, in their order. `currency` is the workspace's, for amounts that name none."""
    gathered = Gathered()
    refused: list[Refused] = []
    books = Books(currency)
    contexts: dict[int, msgspec.Raw | None] = {}
    for place, one in enumerate(located):
        try:
            _project_one(place, one, gathered, books, contexts)
        except Refusal as refusal:
            refused.append(_refused(one.call, refusal.code, refusal.explanation))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as fault:
            # A fault of ours: that call waits in quarantine until it is mended, and the others go on.
            refused.append(
                _refused(one.call, "tracking.fault", f"projecting it failed ({type(fault).__name__}), which is a fault of the program")
            )
    tables, origins = gathered.tables()
    return Projection(tables=tables, origins=origins, refused=refused)


def _refused(call: Call, code: str, explanation: str) -> Refused:
    return Refused(message_id=call.message_id, code=code, explanation=explanation, raw=bytes(call.raw))


def _project_one(place: int, one: Located, gathered: Gathered, books: Books, contexts: dict[int, msgspec.Raw | None]) -> None:
    call = one.call
    recorded_at = call.occurred_at if calls.HISTORY in call.notes else call.received_at
    name = call.name
    if name is not None:
        maker = MAKERS.get(name)
        if maker is not None:
            parts = maker(one, books)
            for part in parts:
                gathered.add(place, call, recorded_at, one.identity_id, one.account_id, part)
        properties = call.properties
        product_id = text(properties, "product_id", "productId", "sku") if not _PRODUCT.isdisjoint(properties) else None
        key = "event#" + call.message_id
        gathered.events.append(
            (
                call.occurred_at,
                recorded_at,
                call.source,
                key,
                f"{crc32(call.raw):08x}",
                one.identity_id,
                one.account_id,
                name,
                product_id,
                _properties(call, contexts),
            )
        )
        gathered.event_origins.append(place)
    elif call.kind == "identify":
        for part in customer_parts(call, newcomer=one.newcomer):
            gathered.add(place, call, recorded_at, one.identity_id, one.account_id, part)
    elif call.kind == "group":
        for part in account_parts(call, one.members):
            account_id = one.account_id or call.group_id
            gathered.add(place, call, recorded_at, account_id, account_id, part)


def _properties(call: Call, contexts: dict[int, msgspec.Raw | None]) -> str | None:
    """`contexts` are those that were encoded already, by `id`: calls share them."""
    context = call.context
    try:
        kept = contexts[id(context)]
    except KeyError:
        kept = contexts[id(context)] = _kept(context)
    if kept is None:
        return _encode(call.properties).decode() if call.properties else None
    return _encode({**call.properties, "context": kept}).decode()


def _kept(context: dict[str, Any]) -> msgspec.Raw | None:
    kept = {name: value for name, value in context.items() if name in KEPT_CONTEXT and value}
    device = kept.get("device")
    if device.__class__ is dict:
        kept["device"] = {name: value for name, value in device.items() if name not in _DROPPED_OF_DEVICE}
    return msgspec.Raw(_encode(kept)) if kept else None
