"""Sessions over small and large shops, closed after the test."""

from __future__ import annotations

import pytest

from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.builders import arrow, company
from tests.companies import shops
from tests.regulars.predictions.value.simulated import Shop


@pytest.fixture
def opened():
    """`tests.builders.company`, closed after the test."""
    sessions = []

    def make(**given):
        sessions.append(company(**given))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


def session_over(orders, *, as_of=None, **rules):
    """A session over an Arrow table of orders."""
    engine = DuckDB(threads=1)
    for name in TABLES:
        engine.load(name, orders if name == "orders" else arrow(name, []))
    return Session(engine, Settings(name="shop", **rules), as_of=as_of)


@pytest.fixture(scope="session")
def shop():
    """400 buyers over 400 days, of the planted truth of `Shop`."""
    with session_over(Shop(customers=400, days=400, seed=5).orders(), horizon_days=60) as session:
        yield session


@pytest.fixture
def over():
    """A session over an Arrow table of orders."""
    sessions = []

    def make(orders, *, as_of=None, **rules):
        sessions.append(session_over(orders, as_of=as_of, **rules))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.fixture(scope="session")
def cdnow(shared_data):
    """All orders of CDNOW, as of the end of 1998-06-30."""
    with company(orders=shops.cdnow(shared_data)["orders"], currency="USD") as session:
        yield session
