from __future__ import annotations

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
    "Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Zip,"
    "Shipping Country,Cancelled at,Refunded Amount,Id,Phone"
)


def order(
    name,
    email,
    status,
    subtotal,
    shipping,
    taxes,
    total,
    created,
    quantity,
    item,
    price,
    *,
    refunded="0.00",
    cancelled="",
    discount="0.00",
    phone="",
):
    return (
        f"{name},{email},{status},{created},fulfilled,,no,EUR,{subtotal},{shipping},{taxes},{total},,{discount},Post,{created},{quantity},{item},"
        f"{price},{item[:2].upper()},Ada L,'75008,FR,{cancelled},{refunded},{name[1:]}00,{phone}"
    )


def more(name, email, quantity, item, price):
    return f"{name},{email},,,,,,,,,,,,,,,{quantity},{item},{price},{item[:2].upper()},,,,,,,"


def export(*rows):
    return "\n".join((HEADER, *rows)) + "\n"


PLAIN = order(
    "#1001", "Ada@Example.org", "paid", "30.00", "5.00", "5.70", "40.70", "2025-10-07 09:50:26 +0200", 2, "Tea", "10.00", phone="+33 1 23"
)
PLAIN_MORE = more("#1001", "Ada@Example.org", 1, "Cup", "10.00")


class TestShopifyOrders:
    def test_fills_the_order_down_its_lines(self, shop):
        report = shop.load("orders.csv", export(PLAIN, PLAIN_MORE))
        assert report.format == "shopify_orders"
        assert (report.read, report.imported) == (2, 2)
        assert shop.rows(
            "orders", "order_id, kind, amount_minor, tax_minor, shipping_minor, currency, country, identity_id, occurred_at::varchar"
        ) == [("#1001", "purchase", 3000, 570, 500, "EUR", "FR", "ada@example.org", "2025-10-07 07:50:26")]
        assert shop.rows("order_lines", "product_id, quantity, amount_minor") == [("CU", 1.0, 1000), ("TE", 2.0, 2000)]
        assert report.money[0].imported == 3000

    def test_makes_one_person_of_address_and_phone(self, shop):
        shop.load("orders.csv", export(PLAIN))
        assert shop.rows("customers", "identity_id, email, phone, name, country") == [
            ("ada@example.org", "ada@example.org", "+33123", "Ada L", "FR")
        ]
        assert shop.rows("identities", "identity_id, customer_id, rule") == [("+33123", "ada@example.org", "import")]

    def test_takes_included_tax_off_the_order_value(self, shop):
        # 119.00 with 19 % tax inside and free shipping: goods are worth 100.00.
        shop.load(
            "orders.csv",
            export(order("#1", "a@b.c", "paid", "119.00", "0.00", "19.00", "119.00", "2025-10-07 09:50:26 +0200", 1, "Tea", "119.00")),
        )
        assert shop.rows("orders", "amount_minor") == [(10000,)]
        assert shop.rows("order_lines", "amount_minor") == [(10000,)]

    def test_spreads_the_discount_over_the_lines_to_the_last_cent(self, shop):
        first = order("#1", "a@b.c", "paid", "20.00", "0", "0", "20.00", "2025-10-07 09:50:26 +0200", 1, "Tea", "10.00", discount="10.00")
        shop.load("orders.csv", export(first, more("#1", "a@b.c", 1, "Cup", "10.00"), more("#1", "a@b.c", 1, "Pot", "10.00")))
        assert shop.rows("order_lines", "product_id, amount_minor", "row_key") == [("TE", 667), ("CU", 666), ("PO", 667)]

    def test_books_a_refund_by_its_part_of_the_goods(self, shop):
        # 60.00 of the 120.00 paid for goods with tax came back: half of 100.00.
        row = order(
            "#1",
            "a@b.c",
            "partially_refunded",
            "100.00",
            "0",
            "20.00",
            "120.00",
            "2025-10-07 09:50:26 +0200",
            1,
            "Tea",
            "100.00",
            refunded="60.00",
        )
        report = shop.load("orders.csv", export(row))
        assert shop.rows("orders", "order_id, kind, linked, amount_minor", "kind") == [
            ("#1", "purchase", False, 10000),
            ("#1", "refund", True, -5000),
        ]
        assert "refund dates are not in this export" in " ".join(report.notes)

    def test_a_cancelled_order_adds_up_to_nothing(self, shop):
        row = order(
            "#1", "a@b.c", "refunded", "100.00", "0", "0", "100.00", "2025-10-07 09:50:26 +0200", 1, "Tea", "100.00", refunded="30.00",
            cancelled="2025-10-09 10:00:00 +0200",
        )  # fmt: skip
        shop.load("orders.csv", export(row))
        assert shop.rows("orders", "kind, amount_minor, occurred_at::varchar", "kind") == [
            ("cancellation", -7000, "2025-10-09 08:00:00"),
            ("purchase", 10000, "2025-10-07 07:50:26"),
            ("refund", -3000, "2025-10-09 08:00:00"),
        ]

    def test_sets_unpaid_orders_aside_and_takes_them_once_they_are_paid(self, shop):
        unpaid = PLAIN.replace(",paid,", ",pending,")
        report = shop.load("one.csv", export(unpaid, PLAIN_MORE))
        assert report.quarantined == {"not_paid": 2}
        assert shop.rows("orders") == []
        assert shop.load("two.csv", export(PLAIN, PLAIN_MORE)).imported == 2
        assert len(shop.rows("orders")) == 1

    def test_a_changed_order_replaces_all_its_rows(self, shop):
        shop.load("one.csv", export(PLAIN, PLAIN_MORE))
        changed = PLAIN.replace(",paid,", ",partially_refunded,").replace(",0.00,100100", ",3.00,100100")
        report = shop.load("two.csv", export(changed, PLAIN_MORE))
        assert (report.imported, report.replaced) == (2, 1)
        assert [r[0] for r in shop.rows("orders", "kind", "kind")] == ["purchase", "refund"]
        assert len(shop.rows("order_lines")) == 2
        again = shop.load("three.csv", export(changed, PLAIN_MORE))
        assert (again.imported, again.already_there) == (0, 2)

    def test_an_order_with_an_unreadable_line_is_set_aside_whole(self, shop):
        bad = more("#1001", "Ada@Example.org", "two", "Cup", "10.00")
        report = shop.load("orders.csv", export(PLAIN, bad))
        assert report.quarantined == {"bad_number": 1, "order_incomplete": 1}
        assert shop.rows("orders") == []
        assert report.money[0].quarantined == 3000

    def test_an_order_that_the_file_holds_twice_counts_once(self, shop):
        other = order("#1002", "b@b.c", "paid", "1.00", "0", "0", "1.00", "2025-10-07 09:50:26 +0200", 1, "Tea", "1.00")
        report = shop.load("orders.csv", export(PLAIN, PLAIN_MORE, other, PLAIN, PLAIN_MORE))
        assert (report.imported, report.already_there) == (3, 2)
        assert [r[0] for r in shop.rows("orders", "amount_minor", "amount_minor")] == [100, 3000]
