"""Resolving batches of calls against the database."""

from __future__ import annotations

import random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from regulars.identities.graph import build
from regulars.identities.identifiers import Identifier
from regulars.identities.spans import holder
from regulars_server.profiles import models
from regulars_server.profiles.contracts import AdoptedRow
from regulars_server.profiles.public import adopt
from regulars_server.profiles.rules import rules
from tests.regulars.identities import calls as random_calls
from tests.regulars_server.profiles.arrivals import NOW, Loader, seen

ANN, BOB = Identifier("user", "ann"), Identifier("user", "bob")
WEB = Identifier("anonymous", "7f")
MAIL = Identifier("email", "ann@x.eu")

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


class TestResolve:
    def test_gives_each_row_its_narrowest_identity(self, loader):
        found = loader.load(seen([WEB], 10, "m1"), seen([WEB, ANN], 20, "m2"), seen([MAIL, WEB], 30, "m3"), seen([], 40, "m4"))
        assert found == ["anon:7f", "ann", "ann@x.eu", None]
        assert loader.customers() == {"anon:7f": "ann", "ann": "ann", "ann@x.eu": "ann"}

    def test_writes_rows_for_the_map_that_do_not_hold_before_their_call(self, loader):
        loader.load(seen([WEB], 10, "m1"))
        loader.load(seen([WEB, ANN], 20, "m2"))
        assert loader.mapped(20) == {}
        assert loader.mapped(21) == loader.mapped() == {"anon:7f": "ann"}

    def test_asks_few_questions_about_calls_that_say_nothing_new(self, loader, django_assert_max_num_queries):
        calls = [seen([ANN, WEB], 20 + number, f"m{number:03}") for number in range(300)]
        loader.load(*calls[:10])
        with django_assert_max_num_queries(5):
            loader.load(*calls[10:])

    def test_moves_rows_of_a_browser_when_a_second_user_is_learned_of(self, loader):
        loader.load(seen([WEB], 10, "m1"), seen([WEB, ANN], 20, "m2", "identify"), seen([WEB], 25, "m3"))
        loader.load(seen([WEB, BOB], 30, "m4", "identify"), seen([WEB], 28, "m5"), seen([WEB], 35, "m6"))
        assert {row[0].message_id: row[1] for row in loader.rows} == {
            "m1": "anon:7f>ann",
            "m2": "ann",
            "m3": "anon:7f>bob",
            "m4": "bob",
            "m5": "anon:7f>bob",
            "m6": "anon:7f",
        }
        assert loader.mapped()["anon:7f>bob"] == "bob"
        assert loader.mapped()["anon:7f"] == "anon:7f"

    def test_knows_whom_a_browser_lends_to_when_a_file_tells_of_another_user(self, loader):
        loader.load(seen([WEB, ANN], 70, "m1"), seen([BOB, MAIL], 20, "m2"))
        with loader._on_commit(execute=True), transaction.atomic():
            adopt([AdoptedRow("bob", "anon:7f", 80, "k1", "file")], now=NOW)
        assert loader.load(seen([WEB], 40, "m3"), seen([WEB], 75, "m4")) == ["anon:7f>ann", "anon:7f>bob"]

    def test_remembers_nothing_of_a_transaction_that_was_rolled_back(self, loader):
        with transaction.atomic():
            loader.load(seen([WEB, ANN], 20, "m1"))
            transaction.set_rollback(True)
        loader.load(seen([WEB, ANN], 20, "m1"))
        assert loader.customers() == {"anon:7f": "ann", "ann": "ann"}

    def test_ends_a_storm_on_one_device_as_a_suggestion(self, loader):
        device = Identifier("device", "d")
        calls = [seen([device, Identifier("anonymous", str(number))], number, f"m{number}") for number in range(2000)]
        for start in range(0, 2000, 500):
            loader.load(*calls[start : start + 500])
        assert [(one.code, one.rests_on) for one in models.Suggestion.objects.all()] == [("too_large", "device:d")]
        assert all(customer == identity for identity, customer in loader.customers().items())

    @pytest.mark.suite
    @given(random_calls.calls, st.integers(0, 10**6))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_gives_the_graph_of_all_calls_in_any_order_and_batching(self, loader, found, seed):
        check_any_order(loader, found, random.Random(seed))

    @pytest.mark.suite
    @given(random_calls.calls)
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_tells_of_every_past_instant_what_was_known_then_when_calls_come_in_order(self, loader, found):
        loader = Loader(loader._on_commit)
        calls = [(ids, 1000 * number, message, kind) for number, (ids, _, message, kind) in enumerate(found, start=1)]
        with transaction.atomic():
            for call in calls:
                loader.load(seen(*call))
            for number in range(len(calls) + 1):
                then = build(random_calls.links_of(calls[:number]))
                mapped = loader.mapped(1000 * number + 500)
                known = {one: mapped.get(one, one) for one in then.places}
                assert known == then.customers()
            transaction.set_rollback(True)

    @pytest.mark.suite
    @given(random_calls.calls, st.integers(0, 10**6))
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_tells_of_no_past_instant_what_no_call_before_it_had_said(self, loader, found, seed):
        loader = Loader(loader._on_commit)
        order = list(found)
        random.Random(seed).shuffle(order)
        with transaction.atomic():
            for call in order:
                loader.load(seen(*call))
            for instant in range(5, 130, 10):
                near = {}
                for ids, at, _, _ in found:
                    for one in ids if at < instant else ():
                        near.setdefault(one.identity, set()).update(other.identity for other in ids)
                for identity, customer in loader.mapped(instant).items():
                    assert customer == identity or customer in reached(identity.rpartition(">")[2], near)
            transaction.set_rollback(True)


def reached(identity, near):
    """Everything that calls connect with an identity, whatever the rules."""
    found, queue = {identity}, [identity]
    while queue:
        queue += (fresh := near.get(queue.pop(), set()) - found)
        found |= fresh
    return found


def check_any_order(loader, found, chance):
    """Resolve in a random order and batching, compare with a graph of everything, and leave nothing behind."""
    whole = build(random_calls.links_of(found), random_calls.identifications_of(found), rules=rules())
    loader = Loader(loader._on_commit)
    order = list(found)
    chance.shuffle(order)
    with transaction.atomic():
        while order:
            size = chance.randint(1, 4)
            loader.load(*(seen(*one) for one in order[:size]))
            order = order[size:]
        assert_is_graph(loader, whole)
        transaction.set_rollback(True)


def assert_is_graph(loader, whole):
    """What is written says what a graph of everything says."""
    assert loader.customers() == whole.customers()
    mapped = loader.mapped()
    assert {one: mapped.get(one, one) for one in whole.places} == whole.customers()
    suggested = sorted((one.code, one.rests_on, tuple(one.customers)) for one in models.Suggestion.objects.all())
    assert suggested == whole.suggestions
    standing = dict(models.Identity.objects.exclude(standing="").values_list("identity", "standing"))
    assert standing == {one: standing.code for one, standing in whole.standings.items()}
    for one, identity in loader.rows:
        if identity.startswith("anon:"):
            anonymous = identity.partition(">")[0]
            assert identity == holder(anonymous, whole.spans.get(anonymous, ()), one.occurred_at)
