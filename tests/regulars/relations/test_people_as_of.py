"""Who is who may be known later than the rest."""

from __future__ import annotations

from datetime import UTC, datetime

from regulars.facts import facts
from tests.builders import company

ORDERS = [{"at": "2026-01-05", "customer": "c1", "amount": 1000}, {"at": "2026-01-06", "customer": "c2", "amount": 500}]
MAP = [
    {"at": "2026-03-01", "customer": "c2", "customer_id": "c1", "row_key": "a"},
    {"at": "2026-04-01", "customer": "c2", "customer_id": "c2", "row_key": "b"},
]


def told(instant=None):
    with company(orders=ORDERS, identities=MAP, as_of=datetime(2026, 2, 1)) as session:
        if instant:
            session.know_people_of(instant)
        return {row["customer_id"]: row["net_minor"] for row in facts(session).to_arrow().to_pylist()}


class TestKnowPeopleOf:
    def test_joins_by_what_was_said_since_and_parts_again(self):
        assert told() == {"c1": 1000, "c2": 500}
        assert told(datetime(2026, 3, 2, tzinfo=UTC)) == {"c1": 1500}
        assert told(datetime(2026, 4, 2, tzinfo=UTC)) == {"c1": 1000, "c2": 500}

    def test_never_knows_less_than_as_of(self):
        assert told(datetime(2026, 1, 1, tzinfo=UTC)) == {"c1": 1000, "c2": 500}
