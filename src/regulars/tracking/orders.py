"""Orders: what `Order Completed`, `Order Updated`, `Order Refunded` and `Order Cancelled` say, as rows of orders and order_lines.

A refund or cancellation that names no amount is worth what is known of its order: from a call before it, or from `Located.order`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.money import exponent
from regulars.tracking.amounts import currency_of, decimal, given, minor, minor_units, text
from regulars.tracking.calls import Refusal
from regulars.tracking.instants import microseconds
from regulars.tracking.order_amounts import Line, lines_of, order_value, shared
from regulars.tracking.people import country_of
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.tracking.books import Books
    from regulars.tracking.calls import Call
    from regulars.tracking.projection import Located

BESIDE = ("discount_minor", "tax_minor", "shipping_minor", "channel", "campaign", "country")
"""What a later version of an order may leave open: a webhook knows no campaign, a browser no tax."""
NEED_ORDER = ("Order Completed", "Order Refunded", "Order Cancelled", "Order Updated")


class KnownLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order in force."""

    product_id: str | None
    quantity: float
    amount_minor: int
    product_name: str | None = None
    category: str | None = None


class KnownOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an order: its purchase in force, what was refunded (by refund id, as positive amounts), whether it was cancelled.

    `beside` are columns of the purchase in force that a version which leaves them open keeps (`BESIDE`), `identity_id` whose it is.
    """

    order_id: str
    occurred_at: int
    amount_minor: int
    currency: str
    tax_minor: int = 0
    refunds: dict[str, int] = {}
    cancelled: bool = False
    lines: tuple[KnownLine, ...] = ()
    identity_id: str | None = None
    beside: dict[str, Any] = {}

    def left(self, *, without: str | None = None) -> int:
        """What is not refunded yet, the refund `without` left out."""
        return self.amount_minor - sum(amount for refund, amount in self.refunds.items() if refund != without)


def order_id_of(said: Mapping[str, Any]) -> str | None:
    return text(said, "order_id", "orderId", "order_number", "transaction_id")


def completed(one: Located, books: Books) -> list[Part]:
    """The purchase, and what the call says beside it of refunds and a cancellation."""
    return _state(one, books, must_have_value=True)


def updated(one: Located, books: Books) -> list[Part]:
    """As `completed`; an update that says no amounts is an event only."""
    return _state(one, books, must_have_value=False)


def refunded(one: Located, books: Books) -> list[Part]:
    """One refund: of the amount it says, of the products it lists, or of all that is left of the order."""
    call, said = one.call, one.call.properties
    known = _known(one, books)
    # A number of the shop's own is no order_id; the next version of the order brings the refund too.
    if known is None and said.get("order_id_is_alias"):
        return []
    part, now_known = _refund(call, said, known or _own(call, books), _version_at(call), occurred_at=call.occurred_at)
    if known is not None:
        books.learn_order(call, now_known)
    return [part]


def cancelled(one: Located, books: Books) -> list[Part]:
    """The cancellation: minus what had not been refunded."""
    call, said = one.call, one.call.properties
    known = _known(one, books)
    if said.get("paid") is False and known is None:
        return []
    if said.get("ordered_at") and said.get("paid") is not False:
        return _state(one, books, must_have_value=False, cancelled_at=call.occurred_at)
    part, now_known = _cancellation(call, known or _own(call, books), call.occurred_at, _version_at(call))
    if known is not None:
        books.learn_order(call, now_known)
    return [part]


def _state(one: Located, books: Books, *, must_have_value: bool, cancelled_at: int | None = None) -> list[Part]:
    call, said = one.call, one.call.properties
    if said.get("paid") is False:
        return []
    known = books.order(one, _required_id(said))
    lines = lines_of(said)
    currency = _currency(said, lines, known, books, must_have_value=must_have_value)
    value = None if currency is None else order_value(said, currency, lines)
    if currency is None or value is None:
        if must_have_value:
            raise Refusal("no_amount", "the order says no subtotal, total, revenue or value, and not all of its products have a price")
        return []
    if value < 0:
        raise Refusal("negative_amount", "the order is worth less than nothing; money given back is an Order Refunded")
    if known is not None and known.currency == currency and not given(said, "products"):
        lines = [_line_again(line, currency) for line in known.lines]
    version_at = _version_at(call)
    part, now_known = _purchase(one, known, value, lines, currency, completed=must_have_value)
    parts = [part]
    for refund in _listed_refunds(said):
        made, now_known = _refund(call, refund, now_known, version_at)
        parts.append(made)
    cancelled_at = microseconds(said.get("cancelled_at")) or cancelled_at
    if cancelled_at is not None:
        made, now_known = _cancellation(call, now_known, cancelled_at, version_at)
        parts.append(made)
    books.learn_order(call, now_known)
    return parts


def _currency(said: Mapping[str, Any], lines: list[Line], known: KnownOrder | None, books: Books, *, must_have_value: bool) -> str | None:
    """The currency of the order; None where an update says nothing about money."""
    if not must_have_value and not _names_money(said, lines):
        return None
    if known is not None and not given(said, "currency"):
        return known.currency
    return currency_of(said, books.currency)


def _purchase(
    one: Located, known: KnownOrder | None, value: int, lines: list[Line], currency: str, *, completed: bool
) -> tuple[Part, KnownOrder]:
    """The purchase with its lines; what it leaves open and the version before it said stays."""
    call, said = one.call, one.call.properties
    order_id = _required_id(said)
    at, dated = _ordered_at(call, known, completed=completed)
    part = Part("purchase", order_id, at, _version_at(call), dated=dated)
    discount = minor(said, currency, "discount")
    order = {
        **_shared(call, order_id, currency, "purchase"),
        "linked": False,
        "amount_minor": value,
        "discount_minor": abs(discount) if discount is not None else None,
        "tax_minor": minor(said, currency, "tax"),
        "shipping_minor": minor(said, currency, "shipping"),
    }
    if known is not None and known.currency == currency:
        order |= {name: known.beside.get(name) for name in BESIDE if order[name] is None}
        part.identity_id = known.identity_id
    part.add("orders", order)
    amounts = shared(value, lines)
    _add_lines(part, lines, amounts, order_id, "purchase", currency)
    return part, KnownOrder(
        order_id=order_id,
        occurred_at=at,
        amount_minor=value,
        currency=currency,
        tax_minor=order["tax_minor"] or 0,
        refunds=known.refunds if known else {},
        cancelled=known.cancelled if known else False,
        lines=tuple(_known_line(line, amount) for line, amount in zip(lines, amounts, strict=True)),
        identity_id=one.identity_id or (known.identity_id if known else None),
        beside={name: order[name] for name in BESIDE},
    )


def _known_line(line: Line, amount: int) -> KnownLine:
    return KnownLine(
        product_id=line.product_id,
        quantity=float(line.quantity),
        amount_minor=amount,
        product_name=line.name,
        category=line.category,
    )


def _line_again(line: KnownLine, currency: str) -> Line:
    """A line of the version before, for a version that lists no products."""
    return Line(
        product_id=line.product_id,
        name=line.product_name,
        category=line.category,
        quantity=Decimal(repr(line.quantity)),
        gross=Decimal(line.amount_minor).scaleb(-exponent(currency)),
        unit_cost=None,
    )


def _known(one: Located, books: Books) -> KnownOrder | None:
    return books.order(one, _required_id(one.call.properties))


def _own(call: Call, books: Books) -> KnownOrder:
    """The order as the call that takes it back tells its value."""
    said = call.properties
    lines = lines_of(said)
    value = None
    if _names_money(said, lines):
        currency = currency_of(said, books.currency)
        value = order_value(said, currency, lines)
    if value is None:
        raise Refusal("order_unknown", f"the order is not known yet, and the {call.name} call does not say what it was worth")
    return KnownOrder(order_id=_required_id(said), occurred_at=call.occurred_at, amount_minor=abs(value), currency=currency)


def _refund(
    call: Call, said: Mapping[str, Any], known: KnownOrder, version_at: int, *, occurred_at: int | None = None
) -> tuple[Part, KnownOrder]:
    refund_id = text(said, "refund_id", "refundId") or call.message_id
    lines = lines_of(said)
    left = 0 if known.cancelled else max(known.left(without=refund_id), 0)
    named = said.get("currency")
    if isinstance(named, str) and named and named.strip().upper() != known.currency:
        raise Refusal("other_currency", f"the refund is in another currency than its order, which is in {known.currency}")
    amount = min(_refund_value(said, lines, known, left), left)
    at = occurred_at or microseconds(said.get("refunded_at")) or call.occurred_at
    part = Part(f"refund {refund_id}", known.order_id, at, version_at)
    part.identity_id = known.identity_id
    order = {**_shared(call, known.order_id, known.currency, "refund"), "linked": True, "amount_minor": -amount}
    part.add("orders", order)
    back = [msgspec.structs.replace(line, quantity=-abs(line.quantity), gross=_gross_of(line, known)) for line in lines]
    _add_lines(part, back, [-one for one in shared(amount, back)], known.order_id, "refund", known.currency)
    return part, msgspec.structs.replace(known, refunds={**known.refunds, refund_id: amount})


def _refund_value(said: Mapping[str, Any], lines: list[Line], known: KnownOrder, left: int) -> int:
    """What the refund takes off the order's value, in minor units, positive."""
    currency = known.currency
    subtotal = minor(said, currency, "subtotal")
    if subtotal is not None:
        return abs(subtotal)
    total = minor(said, currency, "total", "amount", "refund_amount", "value")
    tax, shipping = minor(said, currency, "tax"), minor(said, currency, "shipping")
    if total is not None and (tax is not None or shipping is not None):
        return max(abs(total) - abs(tax or 0) - abs(shipping or 0), 0)
    if total is not None:
        # A refund is paid with tax: the goods' part of it comes off the order's value.
        paid = known.amount_minor + known.tax_minor
        return minor_units(Decimal(known.amount_minor) * abs(total) / paid, "JPY") if paid > 0 and known.tax_minor else abs(total)
    revenue = minor(said, currency, "revenue")
    if revenue is not None:
        return abs(revenue)
    if not lines:
        return left
    gross = [_gross_of(line, known) for line in lines]
    if None in gross:
        raise Refusal("no_amount", "the refund says no amount, and of a product it lists neither the refund nor the order has a price")
    return minor_units(sum((abs(one) for one in gross if one is not None), Decimal(0)), currency)


def _gross_of(line: Line, known: KnownOrder) -> Decimal | None:
    """What the refunded pieces were sold for, in major units: as the order's lines say, else as the refund does."""
    for sold in known.lines:
        if sold.product_id == line.product_id and sold.quantity:
            of_one = Decimal(sold.amount_minor) / Decimal(repr(sold.quantity))
            return (of_one * abs(line.quantity)).scaleb(-exponent(known.currency))
    return None if line.gross is None else abs(line.gross)


def _cancellation(call: Call, known: KnownOrder, at: int, version_at: int) -> tuple[Part, KnownOrder]:
    part = Part("cancellation", known.order_id, at, version_at)
    part.identity_id = known.identity_id
    part.add("orders", {**_shared(call, known.order_id, known.currency, "cancellation"), "linked": True, "amount_minor": -known.left()})
    return part, msgspec.structs.replace(known, cancelled=True)


def _add_lines(part: Part, lines: list[Line], amounts: list[int], order_id: str, kind: str, currency: str) -> None:
    for number, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1):
        cost = line.unit_cost
        values = {
            "order_id": order_id,
            "kind": kind,
            "product_id": line.product_id,
            "product_name": line.name,
            "category": line.category,
            "is_goods": True,
            "quantity": float(line.quantity),
            "amount_minor": amount,
            "unit_cost_minor": float(minor_units(cost, currency)) if cost is not None else None,
            "currency": currency,
        }
        part.add("order_lines", values, line=number)


def _shared(call: Call, order_id: str, currency: str, kind: str) -> dict[str, Any]:
    said = call.properties
    campaign = call.context.get("campaign")
    return {
        "order_id": order_id,
        "kind": kind,
        "currency": currency,
        "channel": text(said, "channel", "affiliation"),
        "campaign": text(said, "campaign", "utm_campaign") or (text(campaign, "name") if isinstance(campaign, dict) else None),
        "country": country_of(said),
    }


def _listed_refunds(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    refunds = said.get("refunds")
    return [one for one in refunds if isinstance(one, dict) and text(one, "refund_id", "refundId")] if isinstance(refunds, list) else []


def _required_id(said: Mapping[str, Any]) -> str:
    order_id = order_id_of(said)
    if order_id is None:
        raise Refusal("no_order_id", "the order has no order_id")
    return order_id


def _names_money(said: Mapping[str, Any], lines: list[Line]) -> bool:
    return any(decimal(said, name) is not None for name in ("subtotal", "total", "revenue", "value", "amount", "refund_amount")) or any(
        line.gross is not None for line in lines
    )


def _ordered_at(call: Call, known: KnownOrder | None, *, completed: bool) -> tuple[int, bool]:
    """When it was bought, and whether that is known: an update's own instant is not that of the purchase."""
    said = microseconds(call.properties.get("ordered_at"))
    if said is not None:
        return min(said, call.received_at), True
    if completed:
        return call.occurred_at, True
    return (known.occurred_at, True) if known is not None else (call.occurred_at, False)


def _version_at(call: Call) -> int:
    """Which version of the order the call is: as its source counts changes, else when it was called."""
    try:
        return microseconds(call.properties.get("updated_at")) or call.occurred_at
    except Refusal:
        return call.occurred_at
