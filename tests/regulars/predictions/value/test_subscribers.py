"""What subscribers are worth: against planted churn, and sums written out again."""

from datetime import date, timedelta

import numpy as np
import pytest

from regulars.metrics import Undefined
from regulars.predictions.clv.model import MONTH
from regulars.predictions.value import audit_value, fit_company, fit_subscribers
from regulars.predictions.value.subscribers import SubscriberValue, subscribed
from tests.builders import company

START = date(2022, 1, 1)


def subscriptions(count, months, seed, alpha=1.0, beta=12.0, mrr=1000):
    """Monthly subscriptions that begin over the first year and end at each month with a chance of their own ~ Beta(alpha, beta)."""
    random = np.random.default_rng(seed)
    rows, ends = [], []
    for i in range(count):
        begins = START + timedelta(days=int(random.integers(0, 365)))
        ends_at = begins + timedelta(days=round(int(random.geometric(random.beta(alpha, beta))) * MONTH))
        rows.append({"at": begins, "customer": f"c{i:04}", "subscription": f"s{i:04}", "mrr": mrr, "change": "start"})
        if ends_at < START + timedelta(days=round(months * MONTH)):
            rows.append({"at": ends_at, "customer": f"c{i:04}", "subscription": f"s{i:04}", "mrr": 0, "change": "cancel"})
        ends.append((begins, ends_at))
    return rows, ends


class TestSubscribed:
    def test_count_what_was_renewed_and_what_ended(self, opened):
        rows = [
            {"at": "2024-01-01", "customer": "a", "subscription": "s1", "mrr": 1000},
            {"at": "2024-01-01", "customer": "a", "subscription": "s2", "mrr": 500},
            {"at": "2024-03-02", "customer": "a", "subscription": "s2", "mrr": 0, "change": "cancel"},
            {"at": "2024-02-01", "customer": "b", "subscription": "s3", "mrr": 700},
            {"at": "2024-02-20", "customer": "b", "subscription": "s3", "mrr": 0, "change": "pause"},
            {"at": "2024-03-20", "customer": "b", "subscription": "s3", "mrr": 900, "change": "resume"},
        ]
        seen = subscribed(opened(subscriptions=rows, as_of=date(2024, 4, 30)))
        assert seen.subscription.tolist() == ["s1", "s2", "s3"]
        assert seen.runs.tolist() == [True, False, True]
        assert seen.lasted_days.tolist() == [121, 61, 90]
        assert seen.renewals.tolist() == [3, 2, 2]
        assert seen.mrr_minor.tolist() == [1000, 0, 900]

    def test_by_the_year_are_renewed_by_the_year(self, opened):
        rows = [
            {"at": f"202{y}-01-01", "customer": "a", "subscription": "s", "mrr": 100, "change": change, "term_end": f"202{y + 1}-01-01"}
            for y, change in ((1, "start"), (2, "renew"), (3, "renew"))
        ]
        seen = subscribed(opened(subscriptions=rows, as_of=date(2023, 6, 30)))
        assert seen.period_days == 365.25
        assert seen.renewals.tolist() == [2]


@pytest.fixture(scope="module")
def found():
    rows, _ = subscriptions(400, 24, seed=1)
    with company(subscriptions=rows, as_of=START + timedelta(days=730), margin_rate=0.8, horizon_days=90) as session:
        yield fit_company(session)


class TestSubscriberValue:
    def test_is_given_where_leaving_is_a_cancellation(self, found):
        assert isinstance(found, SubscriberValue)
        assert found.note("subscriptions")

    def test_is_mrr_times_margin_for_as_long_as_they_stay(self, found):
        # From the definition: S(t) = product of (beta + k - 1) / (alpha + beta + k - 1).
        a, b = found.model.alpha, found.model.beta
        lasted = found.seen.lasted_days[found.seen.runs][0]
        value, there = 0.0, {}
        chance, k0 = 1.0, int(lasted // MONTH)
        for k in range(k0 + 1, k0 + 15):
            chance *= (b + k - 1) / (a + b + k - 1)
            there[k] = chance
        for m in range(1, 13):
            value += 1000 * 0.8 * there.get(int((lasted + (m - 0.5) * MONTH) // MONTH), 1.0)
        assert found.clv()[0] == pytest.approx(value)

    def test_has_a_row_for_each_subscriber(self, found):
        table = found.customers()
        ids = table.column("customer_id").to_pylist()
        assert ids == sorted(ids)
        assert len(ids) == found.seen.runs.sum()
        low, mid, high = (table.column(f"clv{n}_minor").to_numpy() for n in ("_low", "", "_high"))
        assert (low <= mid).all()
        assert (mid <= high).all()
        assert table.column("value_if_stays_minor").to_numpy() == pytest.approx(1000 * 0.8 * 90 / MONTH)
        risk = table.column("p_no_order").to_numpy()
        assert ((risk > 0) & (risk < 1)).all()

    @pytest.mark.suite
    def test_of_the_company_holds_what_came(self, opened):
        inside = 0
        for seed in range(6):
            rows, ends = subscriptions(300, 48, seed=50 + seed)
            day = START + timedelta(days=730)
            kept = [r for r in rows if r["at"] < day]
            found = fit_subscribers(opened(subscriptions=kept, as_of=day - timedelta(days=1), horizon_days=90))
            months = [
                sum(begins < day and end > day + timedelta(days=round((m - 0.5) * MONTH)) for begins, end in ends) for m in range(1, 13)
            ]
            total = found.total().to_pylist()[1]
            inside += total["value_low_minor"] <= 1000 * sum(months) <= total["value_high_minor"]
        assert inside >= 5


class TestFewSubscribers:
    def test_of_whom_nobody_left_get_a_wide_guess(self, opened):
        rows = [{"at": "2024-01-01", "customer": f"c{i}", "subscription": f"s{i}", "mrr": 1000} for i in range(5)]
        found = fit_subscribers(opened(subscriptions=rows, as_of=date(2024, 6, 30)))
        assert found.note("no_leavers")
        assert (found.clv() < 12_000).all()
        assert (found.clv() > 6_000).all()

    def test_who_subscribed_today_are_undefined(self, opened):
        rows = [{"at": "2024-01-01", "customer": "c", "subscription": "s", "mrr": 1000}]
        assert fit_subscribers(opened(subscriptions=rows)) == Undefined("no_time_passed")

    def test_without_any_are_undefined(self, opened):
        assert fit_subscribers(opened(orders=[{"at": "2024-01-01", "customer": "c", "amount": 100}])) == Undefined("no_subscriptions")


class TestAudit:
    @pytest.mark.suite
    def test_holds_who_ended_and_what_came(self, opened):
        rows, ends = subscriptions(300, 36, seed=4)
        audit = audit_value(opened(subscriptions=rows, as_of=START + timedelta(days=1000), horizon_days=90), days=120)
        assert len(audit["totals"].to_pylist()) == 3
        for row in audit["totals"].to_pylist():
            look, days = row["looked_on"], row["days"]
            there = [(b, e) for b, e in ends if b < look < e]
            assert row["subscriptions"] == row["buyers"] == len(there)
            assert row["came_ended"] == sum(e < look + timedelta(days=days) for _, e in there)
            assert row["came_minor"] == pytest.approx(1000 / MONTH * sum(min(days, (e - look).days) for _, e in there), rel=0.01)
            assert row["came_ended"] == pytest.approx(row["expected_ended"], rel=0.5)
            own = [r for r in audit["deciles"].to_pylist() if r["looked_on"] == look]
            assert sum(r["came_minor"] for r in own) == pytest.approx(row["came_minor"])
            assert sum(r["expected_minor"] for r in own) == pytest.approx(row["expected_minor"])
            tenure = [r for r in audit["tenure"].to_pylist() if r["looked_on"] == look]
            assert sum(r["subscriptions"] * r["came_ended_share"] for r in tenure) == pytest.approx(row["came_ended"])

    def test_of_a_new_company_says_that_nothing_could_be_tested(self, opened):
        rows = [{"at": "2024-01-01", "customer": f"c{i}", "subscription": f"s{i}", "mrr": 1000} for i in range(5)]
        assert audit_value(opened(subscriptions=rows, as_of=date(2024, 2, 10))).note("not_tested")
