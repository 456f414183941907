"""What reasons say, in English. A reason is a code with numbers; another language needs another catalogue, nothing else.

A reason states what was seen beside the customer's own normal, or beside that of other customers. It never claims a cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from regulars import money

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEXTS = {
    "silent": "No order for {days:day}; usually every {usual}.",
    "in_time": "Ordered {days:day} ago; usually every {usual}.",
    "silent_others": "No order for {days:day}; others usually every {others}.",
    "in_time_others": "Ordered {days:day} ago; others usually every {others}.",
    "last_order": "Ordered {days:day} ago.",
    "last_active": "Last active {days:day} ago.",
    "orders": "{orders:order} in {days:day}; others one every {others}.",
    "risk": "Leaves with a probability of {risk:percent}.",
    "risk_others": "Leaves with a probability of {risk:percent}; others {others:percent}.",
    "orders_lately": "{recent:order} in the last 90 days; usually {usual}.",
    "order_value": "{value:money} an order; others {others:money}.",
    "order_value_lately": "{recent:money} an order in the last 90 days; usually {usual:money}.",
    "tenure": "Customer for {days:day}.",
    "sent_back": "{share:percent} of purchases by value went back; others {others:percent}.",
    "nothing_back": "Nothing was sent back.",
    "discounts": "{share:percent} of orders with a discount; others {others:percent}.",
    "cases": "{recent:support case} in the last 90 days; {before} before that.",
    "use_days": "Used on {recent:day} of the last 30; usually {usual}.",
    "use_last": "Last used {days:day} ago.",
    "features": "{features:feature} in use; heavy users {others}.",
    "users": "{users:person} of {seats:seat} used it in the last 30 days.",
    "people": "{people:person} in contact in the last 180 days.",
    "e_mails": "{engaged} of {delivered:e-mail} opened in 180 days.",
    "recommendation": "Answered {score} of 10 when asked to recommend.",
    "answers": "Latest answers at {place:percent} of the scale.",
    "texts": "Texts of the last 90 days read as {polarity} on a scale from -1 to 1, by a model.",
    "rating_by_hand": "Rated {rating} of 100 by hand.",
    "roi": "Earns {roi} times what is spent.",
    "season": "Ordered at this time of year last year.",
    "no_season": "No order at this time of year last year.",
    "term_ends": "The term ends in {days:day}.",
    "seats": "{seats:seat}.",
    "complaint_open": "{cases:complaint} open.",
    "complaint_recent": "Complaint resolved {days:day} ago.",
    "dissatisfied": "Unhappy answer {days:day} ago.",
    "no_use": "No use for {days:day}.",
    "no_use_ever": "Never used; subscribed {days:day} ago.",
    "dormant": "No e-mail opened for {days:day}.",
    "dormant_ever": "No e-mail opened; the first came {days:day} ago.",
    "new": "First order {days:day} ago; half of those who order again do so within {usual:day}.",
    "lapsed": "No order or activity for {days:day}.",
    "cancelled": "Subscription cancelled {days:day} ago.",
    "lapsed_subscription": "No subscription running.",
    "too_little": "Too little is known for a score.",
    "never_active": "No order or activity yet.",
    "withheld_green": "Green by score, but withheld: when tried on earlier data, half or more of the greens left.",
    "withheld_amber": "Amber by score, but withheld.",
    "withheld_red": "Red by score, but withheld: when tried on earlier data, fewer than half of the reds left.",
    "changed": "Was {before} on {on:date}; score from {score_before} to {score} in {days:day}.",
    "changed_by": "Was {before} on {on:date}; score from {score_before} to {score} in {days:day}, most of it {most}.",
    "changed_light": "Was {before} on {on:date}.",
}

INPUT_WORDS = {
    "churn_risk": "churn risk",
    "engagement": "engagement",
    "product_usage": "product usage",
    "relationship": "relationship",
    "advocacy": "advocacy",
    "sentiment": "sentiment",
    "customer_roi": "the customer's own return",
}
PLURALS = {"person": "people"}


def plain(number: float) -> str:
    """A number as people write it: whole from 10 on, else with at most one digit after the point.

    >>> plain(31.0), plain(2.25), plain(0.4)
    ('31', '2.2', '0.4')
    """
    rounded = round(number) if abs(number) >= 10 else round(number, 1)
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What reasons say in one language, with its way to write numbers."""

    texts: Mapping[str, str]
    inputs: Mapping[str, str]
    lights: Mapping[str, str]
    """Words for lights that are not called by their names."""
    number: Callable[[float], str]
    noun: Callable[[str, bool], str]
    """The noun of a text after a number, and whether the number is 1."""
    money: Callable[[float, str], str]
    """Money in major units."""
    day: Callable[[date], str]


class _Shown:
    """A number as it stands in a sentence: with a noun, as money, or in per cent."""

    def __init__(self, value: Any, currency: str | None, words: Words) -> None:
        self.value, self.currency, self.words = value, currency, words

    def __format__(self, spec: str) -> str:
        show = self.words.number
        if spec == "money":
            return self.words.money(money.to_major(self.value, self.currency), self.currency) if self.currency else show(self.value / 100)
        if spec == "percent":
            return f"{show(100 * self.value)} %"
        if spec == "date":
            return self.words.day(date.fromisoformat(self.value))
        if not spec:
            return show(self.value) if isinstance(self.value, int | float) else str(self.value)
        number = show(self.value)
        return f"{number} {self.words.noun(spec, number == '1')}"


ENGLISH = Words(
    texts=TEXTS,
    inputs=INPUT_WORDS,
    lights={},
    number=plain,
    noun=lambda name, one: name if one else PLURALS.get(name, name + "s"),
    money=lambda major, currency: f"{major:,.{money.exponent(currency)}f} {currency}",
    day=lambda on: f"{on.day} {on:%b %Y}",
)


def sentence(says: str, values: Mapping[str, Any], currency: str | None = None, words: Words = ENGLISH) -> str:
    """The sentence of a reason.

    >>> sentence("silent", {"days": 74, "usual": 31.0})
    'No order for 74 days; usually every 31.'
    """
    put = {**values, "most": words.inputs.get(str(values.get("most")), "")}
    if "before" in values:
        put["before"] = words.lights.get(values["before"], values["before"])
    return words.texts[says].format(**{name: _Shown(value, currency, words) for name, value in put.items()})
