from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from regulars.predictions import churn
from tests.regulars.predictions.churn.shops import START, order_table, session_of

CUSTOMERS = {
    "each December": [340, 350, 340 + 365, 345 + 365],
    "left one year out": [10, 10 + 730],
    "between too": [20, 200, 20 + 365],
    "one season": [350, 351, 352],
    "a season too long": [100, 180, 260, 465, 545, 625],
    "long gone": [5, 5 + 365],
    "three times": [30, 30 + 365 + 40, 30 + 730],
    "too early": [300, 300 + 310],
}


@pytest.fixture(scope="module")
def shop():
    """A shop of named habits and some noise, 800 days long."""
    chance = np.random.default_rng(0)
    rows = [(i, d) for i, days in enumerate(CUSTOMERS.values()) for d in days]
    rows += [(100 + c, int(d)) for c in range(200) for d in chance.integers(0, 760, chance.integers(1, 4))]
    rows.append((99, 799))
    rows.sort(key=lambda row: row[1])
    with session_of(orders=order_table([r[0] for r in rows], [r[1] for r in rows], [100] * len(rows))) as session:
        yield session, rows


def is_seasonal(days, today):
    """The definition once more, as a loop."""
    seasons = []
    for day in sorted(set(days)):
        if seasons and day - seasons[-1][-1] <= 90:
            seasons[-1].append(day)
        else:
            seasons.append([day])
    return (
        len(seasons) >= 2
        and all(s[-1] - s[0] <= 90 for s in seasons)
        and all(320 <= b[0] - a[0] <= 410 for a, b in pairwise(seasons))
        and today - seasons[-1][0] <= 410
    )


class TestSeasonalBuyers:
    def test_are_those_of_the_definition(self, shop):
        session, rows = shop
        found = set(churn.seasonal_buyers(session).table.column("customer_id").to_pylist())
        today = (session.as_of_day - START).days
        by_customer = {}
        for customer, day in rows:
            by_customer.setdefault(f"c{customer:05}", []).append(day)
        assert found == {c for c, days in by_customer.items() if is_seasonal(days, today)}
        names = list(CUSTOMERS)
        assert {"each December", "three times"} == {n for i, n in enumerate(names) if f"c{i:05}" in found}

    def test_say_when_the_next_season_begins(self, shop):
        session, _ = shop
        (first,) = [r for r in churn.seasonal_buyers(session).to_pylist() if r["customer_id"] == "c00000"]
        assert first["seasons"] == 2
        assert first["season_from_on"] == START + timedelta(days=705)
        assert first["season_until_on"] == START + timedelta(days=710)
        assert first["next_season_on"] == START + timedelta(days=705 + 365)

    def test_are_nobody_in_a_young_company(self):
        with session_of(orders=order_table([0, 0], [0, 10], [1, 1])) as session:
            assert len(churn.seasonal_buyers(session)) == 0


class TestSameSeason:
    def test_is_an_order_in_the_horizon_a_year_ago(self, shop):
        session, rows = shop
        day = START + timedelta(days=700)
        snapshot = churn.take(session, day, 60)
        for customer, season in zip(snapshot.facts.column("customer_id").to_pylist(), snapshot.season, strict=True):
            days = [d for c, d in rows if f"c{c:05}" == customer]
            assert season == any(335 <= d < 395 for d in days)

    def test_is_not_known_before_thirteen_months(self, shop):
        session, _ = shop
        assert churn.take(session, session.history_start + timedelta(days=395), 60).season is None
        assert churn.take(session, session.history_start + timedelta(days=396), 60).season is not None


@pytest.mark.suite
class TestSeasonInAModel:
    def test_speaks_for_staying_where_customers_come_back_each_year(self):
        chance = np.random.default_rng(1)
        rows = []
        for customer in range(400):
            begins = int(chance.integers(0, 365))
            rows += [(customer, begins + 365 * year + int(chance.integers(-12, 13))) for year in range(4)]
            rows += [(customer, int(day)) for day in chance.integers(0, 1300, chance.poisson(6))]
        rows = sorted((row for row in rows if 0 <= row[1] < 1300), key=lambda row: row[1])
        with session_of(orders=order_table([r[0] for r in rows], [r[1] for r in rows], [100] * len(rows))) as session:
            model = churn.fit(session)
            now = churn.take(session, session.as_of_day, 90)
        assert model.card.kind == "logistic"
        rows = np.arange(now.facts.num_rows)
        season, reasons = now.season[rows] == 1, model.reasons(now, rows)["season"]
        assert reasons[season].mean() < 0 < reasons[~season].mean()
        assert model.risk(now)[season].mean() < model.risk(now)[~season].mean() - 0.2
