from __future__ import annotations

PAYMENTS = """id,Description,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email
ch_1,Tea,2025-10-07 09:50:26,"12.50","0.00",eur,Paid,cus_1,ada@example.org
ch_2,Tea,2025-10-08 09:50:26,"10.00","4.00",eur,Partial Refund,cus_1,ada@example.org
ch_3,Tea,2025-10-09 09:50:26,"99.00","0.00",eur,Failed,cus_2,bob@example.org
ch_4,Tea,2025-10-10 09:50:26,"20.00","20.00",usd,Refunded,,carl@example.org
"""


class TestStripePayments:
    def test_books_payments_in_utc_and_sets_failed_ones_aside(self, shop):
        report = shop.load("payments.csv", PAYMENTS)
        assert report.format == "stripe_payments"
        assert report.quarantined == {"not_paid": 1}
        assert shop.rows(
            "orders", "order_id, kind, linked, amount_minor, currency, identity_id, occurred_at::varchar", "order_id, kind"
        ) == [
            ("ch_1", "purchase", False, 1250, "EUR", "cus_1", "2025-10-07 09:50:26"),
            ("ch_2", "purchase", False, 1000, "EUR", "cus_1", "2025-10-08 09:50:26"),
            ("ch_2", "refund", True, -400, "EUR", "cus_1", "2025-10-08 09:50:26"),
            ("ch_4", "purchase", False, 2000, "USD", "carl@example.org", "2025-10-10 09:50:26"),
            ("ch_4", "refund", True, -2000, "USD", "carl@example.org", "2025-10-10 09:50:26"),
        ]
        assert {m.currency: (m.read, m.imported, m.quarantined) for m in report.money} == {
            "EUR": (12150, 2250, 9900),
            "USD": (2000, 2000, 0),
        }

    def test_joins_the_address_to_the_customer(self, shop):
        shop.load("payments.csv", PAYMENTS)
        assert shop.rows("identities", "identity_id, customer_id") == [("ada@example.org", "cus_1")]

    def test_a_refund_that_comes_later_replaces_the_payment(self, shop):
        shop.load("one.csv", PAYMENTS)
        report = shop.load("two.csv", PAYMENTS.replace('"12.50","0.00",eur,Paid', '"12.50","12.50",eur,Refunded'))
        assert (report.imported, report.already_there, report.replaced) == (1, 2, 1)
        assert shop.rows("orders", "sum(amount_minor)", "1")[0][0] == 600


class TestStripeCustomers:
    def test_keeps_what_is_known(self, shop):
        report = shop.load(
            "customers.csv",
            "id,Description,Email,Name,Created (UTC),Plan (metadata)\ncus_1,,Ada@Example.org,Ada L,2024-01-02 03:04,gold\n",
        )
        assert report.format == "stripe_customers"
        assert shop.rows("customers", "identity_id, email, name, traits, occurred_at::varchar") == [
            ("cus_1", "ada@example.org", "Ada L", '{"Plan (metadata)": "gold"}', "2024-01-02 03:04:00")
        ]
        assert shop.rows("identities", "identity_id, customer_id") == [("ada@example.org", "cus_1")]
