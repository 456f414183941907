"""The synthetic company: the same seed gives the same rows, the rows fit the tables, and its planted truth is found again."""

from __future__ import annotations

import numpy as np
import pytest

import regulars
from regulars.errors import ArgumentRefused
from regulars.synthetic import Company, fill
from regulars.synthetic.company import DAY, history


@pytest.fixture(scope="module")
def company():
    return Company(customers=4_000, months=24, seed=7)


@pytest.fixture(scope="module")
def rows(company):
    found = {}
    for table, part in history(company, 0, company.customers):
        found.setdefault(table, []).append(part)
    return found


class TestHistory:
    def test_is_the_same_for_the_same_seed(self, company, rows):
        again = dict.fromkeys(rows, None)
        for table, part in history(company, 0, company.customers):
            again[table] = part
        assert all(again[table].equals(parts[-1]) for table, parts in rows.items())

    def test_ends_with_the_company(self, company, rows):
        end = np.datetime64(company.first_day, "us") + np.timedelta64(company.days * DAY, "us")
        for table, parts in rows.items():
            for part in parts:
                assert part["occurred_at"].to_numpy().max() < end, table

    def test_has_unique_keys_and_lines_that_add_up(self, rows):
        purchases, refunds = rows["orders"]
        keys = purchases["row_key"].to_pylist() + refunds["row_key"].to_pylist()
        assert len(set(keys)) == len(keys)
        lines = rows["order_lines"][0].group_by("order_id").aggregate([("amount_minor", "sum")])
        by_lines = dict(zip(lines["order_id"].to_pylist(), lines["amount_minor_sum"].to_pylist(), strict=True))
        by_orders = dict(zip(purchases["order_id"].to_pylist(), purchases["amount_minor"].to_pylist(), strict=True))
        assert by_lines == by_orders

    def test_has_the_planted_share_of_refunds_and_mean_value(self, company, rows):
        purchases, refunds = rows["orders"]
        assert refunds.num_rows / purchases.num_rows == pytest.approx(company.refund_share, abs=0.006)
        # Two lines on average, each half of the customer's mean.
        assert np.mean(purchases["amount_minor"].to_numpy()) == pytest.approx(company.mean_value_minor, rel=0.08)

    def test_has_the_planted_drop_out(self, rows):
        # Of customers who joined in the first month and order fast, the chance to stop after the first order is a / (a + b).
        company = Company(customers=4_000, months=240, seed=8, rate_shape=20.0, rate_scale_days=100.0)
        parts = dict(history(company, 0, company.customers))
        del rows
        people = parts["customers"]
        early = people["occurred_at"].to_numpy() < np.datetime64(company.first_day, "us") + np.timedelta64(company.days * DAY // 2, "us")
        orders = next(part for table, part in history(company, 0, company.customers) if table == "orders")
        counts = orders.group_by("identity_id").aggregate([("order_id", "count")])
        each = dict(zip(counts["identity_id"].to_pylist(), counts["order_id_count"].to_pylist(), strict=True))
        ones = [each[c] == 1 for c, e in zip(people["identity_id"].to_pylist(), early, strict=True) if e]
        assert np.mean(ones) == pytest.approx(company.dropout_a / (company.dropout_a + company.dropout_b), abs=0.05)

    def test_refuses_an_impossible_company(self):
        with pytest.raises(ArgumentRefused):
            Company(customers=0)


class TestFill:
    def test_writes_a_workspace_that_answers(self, tmp_path):
        shop = regulars.open(tmp_path / "shop")
        fill(shop, Company(customers=300, months=12))
        (orders,) = shop.metric("orders")
        assert orders.value > 300
        assert shop.settings.currency == "EUR"
