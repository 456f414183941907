"""Power: how small an effect an experiment of a size can detect, and how large it must be for an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

from regulars.errors import ArgumentRefused
from regulars.experiments.lift import CONFIDENCE
from regulars.experiments.sequential import critical_value
from regulars.metrics.estimates import Undefined

POWER = 0.8
MOST_CUSTOMERS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an experiment is going to be read.

    `treatment_share` of the customers are treated; `variance_reduction` is what CUPED is expected to take away; with `any_time` the plan is for
    confidence sequences, which are wider; `confidence` and `power` are those of a two-sided test.
    """

    treatment_share: float = 0.5
    variance_reduction: float = 0.0
    any_time: bool = False
    confidence: float = CONFIDENCE
    power: float = POWER

    def __post_init__(self) -> None:
        limits = {"treatment_share": (0, 1), "confidence": (0, 1), "power": (0, 1), "variance_reduction": (-1e-12, 1)}
        for name, (low, high) in limits.items():
            if not low < getattr(self, name) < high:
                raise ArgumentRefused(
                    f"{name} was given as {getattr(self, name)}.", expected="a share between 0 and 1", remedy=f"Give another {name}."
                )

    @property
    def reach(self) -> float:
        """Standard errors from zero to an effect that is detected with the asked power."""
        from scipy.special import ndtri

        alpha = 1 - self.confidence
        # Tuned at the planned size, the width in standard errors does not depend on the size.
        to_significance = critical_value(1, 1, alpha) if self.any_time else float(ndtri(1 - alpha / 2))
        return to_significance + float(ndtri(self.power))


def detectable_difference(customers: int, deviation: float, plan: Plan | None = None) -> float | Undefined:
    """The smallest difference of means that `customers` (both arms together) detect, in the units of `deviation`.

    `reach x s sqrt((1 - v) / N (1 / q + 1 / (1 - q)))`: s standard deviation between customers, v variance reduction, q share treated,
    reach = z(1 - alpha / 2) + z(power). Undefined with fewer than two customers in an arm or no deviation.
    Source: Kohavi, Tang and Xu (2020), Trustworthy online controlled experiments, chapter 15.

    >>> round(detectable_difference(3_000, 10.0), 3)
    1.023
    """
    plan = plan or Plan()
    if not _enough(customers, plan):
        return Undefined("too_few")
    if not deviation > 0:
        return Undefined("all_alike")
    q = plan.treatment_share
    return plan.reach * deviation * math.sqrt((1 - plan.variance_reduction) / customers * (1 / q + 1 / (1 - q)))


def detectable_points(customers: int, baseline: float, plan: Plan | None = None) -> float | Undefined:
    """The smallest rise above the control's share `baseline` that `customers` detect, as a share (0.021 is 2.1 points).

    The rise d solves `d = reach sqrt((1 - v) / N (p_t (1 - p_t) / q + p_c (1 - p_c) / (1 - q)))`, p_t = p_c + d. Undefined when it would
    lead above 1, with a baseline of 0 or 1, and with fewer than two customers in an arm.

    >>> f"{100 * detectable_points(3_000, 0.043):.1f} points"
    '2.3 points'
    """
    plan = plan or Plan()
    if not 0 < baseline < 1:
        return Undefined("all_alike")
    if not _enough(customers, plan):
        return Undefined("too_few")
    low, high = 0.0, 1 - baseline
    if _gap(high, baseline, customers, plan) < 0:
        return Undefined("too_few")
    for _step in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _gap(middle, baseline, customers, plan) < 0 else (low, middle)
    return high


def customers_for_difference(difference: float, deviation: float, plan: Plan | None = None) -> int | Undefined:
    """Customers, both arms together, to detect a `difference` of means; Undefined where there is no difference or no deviation."""
    plan = plan or Plan()
    if not deviation > 0 or not difference:
        return Undefined("all_alike")
    q = plan.treatment_share
    needed = (plan.reach * deviation / difference) ** 2 * (1 - plan.variance_reduction) * (1 / q + 1 / (1 - q))
    return math.ceil(max(needed, 2 / min(q, 1 - q))) if needed < MOST_CUSTOMERS else Undefined("too_many")


def customers_for_points(points: float, baseline: float, plan: Plan | None = None) -> int | Undefined:
    """Customers, both arms together, to detect a rise of `points` (a share) above `baseline`; Undefined where a share leaves 0 to 1.

    >>> customers_for_points(0.02, 0.10)
    7677
    """
    plan = plan or Plan()
    treated = baseline + points
    if not 0 < baseline < 1 or not 0 <= treated <= 1 or not points:
        return Undefined("all_alike")
    q = plan.treatment_share
    variance = treated * (1 - treated) / q + baseline * (1 - baseline) / (1 - q)
    needed = (plan.reach / points) ** 2 * (1 - plan.variance_reduction) * variance
    return math.ceil(max(needed, 2 / min(q, 1 - q))) if needed < MOST_CUSTOMERS else Undefined("too_many")


def _enough(customers: int, plan: Plan) -> bool:
    return customers * min(plan.treatment_share, 1 - plan.treatment_share) >= 2


def _gap(rise: float, baseline: float, customers: int, plan: Plan) -> float:
    q, treated = plan.treatment_share, baseline + rise
    variance = treated * (1 - treated) / q + baseline * (1 - baseline) / (1 - q)
    return rise - plan.reach * math.sqrt((1 - plan.variance_reduction) * variance / customers)
