"""Whether intervals cover the truth that was planted: many small companies are drawn, and 95 % of the intervals should hold it.

Companies are drawn as rows with numpy. The intervals are made by the catalogue's own functions from the sums that its queries give; one company is
run through the whole catalogue to show that these are the same sums.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from regulars.metrics import estimates
from regulars.metrics.retention.customer_lifespan import YEAR, lifespan_estimate
from tests.builders import company, value

pytestmark = pytest.mark.suite

COMPANIES = 2_000
BETWEEN = (0.92, 0.98)


def interval_of(numerator, denominator, influence=None):
    """The linearised interval of one row (one cluster) per customer."""
    top = numerator if influence is None else influence
    squares = (float((top * top).sum()), float((denominator * denominator).sum()), float((top * denominator).sum()))
    return estimates.linearised(int((denominator != 0).sum()), float(numerator.sum()), float(denominator.sum()), squares)


def coverage(draw, truth, companies=COMPANIES, seed=20240101):
    """The share of `companies` whose interval, drawn by `draw(random)`, holds `truth`."""
    random = np.random.default_rng(seed)
    intervals = [draw(random) for _ in range(companies)]
    return sum(low <= truth <= high for low, high in intervals) / companies


def customers(random, n=120):
    """Customers who differ: how often they order, and how much they spend on each; returns orders and value of each."""
    orders = 1 + random.poisson(random.gamma(0.8, 2.0, n))
    taste = random.lognormal(3.0, 0.4, n)
    return orders, np.array([(taste[i] * random.lognormal(0.0, 0.5, orders[i])).sum() for i in range(n)])


class TestChurnRate:
    @pytest.mark.parametrize("truth", [0.03, 0.2, 0.5])
    def test_wilson_interval_covers(self, truth):
        share = coverage(lambda random: estimates.wilson(float(random.binomial(150, truth)), 150.0), truth)
        assert BETWEEN[0] <= share <= BETWEEN[1]


class TestAverageOrderValue:
    TRUTH = math.exp(3.0 + 0.4**2 / 2) * math.exp(0.5**2 / 2)
    """Taste and number of orders are independent, so the mean order is the product of the two means."""

    def test_clustered_interval_covers(self):
        def draw(random):
            orders, spent = customers(random)
            return interval_of(spent, orders.astype(float))

        share = coverage(draw, self.TRUTH)
        assert BETWEEN[0] <= share <= BETWEEN[1]

    def test_interval_that_took_orders_for_independent_would_not(self):
        """Why it is clustered: customers differ in taste, and their orders repeat it."""

        def draw(random):
            n = 120
            orders = 1 + random.poisson(random.gamma(0.8, 2.0, n))
            taste = np.repeat(random.lognormal(3.0, 0.4, n), orders)
            each = taste * random.lognormal(0.0, 0.5, len(taste))
            half = estimates.Z * each.std(ddof=1) / math.sqrt(len(each))
            return each.mean() - half, each.mean() + half

        assert coverage(draw, self.TRUTH) < BETWEEN[0]


class TestExistingCustomerRevenueShare:
    def test_clustered_interval_covers(self):
        """A third of the customers are existing, and spend twice as much on average: half of revenue is theirs."""

        def draw(random):
            _orders, spent = customers(random, 200)
            existing = random.random(200) < 1 / 3
            spent = np.where(existing, 2 * spent, spent)
            return interval_of(np.where(existing, spent, 0.0), spent)

        share = coverage(draw, 0.5)
        assert BETWEEN[0] <= share <= BETWEEN[1]


def concentration(spent, top=0.2):
    """Interval of the share of the best, by the influence that the metric's card names."""
    ordered = np.sort(spent)[::-1]
    best = math.ceil(top * len(ordered) - 1e-9)
    inside = np.arange(len(ordered)) < best
    influence = np.where(inside, ordered - ordered[best - 1], 0.0) + best / len(ordered) * ordered[best - 1]
    assert influence.sum() == pytest.approx(ordered[:best].sum())
    return interval_of(np.where(inside, ordered, 0.0), ordered, influence)


class TestRevenueConcentration:
    SIGMA = 0.9
    NORMAL = 0.8416212335729143
    """The 80 % point of the normal distribution."""
    TRUTH = 0.5 * math.erfc((NORMAL - SIGMA) / math.sqrt(2.0))
    """Share of the best fifth where value is log-normal: the Lorenz curve is Phi(Phi^-1(p) - sigma)."""

    def test_interval_covers_in_a_shop_of_five_hundred(self):
        share = coverage(lambda random: concentration(random.lognormal(0.0, self.SIGMA, 500)), self.TRUTH)
        assert 0.90 <= share <= BETWEEN[1]

    def test_interval_is_somewhat_short_in_a_shop_of_fifty(self):
        """Few customers seldom hold the rare big spender: the estimate is low and varies less than it should."""
        share = coverage(lambda random: concentration(random.lognormal(0.0, self.SIGMA, 50)), self.TRUTH)
        assert 0.78 <= share < 0.93

    def test_interval_without_the_influence_of_the_rank_would_be_wrong(self):
        """Were the best a fixed set of people, the interval would be another one: why the influence is taken."""

        def draw(random):
            ordered = np.sort(random.lognormal(0.0, self.SIGMA, 500))[::-1]
            return interval_of(np.where(np.arange(500) < 100, ordered, 0.0), ordered)

        random = np.random.default_rng(1)
        fixed = [high - low for low, high in (draw(random) for _ in range(200))]
        random = np.random.default_rng(1)
        ranked = [high - low for low, high in (concentration(random.lognormal(0.0, self.SIGMA, 500)) for _ in range(200))]
        assert abs(np.mean(fixed) / np.mean(ranked) - 1) > 0.1


class TestMedian:
    def test_order_statistic_interval_covers(self):
        def draw(random):
            ordered = np.sort(random.lognormal(1.0, 1.2, 80))
            half = estimates.Z * math.sqrt(80) / 2
            return ordered[max(0, math.floor(40 - half))], ordered[min(79, math.ceil(40 + half))]

        share = coverage(draw, math.exp(1.0))
        assert BETWEEN[0] <= share <= BETWEEN[1]


class TestCustomerLifespan:
    MEAN, WATCHED = 200.0, 730
    QUIT = 1 - math.exp(-1 / MEAN)
    TRUTH = (1 - (1 - QUIT) ** WATCHED) / QUIT / YEAR
    """Customers leave at a constant daily rate; the area under their survival up to two years."""

    def test_greenwood_interval_covers(self):
        def draw(random):
            # One was always watched for the whole two years, so that the area has the same end in every company.
            watched = np.concatenate([[self.WATCHED], random.integers(30, self.WATCHED, 299)])
            lives = random.geometric(self.QUIT, 300)
            lives[0] = self.WATCHED + 1
            watched[1:20] = self.WATCHED
            seen = np.minimum(lives, watched)
            rows = [
                {"age": int(d), "ended": int(((seen == d) & (lives <= watched)).sum()), "customers": int((seen == d).sum())}
                for d in np.unique(seen)
            ]
            found = lifespan_estimate(rows, {})
            return found.low, found.high

        share = coverage(draw, self.TRUTH, companies=600)
        assert BETWEEN[0] <= share <= BETWEEN[1]


@pytest.fixture(scope="module")
def drawn():
    random = np.random.default_rng(7)
    rows = []
    for i in range(60):
        taste = random.lognormal(3.0, 0.4)
        rows += [
            {"at": "2024-01-10", "customer": f"c{i:02}", "amount": round(100 * taste * random.lognormal(0.0, 0.5))}
            for _ in range(1 + random.poisson(1.5))
        ]
    with company(orders=rows) as session:
        of_each = {}
        for row in rows:
            of_each.setdefault(row["customer"], []).append(row["amount"] / 100)
        yield session, np.array([sum(v) for v in of_each.values()]), np.array([float(len(v)) for v in of_each.values()])


class TestTheSameSumsThroughTheCatalogue:
    def test_average_order_value(self, drawn):
        session, spent, orders = drawn
        found = value(session, "average_order_value")
        assert (found.low, found.high) == pytest.approx(interval_of(spent, orders))

    def test_revenue_concentration(self, drawn):
        session, spent, _orders = drawn
        found = value(session, "revenue_concentration")
        assert (found.low, found.high) == pytest.approx(concentration(spent))


class TestLinearised:
    def test_has_no_width_where_all_clusters_are_alike(self):
        # 3 x 10^6 / 900 is no exact fraction: what is left of the squares is rounding, not spread.
        numerators, denominators = [1_000_000.0 / 3] * 7, [100.0] * 7
        squares = (
            sum(n * n for n in numerators),
            sum(d * d for d in denominators),
            sum(n * d for n, d in zip(numerators, denominators, strict=True)),
        )
        low, high = estimates.linearised(7, sum(numerators), sum(denominators), squares)
        assert low == high == sum(numerators) / sum(denominators)

    def test_keeps_a_small_spread(self):
        numerators = [1_000_000.0, 1_000_001.0, 999_999.0]
        squares = (sum(n * n for n in numerators), 3.0, sum(numerators))
        low, high = estimates.linearised(3, sum(numerators), 3.0, squares)
        # The standard error of three values with a standard deviation of 1.
        assert (high - low) / 2 == pytest.approx(estimates.Z / math.sqrt(3), rel=0.05)
