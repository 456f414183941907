"""Customers of files who bear one e-mail address are suggested, and never joined by themselves."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from regulars_server.loading.public import flush
from regulars_server.profiles.models import Suggestion
from regulars_server.profiles.public import customer_of, dismiss, merge, suggestions, unmerge
from tests.regulars_server.loading.calls import NOW, send, table

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]
TEAM = {"actor": "user 1", "now": NOW}
IN_FILES = {"c1": 1, "c2": 2}


@pytest.fixture
def bring(shop, tmp_path):
    def made(*rows: str) -> str:
        path = tmp_path / f"{len(shop.loads())}.csv"
        path.write_text("\n".join(["customer_id,email,name,created_at", *rows]))
        shop.import_file(path)
        flush(NOW, force=True)
        return shop.loads()[-1].load_id

    return made


def told():
    return [(one.code, one.rests_on, one.customers, one.seen_with) for one in suggestions()]


PAIR = ("c1,Anna@shop.eu,Anna,2026-01-01", "c2,anna@shop.eu ,A. Berg,2026-02-01", "c3,ben@shop.eu,Ben,2026-02-01")


class TestCustomersOfAFile:
    def test_who_share_an_address_are_suggested_and_not_joined(self, bring):
        bring(*PAIR, "c4,info@shop.eu,Dora,2026-02-01", "c5,info@shop.eu,Emil,2026-02-01")
        assert told() == [("same_email", "anna@shop.eu", ("c1", "c2"), 2)]
        assert customer_of("c1") != customer_of("c2")

    def test_are_suggested_no_more_once_somebody_has_decided(self, bring):
        bring(*PAIR)
        merge(left="c1", right="c2", in_files=IN_FILES, **TEAM)
        assert told() == []
        unmerge(identity="c1", **TEAM)
        assert told() == []
        bring("c8,zoe@shop.eu,Zoe,2026-01-01", "c9,zoe@shop.eu,Zoe,2026-01-01")
        assert [one[1] for one in told()] == ["zoe@shop.eu"]
        dismiss(suggestion_id=suggestions()[0].suggestion_id, **TEAM)
        bring("c10,ida@shop.eu,Ida,2026-01-01")
        assert told() == []
        bring("c11,zoe@shop.eu,Zoe,2026-01-01")
        assert [one[2] for one in told()] == [("c11", "c8", "c9")]

    def test_stay_suggested_when_a_call_names_one_of_them_and_go_with_the_file(self, bring, inbox, shop):
        from regulars_server.loading.public import tick

        load = bring(*PAIR)
        send(inbox, {"type": "identify", "userId": "c1", "messageId": "m1", "traits": {"email": "anna@shop.eu"}})
        tick(NOW)
        flush(NOW, force=True)
        assert told() == [("same_email", "anna@shop.eu", ("c1", "c2"), 2)]
        send(inbox, {"type": "identify", "userId": "c2", "messageId": "m2", "traits": {"email": "anna@shop.eu"}})
        tick(NOW)
        flush(NOW, force=True)
        assert told() == [("same_email", "anna@shop.eu", ("c1", "c2"), 2)]
        assert Suggestion.objects.count() == 2
        shop.undo(load)
        flush(NOW, force=True)
        assert len(told()) == Suggestion.objects.count() == 1

    def test_are_those_whom_a_count_by_hand_finds(self, bring):
        dice = random.Random(3)
        latest: dict[str, str] = {}
        for number in range(3):
            rows = {f"c{dice.randrange(60)}": f"{dice.choice('abcdefghij')}{dice.randrange(4)}@shop.eu" for _ in range(40)}
            bring(*(f"{who},{email},Name {number},2026-0{number + 1}-01" for who, email in rows.items()))
            latest |= rows
        owners = defaultdict(set)
        for who, email in latest.items():
            owners[email].add(who)
        assert latest == dict(table("select identity_id, arg_max(email, (occurred_at, row_key)) from customers group by 1"))
        joined = {who: customer_of(who) for who in latest}
        expected = {email: tuple(sorted(named)) for email, named in owners.items() if len({joined[who] for who in named}) > 1}
        assert {one.rests_on: one.customers for one in suggestions()} == expected
        assert len(expected) > 5
