"""The value model: when buyers order again (BG/NBD or Pareto/NBD) and what they spend then (Gamma-Gamma)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from regulars.errors import ArgumentRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.bg_nbd import BgNbd, fit_bg_nbd
from regulars.predictions.clv.gamma_gamma import LEAST_VALUE, GammaGamma, fit_gamma_gamma
from regulars.predictions.clv.histories import LONGEST, Histories, OverPairs, Rows, collapse
from regulars.predictions.clv.maximum import FitReport
from regulars.predictions.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from regulars.predictions.clv.steady import SteadyRate, SteadyValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

MONTH = 365.25 / 12
"""Days of a month."""

FITS: dict[str, Callable[..., tuple[Any, FitReport]]] = {"bg_nbd": fit_bg_nbd, "pareto_nbd": fit_pareto_nbd}
PURCHASES: dict[str, Any] = {"bg_nbd": BgNbd, "pareto_nbd": ParetoNbd, "steady_rate": SteadyRate}
SPENDS: dict[str, Any] = {"gamma_gamma": GammaGamma, "steady_value": SteadyValue}


class Purchases(Protocol):
    """When a buyer orders. All but `alive` are of a buyer who is alive at T, and depend on (x, T) only."""

    name: ClassVar[str]

    def alive(self, x: NDArray[Any], recency: NDArray[Any], age: NDArray[Any]) -> NDArray[np.float64]: ...
    def orders(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]: ...
    def orders_staying(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]: ...
    def order_within(self, x: NDArray[Any], age: NDArray[Any], days: float) -> NDArray[np.float64]: ...
    def days_until(self, x: NDArray[Any], age: NDArray[Any], share: NDArray[Any]) -> NDArray[np.float64]: ...
    def counts(self, age: NDArray[np.float64], most: int) -> NDArray[np.float64]: ...
    def as_dict(self) -> dict[str, float]: ...


class Spend(Protocol):
    """What a buyer spends on an order day, in minor units."""

    name: ClassVar[str]

    @property
    def usual(self) -> float: ...
    def mean(self, x: NDArray[Any], mean_value: NDArray[Any]) -> NDArray[np.float64]: ...
    def as_dict(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Fitted parameters and what follows from them for each buyer; made by `fit`.

    Where a part could not be fitted, its report is `Undefined(reason)` and a stand-in answers: `SteadyRate` (everybody orders at the company's mean
    rate and nobody drops out), `SteadyValue` (every order day has the mean value of the repeat order days; 0 where there are none).

    Every method takes `Histories` and gives one float64 per entry, never NaN. An order here is an order day after the first.
    """

    purchases: Purchases
    spend: Spend
    purchase_fit: FitReport | Undefined
    spend_fit: FitReport | Undefined

    def probability_alive(self, histories: Histories) -> NDArray[np.float64]:
        """P(alive) at as-of. Not a risk of leaving: in BG/NBD it is 1 for everybody who ordered once."""
        return _filled(histories, lambda rows: self._alive(histories, rows))

    def expected_orders(self, histories: Histories, days: float) -> NDArray[np.float64]:
        """Expected orders in the next `days`."""
        days = _not_negative("days", days)
        table = OverPairs(histories, lambda x, age: self.purchases.orders(x, age, days))
        return _filled(histories, lambda rows: table(rows) * self._alive(histories, rows))

    def expected_orders_if_alive(self, histories: Histories, days: float) -> NDArray[np.float64]:
        """Expected orders in the next `days` *if the buyer stays*: alive at as-of, and drop-out switched off from then on.

        days (r + x) / (alpha + T) in both models. In Pareto/NBD that is the expectation given that the buyer does not drop out within `days`. In
        BG/NBD it is somewhat more than that expectation, for there each order is a chance to drop out, so that who stayed probably ordered less.
        """
        days = _not_negative("days", days)
        table = OverPairs(histories, lambda x, age: self.purchases.orders_staying(x, age, days))
        return _filled(histories, table)

    def probability_of_no_order(self, histories: Histories, days: float) -> NDArray[np.float64]:
        """P(no order in the next `days`): 1 - P(alive) x P(an order within `days` | alive).

        In BG/NBD the last factor is 1 - ((alpha + T) / (alpha + T + days))^(r + x): nobody drops out before the next order.
        """
        days = _not_negative("days", days)
        table = OverPairs(histories, lambda x, age: self.purchases.order_within(x, age, days))
        return _filled(histories, lambda rows: np.clip(1 - table(rows) * self._alive(histories, rows), 0, 1))

    def days_to_next_order(self, histories: Histories, quantile: float) -> NDArray[np.float64]:
        """Days by which the next order has come with probability `quantile` (0 to below 1); infinite where it comes less often than that.

        A day more than four hundred years off counts as never.
        """
        if not 0 <= quantile < 1:
            raise ArgumentRefused(f"quantile {quantile}", expected="0 or more, below 1")

        def of(rows: slice) -> NDArray[np.float64]:
            share = quantile / np.maximum(self._alive(histories, rows), 1e-300)
            days = self.purchases.days_until(histories.frequency[rows], histories.age_days[rows], share)
            return np.where(days <= LONGEST, days, np.inf)

        return _filled(histories, of)

    def expected_value_per_order(self, histories: Histories) -> NDArray[np.float64]:
        """Expected net value of an order day, in minor units: the buyer's own mean, shrunk towards everybody's."""
        return _filled(histories, lambda rows: self.spend.mean(histories.frequency[rows], histories.mean_value[rows]))

    def value(self, histories: Histories, months: int = 12, annual_rate: float = 0.0, margin_rate: float = 1.0) -> NDArray[np.float64]:
        """What is earned on orders of the next `months`, discounted, in minor units.

        margin_rate x E(value per order) x sum over m = 1..months of E(orders in month m) / (1 + annual_rate)^(m / 12); a month has 365.25 / 12 days.
        """
        rate = 1 + _not_negative("annual_rate", annual_rate)
        whole = int(_not_negative("months", months))

        def discounted(x: NDArray[np.float64], age: NDArray[np.float64]) -> NDArray[np.float64]:
            total, before = np.zeros(len(x)), np.zeros(len(x))
            if rate == 1:
                return self.purchases.orders(x, age, whole * MONTH)
            for month in range(1, whole + 1):
                until = self.purchases.orders(x, age, month * MONTH)
                total += (until - before) * rate ** (-month / 12)
                before = until
            return total

        table = OverPairs(histories, discounted)

        def of(rows: slice) -> NDArray[np.float64]:
            worth = table(rows) * self._alive(histories, rows)
            worth *= self.spend.mean(histories.frequency[rows], histories.mean_value[rows])
            worth *= margin_rate
            return worth

        return _filled(histories, of)

    def _alive(self, histories: Histories, rows: slice) -> NDArray[np.float64]:
        return self.purchases.alive(histories.frequency[rows], histories.recency_days[rows], histories.age_days[rows])

    def as_dict(self) -> dict[str, Any]:
        """The model as plain values, for JSON; no customer is in it."""
        return {
            "purchases": {"model": self.purchases.name, "parameters": self.purchases.as_dict(), "fit": _shown(self.purchase_fit)},
            "spend": {"model": self.spend.name, "parameters": self.spend.as_dict(), "fit": _shown(self.spend_fit)},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ValueModel:
        """The model that `as_dict` gave."""
        purchases, spend = values["purchases"], values["spend"]
        return cls(
            PURCHASES[purchases["model"]](**purchases["parameters"]),
            SPENDS[spend["model"]](**spend["parameters"]),
            _read(purchases["fit"]),
            _read(spend["fit"]),
        )

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change with anything in the model."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]


def fit(histories: Histories, *, purchases: str = "bg_nbd", seed: int = 0) -> ValueModel:
    """The value model of the highest likelihood; the same for the same histories and seed, whatever their order.

    Undefined parts: `no_buyers`, `no_time_passed` (no day has passed since anybody's first order), `no_repeats` (nobody ordered on a
    second day), `not_converged`; for the spend `no_repeats` where no repeat order day has a positive value. Their stand-ins are in `ValueModel`.

    >>> from regulars.predictions.clv import Histories, fit
    >>> nobody_again = fit(Histories([0, 0], [0, 0], [10, 30], [0, 0]))
    >>> nobody_again.purchase_fit.reason, nobody_again.purchases.name
    ('no_repeats', 'steady_rate')
    """
    if purchases not in FITS:
        raise ArgumentRefused(f"purchases={purchases!r}", expected=f"one of {', '.join(FITS)}")
    when, when_fit = _fit_purchases(histories, purchases, seed)
    spend, spend_fit = _fit_spend(histories, seed)
    return ValueModel(when, spend, when_fit, spend_fit)


def _fit_purchases(histories: Histories, purchases: str, seed: int) -> tuple[Purchases, FitReport | Undefined]:
    rows = collapse(histories)
    reason = _unfit(rows)
    if reason is None:
        model, report = FITS[purchases](rows, seed=seed)
        if all(np.isfinite(value) for value in [*report.values.values(), report.log_likelihood]):
            return model, report
        reason = "not_converged"
    return SteadyRate.of(histories), Undefined(reason)


def _unfit(rows: Rows) -> str | None:
    if not len(rows):
        return "no_buyers"
    if not rows.age.any():
        return "no_time_passed"
    return None if rows.frequency.any() else "no_repeats"


def _fit_spend(histories: Histories, seed: int) -> tuple[Spend, FitReport | Undefined]:
    if not np.any((histories.frequency > 0) & (histories.mean_value > LEAST_VALUE)):
        return SteadyValue.of(histories), Undefined("no_repeats" if histories.buyers else "no_buyers")
    model, report = fit_gamma_gamma(histories.frequency, histories.mean_value, seed=seed)
    if all(np.isfinite(value) for value in [*report.values.values(), report.log_likelihood]):
        return model, report
    return SteadyValue.of(histories), Undefined("not_converged")


def _filled(histories: Histories, of: Callable[[slice], NDArray[np.float64]]) -> NDArray[np.float64]:
    out = np.empty(histories.buyers)
    for rows in histories.chunks():
        out[rows] = of(rows)
    return out


def _not_negative(name: str, value: float) -> float:
    if not (np.isfinite(value) and value >= 0):
        raise ArgumentRefused(f"{name}={value}", expected="0 or more")
    return float(value)


def _shown(fitted: FitReport | Undefined) -> dict[str, Any]:
    return {"undefined": fitted.reason} if isinstance(fitted, Undefined) else fitted.as_dict()


def _read(values: Mapping[str, Any]) -> FitReport | Undefined:
    return Undefined(values["undefined"]) if "undefined" in values else FitReport.from_dict(values)
