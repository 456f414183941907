"""Which model of value a company's buyers allow: fitted, drawn towards the mean, or the mean alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.model import ValueModel, fit
from regulars.predictions.clv.steady import SteadyRate, SteadyValue
from regulars.predictions.value.notes import Note
from regulars.predictions.value.shrunk import Model, Shrunk

if TYPE_CHECKING:
    from regulars.predictions.value.buying import Bought

LEAST_BUYERS = 20
LEAST_REPEATERS = 10
SMALL = 50
"""So many buyers or fewer: one customer's prediction is drawn towards the mean."""
PULL = 25
"""Buyers that the company's mean weighs as much as, in a small company."""


def fit_model(bought: Bought, purchases: str = "bg_nbd") -> tuple[Model, tuple[Note, ...]] | Undefined:
    """The model, and what is to be known of it.

    At least 20 buyers, 10 of whom came back, are fitted; in a company of up to 50 buyers n, predictions of single customers get the weight
    n / (n + 25) and the company's mean the rest. Below that everybody is given the mean. Undefined (`no_buyers`, `no_time_passed`) where
    nobody bought before the as-of day, or everybody on the very day.
    """
    if bought.size == 0:
        return Undefined("no_buyers")
    if not bought.histories.age_days.any():
        return Undefined("no_time_passed")
    repeaters = int((bought.histories.frequency > 0).sum())
    if bought.size < LEAST_BUYERS or repeaters < LEAST_REPEATERS:
        needed = {"needs_buyers": LEAST_BUYERS, "needs_repeaters": LEAST_REPEATERS}
        return company_mean(bought, "few_buyers"), (Note("company_mean", {"buyers": bought.size, "repeaters": repeaters, **needed}),)
    model = fit(bought.histories, purchases=purchases)
    if isinstance(model.purchase_fit, Undefined):
        return company_mean(bought, model.purchase_fit.reason), (Note("not_fitted"),)
    loose = () if model.purchase_fit.converged and not model.purchase_fit.at_bound else (Note("loose_fit"),)
    if bought.size > SMALL:
        return model, loose
    weight = bought.size / (bought.size + PULL)
    return Shrunk(model, bought.histories, weight), (*loose, Note("shrunk_to_mean", {"buyers": bought.size, "weight": weight}))


def company_mean(bought: Bought, reason: str) -> ValueModel:
    """Everybody orders at the company's rate, nobody is taken to be gone, and every order day has the mean value of all order days.

    For an old list of customers that is an upper guess.
    """
    each = float(bought.net_minor.sum()) / max(1.0, bought.order_days)
    return ValueModel(SteadyRate.of(bought.histories), SteadyValue(each), Undefined(reason), Undefined(reason))
