"""Shopify's webhooks. An order goes by its name (`#1001`), as in the orders export; its number in the database stands beside it.

Amounts are in the shop's currency. `subtotal_price` is after discounts; where prices include tax, the goods' tax is taken off. Orders
that are pending, unpaid, voided or expired are not paid: they are events, and no orders yet. What was refunded and whether it was
cancelled is told by every version of the order, so that no single webhook is indispensable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from regulars.tracking.amounts import text
from regulars.tracking.calls import Refusal
from regulars.tracking.webhooks.fields import ZERO, filled, inside, money, objects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

UNPAID = ("pending", "unpaid", "voided", "expired")
_COMPLETED = ("orders/create", "orders/paid")
_UPDATED = ("orders/updated", "orders/edited", "orders/fulfilled", "orders/partially_fulfilled")


def calls(topic: str, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The calls that the webhook stands for. Raises `Refusal` for a topic that means nothing here, and for test orders."""
    if topic in _COMPLETED or topic in _UPDATED or topic == "orders/cancelled":
        return [_order_call(topic, said)]
    if topic == "refunds/create":
        return [_refund_call(said)]
    if topic in {"customers/create", "customers/update", "customers/enable", "customers/disable"}:
        return [_customer_call(said)]
    if topic in {"checkouts/create", "checkouts/update"}:
        return [_checkout_call(said)]
    raise Refusal("unknown_topic", f"webhooks of the topic '{topic[:60]}' say nothing that is kept here")


def _order_call(topic: str, said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("test") is True:
        raise Refusal("test_order", "the order is marked as a test")
    is_paid = str(said.get("financial_status")).lower() not in UNPAID
    properties = _order(said, is_paid=is_paid)
    number = text(said, "id")
    bought_at, changed_at = said.get("processed_at") or said.get("created_at"), said.get("updated_at")
    if topic == "orders/cancelled":
        name, at, key = "Order Cancelled", said.get("cancelled_at") or changed_at, "cancelled"
    elif topic in _COMPLETED:
        # Both webhooks tell of one purchase: the same call, once.
        name, at, key = ("Order Completed", bought_at, "completed") if is_paid else ("Order Placed", bought_at, "placed")
    else:
        name, at, key = "Order Updated", changed_at, ""
    made = {"type": "track", "event": name, "timestamp": at, "properties": properties, "context": _context(said)}
    if key and number:
        made["messageId"] = f"shopify/order/{number}/{key}"
    return made


def _order(said: Mapping[str, Any], *, is_paid: bool) -> dict[str, Any]:
    lines = objects(said, "line_items")
    values: dict[str, Any] = {
        "order_id": text(said, "name", "order_number", "id"),
        "shopify_order_id": text(said, "id"),
        "checkout_id": text(said, "checkout_token"),
        "financial_status": text(said, "financial_status"),
        "ordered_at": said.get("processed_at") or said.get("created_at"),
        "updated_at": said.get("updated_at"),
        "email": text(said, "email", "contact_email") or text(inside(said, "customer"), "email"),
        "phone": text(said, "phone") or text(inside(said, "customer"), "phone"),
        "channel": text(said, "source_name"),
        "country": text(inside(said, "shipping_address"), "country_code") or text(inside(said, "billing_address"), "country_code"),
        "country_code": text(inside(said, "billing_address"), "country_code"),
        "cancel_reason": text(said, "cancel_reason"),
        "products": [_product(line) for line in lines],
    }
    if not is_paid:
        return filled({**values, "paid": False})
    included = said.get("taxes_included") is True
    values |= {
        "currency": text(said, "currency"),
        "subtotal": money(said, "subtotal_price") - (_tax_of_goods(said, lines) if included else ZERO),
        "total": money(said, "total_price"),
        "tax": money(said, "total_tax"),
        "shipping": _shipping(said),
        "discount": money(said, "total_discounts"),
        "coupon": text(next(iter(objects(said, "discount_codes")), {}), "code"),
        "refunds": [_refund(refund, tax_included=included) for refund in objects(said, "refunds")],
        "cancelled_at": said.get("cancelled_at"),
    }
    return filled(values)


def _product(line: Mapping[str, Any]) -> dict[str, Any]:
    allocated = sum((money(part, "amount") for part in objects(line, "discount_allocations")), ZERO)
    return filled(
        {
            # As in the orders export: the article number, else what it is called.
            "product_id": text(line, "sku", "name", "title"),
            "shopify_product_id": text(line, "product_id"),
            "variant_id": text(line, "variant_id"),
            "name": text(line, "name", "title"),
            "brand": text(line, "vendor"),
            "price": money(line, "price"),
            "quantity": line.get("quantity"),
            "discount": allocated or money(line, "total_discount"),
        }
    )


def _tax_of_goods(said: Mapping[str, Any], lines: list[Mapping[str, Any]]) -> Decimal:
    """The tax within the subtotal: as the lines say, else the goods' share of all tax."""
    if any("tax_lines" in line for line in lines):
        return sum((money(tax, "price") for line in lines for tax in objects(line, "tax_lines")), ZERO)
    subtotal = money(said, "subtotal_price")
    whole = subtotal + _shipping(said)
    return money(said, "total_tax") * subtotal / whole if whole else ZERO


def _shipping(said: Mapping[str, Any]) -> Decimal:
    named = inside(said, "total_shipping_price_set", "shop_money")
    if "amount" in named:
        return money(named, "amount")
    return sum((money(line, "price") for line in objects(said, "shipping_lines")), ZERO)


def _refund(said: Mapping[str, Any], *, tax_included: bool) -> dict[str, Any]:
    """What was given back for goods, without tax: of the lines, corrected by what differs from them."""
    lines = objects(said, "refund_line_items")
    tax = sum((money(line, "total_tax") for line in lines), ZERO)
    goods = sum((money(line, "subtotal") for line in lines), ZERO) - (tax if tax_included else ZERO)
    adjusted = [one for one in objects(said, "order_adjustments") if one.get("kind") == "refund_discrepancy"]
    goods -= sum((money(one, "amount") for one in adjusted), ZERO)
    values: dict[str, Any] = {
        "refund_id": text(said, "id"),
        "refunded_at": said.get("processed_at") or said.get("created_at"),
        "products": [
            {**_product(inside(line, "line_item")), "quantity": line.get("quantity"), "total": format(money(line, "subtotal"), "f")}
            for line in lines
        ],
    }
    if lines or adjusted:
        values["subtotal"] = max(goods, ZERO)
    else:
        paid = [one for one in objects(said, "transactions") if one.get("kind") == "refund" and one.get("status") in ("success", None)]
        freight = [one for one in objects(said, "order_adjustments") if one.get("kind") == "shipping_refund"]
        back = sum((money(one, "amount") for one in paid), ZERO)
        shipped = sum((abs(money(one, "amount")) + abs(money(one, "tax_amount")) for one in freight), ZERO)
        values["total"] = max(back - shipped, ZERO)
    return filled(values)


def _refund_call(said: Mapping[str, Any]) -> dict[str, Any]:
    """A refund names its order by number only; the new version of the order, which Shopify sends as well, holds it too."""
    number = text(said, "order_id")
    if number is None:
        raise Refusal("no_order_id", "the refund names no order")
    properties = {**_refund(said, tax_included=False), "order_id": number, "shopify_order_id": number, "order_id_is_alias": True}
    made = {"type": "track", "event": "Order Refunded", "timestamp": properties.pop("refunded_at", None), "properties": properties}
    return {**made, "messageId": f"shopify/refund/{properties['refund_id']}"} if "refund_id" in properties else made


def _customer_call(said: Mapping[str, Any]) -> dict[str, Any]:
    address = inside(said, "default_address")
    number = text(said, "id")
    traits = {
        "email": text(said, "email"),
        "phone": text(said, "phone") or text(address, "phone"),
        "first_name": text(said, "first_name"),
        "last_name": text(said, "last_name"),
        "country": text(address, "country_code"),
        "city": text(address, "city"),
        "language": text(said, "locale"),
        "state": text(said, "state"),
        "tags": text(said, "tags"),
        "shopify_customer_id": number,
        "created_at": said.get("created_at"),
    }
    changed_at = said.get("updated_at") or said.get("created_at")
    made = {"type": "identify", "timestamp": changed_at, "traits": filled(traits), "context": _external(number)}
    return {**made, "messageId": f"shopify/customer/{number}/{changed_at}"} if number and changed_at else made


def _checkout_call(said: Mapping[str, Any]) -> dict[str, Any]:
    token = text(said, "token", "id")
    properties = {
        "checkout_id": token,
        "currency": text(said, "currency"),
        "value": money(said, "subtotal_price"),
        "email": text(said, "email"),
        "phone": text(said, "phone"),
        "products": [_product(line) for line in objects(said, "line_items")],
    }
    made = {
        "type": "track",
        "event": "Checkout Started",
        "timestamp": said.get("created_at"),
        "properties": filled(properties),
        "context": _context(said),
    }
    return {**made, "messageId": f"shopify/checkout/{token}"} if token else made


def _context(said: Mapping[str, Any]) -> dict[str, Any]:
    context = _external(text(inside(said, "customer"), "id"))
    landing = text(said, "landing_site", most=2_000)
    asked = parse_qs(_query(landing)) if landing else {}
    campaign = {name: asked[f"utm_{key}"][0] for name, key in _UTM if f"utm_{key}" in asked}
    referrer = text(said, "referring_site", most=2_000)
    return filled(
        {**context, "campaign": campaign, "page": filled({"url": landing, "referrer": referrer}), "locale": text(said, "customer_locale")}
    )


_UTM = (("source", "source"), ("medium", "medium"), ("name", "campaign"), ("term", "term"), ("content", "content"))


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def _external(number: str | None) -> dict[str, Any]:
    return {"externalIds": [{"type": "shopify", "id": number, "collection": "users", "encoding": "none"}]} if number else {}
