"""Shops whose truth is known: buyers who order at a rate of their own, drop out with a chance of their own, and spend around a mean of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from regulars.tables import TABLES

START = np.datetime64("2022-01-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")


@dataclass
class Shop:
    """Order days of customers: who, which day from the start, for how much."""

    customers: int = 400
    days: int = 365
    joining: int | None = None
    """Customers join evenly over so many days; over all of them where it is not given."""
    seed: int = 0
    r: float = 0.5
    alpha: float = 40.0
    a: float = 0.8
    b: float = 3.0
    p: float = 5.0
    q: float = 4.0
    gamma: float = 3000.0

    def rows(self):
        """(customer, day, amount) of all orders, at most one a day and customer."""
        chance = np.random.default_rng(self.seed)
        out = []
        for customer in range(self.customers):
            rate, leave = chance.gamma(self.r) / self.alpha, chance.beta(self.a, self.b)
            nu = chance.gamma(self.q) / self.gamma
            at, seen = chance.uniform(0, self.joining or self.days), set()
            while at < self.days:
                day = int(at)
                if day not in seen:
                    seen.add(day)
                    out.append((customer, day, max(1, round(chance.gamma(self.p) / nu))))
                    if len(seen) > 1 and chance.random() < leave:
                        break
                at += chance.exponential(1 / rate) if rate > 1e-9 else np.inf
        return out

    def orders(self):
        """The canonical table of orders."""
        who, day, amount = (np.array(column) for column in zip(*self.rows(), strict=True))
        return orders_of(who, day, amount)


def orders_of(who, day, amount, currency="EUR"):
    """The canonical table of orders from arrays: customer number, day after the start, minor units."""
    n = len(who)
    at = pa.array(START + day * DAY + DAY // 2)
    keys = pa.array([f"o{i:07}" for i in range(n)])
    given = {
        "occurred_at": at,
        "recorded_at": at,
        "row_key": keys,
        "order_id": keys,
        "identity_id": pa.array([f"c{w:06}" for w in who]),
        "kind": pa.repeat("purchase", n),
        "linked": pa.repeat(True, n),
        "amount_minor": pa.array(amount, pa.int64()),
        "currency": pa.repeat(currency, n),
        **{name: pa.repeat("test", n) for name in ("source", "row_hash", "load_id")},
    }
    schema = TABLES["orders"].arrow_schema
    return pa.table([given[f.name].cast(f.type) if f.name in given else pa.nulls(n, f.type) for f in schema], schema=schema)
