"""The synthetic company: customers who buy at their own pace, drop out after a purchase with their own chance, and return some of it.

Purchases follow the BG/NBD story (Fader, Hardie and Lee 2005): a customer's rate is gamma distributed, the chance to drop out after a purchase is beta
distributed. Order values are gamma distributed around a mean of the customer's own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import ArgumentRefused
from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from regulars.warehouse.loads import LoadRecord
    from regulars.workspace import Workspace

DAY = 86_400_000_000
"""Microseconds of a day."""

CUSTOMERS_AT_ONCE = 50_000
COUNTRIES = ("DE", "FR", "GB", "NL", "US")
CHANNELS = ("search", "social", "e-mail", "referral", "direct")
CAMPAIGNS = (None, "spring", "summer", "autumn")
EVENT_NAMES = ("Product Viewed", "Signed In", "Product Added", "Cart Viewed")
PRODUCTS = 2_000
MAX_ORDERS = 400
"""Orders that a customer can place at most; the chance of more is negligible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is true of the company. Rates are per day, money is in minor units of `currency`."""

    customers: int
    months: int = 36
    seed: int = 1
    first_day: date = date(2023, 1, 1)
    currency: str = "EUR"
    rate_shape: float = 0.55
    rate_scale_days: float = 75.0
    """A customer's orders per day are Gamma(rate_shape) / rate_scale_days."""
    dropout_a: float = 0.9
    dropout_b: float = 1.8
    value_shape: float = 4.0
    mean_value_minor: float = 4_500.0
    value_spread: float = 0.5
    """Standard deviation of the logarithm of a customer's mean order value."""
    refund_share: float = 0.04
    events_per_order: float = 2.5
    events_per_customer: float = 4.5
    answer_share: float = 0.10
    ticket_share: float = 0.04

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and field.name != "seed" and not value >= (1 if field.name in ("customers", "months") else 0):
                raise ArgumentRefused(
                    f"{field.name} was given as {value}.", expected="a positive number", remedy=f"Give another {field.name}."
                )

    @property
    def days(self) -> int:
        """Length of its history in days."""
        return round(self.months * 365.25 / 12)


def fill(workspace: Workspace, company: Company, progress: Callable[[int, int], None] | None = None) -> LoadRecord:
    """Write the company's history into `workspace` as one load, in bounded memory; the same company gives the same rows."""
    end = datetime.combine(company.first_day, datetime.min.time(), UTC) + timedelta(days=company.days + 1)
    now = max(end, datetime.now(UTC))
    with workspace.stage(source="synthetic", now=now) as load:
        done = 0
        for first in range(0, company.customers, CUSTOMERS_AT_ONCE):
            count = min(CUSTOMERS_AT_ONCE, company.customers - first)
            for table, rows in history(company, first, count):
                load.add(table, rows)
            done += count
            if progress:
                progress(done, company.customers)
        record = load.commit({"truth": {f.name: str(getattr(company, f.name)) for f in fields(company)}}, [])
    if workspace.settings.currency is None:
        workspace.change_settings(currency=company.currency)
    return record


def history(company: Company, first: int, count: int) -> Iterator[tuple[str, pa.Table]]:
    """Table names and rows of the customers `first` to `first + count`, without `load_id`."""
    random = np.random.default_rng([company.seed, first])
    people = _People(company, random, first, count)
    yield "customers", people.rows()
    orders = _Orders(company, random, people)
    yield "orders", orders.rows()
    yield "order_lines", orders.lines()
    refunds, refund_lines = orders.refunds()
    yield "orders", refunds
    yield "order_lines", refund_lines
    yield "events", _events(company, random, people, orders)
    yield "responses", _answers(company, random, orders)
    yield "tickets", _tickets(company, random, orders)


class _People:
    def __init__(self, company: Company, random: np.random.Generator, first: int, count: int) -> None:
        self.company = company
        self.start = np.datetime64(company.first_day, "us").astype(np.int64)
        self.number = np.arange(first, first + count)
        self.joined = random.integers(0, company.days * DAY, count)
        self.rate = random.gamma(company.rate_shape, 1 / company.rate_scale_days, count)
        self.dropout = random.beta(company.dropout_a, company.dropout_b, count)
        self.mean_value = company.mean_value_minor * np.exp(random.normal(0, company.value_spread, count) - company.value_spread**2 / 2)
        self.country = random.choice(len(COUNTRIES), count, p=(0.4, 0.2, 0.2, 0.1, 0.1))
        self.channel = random.choice(len(CHANNELS), count, p=(0.35, 0.25, 0.15, 0.1, 0.15))
        self.ids = named("c", self.number)

    def rows(self) -> pa.Table:
        return _table(
            "customers",
            {
                "occurred_at": self.start + self.joined,
                "row_key": self.ids,
                "identity_id": self.ids,
                "country": _chosen(COUNTRIES, self.country),
                "acquisition_channel": _chosen(CHANNELS, self.channel),
            },
        )


class _Orders:
    def __init__(self, company: Company, random: np.random.Generator, people: _People) -> None:
        self.company, self.random, self.people = company, random, people
        left = company.days * DAY - people.joined
        planned = np.minimum(random.geometric(np.maximum(people.dropout, 1e-6)), MAX_ORDERS)
        who = np.repeat(np.arange(people.number.size), planned)
        gaps = random.exponential(1, who.size) / np.maximum(people.rate[who], 1e-9) * DAY
        begins = np.zeros(planned.size, np.int64)
        begins[1:] = np.cumsum(planned)[:-1]
        gaps[begins] = 0
        running = np.cumsum(np.minimum(gaps, 40_000.0 * DAY))
        age = running - running[begins][who]
        kept = age < left[who]
        self.who = who[kept]
        self.at = people.start + people.joined[self.who] + age[kept].astype(np.int64)
        place = np.arange(who.size) - begins[who]
        self.ids = named("o", people.number[self.who] * MAX_ORDERS + place[kept])
        size = self.who.size
        self.lines_each = random.integers(1, 4, size)
        self.line_of = np.repeat(np.arange(size), self.lines_each)
        value = (
            random.gamma(company.value_shape, 1 / company.value_shape, self.line_of.size) * people.mean_value[self.who][self.line_of] / 2
        )
        self.line_amount = np.maximum(1, np.rint(value)).astype(np.int64)
        self.amount = np.bincount(self.line_of, self.line_amount, size).astype(np.int64)
        self.discount = np.where(random.random(size) < 0.2, self.amount // 10, 0)
        self.product = np.minimum((PRODUCTS * random.random(self.line_of.size) ** 3).astype(np.int64), PRODUCTS - 1)
        self.quantity = random.integers(1, 4, self.line_of.size).astype(np.float64)
        self.campaign = random.choice(len(CAMPAIGNS), size, p=(0.7, 0.1, 0.1, 0.1))

    def rows(self) -> pa.Table:
        return _table(
            "orders",
            {
                "occurred_at": self.at,
                "row_key": self.ids,
                "identity_id": self.people.ids.take(pa.array(self.who)),
                "order_id": self.ids,
                "kind": "purchase",
                "linked": True,
                "amount_minor": self.amount,
                "discount_minor": self.discount,
                "currency": self.company.currency,
                "channel": "web",
                "campaign": _chosen(CAMPAIGNS, self.campaign),
                "country": _chosen(COUNTRIES, self.people.country[self.who]),
            },
        )

    def lines(self) -> pa.Table:
        ids = self.ids.take(pa.array(self.line_of))
        return _table(
            "order_lines",
            {
                "occurred_at": self.at[self.line_of],
                "row_key": pc.binary_join_element_wise(ids, pc.cast(pa.array(_ordinals(self.lines_each)), pa.string()), "/"),
                "identity_id": self.people.ids.take(pa.array(self.who[self.line_of])),
                "order_id": ids,
                "kind": "purchase",
                "product_id": named("p", self.product),
                "product_name": named("Product ", self.product),
                "category": named("Category ", self.product % 40),
                "is_goods": True,
                "quantity": self.quantity,
                "amount_minor": self.line_amount,
                "unit_cost_minor": self.line_amount * 0.6 / self.quantity,
                "currency": self.company.currency,
            },
        )

    def refunds(self) -> tuple[pa.Table, pa.Table]:
        """Whole orders given back within two weeks, each linked to its order."""
        given_back = np.flatnonzero(self.random.random(self.who.size) < self.company.refund_share)
        at = self.at[given_back] + self.random.integers(DAY, 14 * DAY, given_back.size)
        inside = at < self.people.start + self.company.days * DAY
        given_back, at = given_back[inside], at[inside]
        ids = self.ids.take(pa.array(given_back))
        keys = pc.binary_join_element_wise(ids, "refund", "/")
        shared = {
            "occurred_at": at,
            "row_key": keys,
            "identity_id": self.people.ids.take(pa.array(self.who[given_back])),
            "order_id": ids,
            "kind": "refund",
            "amount_minor": -self.amount[given_back],
            "currency": self.company.currency,
        }
        rows = _table("orders", {**shared, "linked": True})
        lines = _table("order_lines", {**shared, "is_goods": True, "quantity": np.full(given_back.size, -1.0)})
        return rows, lines


def _events(company: Company, random: np.random.Generator, people: _People, orders: _Orders) -> pa.Table:
    around = np.repeat(np.arange(orders.who.size), random.poisson(company.events_per_order, orders.who.size))
    alone = np.repeat(np.arange(people.number.size), random.poisson(company.events_per_customer, people.number.size))
    at_orders = orders.at[around] - random.integers(0, DAY // 4, around.size)
    at_random = (
        people.start + people.joined[alone] + (random.random(alone.size) * (company.days * DAY - people.joined[alone])).astype(np.int64)
    )
    who = np.concatenate([orders.who[around], alone])
    at = np.concatenate([at_orders, at_random])
    base = int(people.number[0]) * 1_000
    return _table(
        "events",
        {
            "occurred_at": at,
            "row_key": named("e", base + np.arange(who.size)),
            "identity_id": people.ids.take(pa.array(who)),
            "name": _chosen(EVENT_NAMES, random.choice(len(EVENT_NAMES), who.size)),
            "product_id": named("p", random.integers(0, PRODUCTS, who.size)),
        },
    )


def _answers(company: Company, random: np.random.Generator, orders: _Orders) -> pa.Table:
    asked = np.flatnonzero(random.random(orders.who.size) < company.answer_share)
    at = orders.at[asked] + random.integers(DAY, 5 * DAY, asked.size)
    inside = at < orders.people.start + company.days * DAY
    asked, at = asked[inside], at[inside]
    score = np.clip(np.rint(8.2 - 3 * orders.people.dropout[orders.who[asked]] + random.normal(0, 1.8, asked.size)), 0, 10)
    keys = pc.binary_join_element_wise("r", orders.ids.take(pa.array(asked)), "-")
    return _table(
        "responses",
        {
            "occurred_at": at,
            "row_key": keys,
            "identity_id": orders.people.ids.take(pa.array(orders.who[asked])),
            "response_id": keys,
            "survey_id": "after purchase",
            "state": "answered",
            "question": "How likely are you to recommend us?",
            "measure": "nps",
            "score": score,
            "scale_min": 0.0,
            "scale_max": 10.0,
            "high_is_good": True,
            "stage": "purchase",
        },
    )


def _tickets(company: Company, random: np.random.Generator, orders: _Orders) -> pa.Table:
    about = np.flatnonzero(random.random(orders.who.size) < company.ticket_share)
    opened = orders.at[about] + random.integers(DAY // 24, 3 * DAY, about.size)
    replied = opened + (random.exponential(5, about.size) * DAY / 24).astype(np.int64)
    resolved = replied + (random.exponential(30, about.size) * DAY / 24).astype(np.int64)
    ids = pc.binary_join_element_wise("t", orders.ids.take(pa.array(about)), "-")
    parts = []
    for step, at in (("opened", opened), ("replied", replied), ("resolved", resolved)):
        inside = at < orders.people.start + company.days * DAY
        seen = pa.array(np.flatnonzero(inside))
        parts.append(
            _table(
                "tickets",
                {
                    "occurred_at": at[inside],
                    "row_key": pc.binary_join_element_wise(ids.take(seen), step, "/"),
                    "identity_id": orders.people.ids.take(pa.array(orders.who[about][inside])),
                    "ticket_id": ids.take(seen),
                    "step": step,
                    "channel": "e-mail",
                    "handled_by": "person",
                },
            )
        )
    return pa.concat_tables(parts)


def named(prefix: str, numbers: NDArray[Any]) -> pa.Array:
    """Texts of `prefix` and each number.

    >>> named("c", np.array([1, 22])).to_pylist()
    ['c1', 'c22']
    """
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _chosen(names: tuple[str | None, ...], places: NDArray[Any]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(places))


def _ordinals(sizes: NDArray[Any]) -> NDArray[Any]:
    begins = np.cumsum(sizes) - sizes
    places: NDArray[Any] = np.arange(sizes.sum()) - np.repeat(begins, sizes)
    return places


def _table(name: str, given: dict[str, Any]) -> pa.Table:
    rows = len(given["row_key"])
    given = {"source": "synthetic", "recorded_at": given["occurred_at"], "row_hash": given["row_key"], **given}
    columns, schema_fields = [], []
    for column in TABLES[name].columns:
        if column.name == "load_id":
            continue
        value = given.get(column.name)
        if isinstance(value, np.ndarray):
            array = pa.array(value).cast(column.type.arrow)
        elif isinstance(value, pa.Array | pa.ChunkedArray):
            array = value
        else:
            array = pa.repeat(pa.scalar(value, column.type.arrow), rows)
        columns.append(array)
        schema_fields.append(pa.field(column.name, column.type.arrow, nullable=not column.required))
    return pa.Table.from_arrays(columns, schema=pa.schema(schema_fields))
