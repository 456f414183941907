"""What is true of a synthetic company: the parameters that its history is drawn from."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np

from regulars.synthetic.limits import refuse_impossible
from regulars.synthetic.rows import DAY

Kind = Literal["purchases", "shop", "saas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel that brings customers: its share of them, what one costs, and how much oftener and dearer they buy than the rest."""

    name: str
    share: float
    paid: bool
    cost_per_customer_minor: int
    rate_factor: float = 1.0
    value_factor: float = 1.0


CHANNELS = (
    Channel(name="search", share=0.35, paid=True, cost_per_customer_minor=1_800),
    Channel(name="social", share=0.25, paid=True, cost_per_customer_minor=1_200, rate_factor=0.6, value_factor=0.8),
    Channel(name="e-mail", share=0.15, paid=False, cost_per_customer_minor=300, rate_factor=1.2),
    Channel(name="referral", share=0.10, paid=False, cost_per_customer_minor=700, rate_factor=1.5, value_factor=1.2),
    Channel(name="direct", share=0.15, paid=False, cost_per_customer_minor=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What is true of a shop beside its purchases; a share or chance of 0 switches a part off, an odds ratio of 1 an effect."""

    channels: tuple[Channel, ...] = CHANNELS
    products: int = 300
    month_factors: tuple[float, ...] = (0.85, 0.85, 0.95, 0.95, 1.0, 0.95, 0.9, 0.9, 1.0, 1.05, 1.25, 1.35)
    """How busy each month is; brought to a mean of 1."""
    seasonal_share: float = 0.05
    seasonal_months: tuple[int, ...] = (11, 12)
    """Seasonal buyers buy in these months only, at the same yearly rate as they would otherwise."""
    affinity_pairs: int = 6
    affinity_chance: float = 0.35
    """An order with product p1 gets product p1's partner too with this chance, and so for each of the pairs."""
    refill_share: float = 0.15
    refill_days: tuple[int, ...] = (30, 45, 60, 90)
    refill_spread: float = 0.15
    """Some customers buy one consumable again and again until they drop out: gaps are gamma distributed around its cycle, with this coefficient of variation."""
    complaint_share: float = 0.03
    complaint_odds: float = 4.0
    """A complaint about an order multiplies the odds of dropping out after it."""
    score_base: float = 8.4
    score_of_dropout: float = -3.0
    score_of_complaint: float = -3.0
    score_spread: float = 1.4
    """The recommendation score is normal around base + score_of_dropout * own drop-out chance + score_of_complaint * complained, then rounded and clipped."""
    campaign_every_days: int = 91
    campaign_share: float = 0.4
    holdout_share: float = 0.25
    persuaded: float = 0.10
    """Of the treated whose last order is 30 to 180 days ago and who would not order in the next 30 days, this share does."""
    put_off: float = 0.25
    """Of the treated who ordered in the last 30 days and would order again in the next 30, this share does not."""
    member_share: float = 0.35
    points_live_days: int = 365
    redeem_chance: float = 0.2
    subscriber_share: float = 0.08
    subscription_price_minor: int = 1_500
    term_days: int = 30
    churn_alpha: float = 0.8
    churn_beta: float = 6.0
    """A subscriber's chance to leave at the end of a term is Beta(alpha, beta): the shifted-beta-geometric story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saas:
    """What is true of a company that sells subscriptions to companies."""

    term_days: int = 90
    churn_alpha: float = 0.9
    churn_beta: float = 7.0
    """An account's chance to leave at the end of a term is Beta(alpha, beta): the shifted-beta-geometric story."""
    involuntary_share: float = 0.15
    """Of the cancellations, those where a payment failed: without any warning in usage or tickets."""
    notice_days: int = 20
    """A cancellation is decided at most so many days before the term's end."""
    upgrade_chance: float = 0.08
    downgrade_chance: float = 0.03
    invoices: bool = True
    """Whether each term is an order too, paid at its beginning."""
    mean_seats: float = 8.0
    seats_used: float = 0.7
    events_per_user_month: float = 8.0
    decline_days: int = 90
    decline_to: float = 0.15
    """In so many days before a decision to cancel, usage falls evenly to this share of its usual level, and stays there."""
    tickets_per_account_month: float = 0.25
    complaint_share: float = 0.25
    complaints_before_leaving: float = 1.5
    """Complaints, on average, in the decline before a cancellation, beside the usual tickets."""
    surveys_per_year: float = 3.0
    score_base: float = 8.2
    score_of_leaving: float = -3.5
    score_spread: float = 1.4
    """The recommendation score is normal around base, or base + score_of_leaving within decline_days before a cancellation; rounded and clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is true of the company. Rates are per day, money is in minor units of `currency`.

    Purchases: a customer orders at the pace Gamma(rate_shape) / rate_scale_days per day, and after an order drops out for good with the own chance
    Beta(dropout_a, dropout_b). With `lost_after_first` that holds from the first order on, as in life (MBG/NBD, Batislam et al. 2007); without it
    nobody drops out before the second order, which is BG/NBD to the letter (Fader, Hardie and Lee 2005). An order is worth Gamma(value_shape) with
    a mean of the customer's own, which is inverse-gamma distributed (Gamma-Gamma).

    `kind` says what there is beside: "purchases" (orders with refunds, events, answers, tickets), "shop" (everything in `shop`) or "saas"
    (companies as customers, `saas`; the purchase parameters do not matter then).
    """

    customers: int
    months: int = 36
    seed: int = 1
    kind: Kind = "purchases"
    first_day: date = date(2023, 1, 1)
    currency: str = "EUR"
    rate_shape: float = 0.55
    rate_scale_days: float = 75.0
    """A customer's orders per day are Gamma(rate_shape) / rate_scale_days."""
    dropout_a: float = 0.9
    dropout_b: float = 1.8
    lost_after_first: bool = True
    value_shape: float = 4.0
    mean_value_minor: float = 4_500.0
    value_spread: float = 0.5
    """Standard deviation of the logarithm of a customer's mean order value."""
    refund_share: float = 0.04
    events_per_order: float = 2.5
    events_per_customer: float = 4.5
    answer_share: float = 0.10
    ticket_share: float = 0.04
    shop: Shop = field(default_factory=Shop)
    saas: Saas = field(default_factory=Saas)

    def __post_init__(self) -> None:
        refuse_impossible(self)

    @property
    def days(self) -> int:
        """Length of its history in days."""
        return round(self.months * 365.25 / 12)

    @property
    def start(self) -> int:
        """Its first instant, in microseconds since 1970."""
        return int(np.datetime64(self.first_day, "us").astype(np.int64))

    @property
    def end(self) -> int:
        """The first instant after its history."""
        return self.start + self.days * DAY

    @property
    def gamma_gamma(self) -> tuple[float, float, float]:
        """The parameters p, q and gamma of its order values in the notation of Fader and Hardie (2013), gamma in minor units.

        >>> p, q, gamma = Company(customers=1, value_spread=0.5).gamma_gamma
        >>> round(p, 2), round(q, 2), round(gamma)
        (4.0, 4.48, 3914)
        """
        from scipy.optimize import brentq
        from scipy.special import polygamma

        q = float(brentq(lambda guess: float(polygamma(1, guess)) - self.value_spread**2, 1e-3, 1e8)) if self.value_spread else 1e8
        return self.value_shape, q, self.mean_value_minor * max(q - 1, 1e-9) / self.value_shape

    def random(self, part: str, first: int) -> np.random.Generator:
        """Chance of its own for a part of the history and the customers from `first` on, so that no part disturbs another."""
        return np.random.default_rng([self.seed, first, zlib.crc32(part.encode())])

    def parameters(self) -> dict[str, Any]:
        """Everything that is true of it, as plain values; of `shop` and `saas` the one that its kind tells."""
        values = asdict(self)
        for part in ("shop", "saas"):
            if part != self.kind:
                del values[part]
        values["first_day"] = self.first_day.isoformat()
        p, q, gamma = self.gamma_gamma
        plain: dict[str, Any] = json.loads(json.dumps({**values, "gamma_gamma": {"p": p, "q": q, "gamma": gamma}}))
        return plain
