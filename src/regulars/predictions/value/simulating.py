"""Orders to come, drawn from the model's own story: for what has no closed form, such as how many are still active at a later day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.predictions.clv.bg_nbd import BgNbd
from regulars.predictions.clv.pareto_nbd import ParetoNbd
from regulars.predictions.value.shrunk import own_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.predictions.clv.histories import Histories
    from regulars.predictions.value.shrunk import Model


def coming_orders(model: Model, h: Histories, days: int, random: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """One draw of the order days ahead: the place of the buyer, and the day from 0; sorted by both, each day of a buyer once.

    Given (x, t, T) a buyer is alive with the model's probability; the rate is Gamma(r + x) / (alpha + T). In BG/NBD each order is the last with
    probability p ~ Beta(a, b + x); in Pareto/NBD the buyer leaves at rate Gamma(s) / (beta + T).
    """
    own = own_model(model)
    story, n = own.purchases, h.buyers
    alive = random.random(n) < own.probability_alive(h)
    if isinstance(story, BgNbd | ParetoNbd):
        rate = random.gamma(story.r + h.frequency) / (story.alpha + h.age_days)
    else:
        rate = own.expected_orders(h, 1.0)
    planned = random.poisson(rate * days * alive)
    who = np.repeat(np.arange(n), planned)
    at = random.random(who.size) * days
    order = np.lexsort((at, who))
    who, at = who[order], at[order]
    if isinstance(story, BgNbd):
        leaves = np.maximum(random.beta(story.a, story.b + h.frequency), 1e-12)
        last = random.geometric(leaves)
        place = np.arange(who.size) - np.repeat(np.cumsum(planned) - planned, planned)
        kept = place < last[who]
    elif isinstance(story, ParetoNbd):
        until = random.exponential(1.0, n) * (story.beta + h.age_days) / np.maximum(random.gamma(story.s, size=n), 1e-300)
        kept = at < until[who]
    else:
        kept = np.ones(who.size, bool)
    both = np.unique(who[kept] * np.int64(days) + at[kept].astype(np.int64))
    return both // days, both % days


def active_each_day(who: NDArray[Any], day: NDArray[Any], last_before: NDArray[Any], reach: int, days: int) -> NDArray[Any]:
    """How many buyers have an order day within `reach` days before the beginning of each of the days 0 to `days`.

    `who` and `day` are as `coming_orders` gives them; `last_before` is each buyer's last order day before day 0, as a negative number.

    >>> active_each_day(np.array([0]), np.array([2]), np.array([-3, -1]), 4, 6).tolist()
    [2, 2, 1, 2, 1, 1, 1]
    """
    everybody = np.arange(last_before.size)
    all_who, all_day = np.concatenate([everybody, who]), np.concatenate([last_before, day])
    order = np.lexsort((all_day, all_who))
    all_who, all_day = all_who[order], all_day[order]
    until = all_day + reach
    again = all_who[1:] == all_who[:-1]
    until[:-1][again] = np.minimum(until[:-1][again], all_day[1:][again])
    begins = np.clip(all_day + 1, 0, days + 1)
    ends = np.clip(until + 1, 0, days + 1)
    found: NDArray[Any] = np.cumsum(np.bincount(begins, minlength=days + 2) - np.bincount(ends, minlength=days + 2))[: days + 1]
    return found
