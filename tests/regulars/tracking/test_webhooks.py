"""Webhooks of Shopify and Stripe become the calls that say the same. The payloads are those of the services' documentation, shortened."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from regulars.tracking import Call, Reading, identifiers, read
from regulars.tracking.projection import Located, project
from tests.regulars.tracking.sending import RECEIVED, SECOND, micro, rows

ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "name": "#1001",
    "email": "eva@shop.eu",
    "created_at": "2026-02-01T10:00:00+01:00",
    "processed_at": "2026-02-01T10:00:00+01:00",
    "updated_at": "2026-02-01T10:00:05+01:00",
    "cancelled_at": None,
    "currency": "EUR",
    "financial_status": "paid",
    "taxes_included": False,
    "subtotal_price": "90.00",
    "total_price": "112.10",
    "total_tax": "17.10",
    "total_discounts": "10.00",
    "total_shipping_price_set": {"shop_money": {"amount": "5.00", "currency_code": "EUR"}},
    "landing_site": "/?utm_source=google&utm_campaign=spring",
    "source_name": "web",
    "test": False,
    "discount_codes": [{"code": "TEN", "amount": "10.00", "type": "fixed_amount"}],
    "shipping_address": {"country_code": "DE"},
    "customer": {"id": 115310627314723954, "email": "eva@shop.eu"},
    "line_items": [
        {"id": 1, "sku": "TEA-1", "name": "Green tea", "title": "Green tea", "price": "20.00", "quantity": 2, "product_id": 7, "discount_allocations": [{"amount": "4.00"}]},
        {"id": 2, "sku": "", "name": "Tea pot - red", "price": "60.00", "quantity": 1, "product_id": 8, "discount_allocations": [{"amount": "6.00"}]},
    ],
    "refunds": [],
}  # fmt: skip
REFUND: dict[str, Any] = {
    "id": 509562969,
    "order_id": 820982911946154508,
    "processed_at": "2026-02-05T10:00:00+01:00",
    "refund_line_items": [
        {"quantity": 1, "subtotal": "18.00", "total_tax": "3.42", "line_item": {"sku": "TEA-1", "name": "Green tea", "price": "20.00"}}
    ],
    "order_adjustments": [],
    "transactions": [{"kind": "refund", "status": "success", "amount": "21.42"}],
}


def hook(kind: str, said: Any, topic: str | None = None) -> Reading:
    about = {"topic": topic, "id": "delivery-1"} if topic else None
    return read(json.dumps(said).encode(), kind=kind, received_at=RECEIVED, source="shop", key="k", about=about)


def only(reading: Reading) -> Call:
    assert reading.refused == []
    (call,) = reading.calls
    return call


def booked(*calls: Call) -> list[tuple[str, int, str]]:
    done = project([Located(call=call) for call in calls], currency=None)
    assert done.refused == []
    return [(row["row_key"], row["amount_minor"], row["occurred_at"].isoformat()) for row in rows(done, "orders")]


class TestShopifyOrder:
    def test_goes_by_its_name_with_its_number_beside(self) -> None:
        call = only(hook("shopify", ORDER, "orders/create"))
        assert (call.name, call.message_id) == ("Order Completed", "shopify/order/820982911946154508/completed")
        assert call.occurred_at == micro("2026-02-01T09:00:00Z")
        assert (call.properties["order_id"], call.properties["shopify_order_id"]) == ("#1001", "820982911946154508")
        assert call.context["campaign"] == {"source": "google", "name": "spring"}
        assert [identifier.identity for identifier in identifiers(call)] == ["shopify:115310627314723954", "eva@shop.eu"]

    def test_is_worth_its_goods_after_discounts(self) -> None:
        done = project([Located(call=only(hook("shopify", ORDER, "orders/create")))], currency=None)
        (order,) = rows(done, "orders")
        assert {name: order[name] for name in ("amount_minor", "tax_minor", "shipping_minor", "discount_minor", "currency", "channel", "country", "campaign")} == {
            "amount_minor": 9000, "tax_minor": 1710, "shipping_minor": 500, "discount_minor": 1000, "currency": "EUR", "channel": "web", "country": "DE",
            "campaign": "spring",
        }  # fmt: skip
        assert [(line["product_id"], line["amount_minor"]) for line in rows(done, "order_lines")] == [
            ("TEA-1", 3600),
            ("Tea pot - red", 5400),
        ]

    def test_is_without_the_tax_that_prices_include(self) -> None:
        gross = {**ORDER, "taxes_included": True, "line_items": [{**ORDER["line_items"][0], "tax_lines": [{"price": "14.37"}]}]}
        assert booked(only(hook("shopify", gross, "orders/create")))[0][1] == 9000 - 1437
        assert booked(only(hook("shopify", {**ORDER, "taxes_included": True}, "orders/create")))[0][1] == 9000 - 1620

    def test_told_of_twice_is_one_call(self) -> None:
        first, second = (only(hook("shopify", ORDER, topic)) for topic in ("orders/create", "orders/paid"))
        assert first.message_id == second.message_id

    def test_that_is_not_paid_is_no_order_yet(self) -> None:
        call = only(hook("shopify", {**ORDER, "financial_status": "pending"}, "orders/create"))
        assert call.name == "Order Placed"
        assert booked(call) == []
        assert booked(only(hook("shopify", {**ORDER, "financial_status": "voided"}, "orders/updated"))) == []
        assert booked(only(hook("shopify", {**ORDER, "financial_status": "voided"}, "orders/cancelled"))) == []

    def test_brings_its_refunds_and_its_end_with_every_version(self) -> None:
        later = {**ORDER, "updated_at": "2026-02-06T10:00:00+01:00", "refunds": [REFUND], "cancelled_at": "2026-02-06T09:00:00+01:00"}
        expected = [
            ("purchase##1001", 9000, "2026-02-01T09:00:00"),
            ("refund 509562969##1001", -1800, "2026-02-05T09:00:00"),
            ("cancellation##1001", -7200, "2026-02-06T08:00:00"),
        ]
        for topic in ("orders/updated", "orders/cancelled"):
            call = only(hook("shopify", later, topic))
            assert booked(call) == expected
            done = project([Located(call=call)], currency=None)
            assert set(done.origins["orders"]["version_at"].to_pylist()) == {micro("2026-02-06T09:00:00Z")}
            assert [(line["kind"], line["quantity"], line["amount_minor"]) for line in rows(done, "order_lines")][2:] == [
                ("refund", -1.0, -1800)
            ]

    def test_marked_as_a_test_is_refused(self) -> None:
        assert [refused.code for refused in hook("shopify", {**ORDER, "test": True}, "orders/create").refused] == ["tracking.test_order"]


class TestShopifyRefund:
    def test_finds_its_order_by_number(self) -> None:
        bought, refund = only(hook("shopify", ORDER, "orders/create")), only(hook("shopify", REFUND, "refunds/create"))
        assert booked(bought, refund)[1] == ("refund 509562969##1001", -1800, "2026-02-05T09:00:00")

    def test_of_an_order_that_is_not_known_waits_for_the_orders_next_version(self) -> None:
        assert booked(only(hook("shopify", REFUND, "refunds/create"))) == []

    @pytest.mark.parametrize(
        ("changes", "off"),
        [
            ({"order_adjustments": [{"kind": "refund_discrepancy", "amount": "-2.00"}]}, 2000),
            ({"refund_line_items": [], "transactions": [{"kind": "refund", "status": "success", "amount": "11.90"}]}, 1000),
            (
                {
                    "refund_line_items": [],
                    "transactions": [{"kind": "refund", "amount": "17.85"}],
                    "order_adjustments": [{"kind": "shipping_refund", "amount": "-5.00", "tax_amount": "-0.95"}],
                },
                1000,
            ),
        ],
    )
    def test_counts_what_was_given_back_for_goods(self, changes: dict[str, Any], off: int) -> None:
        order = {**ORDER, "total_tax": "17.10", "refunds": [{**REFUND, **changes}]}
        assert booked(only(hook("shopify", order, "orders/updated")))[1][1] == -off


class TestShopifyCustomer:
    def test_is_an_identify_call(self) -> None:
        said = {
            "id": 7,
            "email": "eva@shop.eu",
            "first_name": "Eva",
            "last_name": "Maler",
            "updated_at": "2026-02-01T10:00:00Z",
            "default_address": {"country_code": "AT"},
        }
        call = only(hook("shopify", said, "customers/update"))
        assert (call.kind, call.message_id, call.occurred_at) == (
            "identify",
            "shopify/customer/7/2026-02-01T10:00:00Z",
            micro("2026-02-01T10:00:00Z"),
        )
        assert [identifier.identity for identifier in identifiers(call)] == ["shopify:7", "eva@shop.eu"]
        row = rows(project([Located(call=call, identity_id="eva@shop.eu")], currency=None), "customers")[0]
        assert (row["name"], row["country"]) == ("Eva Maler", "AT")

    def test_checks_out(self) -> None:
        call = only(
            hook(
                "shopify",
                {"token": "abc", "created_at": "2026-02-01T10:00:00Z", "email": "eva@shop.eu", "subtotal_price": "5.00"},
                "checkouts/update",
            )
        )
        assert (call.name, call.message_id, call.properties["value"]) == ("Checkout Started", "shopify/checkout/abc", "5.00")

    def test_of_another_topic_is_refused_and_named_by_its_delivery(self) -> None:
        (refused,) = hook("shopify", {}, "themes/update").refused
        assert (refused.code, refused.message_id) == ("tracking.unknown_topic", "shopify/delivery-1")


def event(kind: str, subject: dict[str, Any], before: dict[str, Any] | None = None) -> Call:
    data: dict[str, Any] = {"object": subject}
    if before is not None:
        data["previous_attributes"] = before
    return only(hook("stripe", {"id": "evt_1", "type": kind, "created": 1769940000, "data": data}))


def items(amount: int, quantity: int = 1, interval: str = "month", end: int = 1772359200) -> dict[str, Any]:
    price = {
        "id": "price_1",
        "nickname": "Pro",
        "currency": "eur",
        "unit_amount": amount,
        "recurring": {"interval": interval, "interval_count": 1},
    }
    return {"data": [{"price": price, "quantity": quantity, "current_period_end": end}]}


SUBSCRIPTION = {
    "id": "sub_1",
    "customer": "cus_1",
    "status": "active",
    "currency": "eur",
    "items": items(1000, 3),
    "cancel_at_period_end": False,
}


class TestStripeSubscription:
    @pytest.mark.parametrize(
        ("kind", "changes", "before", "name"),
        [
            ("created", {}, None, "Subscription Started"),
            ("created", {"status": "trialing"}, None, "Trial Started"),
            ("created", {"status": "incomplete"}, None, "Subscription Pending"),
            ("updated", {}, {"status": "trialing"}, "Subscription Started"),
            ("updated", {}, {"status": "past_due"}, "Subscription Details Changed"),
            ("updated", {}, {"items": items(1000, 2)}, "Subscription Upgraded"),
            ("updated", {}, {"items": items(36000, 2, "year")}, "Subscription Downgraded"),
            ("updated", {}, {"items": items(1000, 3, end=1769940000)}, "Subscription Renewed"),
            ("updated", {"pause_collection": {"behavior": "void"}}, {"pause_collection": None}, "Subscription Paused"),
            ("updated", {"pause_collection": None}, {"pause_collection": {"behavior": "void"}}, "Subscription Resumed"),
            ("updated", {"cancel_at_period_end": True}, {"cancel_at_period_end": False}, "Subscription Cancellation Scheduled"),
            ("updated", {}, {"cancel_at_period_end": True}, "Subscription Cancellation Withdrawn"),
            ("updated", {"status": "past_due"}, {"status": "active"}, "Subscription Details Changed"),
            ("deleted", {"status": "canceled", "ended_at": 1769940000}, None, "Subscription Cancelled"),
            ("deleted", {"status": "canceled", "ended_at": 1769940000, "trial_end": 1769940001}, None, "Trial Ended"),
        ],
    )
    def test_changes_under_our_names(self, kind: str, changes: dict[str, Any], before: dict[str, Any] | None, name: str) -> None:
        assert event(f"customer.subscription.{kind}", {**SUBSCRIPTION, **changes}, before).name == name

    def test_is_worth_a_months_share_of_its_items(self) -> None:
        calls = [
            event("customer.subscription.created", SUBSCRIPTION),
            event("customer.subscription.updated", {**SUBSCRIPTION, "items": items(12000, 5, "year")}, {"items": items(1000, 3)}),
            event(
                "customer.subscription.deleted",
                {**SUBSCRIPTION, "ended_at": 1769940000, "cancellation_details": {"reason": "payment_failed"}},
            ),
        ]
        done = project([Located(call=call, identity_id="cus_1") for call in calls], currency=None)
        found = [
            (row["change"], row["mrr_before_minor"], row["mrr_after_minor"], row["seats"], row["involuntary"])
            for row in rows(done, "subscriptions")
        ]
        assert found == [("start", 0, 3000, 3, None), ("upgrade", 3000, 5000, 5, None), ("cancel", 5000, 0, 3, True)]
        assert rows(done, "subscriptions")[0]["plan"] == "Pro"
        assert [identifier.identity for identifier in identifiers(calls[0])] == ["cus_1"]


class TestStripeCharge:
    @pytest.mark.parametrize(
        ("currency", "amount", "minor"),
        [("eur", 1999, 1999), ("jpy", 1999, 1999), ("kwd", 1990, 1990), ("isk", 50000, 500), ("mga", 7, 700)],
    )
    def test_is_an_order_in_minor_units_of_its_currency(self, currency: str, amount: int, minor: int) -> None:
        call = event(
            "charge.succeeded",
            {
                "id": "ch_1",
                "amount": amount,
                "currency": currency,
                "paid": True,
                "captured": True,
                "created": 1769940000,
                "customer": "cus_1",
            },
        )
        assert booked(call) == [("purchase#ch_1", minor, "2026-02-01T10:00:00")]

    def test_that_was_not_captured_is_no_order_yet(self) -> None:
        assert booked(event("charge.succeeded", {"id": "ch_1", "amount": 5, "currency": "eur", "captured": False})) == []

    def test_refunded_takes_back_what_is_new(self) -> None:
        charge = {"id": "ch_1", "amount": 2000, "currency": "eur", "created": 1769930000}
        bought = event("charge.succeeded", charge)
        first = event("charge.refunded", {**charge, "amount_refunded": 500, "refunds": {"data": [{"id": "re_1"}]}}, {"amount_refunded": 0})
        second = event(
            "charge.refunded", {**charge, "amount_refunded": 2000, "refunds": {"data": [{"id": "re_2"}]}}, {"amount_refunded": 500}
        )
        assert [row[:2] for row in booked(bought, first, second)] == [
            ("purchase#ch_1", 2000),
            ("refund re_1#ch_1", -500),
            ("refund re_2#ch_1", -1500),
        ]


class TestStripeCustomer:
    def test_is_an_identify_call_and_may_name_our_user(self) -> None:
        call = event(
            "customer.updated",
            {"id": "cus_1", "email": "eva@shop.eu", "name": "Eva", "address": {"country": "DE"}, "metadata": {"user_id": "4711"}},
        )
        assert (call.kind, call.user_id, call.message_id, call.occurred_at) == ("identify", "4711", "evt_1", 1769940000 * SECOND)
        assert [identifier.identity for identifier in identifiers(call)] == ["4711", "cus_1", "eva@shop.eu"]

    def test_is_made_known_by_a_checkout(self) -> None:
        said = {
            "id": "cs_1",
            "customer": "cus_1",
            "client_reference_id": "4711",
            "amount_total": 500,
            "currency": "eur",
            "customer_details": {"email": "eva@shop.eu"},
        }
        call = event("checkout.session.completed", said)
        assert [identifier.identity for identifier in identifiers(call)] == ["4711", "cus_1", "eva@shop.eu"]

    @pytest.mark.parametrize(("kind", "name"), [("invoice.paid", "Invoice Paid"), ("invoice.payment_failed", "Payment Failed")])
    def test_pays_or_fails_to(self, kind: str, name: str) -> None:
        assert event(kind, {"id": "in_1", "customer": "cus_1", "currency": "eur", "amount_paid": 500, "amount_due": 500}).name == name


class TestReading:
    @pytest.mark.parametrize("call", [only(hook("shopify", ORDER, "orders/updated")), event("customer.subscription.created", SUBSCRIPTION)])
    def test_again_from_raw_gives_the_same_call(self, call: Call) -> None:
        again = read(bytes(call.raw), kind=call.kind, received_at=RECEIVED, source="shop", key="other").calls[0]
        assert msgspec.structs.replace(again, raw=call.raw) == call

    @settings(max_examples=60)
    @given(data=st.data())
    def test_never_raises_whatever_stands_where(self, data: st.DataObject) -> None:
        """Any value of a real payload replaced by something else."""
        strange = st.sampled_from([None, 5, -1.5, "x", "", [], {}, [None], [[]], {"a": []}, True, "NaN", 1e300, "2026"])
        kind, said, topic = data.draw(
            st.sampled_from(
                [("shopify", {**ORDER, "refunds": [REFUND]}, t) for t in ("orders/create", "orders/updated", "orders/cancelled", "customers/update", "checkouts/create")]
                + [("shopify", REFUND, "refunds/create")]
                + [("stripe", {"id": "e", "created": 1, "data": {"object": SUBSCRIPTION, "previous_attributes": {"items": items(5), "status": "trialing"}}}, t)
                   for t in ("customer.subscription.updated", "customer.subscription.deleted", "charge.refunded", "invoice.paid", "checkout.session.completed")]
            )
        )  # fmt: skip
        broken = json.loads(json.dumps(said))
        for _ in range(data.draw(st.integers(1, 3))):
            place = broken
            while True:
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = data.draw(st.sampled_from(keys))
                if isinstance(place[key], dict | list) and data.draw(st.booleans()):
                    place = place[key]
                else:
                    place[key] = json.loads(json.dumps(data.draw(strange)))
                    break
        reading = hook(kind, broken, topic)
        assert len(reading.calls) + len(reading.refused) == 1
        done = project([Located(call=call) for call in reading.calls], currency="EUR")
        assert "tracking.fault" not in [refused.code for refused in done.refused]
