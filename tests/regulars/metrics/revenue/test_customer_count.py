"""Customer count."""

from __future__ import annotations

from tests.builders import company, value


class TestCustomerCount:
    def test_counts_buyers_and_those_who_did_something_meaningful_once(self):
        orders = [
            {"at": "2024-01-10", "customer": "ann", "amount": 100},
            {"at": "2024-01-12", "customer": "ann", "amount": 100},
            {"at": "2024-01-12", "amount": 100},
        ]
        events = [
            {"at": "2024-01-12", "customer": "ann", "name": "Lesson Finished"},
            {"at": "2024-01-12", "customer": "bob", "name": "Lesson Finished"},
            {"at": "2024-01-12", "customer": "cyd", "name": "Page Viewed"},
        ]
        with company(orders=orders, events=events, meaningful_events=("Lesson Finished",)) as session:
            assert value(session, "customer_count").value == 2

    def test_counts_two_identities_of_one_customer_once(self):
        orders = [{"at": "2024-01-10", "customer": "ann", "amount": 100}, {"at": "2024-01-12", "customer": "cookie", "amount": 100}]
        identities = [{"at": "2024-01-12", "customer": "cookie", "customer_id": "ann"}]
        with company(orders=orders, identities=identities) as session:
            assert value(session, "customer_count").value == 1
