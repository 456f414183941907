"""The loyalty ledger: points earned, redeemed, expired, adjusted, reversed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import CUSTOMER_ID, EMAIL, identity_drafts, kind_of

_ENTRIES = {
    **dict.fromkeys(("earn", "earned", "accrual", "credit", "award", "bonus"), "earn"),
    **dict.fromkeys(("redeem", "redeemed", "burn", "spend", "spent", "debit", "redemption"), "redeem"),
    **dict.fromkeys(("expire", "expired", "expiry"), "expire"),
    **dict.fromkeys(("adjust", "adjusted", "adjustment", "correction"), "adjust"),
    **dict.fromkeys(("reverse", "reversed", "reversal", "refund"), "reverse"),
}

FIELDS = (
    Field("entry_id", Kind.ID, "the entry's id", ("id", "transaction_id", "ledger_id"), preferred=True),
    CUSTOMER_ID,
    EMAIL,
    Field(
        "at",
        Kind.INSTANT,
        "when it was booked",
        ("date", "timestamp", "created_at", "occurred_at", "booked_at", "transaction_date"),
        needs_value=True,
        preferred=True,
    ),
    Field(
        "points",
        Kind.INTEGER,
        "points: positive for earned, negative for spent",
        ("points_amount", "points_change", "point_change", "punkte"),
        needs_value=True,
    ),
    Field(
        "entry",
        Kind.TEXT,
        "earn, redeem, expire, adjust or reverse; without it the sign decides",
        ("type", "entry_type", "transaction_type", "action"),
        preferred=True,
    ),
    Field("reason", Kind.TEXT, "what they were given for", ("description", "note"), preferred=True),
    Field("order_id", Kind.ID, "the order they belong to", ("order", "order_number"), preferred=True),
    Field(
        "expires_at", Kind.INSTANT, "when they expire", ("expiry_date", "expires_on", "expiration_date"), may_lie_ahead=True, preferred=True
    ),
)


def shape(rows: Rows) -> list[Draft]:
    given = rows["points"]
    entry = kind_of(rows["entry"], pc.if_else(pc.less(given, 0), "redeem", "earn"), _ENTRIES)
    # A ledger that says "redeem 100" takes a hundred off.
    takes = pc.is_in(entry, value_set=pa.array(["redeem", "expire"]))
    signed = pc.if_else(takes, pc.negate(pc.abs(given)), given)
    columns = {"entry": entry, "points": signed, "reason": rows["reason"], "order_id": rows["order_id"], "expires_at": rows["expires_at"]}
    return [
        Draft("points", rows, "entry", rows["at"], columns, rows.person("customer_id", "email")),
        *identity_drafts(rows, rows["at"], "customer_id", "email"),
    ]


def _nobody(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [(pc.is_null(rows.person("customer_id", "email")), "missing_value", "points without a customer")]


POINTS = Format(
    name="points",
    title="a loyalty ledger",
    fields=FIELDS,
    needs=(("customer_id", "email"), ("at",), ("points",)),
    anchor="points",
    tables=("points",),
    shape=shape,
    thing=lambda rows: rows["entry_id"],
    refuse=_nobody,
    rank=4,
)
