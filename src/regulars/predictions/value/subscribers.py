"""What subscribers are worth: their monthly revenue, for as long as subscriptions like theirs have lasted."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics import earnings
from regulars.metrics.estimates import Undefined
from regulars.periods import day_number
from regulars.predictions.clv.model import MONTH
from regulars.predictions.clv.shifted_beta_geometric import ShiftedBetaGeometric, fit_contracts
from regulars.predictions.value.notes import Note, width_notes
from regulars.predictions.value.spread import Level, log_error
from regulars.predictions.value.tables import TOTALS
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.relations.session import Session

YEAR = 365.25
YEARLY_FROM = 200
"""Where terms are usually longer than so many days, subscriptions are renewed by the year."""
ASSUMED_ERROR_OF_STAYING = 0.05
"""Error of the MRR still there after a horizon that is assumed before any backtest."""
ONE = 0.5
"""What is put to the renewals that were seen where they do not allow a fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Subscribed:
    """One entry per subscription that began before the local day `as_of_day`."""

    as_of_day: int
    subscription: NDArray[Any]
    customer: NDArray[Any]
    """Empty text where it belongs to nobody who is known."""
    first_day: NDArray[Any]
    lasted_days: NDArray[Any]
    """From its first day to its end, or to as-of where it runs."""
    runs: NDArray[Any]
    mrr_minor: NDArray[Any]
    """Of those that run; 0 of others."""
    period_days: float
    """A month, or a year where terms are that long."""

    @property
    def renewals(self) -> NDArray[Any]:
        """How often each was renewed; for one that ended, the renewal at which it did."""
        periods = self.lasted_days / self.period_days
        found: NDArray[Any] = np.where(self.runs, np.floor(periods), np.maximum(1, np.round(periods))).astype(np.int64)
        return found


def subscribed(session: Session) -> Subscribed:
    """The subscriptions of a session; a pause that is over is part of it, one that lasts at as-of has ended it."""
    states = session.table("subscription_states")
    day = day_number(session.as_of_day)
    begun = states.filter(states.effective_day < day)
    runs = (begun.running == 1) & (begun.first_boundary <= day) & (begun.last_boundary >= day)
    rows = session.run(
        begun.group_by("subscription_id")
        .agg(
            customer=begun.customer_id.max(),
            first_day=begun.effective_day.min(),
            last_boundary=(begun.running == 1).ifelse(begun.last_boundary, begun.effective_day).max(),
            runs=runs.ifelse(1, 0).max().cast("int64"),
            mrr_minor=runs.ifelse(begun.mrr_minor, 0).sum().cast("int64"),
            term_days=(begun.term_end_day - begun.effective_day).cast("float64").median(),
        )
        .order_by("subscription_id")
    )
    running = rows.column("runs").to_numpy() == 1
    first, last = rows.column("first_day").to_numpy(), rows.column("last_boundary").to_numpy()
    terms = rows.column("term_days").drop_null().to_numpy()
    return Subscribed(
        as_of_day=day,
        subscription=rows.column("subscription_id").to_numpy(zero_copy_only=False),
        customer=rows.column("customer").fill_null("").to_numpy(zero_copy_only=False),
        first_day=first,
        lasted_days=np.where(running, day - first, np.minimum(last, day) - first).astype(np.int64),
        runs=running,
        mrr_minor=rows.column("mrr_minor").to_numpy().astype(np.float64),
        period_days=YEAR if terms.size and np.median(terms) > YEARLY_FROM else MONTH,
    )


def fit_subscriptions(seen: Subscribed) -> tuple[ShiftedBetaGeometric, tuple[Note, ...]] | Undefined:
    """The model, and what is to be known of it.

    Where all left at once or nobody did, alpha = 1/2 + those who left and beta = 1/2 + renewals seen. Undefined: `no_subscriptions`,
    `no_time_passed` (no subscription has come to a renewal).
    """
    if not seen.subscription.size:
        return Undefined("no_subscriptions")
    fitted = fit_contracts(seen.renewals, ~seen.runs)
    if not isinstance(fitted, Undefined):
        return fitted, ()
    if fitted.reason != "one_outcome":
        return fitted
    left = int((~seen.runs).sum())
    stayed = float((seen.renewals - ~seen.runs).sum())
    return ShiftedBetaGeometric(ONE + left, ONE + stayed), (Note("no_leavers", {"left": left}),)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SubscriberValue:
    """What the subscribers of a company are worth; made by `fit_subscribers`, and read like `CompanyValue`."""

    as_of: datetime
    day: date
    currency: str
    months: int
    annual_rate: float
    horizon_days: int
    margin: earnings.Margin
    seen: Subscribed
    model: ShiftedBetaGeometric
    value_level: Level
    notes: tuple[Note, ...]

    @property
    def version(self) -> str:
        """Changes with anything in the model."""
        return hashlib.sha256(json.dumps(self.as_dict()["model"], sort_keys=True).encode()).hexdigest()[:16]

    def note(self, code: str) -> Note | None:
        """The note with this code, where it was made."""
        return next((n for n in self.notes if n.code == code), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; no customer is in it."""
        own = {"name": "shifted_beta_geometric", "alpha": self.model.alpha, "beta": self.model.beta, "period_days": self.seen.period_days}
        return {
            "as_of": self.as_of.isoformat(),
            "months": self.months,
            "annual_rate": self.annual_rate,
            "margin": {"share": self.margin.share, "basis": self.margin.basis},
            "subscriptions": int(self.seen.runs.sum()),
            "model": own,
            "errors": list(self.value_level.errors),
            "notes": [{"code": n.code, "values": dict(n.values)} for n in self.notes],
        }

    def at(self, session: Session) -> SubscriberValue:
        """The same model and intervals on the subscriptions of another session."""
        return dataclasses.replace(self, as_of=session.as_of, day=session.as_of_day, seen=subscribed(session))

    def staying(self, days: float) -> NDArray[Any]:
        """P(still there in so many days) of each running subscription: S(renewals then) / S(renewals now)."""
        return staying(self.model, self.seen, days)

    def clv(self, share: float | None = None) -> NDArray[Any]:
        """Expected margin of each running subscription over the months ahead, discounted; or its quantile.

        Margin x MRR x sum over months m of P(still there in the middle of month m) / (1 + rate)^(m / 12); as a quantile, the sum goes up to the
        month at which `share` of such subscriptions have ended.
        """
        mrr = self.seen.mrr_minor[self.seen.runs] * self.margin.share
        value = np.zeros(mrr.size)
        for month in range(1, self.months + 1):
            there = self.staying((month - 0.5) * MONTH)
            part = there if share is None else there > 1 - share
            value += part * mrr * (1 + self.annual_rate) ** (-month / 12)
        return value

    def customers(self, *, horizon_days: int | None = None) -> pa.Table:
        """One row per customer with a running subscription, in the order of customer_id, with the columns of `CompanyValue.customers`.

        `p_no_order` is the probability that all their subscriptions end within the horizon, `value_if_stays_minor` margin x MRR over it;
        orders, and the date of the next one, are empty.
        """
        import pyarrow as pa

        days = self.horizon_days if horizon_days is None else horizon_days
        owners = self.seen.customer[self.seen.runs]
        ids, place = np.unique(owners[owners != ""].astype(str), return_inverse=True)
        own = np.flatnonzero(owners != "")

        def summed(values: NDArray[Any]) -> NDArray[Any]:
            return np.bincount(place, values[own], minlength=ids.size)

        mrr = self.seen.mrr_minor[self.seen.runs] * self.margin.share
        gone = np.log(np.maximum(1 - self.staying(days), 1e-300))
        empty = pa.nulls(ids.size, pa.float64())
        return pa.table(
            {
                "customer_id": pa.array(ids.tolist(), pa.string()),
                "p_alive": np.ones(ids.size),
                "expected_orders": empty,
                "p_no_order": np.exp(summed(gone)),
                "clv_minor": summed(self.clv()),
                "clv_low_minor": summed(self.clv(0.025)),
                "clv_high_minor": summed(self.clv(0.975)),
                "value_if_stays_minor": summed(mrr) * days / MONTH,
                **{f"next_order_days_{name}": empty for name in ("low", "mid", "high")},
            }
        )

    def total(self) -> TableResult:
        """What all running subscriptions will bring, over the horizon and over the months; columns as in `CompanyValue.total`, orders empty."""
        import pyarrow as pa

        mrr = self.seen.mrr_minor[self.seen.runs] * self.margin.share
        near = float(expected_revenue(self.model, self.seen, self.horizon_days).sum()) * self.margin.share
        rows = []
        for name, days, value in (("horizon", float(self.horizon_days), near), ("months", self.months * MONTH, float(self.clv().sum()))):
            low, high = self.value_level.around(value)
            # Not more can come than if nobody left.
            most = float(mrr.sum()) * days / MONTH
            rows.append((name, days, None, None, None, value, low, max(value, min(high, most))))
        columns = {column: [row[i] for row in rows] for i, column in enumerate(TOTALS)}
        table = pa.table({n: pa.array(v, pa.string() if n == "over" else pa.float64()) for n, v in columns.items()})
        return TableResult(
            table=table, title="What all subscriptions will bring", as_of=self.as_of, currency=self.currency, meanings=TOTALS
        )


def staying(model: ShiftedBetaGeometric, seen: Subscribed, days: float) -> NDArray[Any]:
    """P(still there in so many days) of each running subscription."""
    lasted = seen.lasted_days[seen.runs]
    now, then = np.floor(lasted / seen.period_days), np.floor((lasted + days) / seen.period_days)
    return model.survival(then) / model.survival(now)


def expected_revenue(model: ShiftedBetaGeometric, seen: Subscribed, days: int) -> NDArray[Any]:
    """Expected revenue of each running subscription in the next `days`: MRR x sum over months of P(still there in its middle)."""
    ends = np.minimum(np.arange(int(np.ceil(days / MONTH)) + 1) * MONTH, days)
    mrr, value = seen.mrr_minor[seen.runs], np.zeros(int(seen.runs.sum()))
    for start, end in itertools.pairwise(ends):
        value += staying(model, seen, (start + end) / 2) * mrr * (end - start) / MONTH
    return value


def _chance(model: ShiftedBetaGeometric, seen: Subscribed, days: int) -> float:
    """Relative error of the MRR left in `days` by chance and by how few have left: each leaves or stays; the rate is known to 1 / sqrt(leavers)."""
    mrr, there = seen.mrr_minor[seen.runs], staying(model, seen, days)
    left = float(mrr @ there)
    if left <= 0:
        return 1.0
    lost = 1 - left / float(mrr.sum())
    alone = float((mrr**2 * there * (1 - there)).sum()) / left**2
    return float(np.sqrt(alone + lost**2 / (float((~seen.runs).sum()) + ONE)))


def fit_subscribers(
    session: Session,
    *,
    months: int = 12,
    annual_rate: float | None = None,
    backtests: int = 3,
    progress: Callable[[str], None] | None = None,
) -> SubscriberValue | Undefined:
    """What the subscribers are worth over `months`; Undefined (`no_subscriptions`, `no_time_passed`) where nothing can be said.

    Intervals of the total rest on backtests: the MRR of who subscribed on up to `backtests` earlier days, expected and found one horizon later.
    """
    currency = session.require_one_currency("the value of subscribers", ("subscriptions",))
    seen = subscribed(session)
    fitted = fit_subscriptions(seen)
    if isinstance(fitted, Undefined):
        return fitted
    days = session.settings.horizon_days
    errors = [e for back in range(backtests, 0, -1) if (e := _error(session, seen, days, back, progress)) is not None]
    longer = max(1.0, months * MONTH / days)
    level = Level.of(errors, _chance(fitted[0], seen, days), ASSUMED_ERROR_OF_STAYING).widened(float(np.sqrt(longer)))
    margin = earnings.margin({"session": session, "window": session.whole(), "memo": {}})
    rate = annual_rate if annual_rate is not None else session.settings.discount_rate or 0.0
    return SubscriberValue(
        as_of=session.as_of,
        day=session.as_of_day,
        currency=currency,
        months=months,
        annual_rate=rate,
        horizon_days=days,
        margin=margin,
        seen=seen,
        model=fitted[0],
        value_level=level,
        notes=(
            *fitted[1],
            Note("subscriptions"),
            *width_notes(session, level.errors, days, round(months * MONTH), ASSUMED_ERROR_OF_STAYING),
        ),
    )


def _error(session: Session, now: Subscribed, days: int, back: int, progress: Callable[[str], None] | None) -> float | None:
    """Log error of the MRR still there `days` after the look `back` horizons ago, of subscriptions that ran at the look."""
    day = session.as_of_day - timedelta(days=days * back)
    if (day - session.history_start).days < MONTH:
        return None
    if progress:
        progress(f"subscriptions as of {day}")
    with session.earlier(day - timedelta(days=1)) as then:
        before = subscribed(then)
    fitted = fit_subscriptions(before)
    if isinstance(fitted, Undefined) or not before.runs.any():
        return None
    if back == 1:
        after = now
    else:
        with session.earlier(day + timedelta(days=days - 1)) as later:
            after = subscribed(later)
    mrr = before.mrr_minor[before.runs]
    there = np.isin(before.subscription[before.runs], after.subscription[after.runs])
    expected = float(staying(fitted[0], before, days) @ mrr)
    return log_error(float(mrr[there].sum()), expected, float(mrr.mean()) / 2)
