"""Tracking plans: checked, explained without values, learned from calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from regulars.errors import PlanRefused
from regulars.tracking.plan import Plan, learn
from tests.regulars.tracking.sending import one, track

ORDER = {
    "type": "object",
    "required": ["order_id"],
    "properties": {
        "order_id": {"type": "string"},
        "total": {"type": "number", "minimum": 0},
        "channel": {"enum": ["web", "shop"]},
        "ready_at": {"type": "string", "format": "date-time"},
        "products": {
            "type": "array",
            "items": {"type": "object", "required": ["product_id"], "properties": {"price": {"type": ["number", "null"]}}},
        },
    },
}


def plan(**more: Any) -> Plan:
    return Plan({"events": {"Order Completed": ORDER}, **more})


class TestPlan:
    @pytest.mark.parametrize(
        ("said", "explained"),
        [
            ({"order_id": "o", "total": 5}, []),
            ({}, ["order_id is missing"]),
            ({"order_id": 5}, ["order_id is a number, not a text"]),
            ({"order_id": "o", "total": "5"}, ["total is a text, not a number"]),
            ({"order_id": "o", "total": -1}, ["total is less than 0"]),
            ({"order_id": "o", "channel": "eva@shop.eu"}, ["channel is none of the 2 values of the plan"]),
            ({"order_id": "o", "ready_at": "yesterday"}, ["ready_at is not written as a date-time"]),
            (
                {"order_id": "o", "products": [{"price": "x"}]},
                ["products[0].price is a text, not a number or null", "products[0].product_id is missing"],
            ),
            ({"order_id": "o", "products": {}}, ["products is an object, not a list"]),
        ],
    )
    def test_says_in_plain_words_how_a_call_departs(self, said: dict[str, Any], explained: list[str]) -> None:
        assert sorted(plan().check(track("Order Completed", **said))) == sorted(explained)

    def test_says_what_a_closed_event_does_not_know(self) -> None:
        closed = Plan({"events": {"A": {"properties": {"a": {}}, "additionalProperties": False}}})
        assert closed.check(track("A", a=1, eva=2)) == ["eva is not in the plan"]

    def test_never_shows_what_a_call_holds(self) -> None:
        strict = Plan({"events": {"A": {"properties": {name: {"type": "null", "const": None, "pattern": "^$"} for name in "abc"}}}})
        found = strict.check(track("A", a="canary", b=["canary"], c={"canary": "canary"}))
        assert found
        assert "canary" not in " ".join(found)

    @pytest.mark.parametrize(("action", "expected"), [("allow", ("allow", [])), ("mark", ("mark", 1)), ("quarantine", ("quarantine", 1))])
    def test_says_what_becomes_of_events_it_does_not_know(self, action: str, expected: tuple[str, Any]) -> None:
        verdict = plan(unknown_events=action).verdict(track("Tea Drunk"))
        assert verdict.action == expected[0]
        assert len(verdict.violations) == (expected[1] or 0)

    def test_marks_unless_it_is_to_quarantine(self) -> None:
        bad = track("Order Completed")
        assert plan().verdict(bad).action == "mark"
        assert plan(on_violation="quarantine").verdict(bad).action == "quarantine"
        own = Plan({"events": {"Order Completed": {**ORDER, "x-on-violation": "quarantine"}}})
        assert own.verdict(bad).action == "quarantine"

    def test_holds_for_traits_and_pages_too(self) -> None:
        both = Plan({"identify": {"required": ["email"]}, "events": {"Page Viewed": {"required": ["url"]}}})
        assert both.check(one(type="identify", userId="u")) == ["email is missing"]
        assert both.check(one(type="page")) == ["url is missing"]
        assert both.check(one(type="group", groupId="g")) == []

    @pytest.mark.parametrize(
        "schema",
        [
            [],
            {"event": {}},
            {"events": []},
            {"events": {"A": []}},
            {"events": {"A": {"type": "objct"}}},
            {"events": {"A": {"pattern": "("}}},
            {"events": {"A": {"properties": {"a": {"pattern": "(a)\\1"}}}}},
            {"events": {"A": {"$ref": "http://127.0.0.1:1/schema"}}},
            {"events": {"A": {"$ref": "file:///etc/passwd"}}},
            {"events": {"A": {"x-on-violation": "delete"}}},
            {"on_violation": "delete"},
            {"unknown_events": 5},
            {"title": "x" * 1_100_000},
        ],
    )
    def test_is_refused_where_it_is_none_or_asks_for_something_outside(self, schema: Any) -> None:
        with pytest.raises(PlanRefused) as refusal:
            Plan(schema)
        assert refusal.value.code == "tracking.plan_refused"


class TestLearn:
    def test_finds_types_what_is_always_there_few_values_and_formats(self) -> None:
        calls = [
            track("Order Completed", message_id=str(n), order_id=f"o{n}", total=n / 2, n=n, channel="web" if n % 3 else "shop", coupon=None if n % 2 else "TEN",
                  ready_at="2026-02-01T10:00:00Z", email=f"eva{n}@shop.eu", ref="7f3b5a0e-6d3c-4f7a-9a53-1d2f3c4b5a69", products=[{"product_id": "a", "price": 5}],
                  first_name="Eva" if n % 2 else "Ida", **({"gift": True} if n % 5 else {}))
            for n in range(60)
        ]  # fmt: skip
        learned = learn([*calls, one(type="identify", userId="u", traits={"plan": "pro"})])
        schema = learned["events"]["Order Completed"]
        fields = schema["properties"]
        assert schema["required"] == ["channel", "coupon", "email", "first_name", "n", "order_id", "products", "ready_at", "ref", "total"]
        assert fields["total"] == {"type": "number"}
        assert fields["n"] == {"type": "integer"}
        assert fields["channel"] == {"type": "string", "enum": ["shop", "web"]}
        assert fields["coupon"] == {"type": ["null", "string"]}
        assert (fields["ready_at"]["format"], fields["ref"]["format"], fields["email"]["format"]) == ("date-time", "uuid", "email")
        assert fields["products"]["items"]["required"] == ["price", "product_id"]
        assert fields["gift"] == {"type": "boolean"}
        assert fields["first_name"] == {"type": "string"}
        assert learned["identify"]["properties"] == {"plan": {"type": "string"}}

    def test_holds_no_personal_values(self) -> None:
        calls = [track("A", message_id=str(n), email="eva@shop.eu", note="call eva@shop.eu", name="Eva", city="Ulm") for n in range(50)]
        calls += [track("A", message_id=str(n), email="ida@shop.eu", note="ida@shop.eu", name="Ida", city="Bonn") for n in range(50)]
        assert not any(value in json.dumps(learn(calls)) for value in ("eva", "ida", "Eva", "Ida", "Ulm"))

    VALUES = st.recursive(
        st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-5, 5) | st.sampled_from(["a", "b", "2026-01-01", "a@b.co", "https://x.y/z"]) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        max_leaves=8,
    )  # fmt: skip

    @settings(max_examples=40)
    @given(said=st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), max_size=8), times=st.sampled_from([1, 30]))
    def test_gives_a_plan_that_its_own_calls_conform_to(self, said: list[dict[str, Any]], times: int) -> None:
        calls = [one(event="A", properties=properties) for properties in said] * times
        learned = Plan(learn(calls))
        assert [learned.check(call) for call in calls] == [[]] * len(calls)
