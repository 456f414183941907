"""What buyers and the company are worth: against formulas written out again, and against what came."""

from datetime import timedelta

import numpy as np
import pytest

from regulars.errors import ArgumentRefused
from regulars.metrics import Undefined
from regulars.predictions.clv.model import MONTH, ValueModel
from regulars.predictions.clv.steady import SteadyRate
from regulars.predictions.value import fit_company
from regulars.predictions.value.shrunk import Shrunk
from tests.regulars.predictions.value.simulated import START, Shop, orders_of

DAY0 = START.astype("datetime64[D]").item()


pytestmark = pytest.mark.suite


def columns(table):
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.schema.names if name != "customer_id"}


class TestCustomers:
    def test_have_what_the_contract_names(self, shop):
        found = fit_company(shop)
        assert found.customers().schema.names == [
            "customer_id",
            "p_alive",
            "expected_orders",
            "p_no_order",
            "clv_minor",
            "clv_low_minor",
            "clv_high_minor",
            "value_if_stays_minor",
            "next_order_days_low",
            "next_order_days_mid",
            "next_order_days_high",
        ]
        ids = found.customers().column("customer_id").to_pylist()
        assert ids == sorted(ids)
        assert len(ids) == 400

    def test_are_finite_and_in_order(self, shop):
        c = columns(fit_company(shop).customers())
        for name in ("p_alive", "expected_orders", "p_no_order", "clv_minor", "clv_low_minor", "clv_high_minor", "value_if_stays_minor"):
            assert np.isfinite(c[name]).all()
        assert ((c["p_no_order"] >= 0) & (c["p_no_order"] <= 1)).all()
        assert (c["clv_low_minor"] <= c["clv_minor"]).all()
        assert (c["clv_minor"] <= c["clv_high_minor"]).all()
        low, mid, high = (np.nan_to_num(c[f"next_order_days_{n}"], nan=np.inf) for n in ("low", "mid", "high"))
        assert ((low <= mid) & (mid <= high)).all()

    def test_have_the_value_of_the_models_story(self, shop):
        # By simulation of the published story, not by its formulas: rate ~ Gamma, the last order ~ Geometric(Beta), alive with the model's probability.
        found = fit_company(shop, months=6)
        h, story, spend = found.bought.histories, found.model.purchases, found.model.spend
        chance = np.random.default_rng(1)
        some = np.argsort(h.frequency)[-3:]
        for place in some:
            x, age = h.frequency[place], h.age_days[place]
            draws = 40_000
            rate = chance.gamma(story.r + x, size=draws) / (story.alpha + age)
            many = chance.poisson(rate * 6 * MONTH)
            many = np.minimum(many, chance.geometric(chance.beta(story.a, story.b + x, size=draws)))
            each = spend.p * (spend.gamma + x * h.mean_value[place]) / (spend.p * x + spend.q - 1)
            alive = found.model.probability_alive(h)[place]
            assert found.clv()[place] == pytest.approx(alive * many.mean() * each, rel=0.02)

    @pytest.mark.suite
    def test_are_worth_less_when_discounted_and_more_without_a_margin(self, over):
        orders = Shop(customers=200, days=300, seed=2).orders()
        plain = fit_company(over(orders), backtests=0).clv().sum()
        assert fit_company(over(orders, margin_rate=0.4), backtests=0).clv().sum() == pytest.approx(0.4 * plain)
        discounted = fit_company(over(orders, discount_rate=0.1), backtests=0).clv().sum()
        assert 0.9 * plain < discounted < 0.98 * plain

    def test_lose_the_share_that_returns_without_an_order_took_back(self, opened):
        rows = [
            {"at": f"2024-{m:02}-{1 + c % 28:02}", "customer": f"c{c:02}", "amount": 1000}
            for c in range(60)
            for m in range(1, 1 + 6 // (1 + c % 3))
        ]
        before = fit_company(opened(orders=rows, as_of=None), backtests=0)
        back = {"at": "2024-06-20", "customer": "c01", "kind": "refund", "linked": False, "amount": -len(rows) * 100}
        after = fit_company(opened(orders=[*rows, back]), backtests=0)
        assert after.clv().sum() == pytest.approx(0.9 * before.clv().sum())
        assert after.note("unlinked_returns").values["share"] == pytest.approx(0.1)

    def test_read_again_at_an_earlier_day_use_the_same_model(self, shop):
        found = fit_company(shop, backtests=0)
        with shop.earlier(DAY0 + timedelta(days=200)) as then:
            earlier = found.at(then)
        assert earlier.version == found.version
        assert earlier.day < found.day
        assert earlier.bought.size < found.bought.size


class TestIntervals:
    @pytest.mark.suite
    def test_come_from_backtests_a_horizon_apart(self, over):
        found = fit_company(over(Shop(customers=400, days=700, seed=5).orders()), months=3)
        note = found.note("backtests")
        assert note.values["backtests"] == 3
        assert note.values["days"] == 92
        assert len(found.value_level.errors) == 3

    def test_say_where_no_backtest_is_possible(self, over):
        found = fit_company(over(Shop(customers=200, days=30, alpha=5.0, seed=5).orders()), months=12)
        assert found.note("no_backtest")
        assert found.note("beyond_history").values == {"days": 366, "history_days": 30}

    @pytest.mark.suite
    def test_are_wider_beyond_what_was_tested(self, over):
        session = over(Shop(customers=400, days=365, seed=7).orders())
        near, far = fit_company(session, months=3), fit_company(session, months=24)
        assert far.note("shorter_backtest")
        row = [v.total().to_pylist()[1] for v in (near, far)]
        widths = [np.log(r["value_high_minor"] / r["value_low_minor"]) for r in row]
        assert widths[1] > widths[0]

    @pytest.mark.suite
    def test_of_totals_and_customers_hold_what_they_promise_on_planted_truth(self, over):
        inside, own, buyers = 0, 0.0, 0
        for seed in range(20):
            whole = Shop(customers=300, days=730, joining=365, seed=seed)
            who, day, amount = (np.array(c) for c in zip(*whole.rows(), strict=True))
            session = over(orders_of(who, day, amount), as_of=DAY0 + timedelta(days=546), inactive_after_days=60)
            found = fit_company(session, months=6)
            later = (day >= 547) & (day < 547 + 183)
            total = found.total().to_pylist()[1]
            known = np.isin(who, [int(c[1:]) for c in found.bought.customer_ids.to_pylist()])
            inside += total["value_low_minor"] <= amount[later & known].sum() <= total["value_high_minor"]
            came = np.bincount(who[later], amount[later], minlength=300)[[int(c[1:]) for c in found.bought.customer_ids.to_pylist()]]
            c = columns(found.customers())
            own += float(((came >= c["clv_low_minor"]) & (came <= c["clv_high_minor"])).sum())
            buyers += came.size
        assert inside >= 18
        assert 0.95 <= own / buyers <= 0.99


class TestSmallCompanies:
    def test_of_forty_are_shrunk_to_the_mean_and_say_so(self, over):
        found = fit_company(over(Shop(customers=40, days=365, seed=3).orders()))
        assert isinstance(found.model, Shrunk)
        assert found.note("shrunk_to_mean").values["buyers"] == 40
        own, h = found.model.model, found.bought.histories
        drawn = found.model.expected_orders(h, 90)
        assert drawn.sum() == pytest.approx(own.expected_orders(h, 90).sum())
        assert drawn.std() == pytest.approx(40 / 65 * own.expected_orders(h, 90).std())

    def test_with_few_buyers_get_the_companys_mean(self, opened):
        rows = [{"at": f"2024-0{m}-01", "customer": f"c{c}", "amount": 1000 * (c + 1)} for c in range(3) for m in range(1, 4)]
        found = fit_company(opened(orders=rows))
        assert found.note("company_mean").values["buyers"] == 3
        assert isinstance(found.model, ValueModel)
        assert isinstance(found.model.purchases, SteadyRate)
        # 6 repeat order days in 3 x 61 days; half an order in a year is put to them.
        assert found.model.purchases.rate == pytest.approx(6.5 / (3 * 61 + 365))
        assert found.clv() == pytest.approx(np.full(3, 6.5 / 548 * 12 * MONTH * 2000))

    def test_where_nobody_came_back_keep_a_wide_interval(self, opened):
        found = fit_company(opened(orders=[{"at": f"2024-01-{d + 1:02}", "customer": f"c{d}", "amount": 1000} for d in range(30)]))
        total = found.total().to_pylist()[1]
        assert total["expected_orders"] > 0
        assert total["orders_high"] > 10 * total["expected_orders"]

    def test_where_all_bought_today_are_undefined(self, opened):
        rows = [{"at": "2024-01-01", "customer": f"c{c}", "amount": 1000} for c in range(30)]
        session = opened(orders=rows, as_of=None)
        # By default the day of the data is over at as-of: a day has passed.
        assert not isinstance(fit_company(session), Undefined)

    def test_without_buyers_are_undefined(self, opened):
        rows = [{"at": "2024-01-01", "customer": "c", "amount": 0}, {"at": "2024-01-02", "customer": None, "amount": 1000}]
        assert fit_company(opened(orders=rows)) == Undefined("no_buyers")

    def test_where_everybody_bought_on_one_day_only_answer(self, opened):
        rows = [{"at": "2024-01-01", "customer": f"c{c}", "amount": 1000} for c in range(30)]
        found = fit_company(opened(orders=rows, events=[{"at": "2024-06-01", "customer": "c1", "name": "Seen"}]))
        assert found.note("company_mean")
        assert np.isfinite(found.clv()).all()


class TestTotal:
    def test_is_the_sum_over_customers(self, shop):
        found = fit_company(shop)
        horizon, months = found.total().to_pylist()
        c = columns(found.customers())
        assert horizon["days"] == 60
        assert horizon["expected_orders"] == pytest.approx(c["expected_orders"].sum())
        assert months["value_minor"] == pytest.approx(c["clv_minor"].sum())
        assert months["value_low_minor"] < months["value_minor"] < months["value_high_minor"]

    def test_shows_in_the_companys_currency(self, shop):
        assert "value (EUR)" in fit_company(shop, backtests=0).total().shown_columns()


class TestAsDict:
    def test_names_no_customer(self, shop):
        import json

        found = fit_company(shop, backtests=0)
        assert "c000" not in json.dumps(found.as_dict())


class TestPurchases:
    def test_by_pareto_nbd_agree_with_bg_nbd_within_a_fifth(self, shop):
        # Two stories of dropping out, fitted to the same buyers.
        both = [fit_company(shop, months=6, purchases=name, backtests=0) for name in ("bg_nbd", "pareto_nbd")]
        sums = [found.clv().sum() for found in both]
        assert both[0].version != both[1].version
        assert sums[1] == pytest.approx(sums[0], rel=0.2)


class TestArguments:
    def test_that_are_impossible_are_refused(self, shop):
        with pytest.raises(ArgumentRefused):
            fit_company(shop, months=0)
        with pytest.raises(ArgumentRefused):
            fit_company(shop, annual_rate=-1.0)
