"""What the models see of a customer, in named reasons: features that say the same thing are summed into one reason.

Days, counts and money enter as log(1 + x). A value that is not there (no second order, so no usual gap) is the mean of the training customers
with a flag beside it, which is a feature of its own in the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.predictions.churn.columns import Columns, log_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.predictions.churn.columns import Reading

    Floats = NDArray[np.float64]

FACT_GROUPS = ("orders", "rhythm", "returns", "discounts", "answers", "tickets", "subscriptions", "activity")
"""Groups of facts that the features are made from."""

REASONS = {
    "silent_longer_than_usual": "days since the latest activity, against the customer's own gaps between orders",
    "few_orders": "how many orders and order days so far",
    "orders_slowing": "orders of the last 30, 90 and 365 days",
    "low_spend": "average order value, or monthly recurring revenue",
    "spend_falling": "the latest spending against the customer's own",
    "short_tenure": "how long the customer has been one",
    "returns": "refunds and cancellations",
    "discount_habit": "share of orders with a discount",
    "tickets": "support cases",
    "unhappy_answers": "scores given in answers and reviews, or none given",
    "usage_falling": "meaningful events lately",
    "season": "an order in the same season last year",
    "term_ends": "days until the term ends, or since it ended without a renewal",
    "few_seats": "seats of the subscription",
}
"""Reasons by code: what is summed in each."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A number about a customer; `window_days` is how far back the data must reach for it to mean what it says."""

    name: str
    reason: str
    of: Reading
    window_days: int = 0
    flagged: bool = True
    """Whether a missing value gets a flag of its own beside the mean."""


MISSING = "no_"
"""Beginning of the name of the flag of a feature's missing values."""

RECENCY = "log_days_since_active"
"""The one feature of the recency rule where nothing was signed."""
TENURE = "log_days_subscribed"
"""The one feature of that rule among subscribers."""


def _recent_order_value(c: Columns) -> Floats:
    orders, net = c.number("orders_90d"), c.number("net_90d_minor")
    recent = np.divide(net, orders, out=np.full(len(net), np.nan), where=orders > 0)
    return log_of(recent / 100.0) - log_of(c.number("average_order_value_minor") / 100.0)


def _mrr_change(c: Columns) -> Floats:
    before, now = c.number("mrr_90d_ago_minor"), c.number("mrr_minor")
    return np.where(before > 0, log_of(now / 100.0) - log_of(before / 100.0), np.nan)


def _term_left(c: Columns) -> Floats:
    return log_of(-c.days_since("next_term_end_on"))


_LOG = Columns.log
_EXPERIENCE = (
    Feature("log_tickets", "tickets", lambda c: c.log("tickets")),
    Feature("log_tickets_90d", "tickets", lambda c: c.log("tickets_90d"), 90),
    Feature("log_tickets_open", "tickets", lambda c: c.log("tickets_open")),
    Feature("log_answers", "unhappy_answers", lambda c: c.log("answers")),
    Feature("nps_score", "unhappy_answers", lambda c: c.number("nps_score")),
    Feature("csat_score", "unhappy_answers", lambda c: c.number("csat_score")),
    Feature("ces_score", "unhappy_answers", lambda c: c.number("ces_score")),
    Feature("rating_score", "unhappy_answers", lambda c: c.number("rating_score")),
    Feature("polarity", "unhappy_answers", lambda c: c.number("polarity")),
    Feature("log_events_30d", "usage_falling", lambda c: c.log("events_30d"), 30),
    Feature("log_events_90d", "usage_falling", lambda c: c.log("events_90d"), 90),
    Feature("log_days_since_event", "usage_falling", lambda c: log_of(c.days_since("last_event_on"))),
)

BY_INACTIVITY = (
    Feature(RECENCY, "silent_longer_than_usual", lambda c: log_of(c.days_since("last_active_on"))),
    Feature("log_overdue_ratio", "silent_longer_than_usual", lambda c: c.log("overdue_ratio")),
    Feature("log_days_late", "silent_longer_than_usual", lambda c: c.log("days_late")),
    Feature("log_usual_gap_days", "silent_longer_than_usual", lambda c: c.log("usual_gap_days")),
    Feature("log_longest_gap_days", "silent_longer_than_usual", lambda c: c.log("longest_gap_days")),
    Feature("log_orders", "few_orders", lambda c: c.log("orders")),
    Feature("log_order_days", "few_orders", lambda c: log_of(c.number("gaps") + np.where(c.number("orders") > 0, 1.0, 0.0))),
    Feature("log_orders_30d", "orders_slowing", lambda c: c.log("orders_30d"), 30),
    Feature("log_orders_90d", "orders_slowing", lambda c: c.log("orders_90d"), 90),
    Feature("log_orders_365d", "orders_slowing", lambda c: c.log("orders_365d"), 365),
    Feature("log_average_order_value", "low_spend", lambda c: log_of(c.number("average_order_value_minor") / 100.0)),
    Feature("log_recent_order_value_change", "spend_falling", _recent_order_value, 90, flagged=False),
    Feature("log_tenure_days", "short_tenure", lambda c: c.log("tenure_days")),
    Feature("refund_share", "returns", lambda c: np.clip(c.number("refund_share"), 0.0, 1.0)),
    Feature("log_refunds", "returns", lambda c: c.log("refunds")),
    Feature("log_cancellations", "returns", lambda c: c.log("cancellations")),
    Feature("discounted_order_share", "discount_habit", lambda c: c.number("discounted_order_share")),
    *_EXPERIENCE,
    Feature("same_season_last_year", "season", Columns.season, flagged=False),
)
"""Features of customers who leave by silence."""

BY_CANCELLATION = (
    Feature(TENURE, "short_tenure", lambda c: log_of(c.days_since("subscribed_since_on"))),
    Feature("log_mrr", "low_spend", lambda c: log_of(c.number("mrr_minor") / 100.0)),
    Feature("log_mrr_change_90d", "spend_falling", _mrr_change, 90, flagged=False),
    Feature("log_subscriptions", "few_seats", lambda c: c.log("subscriptions")),
    Feature("log_seats", "few_seats", lambda c: c.log("seats")),
    Feature("log_days_to_term_end", "term_ends", _term_left),
    Feature("log_days_past_term_end", "term_ends", lambda c: log_of(c.days_since("next_term_end_on")), flagged=False),
    *_EXPERIENCE,
)
"""Features of subscribers, who leave by cancelling or by not renewing."""

ALL = {feature.name: feature for feature in (*BY_INACTIVITY, *BY_CANCELLATION)}


def candidates(by_cancellation: bool, history_days: Sequence[int]) -> tuple[Feature, ...]:
    """Features that mean the same at every snapshot; `history_days` is how far the data reach back from each.

    While the data are younger than a year, orders of 365 days are all orders, and a model would learn from a difference that is not there yet.
    """
    least = min(history_days, default=0)
    return tuple(f for f in (BY_CANCELLATION if by_cancellation else BY_INACTIVITY) if f.window_days <= least)


def simple(by_cancellation: bool) -> Feature:
    """The one feature of the recency rule: days since the latest activity; among subscribers, how long they have been."""
    return ALL[TENURE if by_cancellation else RECENCY]
