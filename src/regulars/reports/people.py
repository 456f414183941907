"""Questions about customers that only the review asks: who slipped away lately, who is overdue, what a second order is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.metrics import estimates
from regulars.periods import day_number, day_of
from regulars.relations.base import flag, ratio, total

if TYPE_CHECKING:
    from datetime import date

    from regulars.periods import Window
    from regulars.relations.session import Session

LATELY_DAYS = 90
YEAR_DAYS = 365
OVERDUE_FACTOR = 2.0
"""How many usual gaps without an order make an active customer overdue."""
LEAST_ORDER_DAYS = 4
"""Order days that a customer needs for a rhythm: three gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slipped:
    """A customer who is not active any more."""

    customer_id: str
    value_minor: int
    orders: int
    last_day: date
    usual_gap: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """A number of customers, and a sum of money with its 95 % interval, in minor units."""

    customers: int
    of: int
    minor: float
    low: float
    high: float


def _slipped_lately(session: Session) -> Any:
    """Customers whose latest spell ended in the days before as-of, with orders, value and usual gap."""
    t = session.tables()
    end = day_number(session.as_of_day)
    latest = t.spells.group_by("customer_id").agg(until_day=t.spells.until_day.max())
    latest = latest.filter(latest.until_day < end, latest.until_day >= end - LATELY_DAYS)
    gone = t.buyers.inner_join(latest, "customer_id")
    days = t.order_days.group_by("customer_id").agg(order_days=t.order_days.count().cast("int64")).rename(orderer="customer_id")
    gone = gone.inner_join(days, gone.customer_id == days.orderer)
    return gone.mutate(usual_gap=ratio(gone.last_day - gone.first_day, gone.order_days - 1), one_time=flag(gone.orders == 1))


def slipped_sums(session: Session) -> dict[bool, tuple[int, int]]:
    """By whether they bought once only: how many slipped away lately, and their value in minor units."""
    gone = _slipped_lately(session)
    rows = session.run(gone.group_by("one_time").agg(customers=gone.count().cast("int64"), minor=total(gone.value_minor)))
    return {bool(r["one_time"]): (r["customers"], r["minor"]) for r in rows.to_pylist()}


def slipped_most_valuable(session: Session, *, one_time: bool, top: int) -> list[Slipped]:
    """The most valuable who slipped away lately."""
    gone = _slipped_lately(session)
    gone = gone.filter(gone.one_time == int(one_time))
    rows = (
        gone.select("customer_id", "value_minor", "orders", "last_day", "usual_gap")
        .order_by(gone.value_minor.desc(), gone.customer_id)
        .limit(top)
    )
    return [Slipped(**{**row, "last_day": day_of(row["last_day"])}) for row in session.run(rows).to_pylist()]


def lapsed_repeat_share(session: Session, window: Window) -> tuple[int, int]:
    """Of the customers who lapsed in the window (repeat buyers, all): repeat buyers had two or more kept orders by then."""
    t = session.tables()
    start, end = day_number(window.start), day_number(window.end)
    at_start = t.spells.filter(t.spells.from_day <= start, t.spells.until_day >= start, t.spells.until_day < end)
    still = t.spells.filter(t.spells.from_day <= end, t.spells.until_day >= end).select("customer_id")
    lapsed = at_start.anti_join(still, "customer_id")
    orders = t.order_days.rename(orderer="customer_id")
    before = lapsed.left_join(orders, [lapsed.customer_id == orders.orderer, orders.local_day < lapsed.until_day])
    each = before.group_by("customer_id").agg(orders=total(before.orders.fill_null(0)))
    row = session.run(each.agg(repeat=total(flag(each.orders > 1)), lapsed=each.count().cast("int64"))).to_pylist()[0]
    return int(row["repeat"] or 0), int(row["lapsed"])


def _valued(session: Session, day: int) -> Any:
    """Active customers at the boundary of `day` with the net value of their kept orders in the year before, and when that activity ends."""
    t = session.tables()
    active = t.spells.filter(t.spells.from_day <= day, t.spells.until_day >= day).select("customer_id", "until_day")
    bought = t.order_days.filter(t.order_days.local_day < day, t.order_days.local_day >= day - YEAR_DAYS)
    worth = bought.group_by("customer_id").agg(
        minor=total(bought.net_minor), order_days=bought.count().cast("int64"), last_day=bought.local_day.max()
    )
    return active.inner_join(worth, "customer_id")


def best_who_lapsed(session: Session, window: Window) -> Estimated | None:
    """Of the fifth most valuable (year before the window) among those active at its start: who was not active at its end, and their value."""
    import numpy as np

    start, end = day_number(window.start), day_number(window.end)
    t = session.tables()
    still = t.spells.filter(t.spells.from_day <= end, t.spells.until_day >= end).select(stayer="customer_id").distinct()
    valued = _valued(session, start)
    both = valued.left_join(still, valued.customer_id == still.stayer)
    rows = session.run(both.select("minor", left=flag(both.stayer.isnull())))
    if rows.num_rows < 5 * 30:
        return None
    minor, left = (rows.column(name).to_numpy().astype(float) for name in ("minor", "left"))
    size = -(-len(minor) // 5)
    best = np.argsort(-minor, kind="stable")[:size]
    lost = minor[best] * left[best]
    return _summed(int(left[best].sum()), size, float(lost.sum()), float((lost**2).sum()))


def overdue(session: Session) -> Estimated | None:
    """Active customers with a rhythm of their own who have been silent for twice their usual gap: how many, and their value of the last year."""
    t = session.tables()
    today = day_number(session.as_of_day)
    days = (
        t.order_days.group_by("customer_id")
        .agg(all_days=t.order_days.count().cast("int64"), first_day=t.order_days.local_day.min())
        .rename(orderer="customer_id")
    )
    active = _valued(session, today)
    rows = active.inner_join(days, active.customer_id == days.orderer)
    rows = rows.filter(rows.all_days >= LEAST_ORDER_DAYS)
    late = flag((today - rows.last_day).cast("float64") > OVERDUE_FACTOR * ratio(rows.last_day - rows.first_day, rows.all_days - 1))
    rows = rows.mutate(late=late, amount=rows.minor.cast("float64") * late)
    sums = session.run(
        rows.agg(
            of=rows.count().cast("int64"), customers=total(rows.late), minor=rows.amount.sum(), squares=(rows.amount * rows.amount).sum()
        )
    ).to_pylist()[0]
    return _summed(int(sums["customers"]), int(sums["of"]), float(sums["minor"]), float(sums["squares"])) if sums["customers"] else None


def _summed(customers: int, of: int, minor: float, squares: float) -> Estimated | None:
    """A sum over a random number of customers; its variance is the sum of squares (compound Poisson)."""
    if customers < 5 or minor <= 0:
        return None
    half = estimates.Z * squares**0.5
    return Estimated(customers=customers, of=of, minor=minor, low=max(0.0, minor - half), high=minor + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOrder:
    """Buyers, those who bought once only, and the mean net value that repeat buyers brought after their first order (minor units)."""

    buyers: int
    one_time: int
    later_minor: float
    low: float
    high: float


def second_orders(session: Session) -> SecondOrder | None:
    """How many bought once only, and what those who came back brought after the first order."""
    t = session.tables()
    kept = t.kept_orders.filter(t.kept_orders.customer_id.notnull())
    each = kept.group_by("customer_id").agg(
        orders=kept.count().cast("int64"), later=total((kept.order_number > 1).ifelse(kept.net_minor, 0))
    )
    later = each.later.cast("float64")
    sums = session.run(
        each.agg(
            buyers=each.count().cast("int64"),
            one_time=total(flag(each.orders == 1)),
            later=total(each.later),
            squares=(later * later).sum(),
        )
    ).to_pylist()[0]
    repeat = int(sums["buyers"]) - int(sums["one_time"] or 0)
    if repeat < 30:
        return None
    mean = float(sums["later"]) / repeat
    low, high = estimates.linearised(
        repeat, float(sums["later"]), float(repeat), (float(sums["squares"]), float(repeat), float(sums["later"]))
    ) or (mean, mean)
    return SecondOrder(buyers=int(sums["buyers"]), one_time=int(sums["one_time"]), later_minor=mean, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a sum of money in minor units, as a share with its interval."""

    minor: float
    whole: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """Part / whole."""
        return self.minor / self.whole


def _part(session: Session, rows: Any) -> Part | None:
    """From rows `cluster, part, whole`: the share with the interval clustered by `cluster`."""
    each = rows.group_by("cluster").agg(part=total(rows.part), whole=total(rows.whole))
    top, below = each.part.cast("float64"), each.whole.cast("float64")
    sums = session.run(
        each.agg(
            n=each.count().cast("int64"),
            part=total(each.part),
            whole=total(each.whole),
            a=(top * top).sum(),
            b=(below * below).sum(),
            c=(top * below).sum(),
        )
    ).to_pylist()[0]
    if not sums["part"] or not sums["whole"] or sums["whole"] <= 0:
        return None
    edges = estimates.linearised(
        int(sums["n"]), float(sums["part"]), float(sums["whole"]), (float(sums["a"]), float(sums["b"]), float(sums["c"]))
    )
    if edges is None:
        return None
    return Part(minor=float(sums["part"]), whole=float(sums["whole"]), low=max(0.0, edges[0]), high=min(1.0, edges[1]))


def _bought_in(session: Session, window: Window) -> Any:
    orders = session.tables().purchases
    orders = orders.filter(orders.cancelled == 0, orders.local_day >= day_number(window.start), orders.local_day < day_number(window.end))
    return orders.mutate(cluster=orders.customer_id.isnull().ifelse("order " + orders.order_id, orders.customer_id))


def without_customer(session: Session, window: Window) -> Part | None:
    """Share of the net value of kept orders in the window that has no known customer."""
    orders = _bought_in(session, window)
    orders = orders.filter(orders.net_minor > 0)
    return _part(session, orders.select("cluster", part=orders.customer_id.isnull().ifelse(orders.net_minor, 0), whole=orders.net_minor))


def discounted(session: Session, window: Window) -> Part | None:
    """Discounts given in the window as a share of what the orders would have cost without."""
    orders = _bought_in(session, window)
    return _part(session, orders.select("cluster", part=orders.discount_minor, whole=orders.amount_minor + orders.discount_minor))


def refunded(session: Session, window: Window) -> Part | None:
    """What was given back on the orders of the window before as-of, as a share of their value."""
    orders = _bought_in(session, window)
    return _part(session, orders.select("cluster", part=-orders.refunded_minor, whole=orders.amount_minor))
