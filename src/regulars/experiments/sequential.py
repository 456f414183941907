"""Asymptotic confidence sequences: intervals that hold however often one looks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from regulars.experiments.lift import CONFIDENCE, difference, relative_difference
from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from regulars.experiments.lift import Effect, Sample


def mixing_variance(planned: int, alpha: float = 1 - CONFIDENCE) -> float:
    """rho^2: how the normal mixture is tuned so that the sequence is narrowest at `planned` customers (all arms together).

    `rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / planned`; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central
    limit theory and asymptotic confidence sequences, Annals of Statistics 52, appendix B.2.
    """
    return (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / planned


def critical_value(n: int, planned: int, alpha: float = 1 - CONFIDENCE) -> float:
    """How many standard errors the sequence reaches to each side at `n` customers; a fixed interval reaches 1.96.

    `sqrt(2 (n rho^2 + 1) / (n rho^2) ln(sqrt(n rho^2 + 1) / alpha))`, theorem 2.2 of the same source, with the variance estimated.

    >>> round(critical_value(10_000, 10_000) / 1.96, 2)
    1.55
    """
    scaled = n * mixing_variance(planned, alpha)
    return math.sqrt(2 * (scaled + 1) / scaled * math.log(math.sqrt(scaled + 1) / alpha))


def difference_at_any_time(treatment: Sample, control: Sample, *, planned: int, confidence: float = CONFIDENCE) -> Effect | Undefined:
    """As `difference`, with an interval that covers the truth at all looks together, and an always valid p-value.

    `planned` is the number of customers, all arms together, that the experiment was planned for. Undefined where `difference` is.
    """
    return _at_any_time(difference(treatment, control), treatment, control, planned, confidence)


def relative_difference_at_any_time(
    treatment: Sample, control: Sample, *, planned: int, confidence: float = CONFIDENCE
) -> Effect | Undefined:
    """As `relative_difference`, with an interval that covers the truth at all looks together."""
    return _at_any_time(relative_difference(treatment, control), treatment, control, planned, confidence)


def _at_any_time(fixed: Effect | Undefined, treatment: Sample, control: Sample, planned: int, confidence: float) -> Effect | Undefined:
    if isinstance(fixed, Undefined):
        return fixed
    n, alpha = treatment.n + control.n, 1 - confidence
    half = critical_value(n, max(2, planned), alpha) * fixed.standard_error
    p_value = _always_valid_p(fixed.value / fixed.standard_error, n, max(2, planned), alpha)
    return replace(fixed, low=fixed.value - half, high=fixed.value + half, p_value=p_value)


def _always_valid_p(z: float, n: int, planned: int, alpha: float) -> float:
    scaled = n * mixing_variance(planned, alpha)
    log_evidence = z * z * scaled / (2 * (scaled + 1)) - math.log(scaled + 1) / 2
    return min(1.0, math.exp(-log_evidence))
