"""The layout of the UCI Online Retail data: one row a line; an invoice that starts with C takes back, one with A adjusts.

Goods are the codes that start with a digit or with DCGS. All else is postage (POST, DOT, C2), discounts (D), manual entries (M), samples
(S), bank and market-place fees, bad debt (B), donations (CRUK), pads for bookkeeping (PADS) and gift vouchers (gift_...): in revenue, and
in no product analysis. Invoices of zero or less that are no cancellations (stock that was written off) come in as they are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Repeats, Rows, product
from regulars.importers.formats.orders import customer_draft

FIELDS = (
    Field("invoice_no", Kind.ID, "the invoice", ("invoice",), needs_value=True),
    Field("stock_code", Kind.ID, "the product"),
    Field("description", Kind.TEXT, "what the product is called"),
    Field("quantity", Kind.NUMBER, "pieces, negative where taken back", needs_value=True),
    Field("invoice_date", Kind.INSTANT, "when it was bought", needs_value=True),
    Field("unit_price", Kind.MONEY, "price of one piece", ("price",), needs_value=True),
    Field("customer_id", Kind.ID, "the customer"),
    Field("country", Kind.TEXT, "country it went to"),
)


def money(rows: Rows) -> pa.Array:
    return product(rows["unit_price"], rows["quantity"])


def shape(rows: Rows) -> list[Draft]:
    invoice = rows["invoice_no"]
    initial = pc.utf8_upper(pc.utf8_slice_codeunits(invoice, 0, 1))
    kind = pc.if_else(pc.equal(initial, "C"), "refund", pc.if_else(pc.equal(initial, "A"), "adjustment", "purchase"))
    amount = rows.minor(money(rows))
    at, customer = rows["invoice_date"], rows["customer_id"]
    orders = {
        "order_id": invoice,
        "kind": kind,
        "linked": False,
        "amount_minor": amount,
        "currency": rows.currency,
        "country": rows["country"],
    }
    lines = {
        "order_id": invoice,
        "kind": kind,
        "product_id": rows["stock_code"],
        "product_name": rows["description"],
        "is_goods": pc.fill_null(pc.match_substring_regex(rows["stock_code"], "^(?:[0-9]|DCGS)"), False),
        "quantity": rows.real("quantity"),
        "amount_minor": amount,
        "currency": rows.currency,
    }
    drafts = [Draft("orders", rows, kind, at, orders, customer), Draft("order_lines", rows, kind, at, lines, customer)]
    return drafts + customer_draft(rows, customer, at, country=rows["country"])


UCI_ONLINE_RETAIL = Format(
    name="uci_online_retail",
    title="invoice lines in the UCI Online Retail layout",
    fields=FIELDS,
    needs=tuple((f.name,) for f in FIELDS),
    anchor="orders",
    tables=("orders", "order_lines"),
    shape=shape,
    thing=lambda rows: rows["invoice_no"],
    money=money,
    repeats=Repeats.ADD_UP,
    rank=10,
)
