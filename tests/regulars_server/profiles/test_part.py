"""How far something new reaches: as far as reckoning everybody anew would."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import settings

from regulars.identities.identifiers import Identifier
from regulars_server.profiles import models
from regulars_server.profiles.public import merge, renew
from regulars_server.profiles.rules import FILE
from tests.regulars_server.profiles.arrivals import NOW, seen

ANN, BOB = Identifier("user", "ann"), Identifier("user", "bob")
OTHER_MAIL, THIRD_MAIL = Identifier("email", "b@x.eu"), Identifier("email", "c@x.eu")
MAIL_AS_USER, MAIL = Identifier("user", "a@x.eu"), Identifier("email", "a@x.eu")
WEB, APP = Identifier("anonymous", "1"), Identifier("anonymous", "2")
PHONE, SHOP, DEVICE = Identifier("phone", "+491511111101"), Identifier("shopify", "0"), Identifier("device", "d")

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def limits():
    """Sets limits; the usual ones hold again afterwards."""
    path = settings.CONFIG.server / FILE

    def say(person=2000, **kinds):
        said = {kind: {"identities": all_of_them, "anonymous": anonymous} for kind, (all_of_them, anonymous) in kinds.items()}
        path.write_text(json.dumps({"limits": said, "person_at_most": person}))

    yield say
    path.unlink(missing_ok=True)


def state():
    """Customers, standings and suggestions."""
    rows = {row.identity: (row.customer_id, row.kind, row.standing) for row in models.Identity.objects.all()}
    return rows, sorted((one.code, one.rests_on, tuple(one.customers)) for one in models.Suggestion.objects.all())


def check_nothing_left_to_reckon():
    before = state()
    renew(now=NOW + timedelta(days=1))
    assert before == state()


class TestPart:
    def test_reaches_whoever_was_refused_by_one_that_joins_nobody_from_now_on(self, loader, limits):
        limits(person=3)
        loader.load(seen([PHONE, ANN], 90, "m1"), seen([MAIL, OTHER_MAIL, ANN], 20, "m2"))
        assert state()[1] == [("too_large", "ann", (PHONE.value, "ann"))]
        loader.load(seen([BOB, THIRD_MAIL, PHONE], 60, "m3", "identify"))
        assert state()[1] == [("same_phone", PHONE.value, ("ann", "bob"))]
        check_nothing_left_to_reckon()

    def test_reads_the_users_whom_a_browser_that_joins_nobody_lends_to(self, loader, limits):
        limits(person=3, user=(4, 2), anonymous=(2, 4))
        loader.load(seen([APP, WEB, PHONE, MAIL], 10, "m2"), seen([ANN, MAIL_AS_USER, MAIL], 10, "m1"))
        assert ("two_users", "a@x.eu", ("a@x.eu", "ann")) in state()[1]
        loader.load(seen([DEVICE, BOB, WEB], 90, "m3"))
        assert ("two_users", "a@x.eu", ("a@x.eu", "ann")) in state()[1]
        check_nothing_left_to_reckon()

    def test_reaches_whoever_is_shared_by_two_users_that_are_merged_though_these_join_nobody(self, loader, limits):
        limits(user=(2, 9))
        loader.load(seen([SHOP, ANN, WEB, BOB], 70, "m1"))
        assert state()[0]["anon:1"] == ("anon:1", "anonymous", "shared")
        merge(left="ann", right="bob", actor="user 1", now=NOW)
        assert state()[0]["anon:1"][2] == ""
        check_nothing_left_to_reckon()

    def test_reaches_what_is_lent_to_a_user_who_joins_nobody(self, loader, limits):
        limits(user=(3, 9))
        loader.load(seen([BOB, WEB, APP, MAIL_AS_USER], 60, "m1"), seen([BOB, DEVICE], 61, "m2"), seen([ANN, SHOP], 90, "m3"))
        merge(left="bob", right="ann", actor="user 1", now=NOW)
        loader.load(seen([ANN], 10, "m4"))
        assert state()[0]["anon:1>bob"][0] == "ann"
        check_nothing_left_to_reckon()

    def test_reaches_whoever_is_shared_by_one_that_turns_out_to_be_a_user_and_joins_nobody(self, loader, limits):
        limits(email=(1, 1), user=(1, 1))
        loader.load(seen([MAIL, WEB, SHOP], 10, "m1"), seen([BOB, WEB], 20, "m2"))
        loader.load(seen([MAIL_AS_USER], 30, "m3"))
        assert state()[0]["anon:1"][2] == "shared"
        check_nothing_left_to_reckon()
