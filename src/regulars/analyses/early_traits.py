"""What is known of a customer early: where from, by which channel, what the first order was, what followed within 30 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.periods import day_number
from regulars.relations.base import in_force, on_local_days, total, with_customers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regulars.relations.session import Session

EARLY_DAYS = 30
MOST_LEVELS = 20
"""Countries, channels and categories told apart, the most frequent first."""
PLACE = ("country", "acquisition_channel")
NUMBERS = ("first_minor", "early_minor", "early_orders", "early_events")


@dataclass(frozen=True, slots=True)
class People:
    """Customers in the order of their ids, prospects among them, with what they were early and what became of them by the day of judgement."""

    rows: pa.Table
    held: pa.Table
    """customer_id and label: what lay in the first order."""

    def column(self, name: str) -> NDArray[Any]:
        """A column of numbers; what is not known is 0."""
        found: NDArray[Any] = self.rows.column(name).fill_null(0).to_numpy()
        return found

    def take(self, places: NDArray[Any]) -> People:
        """Some of them, in the same order."""
        return People(self.rows.take(pa.array(places)), self.held)


def people(session: Session, within_days: int) -> People:
    """Everybody we know of, buyers with the value and orders of their first `within_days` days."""
    t = session.tables()
    buyers = t.buyers.select(buyer="customer_id", first_day="first_day", value_minor="value_minor")
    orders = t.kept_orders.filter(_.customer_id.notnull())
    orders = orders.inner_join(buyers, orders.customer_id == buyers.buyer)
    early, seen = orders.local_day < orders.first_day + EARLY_DAYS, orders.local_day < orders.first_day + within_days
    first = orders.order_number == 1
    sums = orders.group_by("buyer", "first_day", "value_minor").agg(
        judged_minor=total(seen.ifelse(orders.net_minor, 0)),
        judged_orders=total(seen.ifelse(1, 0)),
        first_minor=total(first.ifelse(orders.net_minor, 0)),
        first_discount=total(first.ifelse(orders.discount_minor, 0)),
        early_minor=total(early.ifelse(orders.net_minor, 0)),
        early_orders=total(early.ifelse(1, 0)),
    )
    channels = orders.filter(first).select(opener="customer_id", first_channel="channel")
    rows = t.customer_attributes.select("customer_id", "country", "acquisition_channel")
    rows = rows.left_join(sums, rows.customer_id == sums.buyer).drop("buyer")
    rows = rows.left_join(channels, rows.customer_id == channels.opener).drop("opener")
    events = _events(session, buyers)
    rows = rows.left_join(events, rows.customer_id == events.doer).drop("doer")
    texts = ("customer_id", "country", "acquisition_channel", "first_channel")
    found = session.run(rows)
    # A column of nulls alone comes back without a type.
    schema = pa.schema([(name, pa.string() if name in texts else pa.int64()) for name in found.column_names])
    return People(found.cast(schema).sort_by("customer_id"), _held(session))


def _events(session: Session, buyers: Any) -> Any:
    t: Any = session.tables()
    events = with_customers(t, on_local_days(t, in_force(t, "events").inner_join(t.meaningful_events, "name")))
    events = events.inner_join(buyers, events.customer_id == buyers.buyer)
    events = events.filter(events.local_day >= events.first_day, events.local_day < events.first_day + EARLY_DAYS)
    return events.group_by(doer="customer_id").agg(early_events=_.count().cast("int64"))


def _held(session: Session) -> pa.Table:
    """Which of the most frequent categories (products where there are none) lay in the first orders."""
    t = session.tables()
    first = t.kept_orders.filter(_.order_number == 1).select(first_order="order_id")
    lines = t.goods_lines.inner_join(first, t.goods_lines.order_id == first.first_order)
    names = t.products.select("product_id", name="product_name")
    for column in ("category", "product_id"):
        each = lines.filter(lines[column].notnull()).select("customer_id", value=column).distinct()
        most = session.run(each.group_by("value").agg(n=_.count()).order_by(_.n.desc(), _.value).limit(MOST_LEVELS))
        if most.num_rows:
            values = most.column("value").to_pylist()
            found = session.run(each.filter(each.value.isin(values)))
            known = session.run(names.filter(names.product_id.isin(values))).to_pylist() if column == "product_id" else []
            called = {row["product_id"]: row["name"] for row in known if row["name"]}
            labels = [f"first order holds {called.get(value, value)}" for value in found.column("value").to_pylist()]
            return pa.table({"customer_id": found.column("customer_id"), "label": pa.array(labels, pa.string())})
    return pa.table({"customer_id": pa.array([], pa.string()), "label": pa.array([], pa.string())})


def traits(group: People, of: People, least: int) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Per trait that at least so many of `group` have and have not: who has it in `group`, and who in `of`."""
    import numpy as np

    found = {}
    quarter = float(np.quantile(group.column("first_minor"), 0.75)) if group.rows.num_rows else 0.0
    for (name, here), (_name, there) in zip(_traits(group, group, quarter), _traits(of, group, quarter), strict=True):
        if min(int(here.sum()), int((~here).sum())) >= least:
            found[name] = (here, there)
    return found


def _traits(some: People, levels_of: People, quarter: float) -> Iterator[tuple[str, NDArray[Any]]]:
    import pyarrow.compute as pc

    for column in (*PLACE, "first_channel"):
        counted = levels_of.rows.column(column).drop_null().value_counts().to_pylist()
        for level in sorted(counted, key=lambda pair: (-pair["counts"], pair["values"]))[:MOST_LEVELS]:
            has = pc.equal(some.rows.column(column), level["values"]).fill_null(False)
            yield f"{column} = {level['values']}", has.to_numpy()
    for label in sorted(set(some.held.column("label").to_pylist())):
        holders = some.held.filter(pc.equal(some.held.column("label"), label)).column("customer_id").combine_chunks()
        yield label, pc.is_in(some.rows.column("customer_id"), value_set=holders).to_numpy()
    buyer = some.rows.column("first_day").is_valid().to_numpy()
    yield "first order in the highest quarter", buyer & (some.column("first_minor") >= quarter)
    yield "discount on the first order", some.column("first_discount") > 0
    yield f"second order within {EARLY_DAYS} days", some.column("early_orders") > 1
    yield f"meaningful event within {EARLY_DAYS} days", some.column("early_events") > 0


def judged(session: Session, group: People, within_days: int) -> NDArray[Any]:
    """Who is a buyer whose first `within_days` days have passed."""
    first = group.rows.column("first_day")
    old: NDArray[Any] = first.is_valid().to_numpy() & (group.column("first_day") + within_days <= day_number(session.as_of_day))
    return old
