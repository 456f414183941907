"""The orders export of Shopify: one row a line item, what holds for the order on its first row only.

The order value is Subtotal, which is after discounts and without shipping. Where the shop's prices include tax (Total = Subtotal +
Shipping), the goods' part of the tax is taken off. Orders that are pending, unpaid, voided or expired are set aside as not paid; a
later export in which they are paid brings them in. The export has no date for refunds.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import EXACT, ZERO, Draft, Field, Format, Kind, Rows, any_of, product
from regulars.importers.formats.orders import customer_draft, identity_drafts
from regulars.importers.formats.sheets import goods_part, minus, order_drafts

_UNPAID = ("pending", "unpaid", "voided", "expired")


def _order(name: str, kind: Kind, meaning: str, *aliases: str, needs_value: bool = False) -> Field:
    return Field(name, kind, meaning, aliases, of_order=True, preferred=True, needs_value=needs_value)


FIELDS = (
    _order("order_name", Kind.ID, "the order's name, the same on all its rows", "name", "order_name", needs_value=True),
    _order("order_id", Kind.ID, "the order's id", "id"),
    _order("email", Kind.EMAIL, "the customer's e-mail address"),
    _order("phone", Kind.PHONE, "the customer's phone number", "billing_phone", "shipping_phone"),
    _order("customer_name", Kind.TEXT, "the customer's full name", "billing_name", "shipping_name"),
    _order("financial_status", Kind.TEXT, "whether it is paid"),
    _order("currency", Kind.CURRENCY, "ISO code of the currency"),
    _order("subtotal", Kind.MONEY, "value of the goods after discounts", needs_value=True),
    _order("shipping", Kind.MONEY, "shipping"),
    _order("taxes", Kind.MONEY, "tax"),
    _order("total", Kind.MONEY, "what was paid in all"),
    _order("discount_amount", Kind.MONEY, "discount already taken off"),
    _order("discount_code", Kind.TEXT, "the code that gave the discount"),
    _order("created_at", Kind.INSTANT, "when it was bought", "processed_at", needs_value=True),
    _order("cancelled_at", Kind.INSTANT, "when it was cancelled"),
    _order("refunded_amount", Kind.MONEY, "what was given back in all"),
    _order("source", Kind.TEXT, "sales channel"),
    _order("country", Kind.TEXT, "country it went to", "shipping_country", "billing_country"),
    Field("lineitem_quantity", Kind.NUMBER, "pieces", preferred=True),
    Field("lineitem_name", Kind.TEXT, "what the product is called", preferred=True),
    Field("lineitem_price", Kind.MONEY, "price of one piece", preferred=True),
    Field("lineitem_sku", Kind.ID, "the product", preferred=True),
    Field("lineitem_discount", Kind.MONEY, "discount on the line", preferred=True),
)


def _included_tax(rows: Rows) -> pa.Array:
    """The tax that is part of Subtotal: of the goods, where prices include tax; else nothing."""
    total, subtotal = rows["total"], rows["subtotal"]
    shipping, taxes = pc.fill_null(rows["shipping"], ZERO), pc.fill_null(rows["taxes"], ZERO)
    without = pc.abs(minus(total, subtotal, shipping)).cast(pa.float64())
    included = pc.fill_null(pc.and_(pc.less(without, 0.015), pc.greater(taxes, ZERO)), False)
    base = pc.add(subtotal.cast(pa.float64()), shipping.cast(pa.float64()))
    share = pc.divide(subtotal.cast(pa.float64()), pc.if_else(pc.equal(base, 0.0), 1.0, base))
    of_goods = pc.round(pc.multiply(taxes.cast(pa.float64()), share), ndigits=4).cast(EXACT, safe=False)
    return pc.if_else(included, of_goods, ZERO)


def money(rows: Rows) -> pa.Array:
    """The order value, on the order's first row."""
    value = minus(rows["subtotal"], _included_tax(rows))
    return pc.if_else(rows.first, value, ZERO)


def _not_paid(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [(any_of(rows["financial_status"], _UNPAID), "not_paid", "the order is not paid (its Financial Status says so)")]


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("email", "phone")
    head = rows.where(rows.first)
    value = head.minor(money(head))
    # With tax and without shipping: what the goods part of a refund is measured by.
    paid_for_goods = head.minor(minus(pc.coalesce(head["total"], head["subtotal"]), head["shipping"]))
    refunded = goods_part(pc.fill_null(head.minor(head["refunded_amount"]), 0), value, paid_for_goods)
    order = {
        "order_id": _order_id(head),
        "discount_minor": head.minor(head["discount_amount"]),
        "tax_minor": head.minor(head["taxes"]),
        "shipping_minor": head.minor(head["shipping"]),
        "currency": head.currency,
        "channel": head["source"],
        "country": head["country"],
    }
    at = head["created_at"]
    drafts = order_drafts(
        head,
        order=order,
        value=value,
        refunded=refunded,
        at=at,
        refunded_at=pc.coalesce(head["cancelled_at"], at),
        cancelled_at=head["cancelled_at"],
        identity=head.person("email", "phone"),
    )
    drafts += _lines(rows, person)
    drafts += customer_draft(
        head,
        head.person("email", "phone"),
        at,
        email=head["email"],
        phone=head["phone"],
        name=head["customer_name"],
        country=head["country"],
    )
    return drafts + identity_drafts(head, at, "email", "phone")


def _order_id(rows: Rows) -> pa.Array:
    return pc.coalesce(rows["order_name"], rows["order_id"])


def _lines(rows: Rows, person: pa.Array) -> list[Draft]:
    lines = pc.is_valid(pc.coalesce(rows["lineitem_name"], rows["lineitem_sku"]))
    kept = rows.where(lines)
    quantity = pc.fill_null(kept["lineitem_quantity"], pa.scalar(1, EXACT))
    gross = minus(product(pc.fill_null(kept["lineitem_price"], ZERO), quantity), kept["lineitem_discount"])
    columns = {
        "order_id": _order_id(kept),
        "kind": "purchase",
        "product_id": pc.coalesce(kept["lineitem_sku"], kept["lineitem_name"]),
        "product_name": kept["lineitem_name"],
        "is_goods": True,
        "quantity": quantity.cast(pa.float64()),
        "amount_minor": kept.minor(gross),
        "currency": kept.currency,
    }
    return [Draft("order_lines", kept, "purchase", kept["created_at"], columns, person.filter(lines))]


def _notes(bound: frozenset[str]) -> list[str]:
    return (
        ["refund dates are not in this export; refunds are booked at the order's date (or when it was cancelled)"]
        if "refunded_amount" in bound
        else []
    )


SHOPIFY_ORDERS = Format(
    name="shopify_orders",
    title="a Shopify orders export",
    fields=FIELDS,
    needs=(("order_name",), ("created_at",), ("subtotal",), ("lineitem_name", "lineitem_sku"), ("financial_status", "lineitem_price")),
    anchor="orders",
    tables=("orders", "order_lines"),
    shape=shape,
    thing=lambda rows: rows["order_name"],
    money=money,
    refuse=_not_paid,
    in_runs=True,
    lines_share_value=True,
    rank=10,
    notes=_notes,
)
