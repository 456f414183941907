"""Golden test: every metric, every analysis and the facts, on DuckDB, PostgreSQL and ClickHouse over the nasty company, row by row.

The rows that DuckDB gives are compared with the brute-force oracle elsewhere (test_oracle_agrees.py); here the engines are compared with it.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from regulars import analyses, metrics
from regulars.errors import RegularsError
from regulars.facts import facts
from regulars.metrics.card import Shape
from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from tests.companies.nasty import RULES, nasty

pytestmark = pytest.mark.suite

ENGINES = ("postgres", "clickhouse")
RULE_SETS = {
    "by orders": {},
    "by cancellation": {"churn_by": "cancelled"},
    "by account": {"customer_unit": "account"},
}


@contextmanager
def session_on(engine, rules):
    for name, table in TABLES.items():
        engine.load(name, pa.Table.from_pylist(TABLE_ROWS[name], schema=table.arrow_schema))
    with Session(engine, Settings(name="nasty", **(RULES | rules)), as_of=date(2024, 4, 30)) as session:
        yield session


TABLE_ROWS = nasty()


def open_engine(name, postgres_url=None):
    if name == "duckdb":
        from regulars.warehouse.engines.duckdb import DuckDB

        return DuckDB()
    if name == "postgres":
        from regulars.warehouse.engines.postgres import Postgres

        return Postgres(postgres_url)
    from regulars.warehouse.engines.clickhouse import ClickHouse

    return ClickHouse()


def everything(engine, rules):
    """What each metric, each analysis and the facts say, as plain rows by name."""
    said = {}
    with session_on(engine, rules) as session:
        for name, found in metrics.catalogue().items():
            dimensions = metrics.dimensions(found.card)
            groupings = [(None, d) for d in dimensions] if not rules else []
            for by, group_by in ((None, None), ("month", None), *groupings):
                windows = session.windows(date(2023, 11, 1), date(2024, 5, 1), by)
                said[name, by, group_by] = outcome(
                    lambda n=name, w=windows, g=group_by: [v.as_dict() for v in metrics.run(session, n, w, g)]
                )
            if found.card.shape is not Shape.DERIVED:
                windows = session.windows(date(2023, 11, 1), date(2024, 5, 1), "month")
                said[name, "rows"] = unordered(outcome(lambda n=name, w=windows: metrics.rows_behind(session, n, w).to_pylist()))
        for name in analyses.catalogue():
            result = outcome(lambda n=name: analyses.run(session, n))
            if isinstance(result, str):
                said[name] = result
                continue
            said[name, "notes"] = [str(note) for note in result.notes]
            for table in result:
                said[name, table] = result[table].to_arrow().to_pylist()
        said["facts"] = unordered(facts(session).to_arrow().to_pylist())
    return said


def outcome(ask):
    """The answer, or the code of the refusal."""
    try:
        return ask()
    except RegularsError as refusal:
        if refusal.exit_code != 2:
            raise
        return refusal.code


def unordered(rows):
    return rows if isinstance(rows, str) else sorted(rows, key=lambda row: [str(plain(v)) for v in row.values()])


def plain(value):
    """A value without what only an engine's driver adds to it."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        assert math.isfinite(value), "unknown is never NaN or infinite"
        return round(value, 6) + 0.0
    if isinstance(value, int):
        return float(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


@pytest.fixture(scope="module", params=RULE_SETS)
def rules(request):
    return RULE_SETS[request.param]


@pytest.fixture(scope="module")
def expected(rules):
    return everything(open_engine("duckdb"), rules)


class TestEngines:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_give_the_rows_that_duckdb_gives(self, engine, rules, expected, postgres_url):
        said = everything(open_engine(engine, postgres_url), rules)
        assert said.keys() == expected.keys()
        different = [key for key in expected if plain(said[key]) != plain(expected[key])]
        first = different[:1]
        assert not different, (different, [(plain(expected[key])[:5], plain(said[key])[:5]) for key in first])

    def test_say_something_about_nearly_every_metric(self, expected):
        undefined = {
            key[0]
            for key, rows in expected.items()
            if isinstance(key, tuple) and len(key) == 3 and not isinstance(rows, str) and all(row["value"] is None for row in rows)
        }
        defined = {
            key[0]
            for key, rows in expected.items()
            if isinstance(key, tuple) and len(key) == 3 and any(isinstance(r, dict) and r["value"] is not None for r in rows)
        }
        assert len(defined) >= 0.8 * len(defined | undefined), sorted(undefined - defined)
