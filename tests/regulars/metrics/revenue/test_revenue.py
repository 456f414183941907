"""Revenue."""

from __future__ import annotations

from tests.builders import company, value, values

ROWS = [
    {"at": "2024-01-10", "customer": "ann", "amount": 10000, "order": "o1", "channel": "web"},
    {"at": "2024-01-20", "customer": None, "amount": 2000, "order": "o2", "channel": "shop"},
    {"at": "2024-02-05", "customer": "ann", "amount": -3000, "order": "o1", "kind": "refund"},
    {"at": "2024-02-10", "customer": "bob", "amount": 5000, "order": "o3", "channel": "web"},
    {"at": "2024-03-01", "customer": "bob", "amount": -5000, "order": "o3", "kind": "cancellation"},
    {"at": "2024-03-02", "amount": -700, "order": "a1", "kind": "adjustment", "linked": False},
]


class TestRevenue:
    def test_books_every_row_on_its_own_day(self):
        with company(orders=ROWS) as session:
            found = values(session, "revenue", "2024-01-01", "2024-04-01", "month")
            assert [v.value for v in found.values()] == [120.00, 20.00, -57.00]

    def test_is_grouped_by_the_channel_of_the_row(self):
        with company(orders=ROWS) as session:
            found = values(session, "revenue", "2024-01-01", "2024-02-01", group_by="channel")
            assert {group: v.value for group, v in found.items()} == {"web": 100.00, "shop": 20.00}

    def test_is_converted_at_the_latest_rate_on_or_before_the_day(self):
        orders = [
            {"at": "2024-01-10", "amount": 1000, "currency": "JPY"},
            {"at": "2024-01-20", "amount": 1000, "currency": "JPY"},
            {"at": "2024-01-05", "amount": 1},
        ]
        rates = [
            {"on_date": "2024-01-01", "currency": "JPY", "to_currency": "EUR", "rate": 0.006},
            {"on_date": "2024-01-15", "currency": "JPY", "to_currency": "EUR", "rate": 0.007},
        ]
        with company(orders=orders, exchange_rates=rates, currency="EUR") as session:
            # 1,000 yen have no decimals: 6.00 and 7.00 euros, and one cent.
            assert value(session, "revenue").value == 13.01

    def test_of_cdnow_is_that_of_the_file(self, cdnow_session):
        """The sum of the column amount of shared/data/cdnow/cdnow_master.csv.gz is 2,500,315.63."""
        assert value(cdnow_session, "revenue").value == 2_500_315.63
