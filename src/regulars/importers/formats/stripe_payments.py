"""The payments export of Stripe: one row a payment, what was given back in a column of its own.

The amount is what was charged, with whatever tax and shipping it holds: the export does not tell them apart. Payments that were not
captured or failed are set aside as not paid.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows, any_of
from regulars.importers.formats.orders import customer_draft, identity_drafts
from regulars.importers.formats.sheets import order_drafts

_PAID = (
    "paid",
    "succeeded",
    "refunded",
    "partially refunded",
    "partial refund",
    "partially_refunded",
    "disputed",
    "complete",
    "completed",
    "",
)

FIELDS = (
    Field("payment_id", Kind.ID, "the payment", ("id", "payment_intent_id", "charge_id"), needs_value=True, preferred=True),
    Field(
        "created",
        Kind.INSTANT,
        "when it was paid",
        ("created_utc", "created_date_utc", "created_at_utc"),
        needs_value=True,
        in_utc=True,
        preferred=True,
    ),
    Field("amount", Kind.MONEY, "what was charged", needs_value=True),
    Field("amount_refunded", Kind.MONEY, "what was given back"),
    Field("currency", Kind.CURRENCY, "ISO code of the currency"),
    Field("status", Kind.TEXT, "whether it is paid", ("payment_status",)),
    Field("captured", Kind.BOOLEAN, "whether the money was taken"),
    Field("refunded_at", Kind.INSTANT, "when it was given back", ("refunded_date_utc", "refunded_at_utc"), in_utc=True),
    Field("customer_id", Kind.ID, "the customer"),
    Field("email", Kind.EMAIL, "the customer's e-mail address", ("customer_email", "receipt_email"), preferred=True),
    Field("description", Kind.TEXT, "what it was for", ("customer_description",), preferred=True),
    Field("country", Kind.TEXT, "country", ("card_address_country", "card_issue_country"), preferred=True),
)


def _not_paid(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    unpaid = pc.invert(any_of(pc.fill_null(rows["status"], ""), _PAID))
    return [
        (unpaid, "not_paid", "the payment did not succeed (its Status says so)"),
        (pc.equal(rows["captured"], False), "not_paid", "the payment was never captured"),
    ]


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email")
    at = rows["created"]
    value = rows.minor(rows["amount"])
    given_back = rows.minor(rows["amount_refunded"])
    # Older exports have no amount: a payment that is refunded is refunded whole.
    whole = any_of(rows["status"], ("refunded",)) if not rows.has("amount_refunded") else rows.constant(False)
    refunded = pc.if_else(whole, value, pc.fill_null(given_back, 0))
    drafts = order_drafts(
        rows,
        order={"order_id": rows["payment_id"], "currency": rows.currency, "channel": "stripe", "country": rows["country"]},
        value=value,
        refunded=refunded,
        at=at,
        refunded_at=pc.coalesce(rows["refunded_at"], at),
        cancelled_at=pa.nulls(len(rows), at.type),
        identity=person,
    )
    drafts += customer_draft(rows, person, at, email=rows["email"], country=rows["country"])
    return drafts + identity_drafts(rows, at, "customer_id", "email")


def _notes(bound: frozenset[str]) -> list[str]:
    notes = ["the amounts are as charged: the export does not tell tax and shipping apart"]
    if "refunded_at" not in bound:
        notes.append("refund dates are not in this export; refunds are booked at the payment's date")
    return notes


STRIPE_PAYMENTS = Format(
    name="stripe_payments",
    title="a Stripe payments export",
    fields=FIELDS,
    needs=(("payment_id",), ("created",), ("amount",), ("currency",), ("status", "customer_id", "email")),
    marks=("amount_refunded", "status", "captured", "description"),
    anchor="orders",
    tables=("orders",),
    shape=shape,
    thing=lambda rows: rows["payment_id"],
    money=lambda rows: rows["amount"],
    refuse=_not_paid,
    rank=5,
    notes=_notes,
)
