"""Orders from calls: values, lines, refunds and cancellations. The oracle works in fractions and shares no code."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from regulars.tracking.books import asks_for
from regulars.tracking.orders import KnownLine, KnownOrder
from regulars.tracking.projection import Located, project
from tests.regulars.tracking.sending import RECEIVED, micro, one, projected, rows, track

SPEC = {
    "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
    "order_id": "50314b8e9bcf000000000000",
    "affiliation": "Google Store",
    "total": 27.50,
    "subtotal": 22.50,
    "revenue": 25.00,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "coupon": "hasbros",
    "currency": "USD",
    "products": [
        {
            "product_id": "507f1f77bcf86cd799439011",
            "sku": "45790-32",
            "name": "Monopoly: 3rd Edition",
            "price": 19,
            "quantity": 1,
            "category": "Games",
        },
        {
            "product_id": "505bd76785ebb509fc183733",
            "sku": "46493-32",
            "name": "Uno Card Game",
            "price": 3,
            "quantity": 2,
            "category": "Games",
        },
    ],
}
"""The example of Order Completed in Segment's specification of e-commerce events."""


def amounts(*calls: Any, **options: Any) -> list[tuple[str, int]]:
    return [(row["row_key"], row["amount_minor"]) for row in rows(projected(*calls, **options), "orders")]


def codes(*calls: Any, **options: Any) -> list[str]:
    done = projected(*calls, **options)
    assert done.tables.keys() <= {"events"}
    return [refused.code for refused in done.refused]


class TestOrderCompleted:
    def test_gives_the_order_of_segments_example(self) -> None:
        done = projected(track("Order Completed", context={"campaign": {"name": "autumn"}}, **SPEC))
        order = rows(done, "orders")[0]
        assert {
            name: order[name] for name in ("order_id", "kind", "linked", "amount_minor", "discount_minor", "tax_minor", "shipping_minor")
        } == {
            "order_id": "50314b8e9bcf000000000000",
            "kind": "purchase",
            "linked": False,
            "amount_minor": 2250,
            "discount_minor": 250,
            "tax_minor": 200,
            "shipping_minor": 300,
        }
        assert (order["currency"], order["channel"], order["campaign"]) == ("USD", "Google Store", "autumn")
        assert (order["row_key"], order["source"], order["identity_id"]) == ("purchase#50314b8e9bcf000000000000", "web", "u1")
        lines = rows(done, "order_lines")
        assert [(line["product_id"], line["quantity"], line["amount_minor"]) for line in lines] == [
            ("507f1f77bcf86cd799439011", 1.0, 1710),
            ("505bd76785ebb509fc183733", 2.0, 540),
        ]
        assert [line["row_key"] for line in lines] == [
            "purchase line 1#50314b8e9bcf000000000000",
            "purchase line 2#50314b8e9bcf000000000000",
        ]
        assert {line["row_hash"] for line in lines} == {order["row_hash"]}
        assert len(rows(done, "events")) == 1

    def test_gives_the_same_for_the_name_of_version_1(self) -> None:
        new, old = (rows(projected(track(name, **SPEC)), "orders")[0] for name in ("Order Completed", "Completed Order"))
        assert new == old

    @pytest.mark.parametrize(
        ("said", "worth"),
        [
            ({"subtotal": 22.5, "total": 27.5, "tax": 2, "shipping": 3, "discount": 2.5}, 2250),
            ({"subtotal": 25, "total": 27.5, "tax": 2, "shipping": 3, "discount": 2.5}, 2250),
            ({"subtotal": 25, "total": 99, "tax": 2, "shipping": 3, "discount": 2.5}, 2500),
            ({"total": 27.5, "tax": 2, "shipping": 3, "revenue": 25}, 2250),
            ({"total": 27.5, "shipping": 3}, 2450),
            ({"total": 27.5, "revenue": 22.5}, 2250),
            ({"total": 27.5}, 2750),
            ({"value": "27.50"}, 2750),
            ({"products": [{"product_id": "a", "price": 10, "quantity": 2}, {"product_id": "b", "price": 1}], "discount": 1}, 2000),
            ({"subtotal": 0}, 0),
        ],
    )
    def test_takes_the_first_field_that_says_its_value(self, said: dict[str, Any], worth: int) -> None:
        assert amounts(track("Order Completed", order_id="o", **said)) == [("purchase#o", worth)]

    @pytest.mark.parametrize(
        ("currency", "said", "minor"),
        [
            ("EUR", 19.99, 1999), ("EUR", "19.99", 1999), ("EUR", "€ 1,234.50", 123450), ("EUR", "1.234,50", 123450), ("EUR", 0.1 + 0.2, 30),
            ("EUR", 1.005, 101), ("EUR", "1.005", 101), ("JPY", 1999, 1999), ("JPY", "1,999", 1999), ("JPY", 1999.5, 2000), ("KWD", 1.2345, 1235), ("KWD", "0.001", 1),
            ("kwd", 5, 5000), ("CLF", 1, 10000), ("USD", 999_999_999_999, 99_999_999_999_900),
        ],
    )  # fmt: skip
    def test_counts_money_exactly_in_its_currency(self, currency: str, said: Any, minor: int) -> None:
        done = projected(track("Order Completed", order_id="o", total=said, currency=currency))
        assert [(row["amount_minor"], row["currency"]) for row in rows(done, "orders")] == [(minor, currency.upper())]

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"total": 5}, "no_order_id"),
            ({"order_id": " ", "total": 5}, "no_order_id"),
            ({"order_id": "o"}, "no_amount"),
            ({"order_id": "o", "products": [{"price": 5}, {"name": "b"}]}, "no_amount"),
            ({"order_id": "o", "total": "five"}, "bad_amount"),
            ({"order_id": "o", "total": True}, "bad_amount"),
            ({"order_id": "o", "total": 1e12}, "bad_amount"),
            ({"order_id": "o", "total": 5, "tax": {}}, "bad_amount"),
            ({"order_id": "o", "total": -5}, "negative_amount"),
            ({"order_id": "o", "total": 5, "currency": "Euro"}, "bad_currency"),
            ({"order_id": "o", "total": 5, "currency": 978}, "bad_currency"),
            ({"order_id": "o", "total": 5, "products": "none"}, "bad_products"),
            ({"order_id": "o", "total": 5, "products": [5]}, "bad_products"),
        ],
    )
    def test_is_refused_with_a_code_and_leaves_nothing(self, said: dict[str, Any], code: str) -> None:
        done = projected(track("Order Completed", **said))
        assert [refused.code for refused in done.refused] == [f"tracking.{code}"]
        assert done.tables == {}
        assert done.refused[0].message_id == "m1"

    def test_never_guesses_a_currency(self) -> None:
        assert codes(track("Order Completed", order_id="o", total=5), currency=None) == ["tracking.no_currency"]
        assert rows(projected(track("Order Completed", order_id="o", total=5), currency="CHF"), "orders")[0]["currency"] == "CHF"

    def test_says_nothing_new_when_it_is_sent_again(self) -> None:
        first, again = (rows(projected(track("Order Completed", message_id=m, **SPEC)), "orders")[0] for m in ("m1", "m2"))
        assert (first["row_key"], first["row_hash"]) == (again["row_key"], again["row_hash"])
        other = rows(projected(track("Order Completed", **{**SPEC, "subtotal": 22})), "orders")[0]
        assert other["row_key"] == first["row_key"]
        assert other["row_hash"] != first["row_hash"]


CENTS = st.none() | st.integers(0, 5_000)


def worth(said: dict[str, int | None]) -> int | None:
    """The documented rules once more, in cents."""
    discount, beside = said["discount"] or 0, (said["tax"] or 0) + (said["shipping"] or 0)
    if said["subtotal"] is not None:
        before_discount = said["total"] is not None and said["subtotal"] - discount + beside == said["total"] != said["subtotal"] + beside
        return said["subtotal"] - discount * before_discount
    if said["total"] is not None and not (said["tax"] is None and said["shipping"] is None):
        return said["total"] - beside
    return next((said[name] for name in ("revenue", "total", "value") if said[name] is not None), None)


class TestValue:
    @settings(max_examples=60)
    @given(
        said=st.fixed_dictionaries(dict.fromkeys(("subtotal", "total", "tax", "shipping", "discount", "revenue", "value"), CENTS)),
        consistent=st.booleans(),
        as_text=st.booleans(),
        decimals=st.sampled_from([("JPY", 0), ("EUR", 2), ("KWD", 3)]),
    )
    def test_follows_the_documented_rules(
        self, said: dict[str, int | None], consistent: bool, as_text: bool, decimals: tuple[str, int]
    ) -> None:
        if consistent and said["subtotal"] is not None:
            said["total"] = max(said["subtotal"] - (said["discount"] or 0) + (said["tax"] or 0) + (said["shipping"] or 0), 0)
        currency, places = decimals
        written = {name: str(Decimal(value).scaleb(-places)) for name, value in said.items() if value is not None}
        properties = {name: text if as_text else float(text) for name, text in written.items()}
        done = projected(track("Order Completed", order_id="o", currency=currency, **properties))
        expected = worth(said)
        if expected is None or expected < 0:
            assert [refused.code for refused in done.refused] == ["tracking.no_amount" if expected is None else "tracking.negative_amount"]
        else:
            assert [row["amount_minor"] for row in rows(done, "orders")] == [expected]


PRODUCTS = st.lists(st.tuples(st.integers(0, 9_999), st.integers(1, 9)), min_size=1, max_size=6)


class TestLines:
    @settings(max_examples=40)
    @given(products=PRODUCTS, subtotal=st.integers(0, 50_000))
    def test_share_the_orders_value_to_the_last_cent(self, products: list[tuple[int, int]], subtotal: int) -> None:
        said = [{"product_id": str(n), "price": f"{cents / 100:.2f}", "quantity": pieces} for n, (cents, pieces) in enumerate(products)]
        lines = rows(projected(track("Order Completed", order_id="o", subtotal=f"{subtotal / 100:.2f}", products=said)), "order_lines")
        got = [line["amount_minor"] for line in lines]
        assert sum(got) == subtotal
        weights = [cents * pieces for cents, pieces in products]
        if not sum(weights):
            weights = [pieces for _, pieces in products]
        for amount, weight in zip(got, weights, strict=True):
            assert abs(amount - Fraction(subtotal * weight, sum(weights))) <= 1

    def test_are_the_first_ones_where_nothing_says_what_they_cost(self) -> None:
        done = projected(
            track("Order Completed", order_id="o", total=10, products=[{"name": "A", "quantity": 0}, {"name": "B", "quantity": 0}])
        )
        assert [line["amount_minor"] for line in rows(done, "order_lines")] == [1000, 0]

    def test_keep_the_cost_of_goods(self) -> None:
        done = projected(track("Order Completed", order_id="o", total=10, products=[{"sku": "A", "price": 10, "unit_cost": "3.333"}]))
        line = rows(done, "order_lines")[0]
        assert (line["product_id"], line["unit_cost_minor"], line["is_goods"]) == ("A", 333.0, True)


class TestOrderUpdated:
    def test_is_a_version_of_the_purchase_at_its_own_instant(self) -> None:
        bought = track("Order Completed", "2026-02-01T10:00:00Z", order_id="o", total=10)
        changed = track("Order Updated", "2026-02-03T10:00:00Z", message_id="m2", order_id="o", total=8)
        done = projected(bought, changed)
        assert amounts(bought, changed) == [("purchase#o", 1000), ("purchase#o", 800)]
        assert done.tables["orders"]["occurred_at"].cast("int64").to_pylist() == [micro("2026-02-01T10:00:00Z")] * 2
        assert done.origins["orders"].to_pylist() == [
            {"call": 0, "version_at": micro("2026-02-01T10:00:00Z"), "dated": True},
            {"call": 1, "version_at": micro("2026-02-03T10:00:00Z"), "dated": True},
        ]

    def test_of_an_order_that_is_not_known_says_that_its_instant_is_not(self) -> None:
        done = projected(track("Order Updated", "2026-02-03T10:00:00Z", order_id="o", total=8))
        assert done.origins["orders"].to_pylist()[0]["dated"] is False
        said = projected(track("Order Updated", "2026-02-03T10:00:00Z", order_id="o", total=8, ordered_at="2026-02-01T10:00:00Z"))
        assert said.tables["orders"]["occurred_at"].cast("int64").to_pylist() == [micro("2026-02-01T10:00:00Z")]
        assert said.origins["orders"].to_pylist()[0]["dated"] is True

    def test_that_says_no_amounts_is_an_event_only(self) -> None:
        done = projected(track("Order Updated", order_id="o", status="packed"), currency=None)
        assert done.refused == []
        assert list(done.tables) == ["events"]

    def test_keeps_what_it_leaves_open(self) -> None:
        """Bought in a browser with a campaign, changed by a server that names only the order and its new value."""
        bought = track("Order Completed", message_id="a", context={"campaign": {"name": "autumn"}}, **SPEC)
        changed = one(type="track", event="Order Updated", messageId="b", properties={"order_id": SPEC["order_id"], "subtotal": 11.25})
        done = project([Located(call=bought, identity_id="u1"), Located(call=changed)], currency="EUR")
        before, after = rows(done, "orders")
        assert (after["amount_minor"], after["currency"], after["campaign"], after["tax_minor"]) == (1125, "USD", "autumn", 200)
        assert after["identity_id"] == before["identity_id"] == "u1"
        lines = [line for line in rows(done, "order_lines") if line["row_hash"] == after["row_hash"]]
        assert [(line["product_name"], line["quantity"], line["amount_minor"]) for line in lines] == [
            ("Monopoly: 3rd Edition", 1.0, 855),
            ("Uno Card Game", 2.0, 270),
        ]

    def test_counts_versions_as_its_source_does(self) -> None:
        done = projected(track("Order Updated", order_id="o", total=8, updated_at="2026-02-28T00:00:00Z"))
        assert done.origins["orders"].to_pylist()[0]["version_at"] == micro("2026-02-28T00:00:00Z")


def known(**changes: Any) -> KnownOrder:
    values = {"order_id": "o", "occurred_at": RECEIVED, "amount_minor": 2250, "currency": "USD"}
    return KnownOrder(**{**values, **changes})


class TestOrderRefunded:
    def test_without_an_amount_takes_back_all_that_is_left(self) -> None:
        refund = track("Order Refunded", message_id="r1", order_id="o")
        assert amounts(refund, order=known()) == [("refund r1#o", -2250)]
        assert amounts(refund, order=known(refunds={"r0": 1000})) == [("refund r1#o", -1250)]
        assert amounts(refund, order=known(refunds={"r1": 2250})) == [("refund r1#o", -2250)]

    def test_finds_its_order_among_the_calls_before_it(self) -> None:
        bought = track("Order Completed", **SPEC)
        part = track(
            "Order Refunded",
            message_id="r1",
            order_id=SPEC["order_id"],
            products=[{"product_id": "505bd76785ebb509fc183733", "quantity": 1}],
        )
        rest = track("Order Refunded", message_id="r2", order_id=SPEC["order_id"])
        assert [amount for _, amount in amounts(bought, part, rest)] == [2250, -270, -1980]
        lines = rows(projected(bought, part), "order_lines")[2:]
        assert [(line["kind"], line["quantity"], line["amount_minor"]) for line in lines] == [("refund", -1.0, -270)]

    @pytest.mark.parametrize(
        ("said", "off"),
        [
            ({"subtotal": 10, "total": 12}, 1000),
            ({"total": 12, "tax": 1, "shipping": 1}, 1000),
            ({"total": 12.25}, 1125),
            ({"amount": "-12.25"}, 1125),
            ({"revenue": 3}, 300),
            ({"subtotal": 500}, 2250),
        ],
    )
    def test_takes_the_goods_part_of_what_was_given_back(self, said: dict[str, Any], off: int) -> None:
        """The order cost 22.50 and 2.00 tax: of 12.25 paid back with tax, 22.50 / 24.50 were for goods."""
        assert amounts(track("Order Refunded", message_id="r", order_id="o", **said), order=known(tax_minor=200)) == [("refund r#o", -off)]

    def test_of_an_unknown_order_must_say_what_it_was_worth(self) -> None:
        assert codes(track("Order Refunded", order_id="o")) == ["tracking.order_unknown"]
        assert amounts(track("Order Refunded", message_id="r", order_id="o", total=5)) == [("refund r#o", -500)]
        two = [track("Order Refunded", message_id=m, order_id="o", total=5) for m in ("r1", "r2")]
        assert amounts(*two) == [("refund r1#o", -500), ("refund r2#o", -500)]

    def test_in_another_currency_than_the_order_is_refused(self) -> None:
        assert codes(track("Order Refunded", order_id="o", total=5, currency="EUR"), order=known()) == ["tracking.other_currency"]

    def test_of_a_cancelled_order_takes_nothing_more(self) -> None:
        assert amounts(track("Order Refunded", message_id="r", order_id="o", total=5), order=known(cancelled=True)) == [("refund r#o", 0)]

    def test_prices_products_as_they_were_sold(self) -> None:
        order = known(currency="KWD", lines=(KnownLine(product_id="a", quantity=3.0, amount_minor=1000),))
        refund = track("Order Refunded", message_id="r", order_id="o", products=[{"product_id": "a", "quantity": 2, "price": 99}])
        assert amounts(refund, order=order) == [("refund r#o", -667)]

    @settings(max_examples=40)
    @given(value=st.integers(1, 100_000), parts=st.lists(st.integers(1, 60_000), max_size=6), cancel=st.booleans())
    def test_never_takes_an_order_below_nothing(self, value: int, parts: list[int], cancel: bool) -> None:
        calls = [track("Order Completed", order_id="o", total=f"{value / 100:.2f}")]
        calls += [track("Order Refunded", message_id=f"r{n}", order_id="o", total=f"{part / 100:.2f}") for n, part in enumerate(parts)]
        calls += [track("Order Cancelled", message_id="c", order_id="o")] * cancel
        left = value
        expected = [value]
        for part in parts:
            expected.append(-min(part, left))
            left += expected[-1]
        expected += [-left] * cancel
        assert [amount for _, amount in amounts(*calls)] == expected


class TestOrderCancelled:
    def test_takes_off_what_had_not_been_refunded(self) -> None:
        cancelled = track("Order Cancelled", order_id="o", total=99)
        assert amounts(cancelled, order=known(refunds={"r": 250})) == [("cancellation#o", -2000)]

    def test_of_an_unknown_order_takes_off_what_it_says(self) -> None:
        assert amounts(track("Order Cancelled", order_id="o", total=27.5, tax=2, shipping=3)) == [("cancellation#o", -2250)]
        assert codes(track("Order Cancelled", order_id="o")) == ["tracking.order_unknown"]


class TestAsksFor:
    def test_names_what_must_be_known(self) -> None:
        assert asks_for(track("Order Refunded", order_id=7)) == ("orders", "7")
        assert asks_for(track("Order Completed", order_id=7)) == ("orders", "7")
        assert asks_for(track("Subscription Renewed", subscription_id="s")) == ("subscriptions", "s")
        assert asks_for(track("Tea Drunk")) is None
        assert asks_for(track("Order Refunded")) is None
