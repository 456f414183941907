"""Rules on top of the score: what puts a light at least to amber or to red, each only where it means something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.predictions.health.lights import NONE, RULES, floor_of
from regulars.settings import LIGHT_RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.predictions.health.inputs import Seen
    from regulars.settings import Settings

    Flags = NDArray[np.bool_]


def limits_of(settings: Settings) -> dict[str, float]:
    """The limit of every rule, as the settings say."""
    return {**LIGHT_RULES, **settings.light_rules}


def holds(c: Seen, limits: Mapping[str, float], *, by_account: bool) -> dict[str, Flags]:
    """For each rule by name, whether it holds for each customer. `limits` is the setting light_rules; a limit of 0 switches its rule off.

    `complaint_open`: a complaint is open. `complaint_recent`: one was resolved less than `complaint_days` ago. `dissatisfied`: the latest answer to a
    measure is unhappy and at most `dissatisfied_days` old. `no_use`: the customer (or, of a running subscription older than that, nobody) used the
    product, and not for more than `no_use_days`. `few_users`: below `few_users_share` of the seats in 30 days. `single_contact`: fewer than `contacts`
    people in contact in 180 days. Both need an account with more than one seat. `dormant`: e-mails still arrive, the first came more than
    `dormant_days` ago, and none was opened or clicked by a person since. `texts_negative`: mean polarity of texts of 90 days below `polarity_below`.
    """
    with np.errstate(invalid="ignore"):
        rules = {
            "complaint_open": c.number("complaints_open") > 0,
            "complaint_recent": c.days_since("complaint_resolved_on") < limits["complaint_days"],
            "dissatisfied": (c.days_since("dissatisfied_on") <= limits["dissatisfied_days"]) & (limits["dissatisfied_days"] > 0),
            "no_use": _no_use(c, limits["no_use_days"]),
            "dormant": _dormant(c, limits["dormant_days"]),
            "texts_negative": c.number("polarity_90d") < limits["polarity_below"],
        }
        return {**rules, **_of_accounts(c, limits, by_account)}


def _no_use(c: Seen, days: float) -> Flags:
    since = c.days_since("last_event_on")
    company_uses = bool((~np.isnan(since)).any())
    never = np.isnan(since) & (c.number("subscriptions") > 0) & (c.days_since("subscribed_since_on") > days)
    out: Flags = ((since > days) | (never & company_uses)) & (days > 0)
    return out


def _dormant(c: Seen, days: float) -> Flags:
    engaged = c.days_since("last_engaged_on")
    silent = np.isnan(engaged) | (engaged > days)
    out: Flags = (c.number("messages_180d") > 0) & (c.days_since("first_message_on") > days) & silent & (days > 0)
    return out


def _of_accounts(c: Seen, limits: Mapping[str, float], by_account: bool) -> dict[str, Flags]:
    seats, people, users = c.seats(), c.number("people_180d"), c.number("users_30d")
    several = ~np.isnan(seats) & by_account
    used = ~np.isnan(c.number("last_event_on"))
    return {
        "few_users": several & used & (users / seats < limits["few_users_share"]),
        "single_contact": several & bool((people > 0).any()) & (people < limits["contacts"]),
    }


def strongest(rules: Mapping[str, Flags], n: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Place of the first rule that holds in the row of `RULES` (-1: none), and the colour that it asks for at least (-1: none)."""
    first = np.full(n, NONE, dtype=np.int8)
    for place in reversed(range(len(RULES))):
        first[rules[RULES[place]]] = place
    floors = np.array([NONE, *map(floor_of, RULES)], dtype=np.int8)[first + 1]
    return first, floors
