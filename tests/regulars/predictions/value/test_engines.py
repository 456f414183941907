"""The same numbers on DuckDB, PostgreSQL and ClickHouse."""

import pytest

from regulars.predictions.value import audit_value, fit_company, fit_subscribers, forecast
from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.builders import arrow
from tests.companies.random import Company, Sizes

pytestmark = pytest.mark.suite


def said(engine):
    """All that is said of a random company with returns, merges and subscriptions."""
    company = Company(3, Sizes(orders=120, refunds=20, returns=20, subscriptions=12))
    for name in TABLES:
        engine.load(name, arrow(name, company.tables.get(name, [])))
    rules = company.rules | {"churn_by": "inactive", "horizon_days": 30}
    with Session(engine, Settings(name="random", **rules), as_of=company.as_of) as session:
        ahead, audit = forecast(session, days=30), audit_value(session, days=30)
        return [
            fit_company(session, months=1).customers().to_pylist(),
            fit_subscribers(session).customers().to_pylist(),
            ahead.ahead.to_pylist(),
            ahead.past.to_pylist(),
            ahead.backtest.to_pylist(),
            *[table.to_pylist() for table in audit.tables.values()],
        ]


@pytest.fixture(scope="module")
def here():
    return said(DuckDB(threads=1))


def rounded(rows):
    return [[{k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()} for row in table] for table in rows]


class TestEngines:
    def test_postgres_says_the_same(self, here, postgres_url):
        from regulars.warehouse.engines.postgres import Postgres

        assert rounded(said(Postgres(postgres_url))) == rounded(here)

    def test_clickhouse_says_the_same(self, here):
        from regulars.warehouse.engines.clickhouse import ClickHouse

        assert rounded(said(ClickHouse())) == rounded(here)
