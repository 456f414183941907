"""Standards: the yardsticks and thresholds that lights are set by, frozen on an earlier snapshot whose outcome is known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.health import inputs as health_inputs
from regulars.predictions.health.inputs import LEAST, Scale, Seen, seen, yardsticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.predictions.snapshots import Snapshot
    from regulars.settings import Settings

    Floats = NDArray[np.float64]

GREEN_FROM, RED_BELOW = 60.0, 40.0
"""Thresholds while the data say too little; with the churn risk alone, a risk of at most 40 % is green and one above 60 % red."""
LEAST_CUSTOMERS, LEAST_OF_EACH = 100, 20
"""Customers, and leavers and stayers among them, from which on thresholds are chosen from the data."""
MOST_LEFT_OF_GREEN, LEAST_LEFT_OF_RED = 0.4, 0.6
COMPARED = (
    "orders",
    "average_order_value_minor",
    "refund_share",
    "discounted_order_share",
    "usual_gap_days",
    "use_days_90d",
    "features_90d",
)
"""Facts whose medians reasons compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """What lights are set by. `green_from` and `red_below` are health scores; None: no score is green (red).

    `second_order_days` is how long one-time buyers are new. `withheld` names colours that the audit contradicts.
    """

    frozen_on: date
    scale: Scale
    green_from: float | None
    red_below: float | None
    second_order_days: float
    chosen: str
    """Where the thresholds come from: data, default or settings."""
    customers: int = 0
    left_share: float | None = None
    withheld: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change with anything in the standards."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; no customer is in it."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "frozen_on": self.frozen_on.isoformat(), "scale": self.scale.as_dict(), "withheld": list(self.withheld)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The standards from their plain values."""
        own = {"frozen_on": date.fromisoformat(plain["frozen_on"]), "scale": Scale.from_dict(plain["scale"])}
        return cls(**{**plain, **own, "withheld": tuple(plain["withheld"])})

    def as_files(self) -> dict[str, bytes]:
        """The standards as a file by name."""
        return {"health.json": json.dumps(self.as_dict(), sort_keys=True, indent=1).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The standards that `as_files` gave."""
        return cls.from_dict(json.loads(files["health.json"]))

    def withholding(self, colours: Sequence[str]) -> Standards:
        """These standards with colours that are not shown."""
        return replace(self, withheld=tuple(colours))

    def ruled_by(self, settings: Settings) -> Standards:
        """These standards with the thresholds that the settings give; a threshold that the settings pass takes their value too."""
        given = settings.light_thresholds
        if not given:
            return self
        green, red = given.get("green_from", self.green_from), given.get("red_below", self.red_below)
        if green is not None and red is not None and red > green:
            green, red = (green, green) if "green_from" in given else (red, red)
        return replace(self, green_from=green, red_below=red, chosen="settings")

    def colour(self, score: Floats) -> NDArray[np.int8]:
        """0 green, 1 amber, 2 red; amber where there is no score."""
        known = np.nan_to_num(score, nan=50.0)
        green = known >= self.green_from if self.green_from is not None else np.zeros(len(score), dtype=bool)
        red = known < self.red_below if self.red_below is not None else np.zeros(len(score), dtype=bool)
        found = np.where(green, 0, np.where(red, 2, 1)).astype(np.int8)
        return np.where(np.isnan(score), np.int8(1), found).astype(np.int8)


def freeze(snapshot: Snapshot, risk: Floats, *, settings: Settings, by_cancellation: bool, left: Floats | None = None) -> Standards:
    """The standards that a snapshot sets; `risk` has a value (or NaN) for each of its rows, `left` says who left afterwards (NaN: not known).

    Thresholds are chosen among active customers with a score who are not new, when there are at least 100 of them with 20 who left and 20 who stayed:
    in some 30 equal groups by score, the share that left is smoothed to fall with the score (pool adjacent violators). Green are the groups at the top
    in which at most 40 % left and at most twice as many as of all; red those at the bottom in which at least 60 % left and
    at least a third of the way from the share of all to 100 %. Else they are 60 and 40. Settings overrule.
    """
    source = seen(snapshot)
    scale = yardsticks(source)
    second = second_order_days(source)
    values = health_inputs.read(source, risk, scale, by_account=settings.customer_unit == "account")
    score = health_inputs.score(values, health_inputs.weights_of(settings))
    active = source.number("active") == 1.0
    lit = active & ~np.isnan(score) & ~new_buyers(source, second, by_cancellation)
    scale = replace(scale, normals=_normals(source, values, lit if lit.any() else active))
    found: tuple[float | None, float | None] | None = None
    share = None
    judged = lit if left is None else lit & ~np.isnan(left)
    if left is not None and judged.any():
        share = float(left[judged].mean())
        found = thresholds(score[judged], left[judged])
    green, red = found or (GREEN_FROM, RED_BELOW)
    chosen = "data" if found else "default"
    standards = Standards(
        frozen_on=snapshot.day, scale=scale, green_from=green, red_below=red, second_order_days=second, chosen=chosen,
        customers=int(lit.sum()), left_share=share,
    )  # fmt: skip
    return standards.ruled_by(settings)


def _normals(source: Seen, values: Mapping[str, Floats], lit: NDArray[np.bool_]) -> dict[str, float]:
    columns = {**values, **{name: source.number(name) for name in COMPARED}}
    orders = source.number("orders")
    columns["days_per_order"] = np.where(orders > 0, source.number("tenure_days") / np.maximum(orders, 1.0), np.nan)
    known = {name: column[lit & ~np.isnan(column)] for name, column in columns.items()}
    return {name: float(np.median(column)) for name, column in known.items() if len(column)}


def second_order_days(source: Seen) -> float:
    """The usual time to a second order: the median over those who came on a later day, with at least 20 of them; else 30 days."""
    days = source.number("days_to_second_order")
    later = days[days > 0]
    return float(np.median(later)) if len(later) >= LEAST else 30.0


def new_buyers(source: Seen, second: float, by_cancellation: bool) -> NDArray[np.bool_]:
    """Active customers with one order day that lies at most the usual second-order time back; nobody where churn is by cancellation."""
    if by_cancellation:
        return np.zeros(source.n, dtype=bool)
    once = (source.number("orders") > 0) & (source.number("gaps") == 0)
    out: NDArray[np.bool_] = once & (source.number("tenure_days") <= second) & (source.number("active") == 1.0)
    return out


def thresholds(score: Floats, left: Floats) -> tuple[float | None, float | None] | None:
    """`green_from` and `red_below` as the outcome says; None where there are too few customers, leavers or stayers.

    >>> import numpy as np
    >>> score = np.arange(100.0)
    >>> thresholds(score, (score < 50).astype(float))
    (50.0, 50.0)
    """
    leavers = float(left.sum())
    if len(score) < LEAST_CUSTOMERS or min(leavers, len(left) - leavers) < LEAST_OF_EACH:
        return None
    base = leavers / len(left)
    most, least = min(MOST_LEFT_OF_GREEN, 2.0 * base), max(LEAST_LEFT_OF_RED, (1.0 + 2.0 * base) / 3.0)
    order = np.argsort(-score, kind="stable")
    groups = np.array_split(order, int(np.clip(len(score) // 30, 4, 30)))
    rates = _rising(np.array([left[g].mean() for g in groups]), np.array([len(g) for g in groups], dtype=np.float64))
    green = [float(score[g].min()) for g, rate in zip(groups, rates, strict=True) if rate <= most + 1e-12]
    green_from = min(green) if green else None
    first_red = int(np.searchsorted(rates, least - 1e-12))
    red_below = None
    if first_red < len(groups):
        red_below = float(score[groups[first_red - 1]].min() if first_red else np.nextafter(score.max(), np.inf))
    if green_from is not None and red_below is not None and red_below > green_from:
        red_below = green_from
    return green_from, red_below


def _rising(rates: Floats, sizes: Floats) -> Floats:
    """The nearest row of rates that never falls, by pooling adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for rate, size in zip(rates.tolist(), sizes.tolist(), strict=True):
        block = (rate, size, 1)
        while blocks and blocks[-1][0] >= block[0]:
            before = blocks.pop()
            together = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / together, together, before[2] + block[2])
        blocks.append(block)
    return np.array([rate for rate, _, count in blocks for _ in range(count)])
