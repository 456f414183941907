"""A plain list of transactions: a customer, a date, an amount; with products, one row a line. Both CDNOW layouts are such lists."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Repeats, Rows
from regulars.importers.formats.orders import (
    ACCOUNT_ID,
    CURRENCY,
    CUSTOMER_ID,
    EMAIL,
    NAME,
    PHONE,
    customer_draft,
    identity_drafts,
    kind_of,
    line_amounts,
)

_KINDS = {
    **dict.fromkeys(("purchase", "sale", "order", "payment", "debit"), "purchase"),
    **dict.fromkeys(("refund", "return", "refunded", "returned", "credit", "chargeback"), "refund"),
    **dict.fromkeys(("cancellation", "cancelled", "canceled", "cancel", "void"), "cancellation"),
    **dict.fromkeys(("adjustment", "correction"), "adjustment"),
}

FIELDS = (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    NAME,
    ACCOUNT_ID,
    Field(
        "date",
        Kind.INSTANT,
        "when it was bought",
        (
            "order_date", "purchase_date", "transaction_date", "invoice_date", "ordered_at", "purchased_at", "created_at", "paid_at", "timestamp",
            "datetime", "date_time", "time", "order_time", "sale_date", "occurred_at", "datum", "bestelldatum", "day",
        ),
        needs_value=True,
    ),
    Field(
        "amount",
        Kind.MONEY,
        "what it cost: after discounts, without tax and shipping; negative for money given back",
        (
            "total", "order_total", "total_amount", "order_amount", "order_value", "transaction_amount", "amount_paid", "dollar_value", "revenue",
            "sales", "sale_amount", "value", "net_amount", "subtotal", "line_total", "spend", "betrag", "umsatz",
        ),
        needs_value=True,
    ),
    Field("unit_price", Kind.MONEY, "price of one piece, where there is no amount", ("price", "item_price", "price_per_unit", "preis"), needs_value=True),
    Field("quantity", Kind.NUMBER, "pieces", ("qty", "number_of_cds", "units", "items", "pieces", "count", "menge", "anzahl")),
    Field("order_id", Kind.ID, "the order it belongs to; rows with the same one are its lines",
          ("order", "order_no", "order_number", "order_#", "invoice", "invoice_no", "invoice_id", "invoice_number", "transaction_id", "receipt_id", "receipt",
           "bestellnummer")),
    Field("kind", Kind.TEXT, "purchase, refund, cancellation or adjustment; without it the amount's sign decides", ("type", "transaction_type")),
    Field("product_id", Kind.ID, "the product", ("sku", "item_id", "article", "article_id", "product_code", "stock_code", "artikelnummer"), preferred=True),
    Field("product_name", Kind.TEXT, "what the product is called", ("product", "item", "item_name", "description", "title"), preferred=True),
    Field("category", Kind.TEXT, "the product's category", ("product_category", "department")),
    Field("unit_cost", Kind.MONEY, "cost of goods of one piece", ("cost", "cost_per_unit", "cogs")),
    Field("discount", Kind.MONEY, "discount already taken off, as a positive number", ("discount_amount", "total_discount")),
    Field("tax", Kind.MONEY, "tax", ("taxes", "tax_amount", "vat")),
    Field("shipping", Kind.MONEY, "shipping", ("shipping_amount", "shipping_cost", "freight")),
    CURRENCY,
    Field("channel", Kind.TEXT, "sales channel", ("sales_channel", "source")),
    Field("campaign", Kind.TEXT, "campaign it is attributed to", ("utm_campaign",)),
    Field("country", Kind.TEXT, "country it went to", ("country_code", "shipping_country", "region", "land")),
)  # fmt: skip


_TAKES_BACK = pa.array(["refund", "cancellation"])


def _kind(rows: Rows) -> pa.Array:
    amount = line_amounts(rows, "amount", "unit_price", "quantity")
    by_sign = pc.if_else(pc.fill_null(pc.less(amount, pa.scalar(0)), False), "refund", "purchase")
    return kind_of(rows["kind"], by_sign, _KINDS)


def money(rows: Rows) -> pa.Array:
    amount = line_amounts(rows, "amount", "unit_price", "quantity")
    if not rows.has("kind"):
        return amount
    # A list that marks its refunds may write them as positive numbers.
    return pc.if_else(pc.is_in(_kind(rows), value_set=_TAKES_BACK), pc.negate(pc.abs(amount)), amount)


def thing(rows: Rows) -> pa.Array:
    # Money given back is a thing of its own: it may come in a later file than the order it names.
    return pc.binary_join_element_wise(rows["order_id"], _kind(rows), "/")


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email", "phone", "account_id")
    kind = _kind(rows)
    taken_back = pc.is_in(kind, value_set=_TAKES_BACK)
    amount = money(rows)
    at = rows["date"]
    orders = {
        "order_id": rows["order_id"],
        "kind": kind,
        "linked": False,
        "amount_minor": rows.minor(amount),
        "discount_minor": rows.minor(rows["discount"]),
        "tax_minor": rows.minor(rows["tax"]),
        "shipping_minor": rows.minor(rows["shipping"]),
        "currency": rows.currency,
        "channel": rows["channel"],
        "campaign": rows["campaign"],
        "country": rows["country"],
    }
    drafts = [Draft("orders", rows, kind, at, orders, person, rows["account_id"])]
    if rows.has("product_id") or rows.has("product_name"):
        quantity = pc.fill_null(rows.real("quantity"), 1.0)
        quantity = pc.if_else(taken_back, pc.negate(pc.abs(quantity)), quantity)
        lines = {
            "order_id": rows["order_id"],
            "kind": kind,
            "product_id": pc.coalesce(rows["product_id"], rows["product_name"]),
            "product_name": rows["product_name"],
            "category": rows["category"],
            "is_goods": True,
            "quantity": quantity,
            "amount_minor": rows.minor(amount),
            "discount_minor": rows.minor(rows["discount"]),
            "unit_cost_minor": rows.minor(rows["unit_cost"]).cast(pa.float64()),
            "currency": rows.currency,
        }
        drafts.append(Draft("order_lines", rows, kind, at, lines, person, rows["account_id"]))
    drafts += customer_draft(rows, person, at, email=rows["email"], phone=rows["phone"], name=rows["name"], country=rows["country"])
    return drafts + identity_drafts(rows, at, "customer_id", "email", "phone")


def _notes(bound: frozenset[str]) -> list[str]:
    notes = []
    if "quantity" in bound and not bound & {"product_id", "product_name"}:
        notes.append("the quantity is not kept: without a product there are no order lines")
    if not bound & {"customer_id", "email", "phone", "account_id"}:
        notes.append("the file names no customers: its orders count as revenue, and for no customer")
    return notes


TRANSACTIONS = Format(
    name="transactions",
    title="a list of transactions",
    fields=FIELDS,
    needs=(("customer_id", "email", "phone", "account_id", "order_id"), ("date",), ("amount", "unit_price")),
    anchor="orders",
    tables=("orders", "order_lines"),
    shape=shape,
    thing=thing,
    money=money,
    repeats=Repeats.ADD_UP,
    notes=_notes,
)
