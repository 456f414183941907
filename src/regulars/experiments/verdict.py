"""Verdicts and remarks: stable codes with parameters, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.experiments.lift import Effect

LEAST_CONVERTERS_FOR_MONEY = 100
"""Customers with an order that each arm needs before a verdict in money."""

LEAST_CONVERTERS = 20
"""The same before any verdict: intervals rest on the normal distribution, and few orders are far from it."""

TEXTS = {
    # verdicts
    "better": "{arm} is better than {control} in {outcome}: the interval that holds at all looks lies above zero.",
    "worse": "{arm} is worse than {control} in {outcome}: the interval that holds at all looks lies below zero.",
    "not_told_apart": "{arm} and {control} cannot be told apart in {outcome} yet; that is not proof that they are equal.",
    "too_few_converters": "No verdict in {outcome}: {fewest} customers of the smaller group ordered, {least} are needed.",
    "sample_ratio_mismatch": "No verdict: the arms do not have the sizes that chance gives (p = {p_value:.2g}), so something decided who was counted.",
    "undefined": "No verdict in {outcome}: {reason}.",
    "pool_better": "Over {studies} experiments the treatments raise {outcome}: the interval of the mean effect lies above zero.",
    "pool_worse": "Over {studies} experiments the treatments lower {outcome}: the interval of the mean effect lies below zero.",
    "pool_open": "Over {studies} experiments no mean effect on {outcome} can be told from none.",
    # remarks
    "undivided": "Nobody is assigned to {experiment}.",
    "one_arm": "All customers of {experiment} are in one arm: there is nothing to compare with.",
    "undeclared": "{experiment} was not declared beforehand: {control} is taken for the control, and equal shares are assumed.",
    "waiting": "{customers} customers wait for the end of their {days} days and are not counted yet.",
    "early": "{customers} of {planned} planned customers are counted: only the intervals that hold at all looks may be acted on.",
    "no_data_after": "The data end on the day of the assignment: there are no outcomes yet.",
    "adjusted": "The foreseeable part is taken out with what each customer was expected to be worth at the assignment: {share:.1%} less variance in revenue.",
    "no_covariate": "Nothing was known beforehand that could narrow the intervals.",
    "covariate_missing": "{share:.1%} of the customers have no covariate: they count with the mean and a flag.",
    "contaminated": "{customers} customers of the control ({share:.1%}) received the treatment: the effect is larger than what is shown, if there is one.",
    "not_reached": "{share:.1%} of the treated received no message of the campaign; they count as treated, as they must.",
    "no_campaigns": "The experiment names no campaign, so whether the control stayed untreated cannot be checked.",
    "merged": "{customers} customers were merged since and had been in two arms: the earlier one counts.",
    "before_data": "{customers} customers were assigned before the first day of the data and are left out.",
    "margin_by_share": "Margin is revenue x {share_of}: discounts that the treatment gave make it too rosy.",
    "several_arms": "{treatments} arms are compared with one control: their intervals are wider so that they hold together.",
    # planning
    "nobody_known": "Nobody was known when the days began: there is nothing to plan from.",
    "narrowed": "What was expected of each customer takes {share:.1%} of the variance in revenue away; that is counted in.",
    "more_than_known": "{customers} customers are more than the {known} that were known.",
    # pooling
    "pooled": "{studies} experiments, {customers} customers, each counted once.",
    "in_several": "{customers} customers were in several of the experiments and count in the first one only.",
    "not_pooled": "{experiments} did not declare the pool {pool} and are left out.",
    "heterogeneous": "The experiments differ more than chance explains (I^2 = {i_squared:.0%}): the average hides that.",
    "few_studies": "With {studies} experiments the spread between them is hardly known, and the interval says so.",
    # uplift
    "not_learnable": "Who responds cannot be learned here: the interval of the Qini coefficient, {low:.4f} to {high:.4f}, includes zero. Treat all or none.",
    "learnable": "Who responds can be learned: Qini {value:.4f}, {low:.4f} to {high:.4f}.",
    "days_left_out": "{customers} customers who were assigned on other days are left out.",
    "too_few_to_learn": "Uplift per customer needs {least} customers with an order in each arm; the smaller group has {fewest}.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know of a result: a stable code, with values.

    >>> print(Finding("undivided", {"experiment": "spring"}))
    Nobody is assigned to spring.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return TEXTS[self.code].format(**self.values)

    def as_dict(self) -> dict[str, Any]:
        """Code, values and words, ready for JSON."""
        return {"code": self.code, "values": dict(self.values), "text": str(self)}


def verdict(
    effect: Effect | Undefined,
    *,
    outcome: str,
    arm: str,
    control: str,
    fewest_converters: int,
    mismatch: float | None = None,
    money: bool = False,
) -> Finding:
    """What may be said of a difference, from the interval that holds at any time.

    `fewest_converters` counts the customers with an order in the smaller group; `mismatch` is the p-value of the sample-ratio check where that
    failed.
    """
    if mismatch is not None:
        return Finding("sample_ratio_mismatch", {"p_value": mismatch})
    if isinstance(effect, Undefined):
        return Finding("undefined", {"outcome": outcome, "reason": str(effect).removeprefix("undefined: ")})
    least = LEAST_CONVERTERS_FOR_MONEY if money else LEAST_CONVERTERS
    if fewest_converters < least:
        return Finding("too_few_converters", {"outcome": outcome, "fewest": fewest_converters, "least": least})
    code = "better" if effect.is_above_zero else "worse" if effect.is_below_zero else "not_told_apart"
    return Finding(code, {"outcome": outcome, "arm": arm, "control": control})
