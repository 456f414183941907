"""Outcomes against a plain reckoning of the same rows."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from regulars.errors import MixedCurrencies
from regulars.experiments.declare import Experiment, two_arms
from regulars.experiments.outcomes import outcomes, reached
from regulars.metrics.estimates import Undefined
from tests.builders import company

pytestmark = pytest.mark.suite

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2024, 3, 1)


LATER = datetime(2024, 6, 1)


def spring(**given):
    return Experiment(name="spring", arms=two_arms(), **{"days": 14, **given})


def some_rows(seed):
    """Forty customers assigned at odd instants around the change to summer time, their orders, refunds and cancellations."""
    chance = random.Random(seed)
    orders, assignments = [], []
    for n in range(40):
        customer = f"c{n:02}"
        at = BEGIN + timedelta(days=chance.choice([0, 0, 25, 40]), seconds=chance.choice([0, 3600, 82_800, 86_399]))
        assignments.append({"at": at, "customer": customer, "experiment": "spring", "arm": chance.choice(["treatment", "control"])})
        assignments.append({"at": at, "customer": customer, "experiment": "other", "arm": "treatment"})
        for k in range(chance.randrange(6)):
            bought = BEGIN + timedelta(seconds=chance.randrange(0, 70 * 86_400))
            name = f"o{n}-{k}"
            orders.append({"at": bought, "customer": customer, "order": name, "amount": chance.randrange(1, 5000)})
            kind = chance.choice(["", "", "refund", "whole", "cancellation"])
            after = bought + timedelta(days=chance.randrange(20))
            amount = {"refund": -orders[-1]["amount"] // 3, "whole": -orders[-1]["amount"], "cancellation": 0}.get(kind, 0)
            if kind:
                kind = "cancellation" if kind == "cancellation" else "refund"
                orders.append({"at": after, "customer": customer, "order": name, "kind": kind, "amount": amount})
    orders.append({"at": "2024-02-01", "customer": "c00", "amount": 100})
    return orders, assignments


def local_date(instant):
    return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE).date()


def first_whole_day(instant):
    local = instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZONE)
    return local.date() + timedelta(days=0 if local.timetz().replace(tzinfo=None) == datetime.min.time() else 1)


def by_hand(orders, assignments, as_of, days):
    """{customer: (arm, orders, revenue)} of those whose days have passed."""
    found = {}
    for row in assignments:
        if row["experiment"] != "spring" or row["at"] >= as_of:
            continue
        end = first_whole_day(row["at"]) + timedelta(days=days)
        if end > local_date(as_of):
            continue
        count = revenue = 0
        for order in (o for o in orders if o["customer"] == row["customer"] and o.get("kind", "purchase") == "purchase"):
            at = order["at"] if isinstance(order["at"], datetime) else datetime.fromisoformat(order["at"])
            later = [
                o
                for o in orders
                if o is not order and o.get("order") is not None and o.get("order") == order.get("order") and o["at"] < as_of
            ]
            net = order["amount"] + sum(o["amount"] for o in later if o["kind"] == "refund")
            if row["at"] <= at < as_of and local_date(at) < end and net > 0 and not any(o["kind"] == "cancellation" for o in later):
                count, revenue = count + 1, revenue + net
        found[row["customer"]] = (row["arm"], count, revenue)
    return found


class TestOutcomes:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_agree_with_a_plain_reckoning(self, seed):
        orders, assignments = some_rows(seed)
        as_of = datetime(2024, 4, 24, 22)  # midnight in Berlin
        with company(orders=orders, assignments=assignments, time_zone="Europe/Berlin", as_of=as_of) as session:
            found = outcomes(session, spring())
        ours = dict(
            zip(
                found.customers.to_pylist(),
                zip(found.arms.tolist(), found.orders.tolist(), found.revenue.tolist(), strict=True),
                strict=True,
            )
        )
        expected = by_hand(orders, assignments, as_of, 14)
        assert ours == expected
        assert len(expected) + sum(found.waiting.values()) == 40
        assert 0 < sum(found.waiting.values()) < 40

    def test_count_by_intention_to_treat(self):
        """Nobody was sent anything, and all count in the arm that chance gave them."""
        rows = [{"at": "2024-03-01", "customer": c, "experiment": "spring", "arm": a} for c, a in (("a", "treatment"), ("b", "control"))]
        orders = [{"at": "2024-03-05", "customer": "a", "amount": 5}, {"at": "2024-02-01", "customer": "x", "amount": 5}]
        with company(assignments=rows, orders=orders, as_of=LATER) as session:
            found = outcomes(session, spring())
        assert found.arms.tolist() == ["treatment", "control"]
        assert found.of("conversion").tolist() == [1.0, 0.0]

    def test_of_a_customer_who_was_merged_count_once_in_the_earlier_arm(self):
        rows = [
            {"at": "2024-03-02", "customer": "b", "experiment": "spring", "arm": "control"},
            {"at": "2024-03-01", "customer": "a", "experiment": "spring", "arm": "treatment"},
        ]
        merged = [{"at": "2024-04-01", "customer": "b", "customer_id": "a"}]
        orders = [{"at": "2024-03-05", "customer": "b", "amount": 5}, {"at": "2024-02-01", "customer": "x", "amount": 5}]
        with company(assignments=rows, identities=merged, orders=orders, as_of=LATER) as session:
            found = outcomes(session, spring())
        assert (found.customers.to_pylist(), found.arms.tolist(), found.orders.tolist(), found.conflicts) == (
            ["a"],
            ["treatment"],
            [1.0],
            1,
        )

    def test_without_end_count_until_as_of(self):
        rows = [{"at": "2024-03-01", "customer": "a", "experiment": "spring", "arm": "treatment"}]
        orders = [{"at": f"2024-0{month}-05", "customer": "a", "amount": 5} for month in (2, 3, 5, 7)]
        with company(assignments=rows, orders=orders, as_of=datetime(2024, 6, 1)) as session:
            assert outcomes(session, spring(days=None)).orders.tolist() == [2.0]

    def test_are_empty_where_nobody_is_assigned(self):
        with company(orders=[{"at": "2024-03-05", "customer": "a", "amount": 5}]) as session:
            found = outcomes(session, spring())
        assert len(found.arms) == len(found.customers) == len(found.covariate) == 0

    def test_refuse_currencies_without_a_rate(self):
        orders = [{"at": "2024-03-05", "customer": "a", "amount": 5, "currency": c} for c in ("EUR", "USD")]
        with company(orders=orders) as session, pytest.raises(MixedCurrencies):
            outcomes(session, spring())


class TestMargin:
    ORDERS = (
        {"at": "2024-03-05", "customer": "a", "order": "o1", "amount": 1000},
        {"at": "2024-03-06", "customer": "a", "order": "o1", "kind": "refund", "amount": -500},
        {"at": "2024-03-06", "customer": "b", "order": "o2", "amount": 600},
        {"at": "2024-02-01", "customer": "x", "order": "o3", "amount": 100},
    )
    ROWS = tuple({"at": "2024-03-01", "customer": c, "experiment": "spring", "arm": a} for c, a in (("a", "treatment"), ("b", "control")))

    def ask(self, **given):
        with company(assignments=self.ROWS, orders=self.ORDERS, as_of=LATER, **given) as session:
            found = outcomes(session, spring())
        return found.margin if isinstance(found.margin, Undefined) else found.margin.tolist(), found.margin_basis

    def test_takes_the_unit_costs_of_the_lines_and_those_of_returned_goods_back(self):
        lines = [
            {"at": "2024-03-05", "customer": "a", "order": "o1", "amount": 1000, "quantity": 2.0, "unit_cost_minor": 300.0},
            {"at": "2024-03-06", "customer": "b", "order": "o2", "amount": 600, "unit_cost_minor": 500.0},
        ]
        assert self.ask(order_lines=lines) == ([500 - 300, 600 - 500], "unit_costs")

    def test_falls_back_on_the_setting(self):
        assert self.ask(margin_rate=0.4) == (pytest.approx([200.0, 240.0]), "margin_rate")

    def test_is_undefined_without_either(self):
        assert self.ask()[0] == Undefined("no_margin")


class TestReached:
    def test_names_who_was_sent_the_campaign_after_the_assignment(self):
        rows = [{"at": "2024-03-02", "customer": c, "experiment": "spring", "arm": "treatment"} for c in "abcde"]
        sent = {"message_id": "m", "campaign": "spring mail"}
        messages = [
            {"at": "2024-03-03", "customer": "a", "step": "sent", **sent},
            {"at": "2024-03-03", "customer": "b", "step": "withheld", **sent},
            {"at": "2024-03-01", "customer": "c", "step": "sent", **sent},
            {"at": "2024-03-04", "customer": "d", "step": "opened", **sent},
            {"at": "2024-03-04", "customer": "e", "step": "sent", **sent, "campaign": "another"},
        ]
        with company(
            assignments=rows, messages=messages, orders=[{"at": "2024-02-01", "customer": "x", "amount": 100}], as_of=LATER
        ) as session:
            assert reached(session, spring(campaigns=("spring mail",)), list("abcde")) == {"a", "d"}
            assert reached(session, spring(), list("abcde")) == set()


class TestOnly:
    def test_keeps_the_rows_together(self):
        orders, assignments = some_rows(4)
        with company(orders=orders, assignments=assignments) as session:
            found = outcomes(session, spring())
        part = found.only(found.orders > 1)
        assert part.customers.to_pylist() == [c for c, n in zip(found.customers.to_pylist(), found.orders, strict=True) if n > 1]
        assert np.array_equal(part.revenue, found.revenue[found.orders > 1])
