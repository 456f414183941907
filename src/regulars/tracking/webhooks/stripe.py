"""Stripe's webhooks. A charge is an order and goes by its own id (`ch_...`), as in the payments export; the amount is as charged.

Subscriptions: a trial is no subscription yet; one that is to end at the end of its term is cancelled when it has ended. Recurring revenue
is the sum over the items of price times quantity, a month's share.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from regulars.tracking.amounts import decimal, text, whole
from regulars.tracking.calls import Refusal
from regulars.tracking.webhooks.fields import filled, inside, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NO_DECIMALS = frozenset(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"])
_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_PER_MONTH = {"day": Decimal(365) / 12, "week": Decimal(365) / 84, "month": Decimal(1), "year": Decimal(1) / 12}
RUNNING = ("active", "past_due", "unpaid")


def calls(topic: str, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The calls that the event stands for. Raises `Refusal` for a type that means nothing here."""
    maker = _MAKERS.get(topic)
    if maker is None:
        raise Refusal("unknown_topic", f"events of the type '{topic[:60]}' say nothing that is kept here")
    subject = inside(event, "data", "object")
    if not subject:
        raise Refusal("not_an_object", "the event holds no data.object")
    made = maker(subject, inside(event, "data", "previous_attributes"))
    made.setdefault("timestamp", event.get("created"))
    event_id = text(event, "id")
    if event_id:
        made["messageId"] = event_id
    return [made]


def major(said: Mapping[str, Any], name: str, currency: str | None) -> Decimal | None:
    """An amount of Stripe's in major units: it counts in the smallest unit, and has its own list of which currencies have none."""
    amount = decimal(said, name)
    if amount is None:
        return None
    code = (currency or "").upper()
    return amount.scaleb(0 if code in _NO_DECIMALS else -3 if code in _THREE_DECIMALS else -2)


def _identify(customer: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    traits = {
        "email": text(customer, "email"),
        "phone": text(customer, "phone"),
        "name": text(customer, "name"),
        "country": text(inside(customer, "address"), "country"),
        "stripe_customer_id": text(customer, "id"),
        "description": text(customer, "description"),
    }
    return {"type": "identify", **_who(text(customer, "id"), customer), "traits": filled(traits)}


def _charge(charge: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    paid = charge.get("paid") is not False and charge.get("captured") is not False
    properties = {**_payment(charge), "subtotal": major(charge, "amount", text(charge, "currency")), "paid": None if paid else False}
    return _track("Order Completed" if paid else "Order Placed", charge, properties, at=charge.get("created"))


def _refund(charge: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What this event gave back: the event names the sum so far, and what it was before."""
    currency = text(charge, "currency")
    so_far = major(charge, "amount_refunded", currency) or Decimal(0)
    earlier = major(before, "amount_refunded", currency) or Decimal(0)
    latest = next(iter(objects(charge, "refunds", "data")), {})
    properties = {**_payment(charge), "subtotal": so_far - earlier, "refund_id": text(latest, "id"), "reason": text(latest, "reason")}
    return _track("Order Refunded", charge, properties)


def _payment(charge: Mapping[str, Any]) -> dict[str, Any]:
    billed = inside(charge, "billing_details")
    return {
        "order_id": text(charge, "id"),
        "payment_intent": text(charge, "payment_intent"),
        "invoice_id": text(charge, "invoice"),
        "currency": text(charge, "currency"),
        "channel": "stripe",
        "country": text(inside(billed, "address"), "country"),
        "email": text(billed, "email") or text(charge, "receipt_email"),
        "phone": text(billed, "phone"),
        "description": text(charge, "description"),
    }


def _created(subscription: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    status = subscription.get("status")
    name = "Subscription Started" if status in RUNNING else "Trial Started" if status == "trialing" else "Subscription Pending"
    return _track(name, subscription, _subscription(subscription))


def _updated(subscription: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    properties = _subscription(subscription)
    name = _told(subscription, before, properties)
    return _track(name, subscription, properties)


def _told(subscription: Mapping[str, Any], before: Mapping[str, Any], properties: dict[str, Any]) -> str:
    status = subscription.get("status")
    if "status" in before and status in RUNNING and before["status"] in ("trialing", "incomplete"):
        return "Subscription Started"
    if status not in RUNNING:
        return "Subscription Paused" if status == "paused" and before.get("status") in RUNNING else "Subscription Status Changed"
    if "pause_collection" in before:
        return "Subscription Paused" if subscription.get("pause_collection") else "Subscription Resumed"
    if before.get("status") == "paused":
        return "Subscription Resumed"
    earlier = _revenue({**subscription, **before}) if {"items", "plan", "quantity"} & before.keys() else None
    now = properties.get("mrr")
    if earlier is not None and now is not None and earlier != now:
        properties["mrr_before"] = earlier
        return "Subscription Upgraded" if now > earlier else "Subscription Downgraded"
    ended_before = _term_end({**before}) if {"items", "current_period_end"} & before.keys() else None
    if ended_before is not None and (properties.get("term_end") or 0) > ended_before:
        return "Subscription Renewed"
    if "cancel_at_period_end" in before:
        return "Subscription Cancellation Scheduled" if subscription.get("cancel_at_period_end") else "Subscription Cancellation Withdrawn"
    return "Subscription Details Changed"


def _deleted(subscription: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    details = inside(subscription, "cancellation_details")
    ended_at, trial_end = subscription.get("ended_at"), subscription.get("trial_end")
    in_trial = isinstance(ended_at, int) and isinstance(trial_end, int) and ended_at <= trial_end
    properties = _subscription(subscription)
    properties.pop("mrr", None)
    properties |= {
        "reason": "; ".join(part for name in ("reason", "feedback", "comment") if (part := text(details, name))),
        "involuntary": details.get("reason") == "payment_failed",
    }
    return _track("Trial Ended" if in_trial else "Subscription Cancelled", subscription, properties, at=ended_at)


def _subscription(subscription: Mapping[str, Any]) -> dict[str, Any]:
    items = objects(subscription, "items", "data")
    price = inside(items[0], "price") or inside(items[0], "plan") if items else inside(subscription, "plan")
    seats = [whole(item, "quantity") for item in items] or [whole(subscription, "quantity")]
    return {
        "subscription_id": text(subscription, "id"),
        "plan": text(price, "nickname", "lookup_key", "id"),
        "currency": text(subscription, "currency") or text(price, "currency"),
        "mrr": _revenue(subscription),
        "seats": sum(seat for seat in seats if seat is not None) or None,
        "term_end": _term_end(subscription),
        "status": text(subscription, "status"),
        "trial_end": subscription.get("trial_end"),
        "cancel_at": subscription.get("cancel_at"),
    }


def _term_end(subscription: Mapping[str, Any]) -> int | None:
    ends = [whole(item, "current_period_end") for item in objects(subscription, "items", "data")]
    known = [end for end in [whole(subscription, "current_period_end"), *ends] if end is not None]
    return max(known) if known else None


def _revenue(subscription: Mapping[str, Any]) -> Decimal | None:
    """A month's revenue; None where a price depends on use."""
    items = objects(subscription, "items", "data")
    if not items and inside(subscription, "plan"):
        items = [{"plan": subscription["plan"], "quantity": subscription.get("quantity")}]
    total = Decimal(0)
    for item in items:
        price = inside(item, "price") or inside(item, "plan")
        recurring = inside(price, "recurring") or price
        currency = text(price, "currency") or text(subscription, "currency")
        amount = major(price, "unit_amount", currency)
        amount = major(price, "unit_amount_decimal", currency) if amount is None else amount
        amount = major(price, "amount", currency) if amount is None else amount
        per_month = _PER_MONTH.get(text(recurring, "interval") or "")
        if amount is None or per_month is None:
            return None
        quantity = whole(item, "quantity")
        total += amount * (1 if quantity is None else quantity) * per_month / (whole(recurring, "interval_count") or 1)
    return total.quantize(Decimal("0.000001")) if items else None


def _invoice(name: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    def made(invoice: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
        currency = text(invoice, "currency")
        properties = {
            "invoice_id": text(invoice, "id"),
            "subscription_id": text(invoice, "subscription"),
            "billing_reason": text(invoice, "billing_reason"),
            "currency": currency,
            "amount": major(invoice, "amount_paid" if name == "Invoice Paid" else "amount_due", currency),
            "attempts": whole(invoice, "attempt_count"),
            "email": text(invoice, "customer_email"),
        }
        return _track(name, invoice, properties)

    return made


def _checkout(session: Mapping[str, Any], _: Mapping[str, Any]) -> dict[str, Any]:
    """Where a shop says by `client_reference_id` who paid, this is what makes the payer known."""
    details = inside(session, "customer_details")
    currency = text(session, "currency")
    properties = {
        "checkout_id": text(session, "id"),
        "currency": currency,
        "value": major(session, "amount_total", currency),
        "email": text(details, "email") or text(session, "customer_email"),
        "phone": text(details, "phone"),
        "country": text(inside(details, "address"), "country"),
        "subscription_id": text(session, "subscription"),
    }
    made = _track("Checkout Completed", session, properties)
    user = text(session, "client_reference_id")
    return {**made, "userId": user} if user else made


def _track(name: str, subject: Mapping[str, Any], properties: Mapping[str, Any], *, at: Any = None) -> dict[str, Any]:
    customer = subject.get("customer")
    number = text(customer, "id") if isinstance(customer, dict) else text(subject, "customer")
    made = {"type": "track", "event": name, **_who(number, subject), "properties": filled(properties)}
    return made if at is None else {**made, "timestamp": at}


def _who(number: str | None, subject: Mapping[str, Any]) -> dict[str, Any]:
    user = text(inside(subject, "metadata"), "user_id", "userId")
    who: dict[str, Any] = {"userId": user} if user else {}
    if number:
        who["context"] = {"externalIds": [{"type": "stripe", "id": number, "collection": "users", "encoding": "none"}]}
    return who


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
    "customer.created": _identify,
    "customer.updated": _identify,
    "charge.succeeded": _charge,
    "charge.captured": _charge,
    "charge.refunded": _refund,
    "customer.subscription.created": _created,
    "customer.subscription.updated": _updated,
    "customer.subscription.deleted": _deleted,
    "invoice.paid": _invoice("Invoice Paid"),
    "invoice.payment_failed": _invoice("Payment Failed"),
    "checkout.session.completed": _checkout,
}
