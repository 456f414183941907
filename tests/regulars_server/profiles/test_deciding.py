"""Merging and un-merging by hand, suggestions, and what comes back."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from regulars.facts import facts
from regulars.identities.evidence import DEFAULT_RULES, Decision
from regulars.identities.graph import build
from regulars.identities.identifiers import Identifier
from regulars_server.profiles import models
from regulars_server.profiles.errors import NoSuchSuggestion, NothingToPart, OnePersonAlready, UnknownIdentity
from regulars_server.profiles.public import (
    add_note,
    customer_by_reference,
    dismiss,
    merge,
    points_balance,
    preview_merge,
    preview_unmerge,
    profile_of,
    suggestions,
    unmerge,
    why,
)
from regulars_server.shared.models import AuditNote, DomainEvent
from regulars_server.shared.public import reference_of
from tests.builders import company
from tests.regulars.identities import calls as random_calls, who_oracle
from tests.regulars_server.profiles.arrivals import NOW, Loader, seen
from tests.regulars_server.profiles.test_resolving import assert_is_graph

ANN, BOB, CYD = (Identifier("user", name) for name in ("ann", "bob", "cyd"))
WEB, PHONE = Identifier("anonymous", "7f"), Identifier("phone", "+491511111111")
MAIL, OTHER_MAIL = Identifier("email", "a@x.eu"), Identifier("email", "b@x.eu")
TEAM = {"actor": "user 1", "now": NOW}

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def two(loader):
    """Ann, with a browser, and Bob, with an address; both gave the address a@x.eu."""
    loader.load(seen([ANN, MAIL], 10, "m1"), seen([ANN, WEB], 20, "m2"), seen([BOB, OTHER_MAIL], 30, "m3"), seen([BOB, MAIL], 40, "m4"))
    return loader


class TestMerge:
    def test_joins_the_two_that_were_chosen_though_what_names_a_side_is_held_by_a_device_alone(self, loader):
        device, shops = Identifier("device", "d"), [Identifier("shopify", name) for name in "01"]
        loader.load(seen([device], 5, "m1"), seen([*shops, device, WEB], 10, "m2"), seen([BOB, OTHER_MAIL], 80, "m3"))
        merge(left="anon:7f", right="bob", **TEAM)
        loader.load(seen([device, Identifier("anonymous", "2"), ANN, MAIL], 100, "m4"))
        assert merge(left="a@x.eu", right="anon:7f", **(TEAM | {"now": NOW + timedelta(hours=1)})) == "bob"
        customers = loader.customers()
        assert {customers[one] for one in ("ann", "bob", "a@x.eu", "b@x.eu", "anon:7f", "shopify:0")} == {"bob"}

    def test_joins_two_that_would_be_one_if_a_merge_by_hand_had_not_brought_one_of_them_elsewhere(self, loader):
        loader.load(seen([MAIL, OTHER_MAIL], 50, "m1"), seen([CYD], 10, "m2"))
        merge(left="cyd", right="b@x.eu", **TEAM)
        loader.load(seen([PHONE, MAIL], 80, "m3"), seen([OTHER_MAIL, ANN], 40, "m4"))
        assert {loader.customers()[one] for one in (PHONE.value, "cyd")} == {"cyd"}
        assert merge(left=PHONE.value, right="ann", **(TEAM | {"now": NOW + timedelta(hours=1)})) == "cyd"
        assert set(loader.customers().values()) == {"cyd"}

    def test_makes_one_customer_of_two_and_tells_why(self, two):
        assert merge(left="anon:7f", right="b@x.eu", **TEAM) == "ann"
        assert set(two.customers().values()) == {"ann"}
        assert [step.by_hand for step in why("anon:7f", "b@x.eu")] == [False, True, False]
        assert [step.source for step in why("anon:7f", "b@x.eu")] == ["shop", "user 1", "shop"]
        assert two.mapped()["b@x.eu"] == "ann"

    def test_does_not_hold_before_it_was_decided(self, two):
        merge(left="ann", right="bob", **TEAM)
        decided = models.Decision.objects.get().occurred_at
        assert two.mapped(decided)["b@x.eu"] == "bob"
        assert two.mapped(decided + 1)["b@x.eu"] == "ann"

    def test_leaves_references_that_lead_to_the_person(self, two):
        before = reference_of("bob")
        merge(left="ann", right="bob", **TEAM)
        assert customer_by_reference(before) == "ann"

    def test_is_audited_and_published_without_personal_values(self, two):
        merge(left="ann", right="b@x.eu", **TEAM)
        note, event = AuditNote.objects.get(), DomainEvent.objects.get()
        assert (note.action, note.subjects) == ("identity.merged", sorted(reference_of(one) for one in ("ann", "bob")))
        assert "x.eu" not in str(note.details)
        assert (event.name, event.payload) == ("customer.merged", {"customer_id": "ann", "merged": ["bob"]})

    def test_refuses_whom_nobody_knows_and_who_is_one_already_and_writes_nothing(self, two):
        with pytest.raises(UnknownIdentity):
            merge(left="ann", right="zoe", **TEAM)
        with pytest.raises(OnePersonAlready):
            merge(left="ann", right="anon:7f", **TEAM)
        assert models.Decision.objects.count() == 0
        assert AuditNote.objects.count() == 0

    def test_holds_for_calls_that_come_later(self, two):
        merge(left="ann", right="bob", **TEAM)
        two.load(seen([BOB, PHONE], 50, "m5"), seen([ANN, PHONE], 60, "m6"))
        assert two.customers()["+491511111111"] == "ann"
        assert suggestions() == []

    def test_shows_before_what_would_move(self, two):
        shown = preview_merge(left="ann", right="bob", now=NOW, counts=lambda names: {"orders": len(names)})
        assert (shown.moving, shown.left_customer, shown.counts) == (("b@x.eu", "bob"), "ann", {"orders": 2})
        assert two.customers()["bob"] == "bob"


class TestUnmerge:
    def test_gives_back_what_a_merge_took(self, two):
        before = two.customers()
        merge(left="ann", right="bob", **TEAM)
        assert unmerge(identity="b@x.eu", **LATER) == "bob"
        assert two.customers() == before
        assert {one: two.mapped().get(one, one) for one in before} == before

    def test_takes_back_the_latest_merge_and_leaves_the_earlier_ones(self, two):
        two.load(seen([CYD], 50, "m5"))
        merge(left="ann", right="bob", **TEAM)
        merge(left="bob", right="cyd", **LATER)
        unmerge(identity="bob", actor="user 1", now=NOW + timedelta(hours=2))
        assert (two.customers()["bob"], two.customers()["cyd"]) == ("ann", "cyd")

    def test_lets_an_identity_leave_alone_and_keeps_it_apart(self, two):
        assert preview_unmerge(identity="anon:7f", now=NOW).moving == ("anon:7f",)
        unmerge(identity="anon:7f", **TEAM)
        two.load(seen([ANN, WEB], 15, "m0"), seen([ANN, WEB], 99, "m9"))
        assert two.customers()["anon:7f"] == "anon:7f"

    def test_refuses_what_stands_alone(self, two):
        two.load(seen([CYD], 50, "m5"))
        with pytest.raises(NothingToPart):
            unmerge(identity="cyd", **TEAM)

    @pytest.mark.suite
    def test_gives_orders_and_points_back(self, two):
        orders = [{"at": "2026-01-05", "customer": name, "amount": 1000, "order": f"o-{name}"} for name in ("ann", "anon:7f", "b@x.eu")]
        points = [{"at": "2026-01-05", "customer": "b@x.eu", "points": 50}, {"at": "2026-01-06", "customer": "ann", "points": -20}]

        def told():
            rows = [
                {
                    "at": datetime(1970, 1, 1) + timedelta(microseconds=row.occurred_at),
                    "customer": row.identity,
                    "customer_id": row.customer_id,
                }
                for row in models.MapRow.objects.order_by("row_key")
            ]
            rows = [row | {"row_key": f"{number:04}"} for number, row in enumerate(rows)]
            with company(orders=orders, points=points, identities=rows, as_of=datetime(2027, 1, 1)) as session:
                found = facts(session).to_arrow().to_pylist()
                return {row["customer_id"]: row["orders"] for row in found}, balances(session)

        before = told()
        assert before == ({"ann": 2, "bob": 1}, {"ann": (-20, 20), "bob": (50, 0)})
        merge(left="ann", right="bob", **TEAM)
        assert told() == ({"ann": 3}, {"ann": (30, 0)})
        unmerge(identity="bob", **LATER)
        assert told() == before


class TestPeopleOfFiles:
    """Nobody called them by name: they stand in the tables, and the page that shows them vouches for it."""

    FILES = MappingProxyType({"c1": 500, "c2": 300, "mia@x.eu": 400})

    def test_are_merged_into_the_one_who_was_there_first_and_parted_again(self, loader):
        assert merge(left="c1", right="c2", in_files=self.FILES, **TEAM) == "c2"
        assert merge(left="mia@x.eu", right="c1", in_files=self.FILES, **LATER) == "c2"
        assert loader.mapped() == {"c1": "c2", "mia@x.eu": "c2"}
        assert customer_by_reference(reference_of("c1")) == "c2"
        unmerge(identity="mia@x.eu", actor="user 1", now=NOW + timedelta(hours=2))
        unmerge(identity="c1", actor="user 1", now=NOW + timedelta(hours=3))
        assert loader.customers() == {one: loader.mapped().get(one, one) for one in self.FILES} == {one: one for one in self.FILES}
        assert [dict(row.seen) for row in models.Decision.objects.order_by("id")] == [{"c1": 500, "c2": 300}, {"mia@x.eu": 400}, {}, {}]

    def test_are_merged_with_whom_calls_name(self, two):
        assert merge(left="c1", right="bob", in_files=self.FILES, **TEAM) == "bob"
        two.load(seen([Identifier("user", "c1"), OTHER_MAIL], 5, "m0"))
        assert two.customers()["c1"] == "c1"
        assert set(two.customers().values()) == {"ann", "c1"}

    def test_are_previewed_and_nothing_is_written(self, two):
        shown = preview_merge(left="c1", right="bob", now=NOW, in_files=self.FILES)
        assert (shown.left, shown.right, shown.left_customer, shown.moving) == (("c1",), ("b@x.eu", "bob"), "bob", ("c1",))
        assert "c1" not in two.customers()
        assert models.Decision.objects.count() == models.MapRow.objects.filter(identity="c1").count() == 0

    @pytest.mark.parametrize("other", ["zoe", "x" * 4000, "c\0", ""])
    def test_are_refused_where_nobody_vouches_or_the_id_cannot_be_one(self, loader, other):
        with pytest.raises(UnknownIdentity):
            merge(left="c1", right=other, in_files={"c1": 5, **({other: 5} if other != "zoe" else {})}, **TEAM)
        assert loader.customers() == {}
        assert (models.Decision.objects.count(), AuditNote.objects.count()) == (0, 0)

    def test_keep_their_notes_when_they_are_merged_and_parted(self, loader):
        add_note(customer_id="c1", text="Calls on Mondays", **TEAM)
        merge(left="c1", right="c2", in_files=self.FILES, **TEAM)
        assert [one.text for one in profile_of("c2").notes] == ["Calls on Mondays"]
        unmerge(identity="c1", **LATER)
        assert ([one.text for one in profile_of("c1").notes], profile_of("c2").notes) == (["Calls on Mondays"], ())


class TestSuggestions:
    def test_name_who_looks_like_one_and_can_be_dismissed(self, two):
        (one,) = suggestions()
        assert (one.code, one.rests_on, one.customers, one.seen_with) == ("same_email", "a@x.eu", ("ann", "bob"), 2)
        dismiss(suggestion_id=one.suggestion_id, **TEAM)
        two.load(seen([BOB, MAIL, WEB], 5, "m0"))
        assert [found for found in suggestions() if found.code == "same_email"] == []
        with pytest.raises(NoSuchSuggestion):
            dismiss(suggestion_id=one.suggestion_id, **TEAM)


@pytest.mark.suite
class TestAnyHistory:
    @given(random_calls.calls, st.integers(0, 10**6))
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_of_calls_and_decisions_is_the_graph_of_all_of_them(self, loader, found, seed):
        chance = random.Random(seed)
        loader = Loader(loader._on_commit)
        with transaction.atomic():
            order = list(found)
            chance.shuffle(order)
            while order:
                loader.load(*(seen(*one) for one in order[:3]))
                order = order[3:]
                decide_something(chance)
            assert_is_graph(loader, build(random_calls.links_of(found), random_calls.identifications_of(found), decisions()))
            assert {one: customer for one, customer in loader.customers().items() if ">" not in one} == slowly(found)
            transaction.set_rollback(True)

    @given(random_calls.calls, st.integers(0, 10**6))
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_merge_then_unmerge_is_the_identity(self, loader, found, seed):
        chance = random.Random(seed)
        with transaction.atomic():
            loader.load(*(seen(*one) for one in found))
            for _ in range(2):
                decide_something(chance)
            before = loader.customers()
            chosen = chance.sample(sorted(before), min(2, len(before)))
            if len({before[one] for one in chosen}) == 2 and not any(">" in one for one in chosen):
                merge(left=chosen[0], right=chosen[1], actor="user 1", now=NOW + timedelta(hours=1))
                unmerge(identity=chance.choice(chosen), actor="user 1", now=NOW + timedelta(hours=2))
                assert loader.customers() == before
                mapped = loader.mapped()
                assert {one: mapped.get(one, one) for one in before} == before
            transaction.set_rollback(True)


LATER = {"actor": "user 1", "now": NOW + timedelta(hours=1)}


def balances(session):
    return {name: (found.points, found.debt) for name in ("ann", "bob") if (found := points_balance(session, name)).points}


IN_FILES = {"c1": 35, "c2": 60, "u1": 80, "b@x.eu": 15}
"""People of files; two of them calls may name as well."""


def decide_something(chance):
    """Merge two who are not one, or take somebody out; calls named them, or files hold them."""
    customers = dict(models.Identity.objects.exclude(kind="lent").values_list("identity", "customer_id"))
    customers = {one: one for one in IN_FILES} | customers
    one, other = chance.sample(sorted(customers), 2)
    at = NOW + timedelta(seconds=models.Decision.objects.count())
    if customers[one] != customers[other]:
        merge(left=one, right=other, actor="user 1", now=at, in_files=IN_FILES)
    elif chance.random() < 0.5:
        unmerge(identity=one, actor="user 1", now=at)


def decisions():
    return [
        Decision(row.kind, tuple(row.left), tuple(row.right), row.occurred_at, row.decision_id, row.code, tuple(row.seen.items()))
        for row in models.Decision.objects.all()
    ]


def slowly(found):
    """Customer by identity, by the second writing of the rules."""
    said = [(tuple((one.kind, one.identity) for one in ids), at, message) for ids, at, message, _ in found]
    for decision in decisions():
        said += [((("email" if "@" in one else "customer", one),), at, "") for one, at in decision.seen]
    told = [(one.occurred_at, one.decision_id, one.kind, one.left, one.right) for one in decisions()]
    return who_oracle.partition(said, told, {kind: (limit.identities, limit.anonymous) for kind, limit in DEFAULT_RULES.limits.items()})
