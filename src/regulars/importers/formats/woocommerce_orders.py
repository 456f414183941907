"""Order exports of WooCommerce, in the header styles of its usual export plug-ins and of its own analytics.

One row an order, or one row an item with the order's columns on each (or on the first). The order value is the subtotal less discounts
where there is one, else the total less tax and shipping. Orders that are pending, on hold, failed or drafts are set aside as not paid.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import EXACT, ZERO, Draft, Field, Format, Kind, Rows, any_of, product
from regulars.importers.formats.orders import customer_draft, identity_drafts, joined_name
from regulars.importers.formats.sheets import goods_part, minus, order_drafts

_UNPAID = (
    "pending", "pending payment", "wc-pending", "failed", "wc-failed", "on-hold", "on hold", "wc-on-hold", "draft", "checkout-draft",
    "wc-checkout-draft", "auto-draft", "trash",
)  # fmt: skip
_CANCELLED = ("cancelled", "canceled", "wc-cancelled")
_REFUNDED = ("refunded", "wc-refunded")


def _order(name: str, kind: Kind, meaning: str, *aliases: str, needs_value: bool = False) -> Field:
    return Field(name, kind, meaning, aliases, of_order=True, preferred=True, needs_value=needs_value)


FIELDS = (
    _order("order_number", Kind.ID, "the order's number, the same on all its rows", "order_id", "order_#", "order_no", "order", needs_value=True),
    _order("order_date", Kind.INSTANT, "when it was bought", "date", "date_created", "order_date_created", "date_paid", "created_at", needs_value=True),
    _order("status", Kind.TEXT, "the order's status", "order_status"),
    _order("customer_id", Kind.ID, "the customer", "customer_user", "customer_user_id", "user_id"),
    _order("email", Kind.EMAIL, "the customer's e-mail address", "billing_email", "email_billing", "customer_email", "billing_email_address"),
    _order("phone", Kind.PHONE, "the customer's phone number", "billing_phone", "phone_billing"),
    _order("first_name", Kind.TEXT, "first name", "billing_first_name", "first_name_billing"),
    _order("last_name", Kind.TEXT, "last name", "billing_last_name", "last_name_billing"),
    _order("customer_name", Kind.TEXT, "full name", "customer", "billing_name"),
    _order("currency", Kind.CURRENCY, "ISO code of the currency", "order_currency"),
    _order("subtotal", Kind.MONEY, "value of the goods before discounts, without tax", "order_subtotal", "order_subtotal_amount", "cart_subtotal"),
    _order("net_sales", Kind.MONEY, "value of the goods after discounts, without tax and shipping", "net_sales_formatted", "order_net_total"),
    _order("total", Kind.MONEY, "what was paid in all", "order_total", "order_total_amount"),
    _order("discount", Kind.MONEY, "discount", "discount_total", "cart_discount", "cart_discount_amount", "order_discount", "discount_amount"),
    _order("tax", Kind.MONEY, "tax", "tax_total", "order_tax", "total_tax", "order_total_tax_amount", "total_tax_amount"),
    _order("shipping", Kind.MONEY, "shipping, without tax", "shipping_total", "order_shipping", "order_shipping_amount", "shipping_cost"),
    _order("refunded", Kind.MONEY, "what was given back in all", "refunded_total", "order_refund_amount", "total_refunded", "refund_amount"),
    _order("country", Kind.TEXT, "country it went to", "shipping_country", "country_code_shipping", "billing_country", "country_code_billing",
           "country_name_shipping", "country_name_billing"),
    _order("channel", Kind.TEXT, "where the order came from", "attribution", "origin", "created_via"),
    _order("items_sold", Kind.NUMBER, "pieces in all"),
    Field("item_name", Kind.TEXT, "what the product is called", ("product_name", "line_item_name", "item", "name"), preferred=True),
    Field("sku", Kind.ID, "the product", ("item_sku", "product_sku", "product_id", "item_#_sku"), preferred=True),
    Field("quantity", Kind.NUMBER, "pieces", ("item_quantity", "quantity_refund", "qty", "product_qty"), preferred=True),
    Field("item_cost", Kind.MONEY, "price of one piece", ("item_price", "price", "unit_price"), preferred=True),
    Field("item_total", Kind.MONEY, "value of the line", ("line_total", "order_line_total", "order_line_subtotal", "item_line_total"), preferred=True),
)  # fmt: skip


def _value(rows: Rows) -> pa.Array:
    if rows.has("net_sales"):
        return rows["net_sales"]
    if rows.has("total"):
        return minus(rows["total"], rows["tax"], rows["shipping"])
    return minus(rows["subtotal"], pc.abs(rows["discount"]))


def money(rows: Rows) -> pa.Array:
    """The order value, on the order's first row."""
    return pc.if_else(rows.first, _value(rows), ZERO)


def shape(rows: Rows) -> list[Draft]:
    head = rows.where(rows.first)
    person = head.person("customer_id", "email", "phone")
    at = head["order_date"]
    value = head.minor(_value(head))
    paid_for_goods = head.minor(minus(pc.coalesce(head["total"], _value(head)), head["shipping"]))
    refunded = goods_part(pc.fill_null(head.minor(pc.abs(head["refunded"])), 0), value, paid_for_goods)
    refunded = pc.if_else(any_of(head["status"], _REFUNDED), value, refunded)
    cancelled = any_of(head["status"], _CANCELLED)
    order = {
        "order_id": head["order_number"],
        "discount_minor": head.minor(pc.abs(head["discount"])),
        "tax_minor": head.minor(head["tax"]),
        "shipping_minor": head.minor(head["shipping"]),
        "currency": head.currency,
        "channel": head["channel"],
        "country": head["country"],
    }
    drafts = order_drafts(
        head,
        order=order,
        value=value,
        refunded=refunded,
        at=at,
        refunded_at=at,
        cancelled_at=pc.if_else(cancelled, at, pa.scalar(None, at.type)),
        identity=person,
    )
    name = pc.coalesce(head["customer_name"], joined_name(head["first_name"], head["last_name"]))
    drafts += _lines(rows)
    drafts += customer_draft(head, person, at, email=head["email"], phone=head["phone"], name=name, country=head["country"])
    return drafts + identity_drafts(head, at, "customer_id", "email", "phone")


def _lines(rows: Rows) -> list[Draft]:
    lines = pc.is_valid(pc.coalesce(rows["sku"], rows["item_name"]))
    kept = rows.where(lines)
    if not len(kept):
        return []
    quantity = pc.fill_null(kept["quantity"], pa.scalar(1, EXACT))
    gross = pc.coalesce(kept["item_total"], product(pc.fill_null(kept["item_cost"], ZERO), quantity))
    columns = {
        "order_id": kept["order_number"],
        "kind": "purchase",
        "product_id": pc.coalesce(kept["sku"], kept["item_name"]),
        "product_name": kept["item_name"],
        "is_goods": True,
        "quantity": quantity.cast(pa.float64()),
        "amount_minor": kept.minor(gross),
        "currency": kept.currency,
    }
    return [Draft("order_lines", kept, "purchase", kept["order_date"], columns, kept.person("customer_id", "email", "phone"))]


def _refuse(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [
        (any_of(rows["status"], _UNPAID), "not_paid", "the order is not paid (its status says so)"),
        (pc.is_null(_value(rows)), "missing_value", "there is no amount to take as the order's value"),
    ]


def _notes(bound: frozenset[str]) -> list[str]:
    notes = ["dates of refunds and cancellations are not in this export; they are booked at the order's date"]
    if "net_sales" not in bound and "total" in bound and not {"tax", "shipping"} <= bound:
        notes.append("the total is taken as the order's value; what it holds of tax and shipping cannot be told apart")
    return notes


WOOCOMMERCE_ORDERS = Format(
    name="woocommerce_orders",
    title="a WooCommerce orders export",
    fields=FIELDS,
    needs=(
        ("order_number",),
        ("order_date",),
        ("status",),
        ("net_sales", "total", "subtotal"),
        ("email", "customer_id", "customer_name", "phone"),
    ),
    anchor="orders",
    tables=("orders", "order_lines"),
    shape=shape,
    thing=lambda rows: rows["order_number"],
    money=money,
    refuse=_refuse,
    in_runs=True,
    lines_share_value=True,
    rank=5,
    notes=_notes,
)
