"""What the columns of the tables of value mean."""

from __future__ import annotations

MEANINGS = {
    "customer_id": "the customer",
    "p_alive": "probability that the customer has not left for good; 1 for whoever ordered once, so never a risk of leaving",
    "expected_orders": "expected order days in the horizon",
    "p_no_order": "probability of no order in the horizon",
    "clv_minor": "expected margin over the months ahead, discounted",
    "clv_low_minor": "with 2.5 % probability it is less than this",
    "clv_high_minor": "with 2.5 % probability it is more than this",
    "value_if_stays_minor": "expected margin in the horizon if the customer does not leave",
    "next_order_days_low": "a quarter of such customers have ordered again within so many days; empty where that may never be",
    "next_order_days_mid": "half of them have",
    "next_order_days_high": "three quarters of them have",
}
TOTALS = {
    "over": "horizon, or the months of the value",
    "days": "length in days",
    "expected_orders": "expected order days of all who have bought so far",
    "orders_low": "lower end of the 95 % interval",
    "orders_high": "upper end",
    "value_minor": "expected margin of their orders, discounted over the months and not over the horizon",
    "value_low_minor": "lower end of the 95 % interval",
    "value_high_minor": "upper end",
}
