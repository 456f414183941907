"""What a company's tables say as of an instant: rows in force, whose they are, on which day, in which money."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cached_property

from tests.oracle.activity import Activity
from tests.oracle.clock import Clock, month_name, number
from tests.oracle.orders import Book

RULES = {
    "time_zone": "UTC",
    "currency": None,
    "inactive_after_days": 90,
    "churn_by": "auto",
    "customer_unit": "person",
    "renewal_grace_days": 14,
    "meaningful_events": (),
    "fiscal_year_starts_in": 1,
    "margin_rate": None,
    "complaint_topics": ("complaint",),
    "complaint_priorities": ("urgent",),
}
DATED = ("orders", "events", "subscriptions", "messages", "responses", "tickets")
WITH_MONEY = ("orders", "order_lines", "subscriptions", "costs")
DECIMALS = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}
UNKNOWN = "(unknown)"


class Refused(Exception):
    """The question has no answer: a caller's mistake, with the code of the refusal."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Company:
    """The tables of one company as of one instant."""

    def __init__(self, tables, rules=None, as_of=None):
        self.tables = tables
        self.rules = {**RULES, **(rules or {})}
        self.clock = Clock(self.rules["time_zone"])
        self.as_of = self._as_of(as_of)
        self.as_of_day = self.clock.day(self.as_of)
        self._rows = {}
        self._factors = {}
        self.margins = {}

    def _as_of(self, given):
        if given is None:
            instants = [row["occurred_at"] for name in DATED for row in self.tables.get(name, ())]
            if not instants:
                raise Refused("data.none")
            return self.clock.midnight(self.clock.day(max(instants)) + 1)
        if isinstance(given, datetime):
            return given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)
        return self.clock.midnight(number(given) + 1)

    # -- rows -----------------------------------------------------------------------------------------------------------

    def rows(self, name):
        """The rows of a table before as-of that nothing has replaced."""
        if name not in self._rows:
            replaced = {
                (r["superseded_key"], r["superseded_source"], r["superseded_load_id"])
                for r in self.tables.get("supersessions", ())
                if r["table_name"] == name
            }
            self._rows[name] = [
                r
                for r in self.tables.get(name, ())
                if r["occurred_at"] < self.as_of and (r["row_key"], r["source"], r["load_id"]) not in replaced
            ]
        return self._rows[name]

    def day(self, row):
        return self.clock.day(row["occurred_at"])

    def customer(self, row):
        """Who a row belongs to; None for nobody."""
        if self.rules["customer_unit"] == "account" and row.get("account_id") is not None:
            return row["account_id"]
        return self.person(row)

    def person(self, row):
        """Who did it, also where accounts are counted; None for nobody."""
        identity = row.get("identity_id")
        return None if identity is None else self._belongs_to.get(identity, identity)

    @cached_property
    def _belongs_to(self):
        latest = {}
        for row in self.rows("identities"):
            identity, order = row.get("identity_id"), (row["occurred_at"], row["row_key"])
            if identity is not None and (identity not in latest or order > latest[identity][0]):
                latest[identity] = (order, row["customer_id"])
        return {identity: customer for identity, (_, customer) in latest.items()}

    @cached_property
    def history_start(self):
        days = [self.day(row) for name in ("orders", "events", "subscriptions") for row in self.rows(name)]
        return min(days, default=self.as_of_day)

    @cached_property
    def by_cancellation(self):
        if self.rules["churn_by"] == "auto":
            return bool(self.rows("subscriptions"))
        return self.rules["churn_by"] == "cancelled"

    # -- money ------------------------------------------------------------------------------------------------------------

    @cached_property
    def currency(self):
        if self.rules["currency"]:
            return self.rules["currency"]
        found = {row["currency"] for name in WITH_MONEY for row in self.tables.get(name, ())}
        if len(found) > 1:
            raise Refused("money.mixed_currencies")
        return found.pop() if found else None

    @cached_property
    def _rates(self):
        """Per currency: its rates to the reporting currency as (date, occurred_at, row_key, rate), in order."""
        rates = {}
        for row in self.rows("exchange_rates"):
            if row["to_currency"] == self.currency:
                rates.setdefault(row["currency"], []).append((number(row["on_date"]), row["occurred_at"], row["row_key"], row["rate"]))
        return {currency: sorted(own) for currency, own in rates.items()}

    def factor(self, currency, day):
        """What one minor unit of a currency is worth on a day, in minor units of the reporting currency."""
        if currency == self.currency:
            return 1.0
        if (currency, day) not in self._factors:
            before = [rate for at, _, _, rate in self._rates.get(currency, ()) if at <= day]
            if not before:
                raise Refused("money.mixed_currencies")
            decimals = DECIMALS.get(self.currency, 2) - DECIMALS.get(currency, 2)
            self._factors[currency, day] = before[-1] * 10.0**decimals
        return self._factors[currency, day]

    def money(self, row, name="amount_minor"):
        """An amount of a row in the reporting currency; None where there is none."""
        amount = row.get(name)
        if amount is None or row["currency"] == self.currency:
            return amount
        return math.floor(float(amount) * self.factor(row["currency"], self.day(row)) + 0.5)

    # -- what follows from the rows ------------------------------------------------------------------------------------

    @cached_property
    def book(self):
        """Orders, what came back of them, and customers by what they bought."""
        return Book(self)

    @cached_property
    def activity(self):
        """Who is active at which boundary, by orders and events or by subscriptions."""
        return Activity(self)

    @cached_property
    def attributes(self):
        """Per dimension: the value of each customer that has one."""
        found = {"country": {}, "acquisition_channel": {}, "acquisition_campaign": {}, "cohort": {}}
        for row in sorted(self.rows("customers"), key=lambda r: (r["occurred_at"], r["row_key"])):
            customer = self.customer(row)
            for name in ("country", "acquisition_channel", "acquisition_campaign"):
                if customer is not None and row.get(name) is not None:
                    found[name][customer] = row[name]
        bought = {}
        for row in sorted(self.rows("orders"), key=lambda r: (r["occurred_at"], r["row_key"])):
            customer = self.customer(row)
            if row["kind"] == "purchase" and customer is not None and row.get("country") is not None:
                bought[customer] = row["country"]
        found["country"] = {**bought, **found["country"]}
        found["cohort"] = {customer: month_name(orders[0].day) for customer, orders in self.book.by_customer.items()}
        return found

    def attribute(self, dimension, customer):
        """The customer's value in a dimension, "(unknown)" where it has none."""
        return self.attributes[dimension].get(customer, UNKNOWN) if customer is not None else UNKNOWN

    def spread(self, cost, start, end):
        """The part of a cost that falls on the days from `start` to before `end`, in the reporting currency, unrounded."""
        first, after = number(cost["starts_on"]), number(cost["ends_on"])
        days = max(0, min(after, end, self.as_of_day) - max(first, start))
        return self.money(cost) * days / (after - first) if days else 0.0


class Window:
    """The days from `start` up to but not including `end`; `seen_end` is where what can be seen ends."""

    def __init__(self, company, start, end):
        self.start_date, self.end_date = start, end
        self.start, self.end = number(start), number(end)
        self.seen_end = max(self.start, min(self.end, company.as_of_day))
        self.enough_history = self.start - company.history_start >= company.rules["inactive_after_days"]

    def __contains__(self, day):
        return self.start <= day < self.end
