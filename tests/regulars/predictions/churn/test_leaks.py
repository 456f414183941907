"""What is deleted after the instant of a snapshot changes none of its features."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from regulars.errors import MixedCurrencies
from regulars.periods import start_of
from regulars.predictions import churn
from regulars.predictions.churn.features import ALL
from regulars.predictions.churn.frames import columns_of, concerned
from regulars.predictions.churn.model import reader
from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.companies.nasty import RULES, nasty
from tests.companies.random import Company
from tests.regulars.predictions.churn.shops import coming_and_going, session_of

pytestmark = pytest.mark.suite


def session_over(tables, rules, as_of=None):
    engine = DuckDB(threads=1)
    for name, table in TABLES.items():
        engine.load(name, pa.Table.from_pylist(tables.get(name, []), schema=table.arrow_schema))
    return Session(engine, Settings(name="company", **rules), as_of=as_of)


def cut(tables, instant):
    """The tables without anything from the instant on. What says that an earlier row was wrong stays: it is a correction, and nothing that happened."""
    before = instant.replace(tzinfo=None)
    return {
        name: rows if name == "supersessions" else [row for row in rows if row["occurred_at"] < before] for name, rows in tables.items()
    }


def seen(snapshot, by_cancellation):
    """Everybody whom the risk is about, with every feature."""
    mask = concerned(snapshot, by_cancellation)
    read = reader(columns_of(snapshot, mask))
    ids = [i for i, m in zip(snapshot.facts.column("customer_id").to_pylist(), mask, strict=True) if m]
    return ids, {name: read(name) for name in (*ALL, "frequency", "recency_days", "age_days")}


def assert_no_leak(tables, rules, day, horizon=30):
    with session_over(tables, rules) as whole:
        then = churn.take(whole, day, horizon)
        by_cancellation = whole.by_cancellation
    shorter = cut(tables, start_of(day, rules["time_zone"]))
    with session_over(shorter, rules, as_of=day - timedelta(days=1)) as short:
        now = churn.take(short, day, horizon)
    for mine, theirs in zip(seen(then, by_cancellation), seen(now, by_cancellation), strict=True):
        if isinstance(mine, dict):
            assert [n for n in mine if not np.array_equal(mine[n], theirs[n], equal_nan=True)] == []
        else:
            assert mine == theirs
    return len(seen(then, by_cancellation)[0])


class TestFeatures:
    def test_of_the_nasty_company_see_nothing_later(self):
        assert assert_no_leak(nasty(), RULES, date(2024, 2, 1)) > 0

    @pytest.mark.suite
    @pytest.mark.parametrize("churn_by", ["inactive", "cancelled"])
    @pytest.mark.parametrize("day", [date(2023, 12, 1), date(2024, 4, 1), date(2024, 5, 15)])
    def test_of_the_nasty_company_see_nothing_later_on_other_days(self, day, churn_by):
        assert assert_no_leak(nasty(), {**RULES, "churn_by": churn_by}, day) > 0

    @pytest.mark.suite
    @pytest.mark.parametrize("seed", range(6))
    def test_of_random_companies_see_nothing_later(self, seed):
        made = Company(seed)
        rules = {**made.rules, "churn_by": "cancelled" if seed % 3 == 0 else "inactive"}
        for day in (date(2024, 3, 15), date(2024, 5, 1)):
            try:
                assert_no_leak(made.tables, rules, day)
            except MixedCurrencies:
                assert rules["currency"] == "EUR"

    @pytest.mark.suite
    def test_with_the_season_see_nothing_later(self):
        table, day = coming_and_going(60, 600), date(2023, 7, 1)
        with session_of(orders=table) as whole:
            then = churn.take(whole, day, 90)
        before = [at.date() < day for at in table.column("occurred_at").to_pylist()]
        with session_of(orders=table.filter(pa.array(before)), as_of=day - timedelta(days=1)) as short:
            now = churn.take(short, day, 90)
        assert 0 < then.season.sum() < len(then.season)
        assert np.array_equal(then.season, now.season)
