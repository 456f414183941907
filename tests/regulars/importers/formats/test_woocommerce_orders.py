from __future__ import annotations

import pytest

STYLES = {
    "analytics": (
        "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution\n"
        "2025-03-01 10:00:00,77,€40.00,completed,Ada L,new,1× Tea,1,,40.00,Direct\n"
    ),
    "order export plug-in": (
        "order_id,order_number,order_date,status,shipping_total,tax_total,discount_total,order_total,order_currency,customer_email,billing_phone,"
        "shipping_country\n"
        "9,77,2025-03-01 10:00:00,completed,5.00,9.00,0.00,54.00,EUR,ada@example.org,,DE\n"
    ),
    "advanced order export": (
        "Order Number,Order Status,Order Date,First Name (Billing),Last Name (Billing),Email (Billing),Cart Discount Amount,Order Subtotal Amount,"
        "Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount,SKU,Item Name,Quantity (- Refund),Item Cost\n"
        "77,Completed,2025-03-01 10:00,Ada,L,ada@example.org,0,40,5,0,54,9,T1,Tea,1,30\n"
        "77,Completed,2025-03-01 10:00,Ada,L,ada@example.org,0,40,5,0,54,9,C1,Cup,2,5\n"
    ),
}


class TestWoocommerceOrders:
    @pytest.mark.parametrize("style", STYLES)
    def test_reads_the_usual_header_styles(self, shop, style):
        report = shop.load("orders.csv", STYLES[style])
        assert report.format == "woocommerce_orders"
        assert shop.rows("orders", "order_id, kind, amount_minor, occurred_at::varchar") == [
            ("77", "purchase", 4000, "2025-03-01 09:00:00")
        ]

    def test_keeps_lines_and_customer(self, shop):
        shop.load("orders.csv", STYLES["advanced order export"])
        assert shop.rows("order_lines", "product_id, quantity, amount_minor") == [("C1", 2.0, 1000), ("T1", 1.0, 3000)]
        assert shop.rows("customers", "identity_id, name") == [("ada@example.org", "Ada L")]

    @pytest.mark.parametrize(
        ("status", "kinds"), [("cancelled", ["cancellation", "purchase"]), ("refunded", ["purchase", "refund"]), ("failed", [])]
    )
    def test_follows_the_status(self, shop, status, kinds):
        shop.load("orders.csv", STYLES["order export plug-in"].replace("completed", status))
        assert [r[0] for r in shop.rows("orders", "kind", "kind")] == kinds
        assert sum(r[0] for r in shop.rows("orders", "amount_minor")) == 0
