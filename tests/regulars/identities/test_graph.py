"""The identity graph: the rules, one by one, and against a slow second writing of them."""

from __future__ import annotations

import gc
import time

import pytest
from hypothesis import given, settings, strategies as st

from regulars.identities.evidence import Decision, Identification, Limit, Link, Rules
from regulars.identities.graph import build
from regulars.identities.identifiers import Identifier
from regulars.identities.spans import FOREVER, holder, moves, spans_of
from tests.regulars.identities import calls as random_calls, who_oracle

FEW = Rules(limits={kind: Limit(identities=5, anonymous=2) for kind in ("device", "phone", "email", "anonymous")}, person_at_most=9)


def user(name):
    return Identifier("user", name)


def web(name):
    return Identifier("anonymous", name)


def mail(name):
    return Identifier("email", f"{name}@x.eu")


def phone(end):
    return Identifier("phone", f"+4915100000{end}")


def device(name):
    return Identifier("device", name)


def graph_of(*said, decisions=(), rules=None):
    """A graph of calls at 100, 200, ...; an `identify` for those with a user and an anonymous id."""
    links = [Link(ids, 100 * number, f"m{number}") for number, ids in enumerate(said, start=1)]
    known = [
        Identification(a.identity, u.identity, link.occurred_at, link.message_id)
        for link in links
        for a in link.identifiers
        for u in link.identifiers
        if (a.kind, u.kind) == ("anonymous", "user")
    ]
    return build(links, known, decisions, rules or Rules())


class TestGraph:
    def test_joins_what_one_call_names(self):
        graph = graph_of((web("7"),), (user("ann"), web("7"), mail("a")), (Identifier("stripe", "cus_1"), mail("a")))
        assert graph.customers() == {"anon:7": "ann", "ann": "ann", "a@x.eu": "ann", "cus_1": "ann"}

    def test_names_a_customer_without_user_by_the_earliest_identity(self):
        assert set(graph_of((web("9"),), (web("1"), mail("a")), (web("9"), mail("a"))).customers().values()) == {"anon:9"}

    def test_keeps_two_users_apart_and_suggests_them(self):
        graph = graph_of((user("ann"), mail("a")), (user("bob"), mail("a")))
        assert graph.customers() == {"ann": "ann", "a@x.eu": "ann", "bob": "bob"}
        assert graph.suggestions == [("same_email", "a@x.eu", ("ann", "bob"))]

    def test_gives_a_shared_browser_to_nobody_and_its_events_to_the_next_user(self):
        graph = graph_of((web("7"),), (user("ann"), web("7")), (web("7"),), (user("bob"), web("7")), (web("7"),))
        assert graph.customer_of("anon:7") == "anon:7"
        assert [holder("anon:7", graph.spans["anon:7"], at) for at in (100, 200, 201, 400, 401)] == [
            "anon:7>ann",
            "anon:7>ann",
            "anon:7>bob",
            "anon:7>bob",
            "anon:7",
        ]
        assert graph.customer_of("anon:7>ann") == "ann"
        assert graph.suggestions == []

    def test_joins_nobody_by_a_shared_phone_and_suggests_its_users(self):
        graph = graph_of((user("ann"), phone(1)), (user("bob"), phone(1)), (web("3"), phone(1)))
        assert graph.customer_of("anon:3") == "anon:3"
        assert graph.suggestions == [("same_phone", "+49151000001", ("ann", "bob"))]

    def test_lets_no_device_overrule_what_is_said_of_a_user(self):
        graph = graph_of((device("d"), web("1")), (device("d"), web("2")), (user("ann"), web("1")), (user("bob"), web("2")))
        assert graph.customer_of("anon:1") == "ann"
        assert graph.customer_of("anon:2") == "bob"
        assert graph.customer_of("device:d") == "ann"

    def test_ends_a_storm_of_anonymous_ids_as_one_suggestion(self):
        graph = graph_of(*((device("d"), web(str(number))) for number in range(40)))
        assert graph.suggestions == [("too_large", "device:d", ())]
        assert all(customer == identity for identity, customer in graph.customers().items())

    def test_tells_why_two_identities_are_one_person(self):
        graph = graph_of((web("7"), mail("a")), (user("ann"), mail("a")), (mail("a"), Identifier("shopify", "4")))
        assert [(join.evidence, join.occurred_at) for join in graph.why("anon:7", "shopify:4")] == [("m1", 100), ("m3", 300)]
        assert graph.why("anon:7", "nobody") == []

    def test_says_from_when_an_identity_is_its_customers(self):
        graph = graph_of((web("7"), mail("a")), (user("ann"), mail("a")))
        assert graph.places["anon:7"].since == 200

    @given(random_calls.calls, random_calls.decisions, st.sampled_from([None, FEW]))
    @settings(max_examples=120)
    def test_agrees_with_a_slow_writing_of_its_rules(self, found, decisions, rules):
        graph = build(random_calls.links_of(found), random_calls.identifications_of(found), decisions, rules or Rules())
        limits = {kind: (limit.identities, limit.anonymous) for kind, limit in rules.limits.items()} if rules else None
        plain = [(tuple((one.kind, one.identity) for one in ids), at, message) for ids, at, message, _ in found]
        told = [(one.occurred_at, one.decision_id, one.kind, one.left, one.right) for one in decisions]
        expected = who_oracle.partition(plain, told, limits, rules.person_at_most if rules else 2000)
        assert {one: customer for one, customer in graph.customers().items() if ">" not in one} == expected

    @given(random_calls.calls, st.integers(1, 12))
    @settings(max_examples=60)
    def test_agrees_about_the_rows_of_anonymous_ids(self, found, instant):
        graph = build(random_calls.links_of(found), random_calls.identifications_of(found))
        said = [tuple(one) for one in random_calls.identifications_of(found)]
        # A call of any kind that names both counts, the earliest of each two.
        for ids, at, message, _ in sorted(found, key=lambda one: one[1:3], reverse=True):
            for a in ids:
                for u in ids:
                    if (a.kind, u.kind) == ("anonymous", "user"):
                        earliest = min(one[1:3] for one in found if a in one[0] and u in one[0])
                        said += [(a.identity, u.identity, at, message)] if (at, message) == earliest else []
        for name in ("anon:w1", "anon:w2"):
            at = instant * 10 - 5
            assert holder(name, graph.spans.get(name, ()), at) == who_oracle.carried(name, at, said)

    @given(random_calls.calls, random_calls.decisions, st.randoms(use_true_random=False))
    @settings(max_examples=60)
    def test_is_the_same_in_any_order_of_arrival(self, found, decisions, chance):
        links, said = random_calls.links_of(found), random_calls.identifications_of(found)
        one = build(links, said, decisions)
        for many in (links, said, decisions):
            chance.shuffle(many)
        other = build(links + links[:3], said, decisions)
        assert (one.places, one.spans, one.suggestions, one.standings) == (other.places, other.spans, other.suggestions, other.standings)

    @given(random_calls.calls)
    @settings(max_examples=60)
    def test_has_one_user_at_most_per_customer(self, found):
        graph = build(random_calls.links_of(found))
        users = {one.identity for ids, *_ in found for one in ids if one.kind == "user"}
        assert all(len(users.intersection(members)) <= 1 for members in graph.members.values())

    @pytest.mark.suite
    def test_takes_time_in_proportion_to_a_storm(self):
        def seconds(count):
            links = [Link((device("d"), web(str(number))), number, f"m{number}") for number in range(count)]
            gc.collect()
            begun = time.process_time()
            assert len(build(links).suggestions) == 1
            return time.process_time() - begun

        # Twice as many take about twice as long; were it their square, four times.
        assert min(seconds(10_000) for _ in range(3)) < 3.5 * min(seconds(5_000) for _ in range(3))


class TestDecisions:
    def test_merge_joins_two_users_and_what_they_share(self):
        said = [(user("ann"), mail("a")), (user("bob"), mail("a")), (user("bob"), web("2")), (user("ann"), web("2"))]
        merge = Decision("merge", ("ann", "a@x.eu"), ("bob",), 900, "d1")
        graph = graph_of(*said, decisions=[merge])
        assert set(graph.customers().values()) == {"ann"}
        assert graph.suggestions == []
        assert graph.why("ann", "bob")[0].evidence == "d1"

    def test_unmerge_after_merge_is_the_identity_on_customers(self):
        said = [(user("ann"), mail("a")), (user("bob"), mail("b")), (web("3"), mail("b"))]
        merge = Decision("merge", ("ann", "a@x.eu"), ("bob", "b@x.eu", "anon:3"), 900, "d1")
        unmerge = Decision("unmerge", ("bob", "b@x.eu", "anon:3"), ("ann", "a@x.eu"), 950, "d2")
        assert graph_of(*said, decisions=[merge, unmerge]).customers() == graph_of(*said).customers()

    def test_unmerge_keeps_apart_from_then_on_until_merged_again(self):
        said = [(user("ann"), web("1")), (user("ann"), mail("a"), web("1"))]
        unmerge = Decision("unmerge", ("anon:1",), ("ann", "a@x.eu"), 900, "d1")
        assert graph_of(*said, decisions=[unmerge]).customer_of("anon:1") == "anon:1"
        merge = Decision("merge", ("ann", "a@x.eu"), ("anon:1",), 950, "d2")
        assert graph_of(*said, decisions=[merge, unmerge]).customer_of("anon:1") == "ann"

    def test_dismissed_suggestions_do_not_come_again_unless_somebody_new_is_in_them(self):
        said = [(user("ann"), mail("a")), (user("bob"), mail("a"))]
        dismiss = Decision("dismiss", ("a@x.eu",), ("ann", "bob"), 900, "d1", "same_email")
        assert graph_of(*said, decisions=[dismiss]).suggestions == []
        more = graph_of(*said, (user("cyd"), mail("a")), decisions=[dismiss])
        assert [one.customers for one in more.suggestions] == [("ann", "cyd")]


class TestMoves:
    @given(st.lists(st.tuples(st.sampled_from(["u1", "u2", "u3"]), st.integers(1, 8)), max_size=6), st.randoms(use_true_random=False))
    def test_leave_rows_where_the_whole_knowledge_puts_them(self, said, chance):
        calls = [Identification("anon:w", name, at * 10, f"m{number}") for number, (name, at) in enumerate(said)]
        rows = dict.fromkeys(range(5, 95, 5), "anon:w")
        chance.shuffle(calls)
        known = ()
        for number in range(len(calls)):
            after = spans_of("anon:w", calls[: number + 1])
            for move in moves("anon:w", known, after):
                rows |= {at: move.to for at, carried in rows.items() if carried == move.identity and move.since <= at < move.until}
            known = after
        assert rows == {at: holder("anon:w", spans_of("anon:w", calls), at) for at in rows}
        assert FOREVER > 95
