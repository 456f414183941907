"""The reviews that several tests look at, made once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from regulars.relations import Session
from regulars.reports import review
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.companies import shops


def session_of(tables, rules):
    engine = DuckDB(threads=1)
    for name, table in TABLES.items():
        engine.load(name, pa.Table.from_pylist(tables.get(name, []), schema=table.arrow_schema))
    return Session(engine, Settings(name="company", **rules))


@pytest.fixture(scope="package")
def cdnow(shared_data):
    """The review of CDNOW: all orders of one cohort, 1997-01 to 1998-06."""
    with session_of(shops.cdnow(shared_data), shops.CDNOW_RULES) as session:
        return review(session, title="CDNOW")


@pytest.fixture(scope="package")
def online_retail(shared_data):
    """The review of Online Retail: a year of invoices with lines, returns and anonymous orders."""
    with session_of(shops.online_retail(shared_data), shops.RETAIL_RULES) as session:
        return review(session, title="Online Retail")
