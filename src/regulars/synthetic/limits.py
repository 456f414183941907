"""Which parameters a synthetic company may have."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from regulars.synthetic.stories import Company

KINDS = ("purchases", "shop", "saas")
WHOLE = frozenset({"customers", "months", "seed", "products", "term_days", "campaign_every_days", "affinity_pairs", "points_live_days"})
FROM_ONE = frozenset({"customers", "months", "products", "term_days", "mean_seats", "points_live_days"})
ABOVE_ZERO = frozenset(
    {"rate_shape", "rate_scale_days", "dropout_a", "dropout_b", "value_shape", "mean_value_minor", "churn_alpha", "churn_beta"}
)
SHARES = frozenset({"persuaded", "put_off", "seats_used", "decline_to"})
MONTHS = 1_200
WIDEST_VALUES = 1.2
"""A wider spread of values has no mean, or nearly so."""


def refuse_impossible(company: Company) -> None:
    """Raise `ArgumentRefused` for a parameter that means nothing."""
    if company.kind not in KINDS:
        _refuse("kind", company.kind, f"one of {', '.join(KINDS)}")
    for part in (company, company.shop, company.saas):
        for one in fields(part):
            _refuse_number(one.name, getattr(part, one.name))
    if company.months > MONTHS:
        _refuse("months", company.months, f"at most {MONTHS:,}")
    if company.value_spread > WIDEST_VALUES:
        _refuse("value_spread", company.value_spread, f"at most {WIDEST_VALUES}: beyond it there is no mean value")
    shop = company.shop
    if len(shop.month_factors) != 12 or min(shop.month_factors) < 0 or not 0 < sum(shop.month_factors) < math.inf:
        _refuse("month_factors", shop.month_factors, "a number for each of twelve months, not all 0")
    if not set(shop.seasonal_months) <= set(range(1, 13)) or (shop.seasonal_share and not shop.seasonal_months):
        _refuse("seasonal_months", shop.seasonal_months, "months from 1 to 12")
    if any(not days >= 1 for days in shop.refill_days):
        _refuse("refill_days", shop.refill_days, "days from 1 on")
    if not shop.channels or not sum(channel.share for channel in shop.channels) > 0 or min(c.share for c in shop.channels) < 0:
        _refuse("channels", shop.channels, "channels with shares of the customers")


def _refuse_number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or name.startswith("score_of"):
        return
    if name in WHOLE and not isinstance(value, int):
        _refuse(name, value, "a whole number")
    if not value < math.inf or not value >= (1 if name in FROM_ONE else 0) or (name in ABOVE_ZERO and not value):
        _refuse(name, value, "1 or more" if name in FROM_ONE else "a number above 0" if name in ABOVE_ZERO else "a number from 0 on")
    if (name.endswith(("_share", "_chance")) or name in SHARES) and value > 1:
        _refuse(name, value, "a share from 0 to 1")


def _refuse(name: str, value: Any, expected: str) -> None:
    raise ArgumentRefused(f"{name} was given as {value!r}.", expected=expected, remedy=f"Give another {name}.", details={name: value})
