"""What each reason says of a customer: the value, and the customer's own normal or that of others; None where there is nothing to say.

`bad` is whether the reason speaks against the customer's health. A comparison that says the opposite is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regulars.periods import day_of
from regulars.predictions.health.words import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from regulars.predictions.health.inputs import Seen
    from regulars.predictions.health.standards import Standards

    Told = tuple[str, dict[str, Any]] | None


LEAST_DIFFERENCE = 0.1
"""A value nearer to its normal than this share of the greater of the two is not worth a word."""


class Row:
    """Facts of the rows asked for, one column at a time as they are needed."""

    def __init__(self, source: Seen, rows: NDArray[np.int64], standards: Standards, safety: NDArray[np.float64]) -> None:
        import pyarrow as pa

        season = source.season()[rows]
        self._source = type(source)(source.facts.take(pa.array(rows)), day_of(source.day), season)
        self._columns: dict[str, list[float]] = {"safety": safety[rows].tolist()}
        self.standards = standards

    def get(self, name: str, i: int) -> float:
        """A fact of row `i`; NaN where it is empty."""
        if name not in self._columns:
            self._columns[name] = self._source.number(name).tolist()
        return self._columns[name][i]

    def since(self, name: str, i: int) -> float:
        """Days from a date to the snapshot."""
        return self._source.day - self.get(name, i)

    def seats(self, i: int) -> float:
        """Seats; NaN where not more than one is known."""
        if "seats_known" not in self._columns:
            self._columns["seats_known"] = self._source.seats().tolist()
        return self._columns["seats_known"][i]

    def season(self, i: int) -> float:
        """1 where there was an order in the same season last year."""
        if "season" not in self._columns:
            self._columns["season"] = self._source.season().tolist()
        return self._columns["season"][i]

    def normal(self, name: str) -> float:
        """The median of the company's active customers; NaN where it is not known."""
        return self.standards.scale.normals.get(name, math.nan)


def _silent(f: Row, i: int, bad: bool) -> Told:
    days, usual, others = f.get("days_since_order", i), f.get("usual_gap_days", i), f.normal("usual_gap_days")
    if math.isnan(days):
        active = f.since("last_event_on", i)
        return None if math.isnan(active) else ("last_active", {"days": active})
    if f.get("gaps", i) >= 1 and not math.isnan(usual):
        if (days <= usual) if bad else (days > 1.5 * usual):
            return None
        return ("silent" if bad else "in_time"), {"days": days, "usual": max(usual, 1.0)}
    if math.isnan(others):
        return "last_order", {"days": days}
    if (days <= others) if bad else (days > 1.5 * others):
        return None
    return ("silent_others" if bad else "in_time_others"), {"days": days, "others": max(others, 1.0)}


def _against(says: str, name: str, value: float, others: float, *, bad: bool, low_is_bad: bool, **more: float) -> Told:
    """A comparison, where it points the way the reason does."""
    if math.isnan(value) or math.isnan(others) or (value < others) is not (bad is low_is_bad):
        return None
    scale = 100.0 if name == "share" else 1.0
    if plain(scale * value) == plain(scale * others) or abs(value - others) < LEAST_DIFFERENCE * max(abs(value), abs(others)):
        return None
    return says, {name: value, ("usual" if name == "recent" else "others"): others, **more}


def _orders(f: Row, i: int, bad: bool) -> Told:
    orders, days, others = f.get("orders", i), f.get("tenure_days", i), f.normal("days_per_order")
    if not orders > 0 or math.isnan(others) or (days / orders > others) is not bad:
        return None
    if f.get("gaps", i) == 0 and not math.isnan(f.normal("usual_gap_days")):
        return None  # of a single order its day says all
    return "orders", {"orders": orders, "days": days, "others": max(others, 1.0)}


def _risk(f: Row, i: int, _bad: bool) -> Told:
    safety, others = f.get("safety", i), f.normal("churn_risk")
    if math.isnan(safety):
        return None
    if math.isnan(others):
        return "risk", {"risk": 1 - safety / 100}
    return "risk_others", {"risk": 1 - safety / 100, "others": 1 - others / 100}


def _orders_lately(f: Row, i: int, bad: bool) -> Told:
    days = f.get("tenure_days", i)
    if not days >= 180:
        return None
    usual = (f.get("orders", i) - f.get("orders_90d", i)) * 90.0 / (days - 90.0)
    return _against("orders_lately", "recent", f.get("orders_90d", i), usual, bad=bad, low_is_bad=True)


def _order_value(f: Row, i: int, bad: bool) -> Told:
    own, others = f.get("average_order_value_minor", i), f.normal("average_order_value_minor")
    return _against("order_value", "value", own, others, bad=bad, low_is_bad=True)


def _order_value_lately(f: Row, i: int, bad: bool) -> Told:
    recent, earlier = f.get("orders_90d", i), f.get("orders", i) - f.get("orders_90d", i)
    if recent <= 0 or earlier <= 0:
        return None
    now, usual = f.get("net_90d_minor", i) / recent, (f.get("net_minor", i) - f.get("net_90d_minor", i)) / earlier
    return _against("order_value_lately", "recent", now, usual, bad=bad, low_is_bad=True)


def _tenure(f: Row, i: int, _bad: bool) -> Told:
    days = f.get("tenure_days", i)
    days = f.since("subscribed_since_on", i) if math.isnan(days) else days
    return None if math.isnan(days) else ("tenure", {"days": days})


def _returns(f: Row, i: int, bad: bool) -> Told:
    share = f.get("refund_share", i)
    if not bad:
        return ("nothing_back", {}) if share == 0 and f.get("cancellations", i) == 0 else None
    return _against("sent_back", "share", share, f.normal("refund_share"), bad=bad, low_is_bad=False)


def _discounts(f: Row, i: int, _bad: bool) -> Told:
    own, others = f.get("discounted_order_share", i), f.normal("discounted_order_share")
    if math.isnan(own) or math.isnan(others) or own == others:
        return None
    return "discounts", {"share": own, "others": others}


def _cases(f: Row, i: int, _bad: bool) -> Told:
    recent = f.get("tickets_90d", i)
    before = f.get("tickets", i) - recent
    return ("cases", {"recent": recent, "before": before}) if recent + before > 0 else None


def _answers(f: Row, i: int, bad: bool) -> Told:
    score = f.get("nps_score", i)
    if not math.isnan(score) and (score <= 8) is bad:
        return "recommendation", {"score": score}
    place = f.get("satisfaction", i)
    return ("answers", {"place": place}) if not math.isnan(place) and (place < 0.75) is bad else None


def _use_days(f: Row, i: int, bad: bool) -> Told:
    if math.isnan(f.get("last_event_on", i)):
        return None
    recent, whole = f.get("use_days_30d", i), f.get("use_days_90d", i)
    if whole > recent:
        return _against("use_days", "recent", recent, (whole - recent) / 2.0, bad=bad, low_is_bad=True)
    return "use_last", {"days": f.since("last_event_on", i)}


def _features(f: Row, i: int, bad: bool) -> Told:
    return _against("features", "features", f.get("features_90d", i), f.standards.scale.features, bad=bad, low_is_bad=True)


def _users(f: Row, i: int, _bad: bool) -> Told:
    seats = f.seats(i)
    return None if math.isnan(seats) else ("users", {"users": f.get("users_30d", i), "seats": seats})


def _people(f: Row, i: int, _bad: bool) -> Told:
    return "people", {"people": f.get("people_180d", i)}


def _e_mails(f: Row, i: int, _bad: bool) -> Told:
    delivered = f.get("messages_180d", i)
    return ("e_mails", {"engaged": f.get("messages_engaged_180d", i), "delivered": delivered}) if delivered > 0 else None


def _season(f: Row, i: int, bad: bool) -> Told:
    here = f.season(i)
    if math.isnan(here) or (here == 1.0) is bad:
        return None
    return ("season" if here else "no_season"), {}


def _term(f: Row, i: int, bad: bool) -> Told:
    days = -f.since("next_term_end_on", i)
    return ("term_ends", {"days": days}) if bad and days >= 0 else None


def _no_use(f: Row, i: int, _bad: bool) -> Told:
    days = f.since("last_event_on", i)
    return ("no_use_ever", {"days": f.since("subscribed_since_on", i)}) if math.isnan(days) else ("no_use", {"days": days})


def _dormant(f: Row, i: int, _bad: bool) -> Told:
    days = f.since("last_engaged_on", i)
    return ("dormant_ever", {"days": f.since("first_message_on", i)}) if math.isnan(days) else ("dormant", {"days": days})


def _lapsed(f: Row, i: int, _bad: bool) -> Told:
    days, ended = f.since("last_active_on", i), f.since("last_cancelled_on", i)
    if not math.isnan(f.since("subscribed_since_on", i)):
        return ("lapsed_subscription", {}) if math.isnan(ended) else ("cancelled", {"days": ended})
    return ("lapsed_subscription", {}) if math.isnan(days) else ("lapsed", {"days": days})


def _value(says: str, column: str, name: str) -> Callable[[Row, int, bool], Told]:
    def told(f: Row, i: int, _bad: bool) -> Told:
        value = f.get(column, i)
        return None if math.isnan(value) else (says, {name: value})

    return told


def _ago(says: str, column: str) -> Callable[[Row, int, bool], Told]:
    def told(f: Row, i: int, _bad: bool) -> Told:
        days = f.since(column, i)
        return None if math.isnan(days) else (says, {"days": days})

    return told


TOLD: dict[str, Callable[[Row, int, bool], Told]] = {
    "churn_risk": _risk,
    "silent_longer_than_usual": _silent,
    "few_orders": _orders,
    "orders_slowing": _orders_lately,
    "low_spend": _order_value,
    "spend_falling": _order_value_lately,
    "short_tenure": _tenure,
    "returns": _returns,
    "discount_habit": _discounts,
    "tickets": _cases,
    "unhappy_answers": _answers,
    "usage_falling": _use_days,
    "season": _season,
    "term_ends": _term,
    "few_seats": lambda f, i, _bad: None if math.isnan(f.seats(i)) else ("seats", {"seats": f.seats(i)}),
    "e_mails_unopened": _e_mails,
    "narrow_use": _features,
    "few_users": _users,
    "few_contacts": _people,
    "single_contact": _people,
    "texts": _value("texts", "polarity_90d", "polarity"),
    "texts_negative": _value("texts", "polarity_90d", "polarity"),
    "rating_by_hand": _value("rating_by_hand", "health_rating", "rating"),
    "customer_roi": _value("roi", "customer_roi", "roi"),
    "complaint_open": _value("complaint_open", "complaints_open", "cases"),
    "complaint_recent": _ago("complaint_recent", "complaint_resolved_on"),
    "dissatisfied": _ago("dissatisfied", "dissatisfied_on"),
    "no_use": _no_use,
    "dormant": _dormant,
    "new": lambda f, i, _bad: ("new", {"days": f.get("tenure_days", i), "usual": f.standards.second_order_days}),
    "lapsed": _lapsed,
}
"""Reason codes, those of churn models among them, and what is said."""
