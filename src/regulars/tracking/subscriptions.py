"""Subscriptions: `Subscription Started`, `Renewed`, `Upgraded`, `Downgraded`, `Paused`, `Resumed`, `Cancelled` and `Updated`.

Monthly recurring revenue is `mrr`, else `arr / 12`, else what is paid (`amount`, `price`, `total`) for an `interval` (day, week, month,
year, times `interval_count`). A change that names none is worth what is known of the subscription. A trial is no subscription: `Trial
Started` and `Trial Ended` are events.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.tracking.amounts import currency_of, decimal, flag, given, minor_units, text, whole
from regulars.tracking.calls import Refusal
from regulars.tracking.instants import microseconds
from regulars.tracking.rows import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.tracking.books import Books
    from regulars.tracking.calls import Call
    from regulars.tracking.projection import Located

_PER_MONTH = {"day": Decimal(365) / 12, "week": Decimal(365) / 84, "month": Decimal(1), "year": Decimal(1) / 12, "quarter": Decimal(1) / 3}
_INTERVALS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "quarterly": "quarter",
}
_ENDS = ("pause", "cancel")


class KnownSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a subscription: its latest change in force."""

    subscription_id: str
    mrr_minor: int
    currency: str
    plan: str | None = None
    seats: int | None = None
    term_end: int | None = None
    running: bool = True


def subscription_id_of(call: Call) -> str | None:
    return text(call.properties, "subscription_id", "subscriptionId")


def changed(change: str) -> Callable[[Located, Books], list[Part]]:
    """What makes the row of a change; for `update` the change is told by the revenue before and after."""

    def parts(one: Located, books: Books) -> list[Part]:
        return _change(change, one, books)

    return parts


def _change(change: str, one: Located, books: Books) -> list[Part]:
    call, said = one.call, one.call.properties
    # Whoever names no subscription has one for each customer.
    subscription_id = subscription_id_of(call) or one.account_id or one.identity_id
    if subscription_id is None:
        raise Refusal("no_subscription_id", "the subscription has no subscription_id, and the call names nobody whose it could be")
    known = books.subscription(one, subscription_id)
    currency = known.currency if known is not None and not given(said, "currency") else None
    currency = currency or currency_of(said, books.currency)
    after = 0 if change in _ENDS else _revenue(said, currency, "mrr", "mrr_after", "monthly_amount")
    before = _revenue(said, currency, "mrr_before", "previous_mrr", only=True)
    if before is None:
        before = known.mrr_minor if known is not None and known.running else 0
    if after is None:
        if known is None:
            raise Refusal("no_amount", "the change says no mrr, arr or amount with an interval, and the subscription is not known yet")
        after = known.mrr_minor
    term_end = microseconds(_first(said, "term_end", "current_period_end", "renews_at", "renewal_date"))
    if change == "update":
        told = _told(before, after, known, term_end)
        if told is None:
            return []
        change = told
    values = {
        "subscription_id": subscription_id,
        "change": change,
        "plan": text(said, "plan", "plan_name", "plan_id") or (known.plan if known else None),
        "effective_at": microseconds(said.get("effective_at")) or call.occurred_at,
        "term_end": term_end if term_end is not None or change in _ENDS or known is None else known.term_end,
        "mrr_before_minor": before,
        "mrr_after_minor": after,
        "currency": currency,
        "seats": _seats(said, known),
        "reason": text(said, "reason", "cancellation_reason", most=2_000),
        "involuntary": flag(said, "involuntary", "payment_failed"),
    }
    part = Part(f"{change} {text(said, 'change_id') or call.message_id}", subscription_id, call.occurred_at, call.occurred_at)
    part.add("subscriptions", values)
    books.learn_subscription(call, _now_known(values, known, paused=change == "pause", ended=change in _ENDS))
    return [part]


def known_after(subscription_id: str, change: Mapping[str, Any]) -> KnownSubscription:
    """What is known of a subscription after one of its changes, as the row of the change tells it (`term_end` in microseconds)."""
    kind = change["change"]
    return KnownSubscription(
        subscription_id=subscription_id,
        mrr_minor=(change["mrr_before_minor"] if kind == "pause" else change["mrr_after_minor"]) or 0,
        currency=change["currency"],
        plan=change["plan"],
        seats=change["seats"],
        term_end=change["term_end"],
        running=kind not in _ENDS,
    )


def _now_known(values: Mapping[str, Any], known: KnownSubscription | None, *, paused: bool, ended: bool) -> KnownSubscription:
    mrr = known.mrr_minor if paused and known is not None else values["mrr_after_minor"]
    return KnownSubscription(
        subscription_id=values["subscription_id"],
        mrr_minor=values["mrr_before_minor"] if paused and known is None else mrr,
        currency=values["currency"],
        plan=values["plan"],
        seats=values["seats"],
        term_end=values["term_end"],
        running=not ended,
    )


def _told(before: int, after: int, known: KnownSubscription | None, term_end: int | None) -> str | None:
    if known is not None and not known.running:
        return "resume"
    if after != before:
        return "start" if known is None and before == 0 else "upgrade" if after > before else "downgrade"
    if known is not None and term_end is not None and term_end > (known.term_end or 0):
        return "renew"
    return None


def _revenue(said: Mapping[str, Any], currency: str, *names: str, only: bool = False) -> int | None:
    monthly = decimal(said, *names)
    if monthly is not None:
        return _not_negative(minor_units(monthly, currency))
    if only:
        return None
    yearly = decimal(said, "arr", "arr_after")
    if yearly is not None:
        return _not_negative(minor_units(yearly / 12, currency))
    paid = decimal(said, "amount", "price", "total", "revenue")
    interval = text(said, "interval", "billing_interval", "billing_period")
    if paid is None or interval is None:
        return None
    interval = interval.lower()
    per_month = _PER_MONTH.get(_INTERVALS.get(interval, interval.removesuffix("s")))
    if per_month is None:
        raise Refusal("bad_interval", "the interval is none of day, week, month, quarter, year")
    count = whole(said, "interval_count") or 1
    return _not_negative(minor_units(paid * per_month / count, currency))


def _not_negative(mrr: int) -> int:
    if mrr < 0:
        raise Refusal("negative_amount", "the recurring revenue is less than nothing")
    return mrr


def _seats(said: Mapping[str, Any], known: KnownSubscription | None) -> int | None:
    seats = whole(said, "seats", "quantity")
    return seats if seats is not None or known is None else known.seats


def _first(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if given(said, name)), None)
