"""What an order or refund is worth: after discounts, without tax and shipping, in minor units; and what of it falls to each line.

Segment's specification knows `subtotal` (after discounts, before tax and shipping), `total`, `revenue`, `tax`, `shipping`, `discount` and
`products`. Senders differ in what they put there, so the first of these that is said counts:

1. `subtotal`. Where it is proven to be before the discount (`subtotal - discount + tax + shipping = total`, and not without), less the discount;
2. `total - tax - shipping`, where one of the two is said;
3. `revenue`;
4. `total`, or `value`, as it is;
5. the sum of `price x quantity` of the products, less the discount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking.amounts import decimal, minor, minor_units, text
from regulars.tracking.calls import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LINES = 1_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A product of an order, with the amount before it is fitted to the order's value."""

    product_id: str | None
    name: str | None
    category: str | None
    quantity: Decimal
    gross: Decimal | None
    unit_cost: Decimal | None


def order_value(said: Mapping[str, Any], currency: str, lines: Sequence[Line]) -> int | None:
    """The value of an order in minor units; None where nothing says it."""
    total, tax, shipping, discount = (minor(said, currency, name) for name in ("total", "tax", "shipping", "discount"))
    subtotal = minor(said, currency, "subtotal")
    if subtotal is not None:
        beside = (tax or 0) + (shipping or 0)
        if total is not None and discount and subtotal + beside != total == subtotal - abs(discount) + beside:
            return subtotal - abs(discount)
        return subtotal
    if total is not None and (tax is not None or shipping is not None):
        return total - (tax or 0) - (shipping or 0)
    revenue = minor(said, currency, "revenue")
    if revenue is not None:
        return revenue
    if total is not None:
        return total
    value = minor(said, currency, "value")
    if value is not None:
        return value
    gross = [line.gross for line in lines]
    if not gross or None in gross:
        return None
    return minor_units(sum((one for one in gross if one is not None), Decimal(0)), currency) - abs(discount or 0)


def lines_of(said: Mapping[str, Any]) -> list[Line]:
    """The products that the call lists. Raises `Refusal` where one cannot be read."""
    products = said.get("products")
    if products is None or products in ({}, ""):
        return []
    if not isinstance(products, list):
        raise Refusal("bad_products", "the products are no list")
    if len(products) > MAX_LINES:
        raise Refusal("bad_products", f"there are {len(products):,} products; {MAX_LINES:,} are the most")
    return [_line(product) for product in products]


def _line(product: Any) -> Line:
    if not isinstance(product, dict):
        raise Refusal("bad_products", "a product is no object")
    quantity = decimal(product, "quantity")
    price = decimal(product, "price")
    quantity = Decimal(1) if quantity is None else quantity
    gross = decimal(product, "line_total", "total", "amount")
    if gross is None and price is not None:
        gross = price * quantity - abs(decimal(product, "discount") or Decimal(0))
    name = text(product, "name", "title")
    return Line(
        product_id=text(product, "product_id", "productId", "id", "sku") or name,
        name=name,
        category=text(product, "category"),
        quantity=quantity,
        gross=gross,
        unit_cost=decimal(product, "unit_cost", "cost"),
    )


def shared(value: int, lines: Sequence[Line]) -> list[int]:
    """The value of the order over its lines, in proportion to what they cost, to the last minor unit.

    Where the lines say no price, or cost nothing together, by their number of pieces; where they have none, all to the first.
    """
    weights = [line.gross for line in lines]
    known = [weight for weight in weights if weight is not None]
    if len(known) < len(lines) or not sum(known):
        known = [line.quantity for line in lines]
        if not sum(known):
            return [value] + [0] * (len(lines) - 1) if lines else []
    whole = sum(known, Decimal(0))
    parts, before, upto = [], 0, Decimal(0)
    for weight in known:
        upto += weight
        reached = minor_units(Decimal(value) * upto / whole, "JPY")
        parts.append(reached - before)
        before = reached
    return parts
