"""Requests become calls: liberal in what is taken, and a bad call spoils no other."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from regulars.tracking import MAX_EVENT_BYTES, Reading, calls, identifiers, read
from regulars.tracking.wire import MAX_DEPTH
from tests.regulars.tracking.sending import RECEIVED, SECOND, micro, one, projected, sent

TRACK = {"type": "track", "event": "Tea Drunk", "userId": "u1", "messageId": "m1"}


def nested(depth: int) -> bytes:
    inner = b'{"a":' * (depth - 1) + b"1" + b"}" * (depth - 1)
    return b'{"type":"track","event":"Deep","userId":"u","messageId":"d","properties":' + inner + b"}"


def body_of(*items: bytes) -> bytes:
    return b'{"sentAt": null, "batch": [' + b", ".join(items) + b'], "writeKey": "w"}'


def raw_read(body: bytes, kind: str = "batch") -> Reading:
    return read(body, kind=kind, received_at=RECEIVED, source="web", key="k")


class TestCall:
    def test_keeps_what_segments_example_says(self) -> None:
        """The example of a track call in Segment's specification."""
        call = one(
            anonymousId="23adfd82-aa0f-45a7-a756-24f2a7a4c895",
            context={
                "library": {"name": "analytics.js", "version": "2.11.1"},
                "page": {
                    "path": "/academy/",
                    "referrer": "",
                    "search": "",
                    "title": "Analytics Academy",
                    "url": "https://segment.com/academy/",
                },
                "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_5) AppleWebKit/537.36",
                "ip": "108.0.78.21",
            },
            event="Course Clicked",
            integrations={},
            messageId="ajs-f8ca1e4de5024d9430b3928bd8ac6b96",
            properties={"title": "Intro to Analytics"},
            receivedAt="2015-12-12T19:11:01.266Z",
            sentAt="2015-12-12T19:11:01.169Z",
            timestamp="2015-12-12T19:11:01.249Z",
            type="track",
            userId="AiUGstSDIg",
            originalTimestamp="2015-12-12T19:11:01.152Z",
        )
        assert (call.kind, call.name, call.user_id) == ("track", "Course Clicked", "AiUGstSDIg")
        assert call.anonymous_id == "23adfd82-aa0f-45a7-a756-24f2a7a4c895"
        assert call.message_id == "ajs-f8ca1e4de5024d9430b3928bd8ac6b96"
        assert call.properties == {"title": "Intro to Analytics"}
        assert call.occurred_at == micro("2015-12-12T19:11:01.249Z")
        assert call.context["page"]["path"] == "/academy/"
        assert "ip" not in call.context

    @pytest.mark.parametrize(
        ("value", "expected"), [(None, None), ("", None), ("  ", None), (4711, "4711"), (12.0, "12"), (" a ", "a"), ("0", "0")]
    )
    def test_takes_ids_of_any_kind(self, value: Any, expected: str | None) -> None:
        call = one(userId=value, anonymousId=value, messageId="m")
        assert (call.user_id, call.anonymous_id) == (expected, expected)

    @pytest.mark.parametrize("value", [True, 1.5, ["a"], {"id": 1}, "x" * 513])
    def test_is_refused_for_an_id_that_is_none(self, value: Any) -> None:
        reading = sent({**TRACK, "userId": value})
        assert [refused.code for refused in reading.refused] == ["tracking.bad_id"]
        assert reading.refused[0].message_id == "m1"
        assert reading.calls == []

    def test_gets_a_message_id_from_its_place_where_it_has_none(self) -> None:
        reading = sent(*[{"type": "track", "event": "A", "userId": "u"}] * 3)
        assert [call.message_id for call in reading.calls] == ["k/0", "k/1", "k/2"]
        assert all(calls.NO_MESSAGE_ID in call.notes for call in reading.calls)

    def test_counts_its_place_over_refused_calls_too(self) -> None:
        reading = sent({"type": "nonsense"}, {"type": "track", "event": "A", "userId": "u"})
        assert [call.message_id for call in reading.calls] == ["k/1"]

    @pytest.mark.parametrize(
        ("said", "name"),
        [
            ("Completed Order", "Order Completed"),
            ("order completed", "Order Completed"),
            ("order_completed", "Order Completed"),
            ("OrderCompleted", "Order Completed"),
            ("Viewed Product Category", "Product List Viewed"),
            (" Tea Drunk ", "Tea Drunk"),
            ("tea_drunk", "tea_drunk"),
        ],
    )
    def test_has_the_name_of_the_specification(self, said: str, name: str) -> None:
        call = one(event=said)
        assert call.name == name
        assert (calls.RENAMED in call.notes) == (said != name)

    @pytest.mark.parametrize("event", [None, "", "  ", 7, ["a"], "x" * 201])
    def test_is_refused_without_a_name(self, event: Any) -> None:
        assert [refused.code for refused in sent({**TRACK, "event": event}).refused] == ["tracking.no_event_name"]

    @pytest.mark.parametrize("field", ["properties", "traits"])
    def test_takes_what_php_calls_an_empty_object(self, field: str) -> None:
        for empty in ([], "", None, {}):
            assert getattr(one(**{field: empty}), field) == {}

    @pytest.mark.parametrize("field", ["properties", "traits"])
    @pytest.mark.parametrize("value", ["text", 1, [1], True])
    def test_is_refused_for_what_is_no_object(self, field: str, value: Any) -> None:
        assert [refused.code for refused in sent({**TRACK, field: value}).refused] == [f"tracking.bad_{field}"]

    @pytest.mark.parametrize("context", [None, [], "x", 3, [1]])
    def test_does_without_a_context_that_is_none(self, context: Any) -> None:
        assert one(context=context).context == {}

    def test_takes_the_context_of_the_batch_and_overrules_it(self) -> None:
        context = {"locale": "de-DE", "campaign": {"name": "spring"}}
        reading = sent({**TRACK, "context": {"locale": "en-GB"}}, context=context)
        assert reading.calls[0].context == {"locale": "en-GB", "campaign": {"name": "spring"}}

    def test_has_the_address_that_the_door_left_and_no_other(self) -> None:
        call = sent({**TRACK, "context": {"ip": "203.0.113.77"}}, about={"ip": "203.0.113.0", "user_agent": "Mozilla/5.0 X"}).calls[0]
        assert call.context == {"ip": "203.0.113.0", "userAgent": "Mozilla/5.0 X"}
        assert sent({**TRACK, "context": {"ip": "203.0.113.77"}}).calls[0].context == {}

    def test_of_a_page_is_a_page_viewed(self) -> None:
        """The example of a page call in Segment's specification."""
        call = one(type="page", event=None, name="Home", properties={"title": "Welcome | Initech", "url": "http://www.initech.com"})
        assert call.name == "Page Viewed"
        assert call.properties == {"name": "Home", "title": "Welcome | Initech", "url": "http://www.initech.com"}
        assert one(type="screen", event=None, name="Home", properties={"name": "own"}).properties == {"name": "own"}

    @pytest.mark.parametrize(
        ("call", "code"),
        [
            ({"type": "group", "userId": "u"}, "no_group_id"),
            ({"type": "alias", "userId": "u"}, "no_alias"),
            ({"type": "alias", "previousId": "u"}, "no_alias"),
            ({"type": "identify"}, "no_id"),
            ({"type": "purchase", "userId": "u"}, "unknown_type"),
            ({"userId": "u"}, "unknown_type"),
            ({"type": 5, "event": "x"}, "unknown_type"),
            (5, "not_an_object"),
            (None, "not_an_object"),
            ([TRACK], "not_an_object"),
        ],
    )
    def test_is_refused_with_a_code(self, call: Any, code: str) -> None:
        reading = sent(call, TRACK)
        assert [refused.code for refused in reading.refused] == [f"tracking.{code}"]
        assert len(reading.calls) == 1
        assert json.loads(reading.refused[0].raw) == call

    def test_without_a_type_is_a_track_call_where_it_names_an_event(self) -> None:
        assert sent({"event": "A", "userId": "u"}).calls[0].kind == "track"

    def test_of_its_own_address_needs_no_type(self) -> None:
        body = json.dumps({"userId": "u", "traits": {"email": "a@b.co"}}).encode()
        for kind in ("identify", "i"):
            assert raw_read(body, kind).calls[0].kind == "identify"

    def test_is_refused_when_it_is_longer_than_the_limit(self) -> None:
        fits = {**TRACK, "properties": {"a": "x" * (MAX_EVENT_BYTES - 200)}}
        reading = sent(fits, {**TRACK, "properties": {"a": "x" * MAX_EVENT_BYTES}})
        assert len(reading.calls) == 1
        assert [refused.code for refused in reading.refused] == ["tracking.too_large"]

    def test_read_again_from_its_raw_is_the_same(self) -> None:
        call = one(timestamp="2026-03-01T10:00:00Z", messageId="m", properties={"a": [1, {"b": None}]}, context={"locale": "de"})
        again = raw_read(bytes(call.raw), call.kind).calls[0]
        assert msgspec.structs.replace(again, raw=call.raw) == call


class TestInstants:
    """Corrected is `timestamp + (received - sentAt)`, and never after the receipt."""

    @pytest.mark.parametrize(
        ("said", "sent_at", "corrected", "notes"),
        [
            ("2026-03-01T11:59:50Z", "2026-03-01T12:00:00Z", "2026-03-01T11:59:50Z", ()),
            ("2026-03-01T10:59:50Z", "2026-03-01T11:00:00Z", "2026-03-01T11:59:50Z", ()),
            ("2026-03-01T12:59:50Z", "2026-03-01T13:00:00Z", "2026-03-01T11:59:50Z", ()),
            ("2036-01-01T00:00:00Z", "2036-01-01T00:01:00Z", "2026-03-01T11:59:00Z", ()),
            ("2026-03-01T11:59:50Z", None, "2026-03-01T11:59:50Z", ()),
            ("2026-03-01T11:59:50Z", "rubbish", "2026-03-01T11:59:50Z", ()),
            ("2026-03-01T12:00:01Z", None, "2026-03-01T12:00:00Z", (calls.IN_FUTURE,)),
            ("2026-03-01T12:30:00Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", (calls.IN_FUTURE,)),
            (None, "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", (calls.NO_TIMESTAMP,)),
            ("", None, "2026-03-01T12:00:00Z", (calls.NO_TIMESTAMP,)),
            ("0001-01-01T00:00:00Z", None, "2026-03-01T12:00:00Z", (calls.NO_TIMESTAMP,)),
        ],
    )
    def test_are_free_of_the_senders_clock_error(self, said: Any, sent_at: Any, corrected: str, notes: tuple[str, ...]) -> None:
        call = sent({**TRACK, "timestamp": said}, sentAt=sent_at).calls[0]
        assert call.occurred_at == micro(corrected)
        assert call.notes == notes

    def test_name_the_clock_error(self) -> None:
        assert sent(TRACK, sentAt="2026-03-01T11:00:00Z").calls[0].skew == 3600 * SECOND
        assert sent(TRACK).calls[0].skew is None

    def test_of_a_call_overrule_those_of_its_batch(self) -> None:
        call = sent({**TRACK, "timestamp": "2026-03-01T10:00:00Z", "sentAt": "2026-03-01T11:00:00Z"}, sentAt="2026-03-01T12:00:00Z").calls[
            0
        ]
        assert call.occurred_at == micro("2026-03-01T11:00:00Z")

    def test_that_were_corrected_by_who_passed_them_on_are_left(self) -> None:
        call = one(timestamp="2026-03-01T10:00:00Z", originalTimestamp="2026-03-01T09:00:00Z", sentAt="2026-03-01T09:30:00Z")
        assert call.occurred_at == micro("2026-03-01T10:00:00Z")
        assert one(originalTimestamp="2026-03-01T09:00:00Z", sentAt="2026-03-01T11:00:00Z").occurred_at == micro("2026-03-01T10:00:00Z")

    def test_of_an_import_are_left_and_count_as_known_when_they_happened(self) -> None:
        call = sent({**TRACK, "timestamp": "2020-01-01T00:00:00Z"}, kind="import", sentAt="2026-03-01T11:00:00Z").calls[0]
        assert call.occurred_at == micro("2020-01-01T00:00:00Z")
        assert calls.HISTORY in call.notes
        event = projected(call).tables["events"].to_pylist()[0]
        assert event["recorded_at"] == event["occurred_at"]

    @pytest.mark.parametrize(
        "said",
        [
            "2024-02-29T12:00:00.500Z",
            "2024-02-29T12:00:00.500000000Z",
            "2024-02-29T12:00:00.5+00:00",
            "2024-02-29T13:00:00.5+01:00",
            "2024-02-29T13:00:00.5+0100",
            "2024-02-29T13:00:00.5+01",
            "2024-02-29 12:00:00.5",
            "2024-02-29 12:00:00.500 UTC",
            "20240229T120000.5Z",
            "2024-W09-4T12:00:00.5Z",
            1709208000.5,
            1709208000500,
            1709208000500000,
            1709208000500000000,
            "1709208000500",
            "1709208000.5",
        ],
    )
    def test_are_read_in_any_way_they_are_written(self, said: Any) -> None:
        assert one(timestamp=said).occurred_at == micro("2024-02-29T12:00:00.500+00:00")

    def test_are_read_as_e_mail_writes_them(self) -> None:
        assert one(timestamp="Thu, 29 Feb 2024 12:00:00 GMT").occurred_at == micro("2024-02-29T12:00:00Z")

    @pytest.mark.parametrize(
        "said",
        ["yesterday", "2024-02-30T00:00:00Z", [], {}, True, "1850-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", 1e300, -1e16, "9" * 30],
    )
    def test_that_cannot_be_read_are_refused(self, said: Any) -> None:
        reading = sent({**TRACK, "timestamp": said})
        assert [refused.code for refused in reading.refused] == ["tracking.bad_timestamp"]


class TestBrokenJson:
    def test_in_one_call_spoils_no_other(self) -> None:
        good = json.dumps(TRACK).encode()
        reading = raw_read(body_of(good, b'{"type": "track", "event": "A", tru}', good))
        assert len(reading.calls) == 2
        assert [refused.code for refused in reading.refused] == ["tracking.not_json"]

    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            (b"NaN", None),
            (b"-Infinity", None),
            (b"1e400", None),
            (b'"\\ud800x"', "\ufffdx"),
            (b'"\xff"', "\ufffd"),
            (b'"a\\u0000b"', "ab"),
            (b'"\\\\u0000\\u0000"', "\\u0000"),
            (b'"\\ud83d\\ude00"', "😀"),
            (b"1" * 60, int("1" * 60)),
        ],
    )
    def test_is_mended_where_it_is_clear_what_was_meant(self, value: bytes, kept: Any) -> None:
        good = json.dumps(TRACK).encode()
        reading = raw_read(body_of(good, b'{"type":"track","event":"A","messageId":"b","properties":{"a":' + value + b"}}", good))
        assert reading.refused == []
        assert [call.message_id for call in reading.calls] == ["m1", "b", "m1"]
        assert reading.calls[1].properties == {"a": kept}
        assert projected(*reading.calls).tables["events"].num_rows == 3

    def test_is_taken_behind_a_byte_order_mark(self) -> None:
        assert len(raw_read(b"\xef\xbb\xbf" + json.dumps({"batch": [TRACK]}).encode()).calls) == 1

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b"null", b'{"batch": {}}', b'{"batch": 5}', b"garbage", b'{"batch": ', b"\x00\xff"]
    )
    def test_without_a_list_of_calls_is_one_refusal(self, body: bytes) -> None:
        reading = raw_read(body)
        assert reading.calls == []
        assert [refused.code for refused in reading.refused] == ["tracking.no_batch"]
        assert reading.refused[0].raw == body

    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 5_000, 16_000])
    def test_nested_too_deeply_is_refused_alone(self, depth: int) -> None:
        good = json.dumps(TRACK).encode()
        reading = raw_read(body_of(good, nested(depth), good))
        assert len(reading.calls) == 2
        assert [refused.code for refused in reading.refused] in (["tracking.too_deep"], ["tracking.too_large"])

    def test_nested_as_deeply_as_allowed_is_taken(self) -> None:
        assert len(raw_read(body_of(nested(MAX_DEPTH))).calls) == 1

    @pytest.mark.parametrize("field", [b"context", b"traits", b"properties"])
    def test_lists_and_objects_in_every_part_that_is_kept_count(self, field: bytes) -> None:
        def inside(levels: int) -> bytes:
            return b'{"type":"identify","userId":"u","messageId":"d","%s":{"a":[%s]}}' % (field, b"[" * levels + b"1" + b"]" * levels)

        assert len(raw_read(body_of(inside(MAX_DEPTH - 3))).calls) == 1
        assert [one.code for one in raw_read(body_of(inside(MAX_DEPTH - 2))).refused] == ["tracking.too_deep"]


WORDS = st.sampled_from(
    ["track", "identify", "page", "screen", "group", "alias", "Order Completed", "Order Refunded", "Order Cancelled", "Order Updated",
     "Subscription Started", "Subscription Cancelled", "Survey Answered", "Ticket Rated", "Email Opened", "USD", "JPY", "2026-01-01T00:00:00Z", "12.50", "-1", "nan"]
)  # fmt: skip
FIELDS = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "groupId", "previousId", "messageId", "timestamp", "sentAt", "originalTimestamp", "properties",
     "traits", "context", "order_id", "products", "total", "subtotal", "tax", "currency", "price", "quantity", "product_id", "refunds", "refund_id",
     "cancelled_at", "ordered_at", "mrr", "subscription_id", "score", "nps", "measure", "answers", "ticket_id", "email", "phone", "address", "name",
     "device", "campaign", "externalIds", "id", "page", "consent", "seats", "members", "email_id", "updated_at"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6) | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=4), inner, max_size=8), max_leaves=25
)
CALLS = st.fixed_dictionaries(
    {},
    optional={
        "type": WORDS | SCALARS,
        "event": WORDS | SCALARS,
        "userId": SCALARS,
        "groupId": SCALARS,
        "previousId": SCALARS,
        "timestamp": SCALARS,
        "properties": st.dictionaries(FIELDS, VALUES, max_size=10) | VALUES,
        "traits": st.dictionaries(FIELDS, VALUES, max_size=6) | VALUES,
        "context": st.dictionaries(FIELDS, VALUES, max_size=6) | VALUES,
    },
)


class TestAnyJson:
    @settings(max_examples=60)
    @given(items=st.lists(CALLS | VALUES, max_size=6), sent_at=SCALARS)
    def test_ends_as_calls_or_refusals_that_add_up(self, items: list[Any], sent_at: Any) -> None:
        reading = sent(*items, sentAt=sent_at)
        assert len(reading.calls) + len(reading.refused) == len(items)
        done = projected(*reading.calls)
        told = sum(call.name is not None for call in reading.calls)
        events = done.tables["events"].num_rows if "events" in done.tables else 0
        assert events == told - len(done.refused)
        for call in reading.calls:
            assert len(set(identifiers(call))) == len(identifiers(call))

    @settings(max_examples=60)
    @given(body=st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_and_what_is_none_never_raises(self, body: bytes) -> None:
        for kind in ("batch", "track", "identify", "shopify", "stripe"):
            reading = raw_read(body, kind)
            assert len(reading.calls) + len(reading.refused) >= (kind != "batch")
