"""The synthetic company: the same seed gives the same rows, the rows fit the tables, and its planted truth is found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import regulars
from regulars.errors import ArgumentRefused, WorkspaceNotEmpty
from regulars.experiments.declare import declarations
from regulars.synthetic import Company, Saas, Shop, fill
from regulars.synthetic.company import DAY, history
from regulars.tables import TABLES
from tests.regulars.synthetic.conftest import tables_of

pytestmark = pytest.mark.suite


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

    @pytest.mark.parametrize(
        "given",
        [
            {"kind": "bank"},
            {"months": 0},
            {"months": 100_000},
            {"months": 1.5},
            {"seed": -1},
            {"value_spread": 2.0},
            {"refund_share": float("nan")},
            {"ticket_share": 1.5},
            {"dropout_a": 0.0},
            {"shop": Shop(month_factors=(1.0, 1.0))},
            {"shop": Shop(month_factors=(0.0,) * 12)},
            {"shop": Shop(seasonal_months=(13,))},
            {"shop": Shop(seasonal_months=())},
            {"shop": Shop(refill_days=(0,))},
            {"shop": Shop(channels=())},
            {"shop": Shop(products=0)},
            {"saas": Saas(seats_used=1.2)},
            {"saas": Saas(churn_beta=0.0)},
            {"saas": Saas(term_days=0)},
        ],
    )
    def test_refuses_what_means_nothing(self, given):
        with pytest.raises(ArgumentRefused):
            Company(customers=10, **given)


class TestEachKind:
    def test_has_rows_that_fit_their_tables(self, any_rows):
        for name, rows in any_rows.items():
            at = TABLES[name].arrow_schema.get_field_index("load_id")
            TABLES[name].check(rows.add_column(at, pa.field("load_id", pa.string()), pa.repeat(pa.scalar("x"), rows.num_rows)))

    def test_has_no_key_twice(self, any_rows):
        for name, rows in any_rows.items():
            assert pc.count_distinct(rows["row_key"]).as_py() == rows.num_rows, name

    def test_begins_and_ends_with_the_company(self, any_company, any_rows):
        for name, rows in any_rows.items():
            at = rows["occurred_at"].to_numpy().astype("datetime64[us]").astype(np.int64)
            assert at.min() >= any_company.start, name
            assert at.max() < any_company.end, name

    def test_names_only_customers_that_it_has(self, any_rows):
        known = set(any_rows["customers"]["identity_id"].to_pylist())
        for name, rows in any_rows.items():
            assert set(rows["identity_id"].drop_null().to_pylist()) <= known, name

    def test_does_nothing_before_a_customer_came(self, any_rows):
        came = any_rows["customers"].select(["identity_id", "occurred_at"]).rename_columns(["identity_id", "came_at"])
        for name, rows in any_rows.items():
            if name not in {"accounts", "costs"}:
                both = rows.select(["identity_id", "occurred_at"]).join(came, "identity_id")
                early = pc.less(both["occurred_at"], both["came_at"])
                # Somebody looks at products before the first order, which is what brings them.
                assert pc.sum(early).as_py() == 0 or name == "events", name

    def test_is_the_same_again_and_another_with_another_seed(self, any_company, any_rows):
        again, other = tables_of(any_company), tables_of(replace(any_company, seed=8))
        assert all(again[name].equals(rows) for name, rows in any_rows.items())
        assert not any(other[name].equals(rows) for name, rows in any_rows.items() if name != "costs")

    def test_has_blocks_that_do_not_depend_on_those_after_them(self, any_company):
        first, count = 0, 100
        longer = dict(history(replace(any_company, customers=10_000_000), first, count))
        assert all(rows.equals(longer[name]) for name, rows in dict(history(any_company, first, count)).items())

    @pytest.mark.parametrize(
        "given",
        [
            {"shop": Shop(products=1, affinity_pairs=6, refill_days=(), seasonal_share=0.0)},
            {"shop": Shop(month_factors=(1.0,) + (0.0,) * 11, seasonal_months=(1,), complaint_share=1.0, complaint_odds=0.0)},
            {"shop": Shop(campaign_every_days=1, campaign_share=1.0, persuaded=1.0, put_off=1.0, holdout_share=0.0), "months": 4},
            {"shop": Shop(campaign_every_days=0, member_share=1.0, redeem_chance=1.0, subscriber_share=1.0, refill_share=1.0)},
            {"saas": Saas(mean_seats=1.0, seats_used=0.0, involuntary_share=1.0, decline_days=0, notice_days=0, term_days=1)},
            {"saas": Saas(upgrade_chance=1.0, downgrade_chance=0.0, events_per_user_month=0.0, surveys_per_year=0.0), "months": 60},
            {"value_spread": 0.0, "rate_shape": 1e-3, "events_per_order": 0.0, "events_per_customer": 0.0, "refund_share": 1.0},
        ],
    )
    def test_may_be_extreme(self, given):
        for kind in ("purchases", "shop", "saas"):
            for name, rows in tables_of(Company(**{"customers": 60, "months": 14, "kind": kind, **given})).items():
                assert pc.count_distinct(rows["row_key"]).as_py() == rows.num_rows, name

    def test_may_be_tiny(self, any_company):
        tiny = tables_of(replace(any_company, customers=1, months=1))
        assert sum(rows.num_rows for rows in tiny.values()) >= 1


class TestFill:
    def test_writes_a_workspace_that_answers(self, tmp_path):
        shop = regulars.open(tmp_path / "shop")
        fill(shop, Company(customers=300, months=12))
        (orders,) = shop.metric("orders")
        assert orders.value > 300
        assert shop.settings.currency == "EUR"

    def test_keeps_what_is_true_with_the_load(self, tmp_path):
        shop = regulars.open(tmp_path / "shop")
        seen = []
        record = fill(shop, Company(customers=300, months=12, kind="shop"), progress=lambda done, total: seen.append((done, total)))
        (load,) = shop.loads()
        assert load.report["truth"] == record.report["truth"]
        assert load.report["truth"]["shop"]["complaint_odds"] == 4.0
        assert len(load.report["truth"]["campaign_effects"]) == 3
        assert seen == [(300, 300)]

    @pytest.mark.parametrize("kind", ["shop", "saas"])
    def test_sets_what_fits_the_kind(self, tmp_path, kind):
        workspace = regulars.open(tmp_path / "company", currency="CHF")
        fill(workspace, Company(customers=60, months=12, kind=kind))
        settings = regulars.open(tmp_path / "company").settings
        assert settings.currency == "CHF"
        assert (settings.customer_unit, settings.churn_by) == {"shop": ("person", "inactive"), "saas": ("account", "cancelled")}[kind]
        topics = {topic for topic in tables_of(Company(customers=60, months=12, kind=kind))["tickets"]["topic"].to_pylist() if topic}
        assert topics & set(settings.complaint_topics)

    def test_declares_the_campaigns(self, tmp_path):
        shop = regulars.open(tmp_path / "shop")
        fill(shop, Company(customers=50, months=12, kind="shop"))
        known = declarations(shop)
        assert list(known) == ["campaign-01", "campaign-02", "campaign-03"]
        assert {one.days for one in known.values()} == {30}
        assert known["campaign-01"].arms == {"treatment": 0.75, "holdout": 0.25}
        assert known["campaign-01"].declared_at.date() == date(2023, 4, 2)
        shop.undo(shop.loads()[0].load_id)
        with pytest.raises(WorkspaceNotEmpty):
            fill(shop, Company(customers=50, months=12, kind="shop"))

    def test_refuses_a_workspace_that_holds_rows(self, tmp_path):
        shop = regulars.open(tmp_path / "shop")
        record = fill(shop, Company(customers=10, months=3))
        with pytest.raises(WorkspaceNotEmpty):
            fill(shop, Company(customers=10, months=3))
        assert [load.load_id for load in shop.loads()] == [record.load_id]

    def test_leaves_nothing_when_it_is_interrupted(self, tmp_path):
        def stop(*_):
            raise KeyboardInterrupt

        shop = regulars.open(tmp_path / "shop")
        with pytest.raises(KeyboardInterrupt):
            fill(shop, Company(customers=10, months=3), progress=stop)
        assert shop.loads() == []
        assert not list((tmp_path / "shop").rglob("*.parquet"))
