"""Suggestions: which are read, which are found of somebody, how many there are."""

from __future__ import annotations

from itertools import combinations

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from regulars.identities.identifiers import Identifier
from regulars_server.profiles import models
from regulars_server.profiles.public import merge, names_of, suggest_from_files, suggestion_count, suggestions, unmerge
from tests.regulars_server.profiles.arrivals import NOW, seen

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
TEAM = {"actor": "user 1", "now": NOW}


def share(pairs: int) -> None:
    """So many addresses that two customers of files bear."""
    assert suggest_from_files({f"{n:03}@x.eu": [f"l{n:03}", f"r{n:03}"] for n in range(pairs)}) == pairs


def join(left: str, right: str) -> None:
    merge(left=left, right=right, in_files={left: 1, right: 1}, **TEAM)


def addresses(**how) -> list[str]:
    return [one.rests_on for one in suggestions(**how)]


def queries(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        work()
    return len(caught)


class TestSuggestionsOfFiles:
    def test_do_not_run_dry_over_those_that_are_settled(self):
        share(9)
        for n in (8, 7, 6, 2):
            join(f"l{n:03}", f"r{n:03}")
        left = [f"{n:03}@x.eu" for n in (5, 4, 3, 1, 0)]
        assert addresses(limit=3) == left[:3]
        assert addresses(limit=3, offset=3) == left[3:]
        assert addresses(limit=3, offset=5) == []
        assert suggestion_count() == len(left)

    def test_come_after_those_of_calls_whatever_the_offset(self, loader):
        loader.load(*(seen([Identifier("user", user), Identifier("email", "ann@x.eu")], 10, f"m{user}") for user in ("ann", "bob")))
        share(3)
        everything = ["ann@x.eu", "002@x.eu", "001@x.eu", "000@x.eu"]
        assert addresses() == everything
        assert [address for at in range(5) for address in addresses(limit=1, offset=at)] == everything
        assert suggestions()[0].seen_with == 2
        assert addresses(of={"bob"}) == ["ann@x.eu"]

    def test_name_three_until_every_two_of_them_were_kept_apart(self):
        suggest_from_files({"ann@x.eu": ["a", "b", "c"]})
        for number, (left, right) in enumerate(combinations("abc", 2)):
            assert suggestion_count() == 1, number
            join(left, right)
            unmerge(identity=left, **TEAM)
        assert (suggestion_count(), suggestions()) == (0, [])

    def test_stay_as_they_were_when_new_ones_cannot_be_written(self):
        share(3)

        def refuse(execute, sql, *rest):
            if sql.startswith("INSERT") and "profiles_suggestion" in sql:
                raise DatabaseError
            return execute(sql, *rest)

        with connection.execute_wrapper(refuse), pytest.raises(DatabaseError):
            share(2)
        assert suggestion_count() == 3


class TestSuggestionsOfSomebody:
    def test_are_found_however_many_others_there_are(self):
        share(150)
        assert addresses(of={"r000", "somebody"}) == ["000@x.eu"]
        assert addresses(of={"r00"}) == []
        join("l000", "z")
        [found] = suggestions(of={"l000", "z"})
        assert set(found.customers) == {"r000", models.Identity.objects.get(identity="l000").customer_id}

    def test_take_as_many_queries_as_of_one_alone(self):
        share(1)
        alone = queries(lambda: suggestions(of={"r000"}))
        share(150)
        assert queries(lambda: suggestions(of={"r000"})) == alone
        assert queries(lambda: suggestions(limit=30)) == alone


class TestNames:
    def test_are_those_that_the_newest_traits_of_all_identities_say(self, loader):
        ann, web = Identifier("user", "ann"), Identifier("anonymous", "7f")
        loader.load(seen([web], 5, "m0", traits={"first_name": "Anna"}), seen([ann, web], 10, "m1", traits={"last_name": "Berg"}))
        loader.load(seen([Identifier("user", "bob")], 10, "m2", traits={"name": "Bob"}), seen([Identifier("user", "eve")], 10, "m3"))
        assert names_of(["ann", "bob", "eve", "nobody"]) == {"ann": "Anna Berg", "bob": "Bob"}
