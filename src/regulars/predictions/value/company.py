"""What each buyer and the whole company are worth over the months to come, with intervals that past predictions have earned."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ArgumentRefused
from regulars.metrics import earnings
from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.model import MONTH
from regulars.predictions.value.buying import Bought, read
from regulars.predictions.value.fitting import fit_model
from regulars.predictions.value.looks import earlier_looks, tested_days
from regulars.predictions.value.notes import Note, width_notes
from regulars.predictions.value.spread import Chance, Level, chance, group_of, levels
from regulars.predictions.value.subscribers import SubscriberValue, fit_subscribers
from regulars.predictions.value.tables import TOTALS
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.predictions.value.shrunk import Model
    from regulars.relations.session import Session

BACKTESTS = 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompanyValue:
    """The model of a company's buyers, and what it says of them; made by `fit_company`.

    An order is an order day here. Values are in minor units of the reporting currency. Nothing in `as_dict` names a customer.
    """

    as_of: datetime
    day: date
    data_from: date
    currency: str
    months: int
    annual_rate: float
    horizon_days: int
    margin: earnings.Margin
    bought: Bought
    model: Model
    orders_level: Level
    value_level: Level
    group_levels: NDArray[Any]
    notes: tuple[Note, ...]

    @property
    def version(self) -> str:
        """Changes with anything in the model."""
        return self.model.version

    @property
    def earned_share(self) -> float:
        """What is left of an order's net value: the margin, less the share that returns without an order take back."""
        return self.margin.share * (1 - self.bought.returned_share)

    def note(self, code: str) -> Note | None:
        """The note with this code, where it was made."""
        return next((n for n in self.notes if n.code == code), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "data_from": self.data_from.isoformat(),
            "months": self.months,
            "annual_rate": self.annual_rate,
            "margin": {"share": self.margin.share, "basis": self.margin.basis},
            "buyers": self.bought.size,
            "model": self.model.as_dict(),
            "errors": list(self.value_level.errors),
            "notes": [{"code": n.code, "values": dict(n.values)} for n in self.notes],
        }

    def at(self, session: Session) -> CompanyValue:
        """The same model and intervals on the buyers of another session, for example an earlier one."""
        return dataclasses.replace(self, as_of=session.as_of, day=session.as_of_day, bought=read(session))

    # -- one row per buyer --------------------------------------------------------------------------------------------------

    def clv(self) -> NDArray[Any]:
        """Expected margin of the months ahead by buyer, discounted."""
        return self.model.value(self.bought.histories, self.months, self.annual_rate, self.earned_share)

    def customers(self, *, horizon_days: int | None = None) -> pa.Table:
        """One row per buyer, in the order of customer_id; columns in `MEANINGS`.

        `clv_low_minor` and `clv_high_minor` hold what the customer will bring in 95 of 100 cases: the chance of ordering and of spending, and
        the error that predictions for customers of such value had in backtests. Most lows are 0: one customer may always stay away.
        """
        import pyarrow as pa

        days = self.horizon_days if horizon_days is None else horizon_days
        h, value = self.bought.histories, self.clv()
        low, high = self.customer_range(value)
        each = self.model.expected_value_per_order(h) * self.earned_share
        coming = {
            f"next_order_days_{name}": self.model.days_to_next_order(h, share)
            for name, share in {"low": 0.25, "mid": 0.5, "high": 0.75}.items()
        }
        return pa.table(
            {
                "customer_id": self.bought.customer_ids,
                "p_alive": self.model.probability_alive(h),
                "expected_orders": self.model.expected_orders(h, days),
                "p_no_order": self.model.probability_of_no_order(h, days),
                "clv_minor": value,
                "clv_low_minor": low,
                "clv_high_minor": high,
                "value_if_stays_minor": self.model.expected_orders_if_alive(h, days) * each,
                **{name: pa.array(found, mask=~np.isfinite(found)) for name, found in coming.items()},
            }
        )

    def customer_range(self, value: NDArray[Any], share: float = 0.95) -> tuple[NDArray[Any], NDArray[Any]]:
        """The interval of each buyer's value."""
        own = self.chance(value)
        level = self.group_levels[group_of(value)] * (self.value_level.reach(share) / max(self.value_level.sd, 1e-12) / _normal(share))
        low, high = (own.quantile(q, level) for q in (0.5 - share / 2, 0.5 + share / 2))
        return np.minimum(low, value), np.maximum(high, value)

    def chance(self, value: NDArray[Any]) -> Chance:
        """How far one buyer's value may lie from what is expected, by chance alone."""
        return chance(self.model, self.bought.histories, self.months * MONTH, value)

    # -- the company ---------------------------------------------------------------------------------------------------------

    def total(self) -> TableResult:
        """What all who have bought so far will bring: over the horizon, and over the months (their equity); columns in `TOTALS`."""
        import pyarrow as pa

        h = self.bought.histories
        rows = []
        for name, days in (("horizon", float(self.horizon_days)), ("months", self.months * MONTH)):
            orders = self.model.expected_orders(h, days)
            value = self.clv() if name == "months" else orders * self.model.expected_value_per_order(h) * self.earned_share
            own = chance(self.model, h, days, value)
            low, high = self.value_level.with_chance(own.relative_variance()).around(float(value.sum()))
            few, many = self.orders_level.with_chance(1 / max(float(orders.sum()), 1e-9)).around(float(orders.sum()))
            rows.append((name, days, float(orders.sum()), few, many, float(value.sum()), low, high))
        table = pa.table({column: [row[i] for row in rows] for i, column in enumerate(TOTALS)})
        title = "What all who have bought so far will bring"
        return TableResult(table=table, title=title, as_of=self.as_of, currency=self.currency, meanings=TOTALS)


def _normal(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + share / 2))


def fit_company(
    session: Session,
    *,
    months: int = 12,
    annual_rate: float | None = None,
    purchases: str = "bg_nbd",
    backtests: int = BACKTESTS,
    progress: Callable[[str], None] | None = None,
) -> CompanyValue | SubscriberValue | Undefined:
    """What the company's buyers are worth over `months`; Undefined (`no_buyers`, `no_time_passed`) where nothing can be said.

    Where leaving is a cancellation, what its subscribers are worth instead (`subscribers.fit_subscribers`).

    `annual_rate` discounts (default: the setting discount_rate, else 0). Margin is `gross_margin` of the last 365 days, else the setting
    margin_rate, else revenue. Refits the model as of up to `backtests` earlier days, at least the months apart (or as long as the history
    allows), and takes the width of the intervals from how wrong these were; 0 leaves that out. The session's settings give the horizon.
    """
    if months < 1 or not (annual_rate is None or annual_rate > -1):
        raise ArgumentRefused(f"months={months}, annual_rate={annual_rate}", expected="at least one month, and a share per year")
    if session.by_cancellation and session.has_rows("subscriptions"):
        return fit_subscribers(session, months=months, annual_rate=annual_rate, backtests=backtests, progress=progress)
    currency = session.require_one_currency("customer lifetime value")
    bought = read(session)
    fitted = fit_model(bought, purchases)
    if isinstance(fitted, Undefined):
        return fitted
    model, notes = fitted
    rate = annual_rate if annual_rate is not None else session.settings.discount_rate or 0.0
    margin = margin_of(session)
    days = math.ceil(months * MONTH)
    tested = tested_days(session, days) if backtests else None
    looks = earlier_looks(session, tested, most=backtests, purchases=purchases, progress=progress) if tested else []
    factor = math.sqrt(days / tested) if looks and tested else 1.0
    orders_level, value_level, groups = levels(looks, bought, factor)
    return CompanyValue(
        as_of=session.as_of,
        day=session.as_of_day,
        data_from=session.history_start,
        currency=currency,
        months=months,
        annual_rate=rate,
        horizon_days=session.settings.horizon_days,
        margin=margin,
        bought=bought,
        model=model,
        orders_level=orders_level,
        value_level=value_level,
        group_levels=groups,
        notes=(*notes, *_notes(bought, margin, rate), *width_notes(session, value_level.errors, tested or 0, days)),
    )


def margin_of(session: Session) -> earnings.Margin:
    """The margin that values are reckoned with: of the 365 days before as-of."""
    return earnings.margin({"session": session, "window": session.whole(), "memo": {}})


def _notes(bought: Bought, margin: earnings.Margin, rate: float) -> tuple[Note, ...]:
    known = margin.basis != "revenue"
    found = [Note("margin", {"share": margin.share, "basis": margin.basis}) if known else Note("revenue_basis")]
    if not rate:
        found.append(Note("no_discount"))
    if bought.returned_share > 0:
        found.append(Note("unlinked_returns", {"share": bought.returned_share}))
    return tuple(found)
