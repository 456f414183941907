"""What a reader must know of a prediction of value: stable codes with values, and their text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.predictions.value.spread import ASSUMED_ERROR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.relations.session import Session

TEXTS = {
    "shrunk_to_mean": (
        "Only {buyers} customers have bought: what is said of one of them is drawn towards the company's mean (own weight {weight:.0%})."
    ),
    "company_mean": (
        "{buyers} buyers, {repeaters} of whom came back: too few to tell customers apart. Everybody is given the company's mean "
        "({needs_buyers} buyers and {needs_repeaters} who came back are needed)."
    ),
    "not_fitted": "The model found no best parameters on these data: everybody is given the company's mean.",
    "loose_fit": "The data leave a parameter of the model open: it lies at the edge of what is allowed, or the search did not settle.",
    "margin": "Margin {share:.1%}, from {basis}.",
    "revenue_basis": "No costs of goods and no margin are known: values are revenue, not margin.",
    "no_discount": "No discount rate is set: a later euro counts as much as one today.",
    "backtests": "The interval rests on what was predicted on earlier days, {backtests} of them and {days} days ahead: it was off by {typical:.0%} typically.",
    "no_backtest": (
        "The history is too short to test a prediction on it: the width rests on the spread between customers and on an assumed error "
        "of {assumed:.0%}."
    ),
    "shorter_backtest": "Predictions were tested over {tested_days} days, not over {days}: the interval is widened by {factor:.2f}.",
    "beyond_history": "{days} days ahead is more than the {history_days} days of history: nothing of that length could be tested.",
    "not_tested": "The history is too short to hold a prediction over {days} days against what came.",
    "shorter_test": "{tested_days} days were predicted instead of {days}: the history allows no more.",
    "unlinked_returns": "Returns that name no order took back {share:.1%} of what orders brought; expected values are lower by as much.",
    "new_at_recent_rate": "New customers are counted on at the rate of the last {days} days: {per_day:.2f} a day.",
    "no_new_customers": "Nobody bought for the first time in the last {days} days: no new customers are counted on.",
    "no_season": "The forecast knows no season: before a peak it is too low, after it too high.",
    "ids_merged": "{customers} customers of the earlier look are known under another id today; their later orders are missing in it.",
    "subscriptions": "Customers are subscribers: value is monthly revenue times the months that they are expected to stay.",
    "no_leavers": "Of the subscriptions that came to a renewal, {left} ended: too alike to tell how long they last, and a wide guess is given.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a prediction: a stable code, with values.

    >>> str(Note("margin", {"share": 0.4, "basis": "gross_margin"}))
    'Margin 40.0%, from gross_margin.'
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return TEXTS[self.code].format(**self.values)


def width_notes(session: Session, errors: Sequence[float], tested: int, days: int, assumed: float = ASSUMED_ERROR) -> tuple[Note, ...]:
    """What is to be known of the width of intervals for `days` ahead, after backtests over `tested` days with these log errors."""
    found = []
    history = (session.as_of_day - session.history_start).days
    if not errors:
        found.append(Note("no_backtest", {"assumed": assumed}))
    else:
        typical = math.sqrt(sum(e * e for e in errors) / len(errors))
        found.append(Note("backtests", {"backtests": len(errors), "days": tested, "typical": typical}))
        if tested < days:
            found.append(Note("shorter_backtest", {"tested_days": tested, "days": days, "factor": math.sqrt(days / tested)}))
    if history < days:
        found.append(Note("beyond_history", {"days": days, "history_days": history}))
    return tuple(found)
