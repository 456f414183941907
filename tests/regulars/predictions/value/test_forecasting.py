"""The forecast: sums that agree with the model, and widths that held what came."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from regulars.errors import ArgumentRefused
from regulars.metrics import Undefined
from regulars.periods import day_number
from regulars.predictions.value import fit_company, forecast
from regulars.predictions.value.ahead import period_ends
from tests.regulars.predictions.value.simulated import START, Shop, orders_of

DAY0 = START.astype("datetime64[D]").item()


def some(result, **wanted):
    return [r for r in result.to_pylist() if all(r[k] == v for k, v in wanted.items())]


@pytest.fixture(scope="module")
def found(shop):
    return forecast(shop, days=60, backtests=2)


class TestAhead:
    def test_of_todays_customers_is_what_the_model_expects(self, shop, found):
        value = fit_company(shop, backtests=0)
        orders = sum(r["expected"] for r in some(found.ahead, who="current", measure="orders"))
        assert orders == pytest.approx(value.model.expected_orders(value.bought.histories, 60).sum())
        revenue = sum(r["expected"] for r in some(found.ahead, who="current", measure="revenue_minor"))
        assert revenue == pytest.approx(value.total().to_pylist()[0]["value_minor"])

    def test_counts_new_customers_at_the_recent_rate(self, shop, found):
        firsts = [min(d) for d in days_of(shop).values()]
        recent = sum(day >= day_number(shop.as_of_day) - 60 for day in firsts)
        assert found.note("new_at_recent_rate").values == {"days": 60, "per_day": (recent + 0.5) / 60}
        new = some(found.ahead, who="new", measure="orders")
        # At least their first orders; and the more weeks ahead, the more repeat orders.
        assert sum(r["expected"] for r in new) > recent
        assert new[-2]["expected"] > new[0]["expected"]

    def test_adds_both_up(self, found):
        for measure in ("active", "orders", "revenue_minor"):
            parts = [some(found.ahead, who=who, measure=measure) for who in ("current", "new", "all")]
            for current, new, both in zip(*parts, strict=True):
                assert both["expected"] == pytest.approx(current["expected"] + new["expected"])

    def test_has_bands_inside_bands(self, found):
        for r in found.ahead.to_pylist():
            assert 0 <= r["low95"] <= r["low80"] <= r["low50"] <= r["expected"] <= r["high50"] <= r["high80"] <= r["high95"]

    def test_covers_the_days_ahead_without_a_gap(self, shop, found):
        rows = some(found.ahead, who="all", measure="orders")
        assert rows[0]["starts_on"] == shop.as_of_day
        assert rows[-1]["ends_on"] == shop.as_of_day + timedelta(days=60)
        assert all(a["ends_on"] == b["starts_on"] for a, b in pairwise(rows))

    def test_begins_where_the_past_ends(self, shop, found):
        last = some(found.past, measure="active")[-1]
        end, reach = day_number(shop.as_of_day), shop.settings.inactive_after_days
        assert last["ends_on"] == shop.as_of_day
        assert last["came"] == sum(any(end - reach <= day < end for day in d) for d in days_of(shop).values())
        orders = some(found.past, measure="orders")[-1]["came"]
        assert orders == sum(end - 7 <= day < end for d in days_of(shop).values() for day in d)

    def test_by_month_has_no_stub_at_the_end(self):
        assert period_ends(round(6 * 365.25 / 12), "month").tolist() == [30, 61, 91, 122, 152, 183]


def days_of(session):
    days = defaultdict(list)
    for row in session.kept("order_days").to_pylist():
        days[row["customer_id"]].append(row["local_day"])
    return days


class TestBacktest:
    def test_holds_what_came(self, shop, found):
        days = days_of(shop)
        reach = shop.settings.inactive_after_days
        for row in some(found.backtest, measure="active"):
            look, end = day_number(row["looked_on"]), day_number(row["ends_on"])
            own = {c: d for c, d in days.items() if row["who"] == "all" or (min(d) < look) == (row["who"] == "current")}
            assert row["came"] == sum(any(end - reach <= day < end for day in d) for d in own.values())
        total = sum(r["came"] for r in some(found.backtest, measure="orders", who="all"))
        looks = {row["looked_on"] for row in found.backtest.to_pylist()}
        whole = period_ends(60, "week")[-1]
        assert total == sum(day_number(k) <= day < day_number(k) + whole for k in looks for d in days.values() for day in d)


class TestHonesty:
    @pytest.mark.suite
    def test_beyond_the_history_says_so_and_widens(self, over):
        session = over(Shop(customers=200, days=100, alpha=10.0, seed=6).orders())
        found = forecast(session, months=12)
        assert found.note("beyond_history").values["history_days"] == 100
        assert found.note("shorter_backtest")
        rows = some(found.ahead, who="current", measure="orders")
        widths = [np.log(r["high95"] / max(1.0, r["low95"])) for r in (rows[1], rows[-1])]
        assert widths[1] > widths[0]

    @pytest.mark.suite
    def test_without_new_customers_says_so(self, over):
        found = forecast(over(Shop(customers=150, days=300, joining=60, seed=6).orders()), days=28)
        assert found.note("no_new_customers").values["days"] == 28
        assert all(r["low95"] == 0 for r in some(found.ahead, who="new"))

    def test_of_a_handful_is_wide(self, opened):
        found = forecast(opened(orders=[{"at": f"2024-0{m}-01", "customer": f"c{c}", "amount": 1000} for c in range(3) for m in (1, 2, 3)]))
        assert found.note("company_mean")
        first = some(found.ahead, who="all", measure="orders")[0]
        assert first["low95"] == 0
        assert first["high95"] > 3 * first["expected"]

    def test_without_buyers_is_undefined(self, opened):
        assert forecast(opened(orders=[{"at": "2024-01-01", "customer": None, "amount": 100}])) == Undefined("no_buyers")

    def test_refuses_impossible_periods(self, shop):
        with pytest.raises(ArgumentRefused):
            forecast(shop, days=0)
        with pytest.raises(ArgumentRefused):
            forecast(shop, by="fortnight")


@pytest.mark.suite
class TestCoverage:
    def test_on_planted_truth_is_at_least_what_is_promised(self, over):
        inside = defaultdict(list)
        for seed in range(12):
            who, day, amount = (np.array(c) for c in zip(*Shop(customers=500, days=640, seed=100 + seed).rows(), strict=True))
            found = forecast(over(orders_of(who, day, amount), as_of=DAY0 + timedelta(days=539)), days=90, by="month")
            for row in some(found.ahead, who="all", measure="orders"):
                start, end = ((row[k] - DAY0).days for k in ("starts_on", "ends_on"))
                came = ((day >= start) & (day < end)).sum()
                for share in (50, 80, 95):
                    inside[share].append(row[f"low{share}"] <= came <= row[f"high{share}"])
        assert np.mean(inside[95]) >= 0.94
        assert np.mean(inside[80]) >= 0.75
        assert np.mean(inside[50]) >= 0.45

    def test_on_cdnow_is_reported(self, cdnow):
        found = forecast(cdnow, days=90)
        (orders,) = some(found.coverage, who="all", measure="orders")
        assert orders["periods"] == 39
        assert orders["inside95_share"] == 1.0
        assert orders["inside80_share"] == pytest.approx(0.79, abs=0.03)
        assert orders["inside50_share"] == pytest.approx(0.41, abs=0.03)


class TestPeriodEnds:
    def test_are_cut_at_the_last_day(self):
        assert period_ends(3, "week").tolist() == [3]
        assert period_ends(7, "week").tolist() == [7]
