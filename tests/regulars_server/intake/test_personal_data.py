"""What waits in the inbox about a person can be given out and taken out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from regulars_server.intake.door.inbox import DoorCount, InboxRow
from regulars_server.intake.personal_data import HOLDINGS, erase, expire, export
from regulars_server.intake.public import door_counts, open_inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regulars_server.intake.door.inbox import Inbox

IDS = frozenset({"u1", "anon:a-1", "ann@shop.example", "+491701234567", "shopify:99"})


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    settings.CONFIG.make_folders()
    inbox = open_inbox()
    # What tests of others left waiting.
    inbox.remove(1 << 60)
    yield inbox
    inbox.remove(1 << 60)
    inbox.expire(1 << 60)
    inbox.close()


def put(inbox: Inbox, said: Any, kind: str = "track") -> None:
    inbox.append([InboxRow(0, 1, "shop", kind, said if isinstance(said, bytes) else json.dumps(said).encode(), {})])


MENTIONS = [
    {"userId": "u1"},
    {"anonymousId": "a-1"},
    {"traits": {"email": " Ann@Shop.Example"}},
    {"properties": {"phones": ["+49 170 / 123-4567"]}},
    {"context": {"traits": {"phone": "00491701234567"}}},
    {"customer": {"id": 99}},
]
OTHERS = [{"total": 99}, {"userId": "u11"}, {"anonymousId": "a-12"}, {"note": "u1 is not alone here"}, {"n": 4917012345}]


class TestInbox:
    @pytest.mark.parametrize("said", MENTIONS)
    def test_gives_out_and_takes_out_what_names_a_person(self, inbox: Inbox, said: dict[str, Any]) -> None:
        put(inbox, said)
        assert [found["event"] for found in export(IDS)] == [said]
        assert erase(IDS) == 1
        assert inbox.backlog() == (0, None)
        assert list(export(IDS)) == []

    def test_leaves_others_even_in_the_same_request(self, inbox: Inbox) -> None:
        for said in OTHERS:
            put(inbox, said)
        put(inbox, b"[" * 100_000)
        put(inbox, {"batch": [*MENTIONS, *OTHERS, None], "sentAt": "now"}, "batch")
        assert len(list(export(IDS))) == len(MENTIONS)
        assert erase(IDS) == len(MENTIONS)
        rows = inbox.read(0, 100, 1 << 20)
        assert [json.loads(row.body) for row in rows[: len(OTHERS)]] == OTHERS
        assert json.loads(rows[-1].body) == {"sentAt": "now", "batch": [*OTHERS, None]}
        assert len(rows) == len(OTHERS) + 2

    def test_takes_a_request_out_whose_frame_names_a_person(self, inbox: Inbox) -> None:
        put(inbox, {"batch": OTHERS, "context": {"userId": "u1"}}, "batch")
        assert erase(IDS) == len(OTHERS)
        assert inbox.backlog() == (0, None)

    @pytest.mark.parametrize("depth", [90, 600, 900])
    def test_is_erased_from_whatever_lies_there_nested_too_deep(self, inbox: Inbox, depth: int) -> None:
        deep = b'{"a":' * depth + b"%s" + b"}" * depth
        put(inbox, deep % b'"of ann@shop.example"')
        put(inbox, b'{"batch":[' + deep % b'"ann@shop.example"' + b"]}", "batch")
        put(inbox, deep % b'"of joann@shop.example"')
        assert len(list(export(IDS))) == 1
        assert erase(IDS) == 1
        mentioning, other = (row.body for row in inbox.read(0, 100, 1 << 20))
        assert b"[erased]" in mentioning
        assert b"ann@shop" not in mentioning
        assert other == deep % b'"of joann@shop.example"'

    def test_forgets_counts_after_ninety_days(self, inbox: Inbox) -> None:
        now = datetime.fromtimestamp(int(time.time()), UTC)
        minutes = [int((now - timedelta(days=days)).timestamp()) // 60 for days in (91, 89)]
        inbox.append([], [DoorCount(minute, "shop", "accepted", 1, 1, 1) for minute in minutes])
        assert expire(now) == 1
        assert [count.minute for count in door_counts(since=0, until=1 << 40)] == minutes[1:]

    def test_is_registered(self) -> None:
        from regulars_server.shared.public import holdings

        assert {holding.name for holding in HOLDINGS} <= set(holdings())
