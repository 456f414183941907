"""Checks before a result is believed: did chance divide as planned, and did the arms stay apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_RATIO_THRESHOLD = 0.001
LEAST_EXPECTED = 5.0
"""Expected customers per arm below which chi-squared is not a good approximation; Cochran (1954)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatio:
    """Whether the arms have the sizes that were planned; `mismatch` at p below 0.001."""

    p_value: float
    mismatch: bool
    expected: Mapping[str, float]


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio | Undefined:
    """Pearson's chi-squared test of the arms' sizes against their planned shares.

    Undefined with fewer than two arms, nobody assigned, or fewer than five customers expected in an arm. Source: Fabijan et al. (2019),
    Diagnosing sample ratio mismatch in online controlled experiments, KDD.

    >>> sample_ratio({"control": 21306, "men": 21307, "women": 21387}, {"control": 1 / 3, "men": 1 / 3, "women": 1 / 3}).mismatch
    False
    """
    from scipy.special import chdtrc

    total, whole = sum(counts.get(arm, 0) for arm in shares), sum(shares.values())
    if not total:
        return Undefined("no_data")
    if len(shares) < 2:
        return Undefined("one_arm")
    expected = {arm: total * share / whole for arm, share in shares.items()}
    if min(expected.values()) < LEAST_EXPECTED:
        return Undefined("too_few")
    chi2 = sum((counts.get(arm, 0) - e) ** 2 / e for arm, e in expected.items())
    p_value = float(chdtrc(len(shares) - 1, chi2))
    return SampleRatio(p_value=p_value, mismatch=p_value < SAMPLE_RATIO_THRESHOLD, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """Who got the treatment's messages: the control should have none, the treated all."""

    control: int
    control_reached: int
    treated: int
    treated_reached: int

    @property
    def control_share(self) -> float | Undefined:
        """Share of the control that received the treatment."""
        return self.control_reached / self.control if self.control else Undefined("no_data")

    @property
    def not_reached_share(self) -> float | Undefined:
        """Share of the treated that did not receive it."""
        return 1 - self.treated_reached / self.treated if self.treated else Undefined("no_data")
