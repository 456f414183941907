"""The audit: tables that agree with plain sums, and what is true of CDNOW."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import numpy as np
import pytest

from regulars.periods import day_number
from regulars.predictions.value import audit_value, fit_company
from regulars.predictions.value.audit import captured
from tests.companies import shops
from tests.regulars.predictions.value.simulated import Shop, orders_of

NINE_MONTHS = 273
"""Weeks 40 to 78 of CDNOW."""


def by_customer(session):
    days = defaultdict(dict)
    for row in session.kept("order_days").to_pylist():
        days[row["customer_id"]][row["local_day"]] = row["net_minor"]
    return days


@pytest.fixture(scope="module")
def audit(shop):
    return audit_value(shop, days=100, backtests=2)


class TestTables:
    def test_hold_what_came(self, shop, audit):
        for row in audit["totals"].to_pylist():
            start = day_number(row["looked_on"])
            before = {c: d for c, d in by_customer(shop).items() if min(d) < start}
            came = [sum(v for day, v in d.items() if start <= day < start + 100) for d in before.values()]
            assert row["buyers"] == len(before)
            assert row["came_minor"] == sum(came)
            assert row["came_orders"] == sum(1 for d in before.values() for day in d if start <= day < start + 100)
            assert row["value_error_share"] == pytest.approx(sum(came) / row["expected_minor"] - 1)

    def test_of_deciles_and_frequencies_add_up_to_the_totals(self, audit):
        for total in audit["totals"].to_pylist():
            own = [r for r in audit["deciles"].to_pylist() if r["looked_on"] == total["looked_on"]]
            assert [r["decile"] for r in own] == list(range(1, 11))
            for column in ("buyers", "expected_orders", "came_orders", "expected_minor", "came_minor"):
                assert sum(r[column] for r in own) == pytest.approx(total[column])
            each = [r for r in audit["frequency"].to_pylist() if r["looked_on"] == total["looked_on"]]
            assert sum(r["buyers"] * r["came_each"] for r in each) == pytest.approx(total["came_orders"])
            assert sum(r["buyers"] * r["expected_each"] for r in each) == pytest.approx(total["expected_orders"])

    def test_of_tracking_hold_every_repeat_order_day(self, shop, audit):
        look = audit["totals"].to_pylist()[-1]["looked_on"]
        last = audit["tracking"].to_pylist()[-1]
        repeats = Counter()
        for days in by_customer(shop).values():
            if min(days) < day_number(look):
                repeats.update(sorted(days)[1:])
        assert last["came_so_far"] == sum(n for day, n in repeats.items() if day < day_number(last["week_ends_on"]))
        assert not last["seen"]
        assert audit["tracking"].to_pylist()[0]["seen"]

    def test_of_intervals_take_their_width_from_the_looks_before(self, audit):
        first, second = audit["intervals"].to_pylist()
        assert first["looked_on"] < second["looked_on"]
        assert first["low_minor"] < first["high_minor"]

    def test_of_drift_end_with_the_model_of_today(self, shop, audit):
        today = {r["parameter"]: r["value"] for r in audit["drift"].to_pylist() if r["looked_on"] == shop.as_of_day}
        model = fit_company(shop, backtests=0).model
        assert today == pytest.approx({**model.purchases.as_dict(), **model.spend.as_dict()})


class TestShortHistories:
    def test_are_tested_over_what_they_allow(self, over):
        audit = audit_value(over(Shop(customers=200, days=120, alpha=10.0, seed=4).orders()), days=365)
        assert audit.note("shorter_test").values == {"tested_days": 90, "days": 365}
        assert not audit.is_empty

    def test_below_four_weeks_are_not_tested(self, opened):
        audit = audit_value(opened(orders=[{"at": f"2024-01-{d:02}", "customer": f"c{d % 3}", "amount": 100} for d in range(1, 20)]))
        assert audit.is_empty
        assert audit.note("not_tested")

    @pytest.mark.suite
    def test_where_nobody_came_back_have_no_correlation(self, opened):
        rows = [{"at": date(2024, 1, 1) + timedelta(days=d), "customer": f"c{d:03}", "amount": 1000} for d in range(200)]
        audit = audit_value(opened(orders=rows), days=60)
        assert all(row["came_orders"] == 0 for row in audit["totals"].to_pylist())
        assert audit["totals"].to_pylist()[0]["correlation"] is None
        assert audit["totals"].to_pylist()[0]["captured_share"] is None


class TestCaptured:
    def test_is_what_the_best_tenth_holds(self):
        random = np.random.default_rng(2)
        score, value = random.random(200), random.random(200)
        best = sorted(range(200), key=lambda i: -score[i])[:20]
        assert captured(score, value) == pytest.approx(sum(value[i] for i in best) / value.sum())

    def test_shares_ties_evenly(self):
        assert captured(np.zeros(100), np.arange(100.0)) == pytest.approx(0.1)


@pytest.mark.suite
class TestCdnow:
    """Orders without value are no orders here, and as-of is the beginning of the day after: the published figures shift a little."""

    def test_master_falls_short_of_what_came_by_a_sixth(self, cdnow):
        (row,) = audit_value(cdnow, days=NINE_MONTHS, backtests=1)["totals"].to_pylist()
        assert row["looked_on"] == date(1997, 10, 1)
        assert row["buyers"] == 23_500
        assert row["came_orders"] == 19_674
        # 16,625 expected, 15.5 % too few; with last days instead of as-of's morning, the published age, it is 14.3 %.
        assert row["expected_orders"] / row["came_orders"] - 1 == pytest.approx(-0.155, abs=0.002)
        assert row["captured_share"] == pytest.approx(0.515, abs=0.005)
        assert row["captured_by_recent_share"] == pytest.approx(0.497, abs=0.005)

    def test_sample_tracks_as_published(self, over, shared_data):
        import csv
        import gzip

        with gzip.open(shared_data / "cdnow" / "cdnow_sample.csv.gz", "rt") as file:
            rows = list(csv.DictReader(file))
        who = np.array([int(r["customer_id"]) for r in rows])
        day = np.array([np.datetime64(f"{r['date'][:4]}-{r['date'][4:6]}-{r['date'][6:]}") for r in rows])
        amount = np.array([shops.minor(r["amount"]) for r in rows])
        orders = orders_of(who, (day - np.datetime64("2022-01-01")).astype(int), amount, currency="USD")
        audit = audit_value(over(orders, as_of=date(1998, 6, 30)), days=NINE_MONTHS, backtests=1)
        (total,) = audit["totals"].to_pylist()
        # Published: 1,882 came, and 12.1 % fewer were expected; the age to as-of's morning makes it 13.4 %.
        assert total["came_orders"] == 1_882
        assert total["expected_orders"] / total["came_orders"] - 1 == pytest.approx(-0.134, abs=0.002)
        last = audit["tracking"].to_pylist()[-1]
        # Fader, Hardie and Lee (2005): 4 % under at week 78, of 4,339.
        assert last["week_ends_on"] == date(1998, 7, 1)
        assert last["expected_so_far"] / last["came_so_far"] - 1 == pytest.approx(-0.048, abs=0.002)
        assert last["came_so_far"] == 4_339

    def test_intervals_held_what_came(self, cdnow):
        rows = audit_value(cdnow, days=90, backtests=3)["intervals"].to_pylist()
        assert all(row["total_inside"] for row in rows)
        assert all(0.95 <= row["buyers_inside_share"] <= 0.985 for row in rows)
