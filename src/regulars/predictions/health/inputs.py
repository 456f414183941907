"""The inputs of the health score, each from 0 (worst) to 100, NaN where nothing is known of it.

Each compares a customer with his own normal, or where he has none with the other customers of the company as they were when the standards were frozen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.churn.columns import Columns
from regulars.settings import HEALTH_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.predictions.snapshots import Snapshot
    from regulars.settings import Settings

    Floats = NDArray[np.float64]

INPUTS = ("churn_risk", "engagement", "product_usage", "relationship", "advocacy", "sentiment", "customer_roi")
PARTS = {
    "engagement": ("order_rhythm", "e_mail_reaction"),
    "product_usage": ("usage_frequency", "usage_users", "usage_breadth"),
    "relationship": ("contacts", "support_load"),
    "advocacy": ("recommendation",),
    "sentiment": ("answers", "texts", "rating_by_hand"),
    "customer_roi": ("roi",),
}
"""What an input is the mean of; parts that are not known are left out."""

LEAST = 20
"""Fewer customers than this are no yardstick."""
CONTACTS = 3
"""People in contact with an account from which on it is as good as can be."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The company's yardsticks: 101 quantiles (0 % to 100 %) of usual gaps, days of use and shares of e-mails opened, and the breadth of a heavy user."""

    gaps: tuple[float, ...] = ()
    use_days: tuple[float, ...] = ()
    opened: tuple[float, ...] = ()
    features: float = 0.0
    normals: Mapping[str, float] = field(default_factory=dict)
    """Medians over the active customers: of the inputs, and of facts that reasons compare with."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "normals": dict(self.normals)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The scale from its plain values."""
        lists = {name: tuple(plain[name]) for name in ("gaps", "use_days", "opened")}
        return cls(**lists, features=plain["features"], normals=dict(plain["normals"]))


class Seen(Columns):
    """Columns of facts, of which some may not be there at all."""

    def number(self, name: str) -> Floats:
        """A column as numbers; all NaN where there is no such column."""
        if name not in self.facts.schema.names:
            return np.full(self.n, np.nan)
        return super().number(name)

    def seats(self) -> Floats:
        """Seats: of the account, else of the subscriptions, else members; NaN where not more than one is known."""
        seats = self.number("account_seats")
        for other in (self.number("seats"), self.number("members")):
            seats = np.where(np.isnan(seats) | (seats <= 0), other, seats)
        return np.where(seats > 1, seats, np.nan)


def seen(snapshot: Snapshot) -> Seen:
    """The columns of a snapshot."""
    return Seen(snapshot.facts, snapshot.day, getattr(snapshot, "season", None))


def yardsticks(source: Seen) -> Scale:
    """The company's yardsticks as a snapshot shows them."""
    used = source.number("use_days_90d")
    mails = source.number("messages_180d")
    features = source.number("features_90d")
    broad = features[features > 0]
    return Scale(
        gaps=_quantiles(source.number("usual_gap_days")),
        use_days=_quantiles(np.where(used > 0, used, np.nan)),
        opened=_quantiles(np.where(mails >= 3, source.number("messages_engaged_180d") / np.maximum(mails, 1), np.nan)),
        features=float(np.quantile(broad, 0.9)) if len(broad) >= LEAST else 0.0,
    )


def _quantiles(values: Floats) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    if len(known) < LEAST:
        return ()
    return tuple(np.quantile(known, np.linspace(0, 1, 101)).tolist())


def place_among(values: Floats, quantiles: tuple[float, ...]) -> Floats:
    """The share of the company below each value, ties counted half; NaN where there is no yardstick or no value."""
    if not quantiles:
        return np.full(len(values), np.nan)
    grid = np.asarray(quantiles)
    low, high = np.searchsorted(grid, values, "left"), np.searchsorted(grid, values, "right")
    return np.where(np.isnan(values), np.nan, (low + high) / 2 / len(grid))


def mean_of_known(*parts: Floats) -> Floats:
    """The mean of the parts that are known; NaN where none is."""
    stacked = np.vstack(parts)
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    out: Floats = np.where(count > 0, np.where(known, stacked, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return out


def read(source: Seen, risk: Floats, scale: Scale, *, by_account: bool) -> dict[str, Floats]:
    """Every input and every part of one by name, from 0 to 100; NaN where it is not known."""
    parts = {**_engagement(source, scale), **_usage(source, scale, by_account), **_relationship(source, by_account), **_voice(source)}
    inputs = {name: mean_of_known(*(parts[part] for part in own)) for name, own in PARTS.items()}
    return {"churn_risk": 100.0 * (1.0 - risk), **inputs, **parts}


def _engagement(c: Seen, scale: Scale) -> dict[str, Floats]:
    days, usual = c.number("days_since_order"), np.maximum(c.number("usual_gap_days"), 1.0)
    own = 100.0 * 0.5 ** np.maximum(0.0, days / usual - 1.0)
    others = 100.0 * (1.0 - place_among(days, scale.gaps))
    mails = c.number("messages_180d")
    share = np.where(mails >= 3, c.number("messages_engaged_180d") / np.maximum(mails, 1.0), np.nan)
    among = place_among(share, scale.opened)
    return {
        "order_rhythm": np.where(c.number("gaps") >= 2, own, others),
        "e_mail_reaction": 100.0 * np.where(np.isnan(among), share, among),
    }


def _usage(c: Seen, scale: Scale, by_account: bool) -> dict[str, Floats]:
    ever = ~np.isnan(c.number("last_event_on"))
    late, whole = c.number("use_days_30d"), c.number("use_days_90d")
    before = (whole - late) / 2.0
    own = np.where(before >= 1.0, 100.0 * np.minimum(1.0, late / np.maximum(before, 1.0)), np.nan)
    among = 100.0 * place_among(whole, scale.use_days)
    frequency = mean_of_known(own, among)
    seats = c.seats() if by_account else np.full(c.n, np.nan)
    breadth = np.full(c.n, np.nan) if scale.features <= 1 else 100.0 * np.minimum(1.0, c.number("features_90d") / scale.features)
    return {
        "usage_frequency": np.where(ever, frequency, np.nan),
        "usage_users": np.where(ever, 100.0 * np.minimum(1.0, c.number("users_30d") / seats), np.nan),
        "usage_breadth": np.where(ever, breadth, np.nan),
    }


def _relationship(c: Seen, by_account: bool) -> dict[str, Floats]:
    people = c.number("people_180d")
    met = by_account and bool((people > 0).any())
    contacts = 100.0 * np.minimum(people, CONTACTS) / CONTACTS
    since = np.fmax(c.number("tenure_days"), c.days_since("subscribed_since_on"))
    before = (c.number("tickets") - c.number("tickets_90d")) * 90.0 / np.fmax(since - 90.0, 90.0)
    more = np.clip(c.number("tickets_90d") - before, 0.0, 4.0)
    return {
        "contacts": np.where(~np.isnan(c.seats()), contacts, np.nan) if met else np.full(c.n, np.nan),
        "support_load": np.where(c.number("tickets") > 0, 100.0 - 25.0 * more, np.nan),
    }


def _voice(c: Seen) -> dict[str, Floats]:
    fresh = c.days_since("last_nps_on") <= 365
    roi = c.number("customer_roi")
    return {
        "recommendation": np.where(fresh, np.clip(10.0 * c.number("nps_score"), 0.0, 100.0), np.nan),
        "answers": np.clip(100.0 * c.number("satisfaction"), 0.0, 100.0),
        "texts": np.clip(50.0 * (c.number("polarity_90d") + 1.0), 0.0, 100.0),
        "rating_by_hand": np.clip(c.number("health_rating"), 0.0, 100.0),
        "roi": np.where(np.isnan(roi), np.nan, 100.0 * np.maximum(roi, 0.0) / (1.0 + np.maximum(roi, 0.0))),
    }


def weights_of(settings: Settings) -> dict[str, float]:
    """The weight of every input, as the settings say."""
    return {**HEALTH_WEIGHTS, **settings.health_weights}


LEAST_KNOWN = 0.25
"""A score rests on inputs with at least this share of all weight."""


def score(inputs: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Sum of weight x input / sum of weight over the inputs that are known; NaN where these hold less than a quarter of all weight.

    >>> import numpy as np
    >>> weights = {"churn_risk": 0.4, "advocacy": 0.1, "sentiment": 0.5}
    >>> known = {"churn_risk": np.array([80.0]), "advocacy": np.array([30.0]), "sentiment": np.array([np.nan])}
    >>> score(known, weights).round(1).tolist()
    [70.0]
    """
    names = [name for name in INPUTS if name in inputs]
    stacked = np.vstack([inputs[name] for name in names])
    weight = np.array([weights.get(name, 0.0) for name in names])[:, None] * ~np.isnan(stacked)
    whole = weight.sum(axis=0)
    total = (weight * np.nan_to_num(stacked)).sum(axis=0)
    enough = (whole > 0) & (whole >= LEAST_KNOWN * sum(weights.values()) - 1e-12)
    out: Floats = np.where(enough, total / np.where(whole > 0, whole, 1.0), np.nan)
    return out
