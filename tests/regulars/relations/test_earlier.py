"""One session inside another: the same state of the tables as of an earlier instant."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.errors import ArgumentRefused
from regulars.facts import facts
from tests.builders import company

ORDERS = [
    {"at": "2024-01-05", "customer": "ann", "amount": 1000},
    {"at": "2024-02-05", "customer": "ben", "amount": 2000},
    {"at": "2024-03-05", "customer": "ann", "amount": 3000},
    {"at": "2024-03-20", "customer": "ben", "kind": "refund", "order": "o2", "order_id": "o2", "amount": -2000},
]
ORDERS[1]["order"] = "o2"
ORDERS[3].pop("order_id")


def net(session):
    return dict(zip(*facts(session).to_arrow().select(["customer_id", "net_minor"]).to_pydict().values(), strict=True))


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.suite), pytest.param("clickhouse", marks=pytest.mark.suite)])
def engine(request):
    if request.param == "duckdb":
        return None
    if request.param == "postgres":
        from regulars.warehouse.engines.postgres import Postgres

        return Postgres(request.getfixturevalue("postgres_url"))
    from regulars.warehouse.engines.clickhouse import ClickHouse

    return ClickHouse()


class TestEarlier:
    def test_sees_what_was_known_then_and_leaves_the_outer_session_as_it_was(self, engine) -> None:
        with company(orders=ORDERS, engine=engine) as session:
            now = net(session)
            with session.earlier(date(2024, 3, 1)) as then:
                assert net(then) == {"ann": 1000, "ben": 2000}
                with then.earlier(date(2024, 1, 31)) as before:
                    assert net(before) == {"ann": 1000}
                assert net(then) == {"ann": 1000, "ben": 2000}
            assert net(session) == now == {"ann": 4000, "ben": 0}

    def test_refuses_to_look_ahead(self) -> None:
        with company(orders=ORDERS, as_of=date(2024, 2, 1)) as session, pytest.raises(ArgumentRefused, match="is after"):
            session.earlier(date(2024, 2, 2)).__enter__()
