"""Merging and un-merging write the identity map so that it stays flat at every instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import ArgumentRefused
from regulars.identities import customer_of, map_rows, merge, unmerge
from regulars.tables import TABLES
from regulars.workspace import Workspace

MARCH = datetime(2024, 3, 1)


def day(number):
    return MARCH + timedelta(days=number)


@pytest.fixture
def shop(tmp_path):
    return Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")


def stored(shop):
    parts = [pq.read_table(path) for path in shop.snapshot().files("identities")]
    return map_rows(pa.concat_tables([TABLES["identities"].arrow_schema.empty_table(), *parts]))


def whose(shop, identity, as_of):
    return customer_of(stored(shop), as_of).get(identity, identity)


class TestMerge:
    def test_holds_from_its_instant_on(self, shop):
        assert merge(shop, "web-7", "anna", at=day(5)) == "anna"
        assert whose(shop, "web-7", day(5)) == "web-7"
        assert whose(shop, "web-7", day(6)) == "anna"
        assert whose(shop, "anna", day(6)) == "anna"

    def test_takes_everybody_of_the_merged_customer_along(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        merge(shop, "anna", "anna-2", at=day(5))
        assert [whose(shop, "web-7", day(d)) for d in (1, 2, 5, 6)] == ["web-7", "anna", "anna", "anna-2"]
        assert whose(shop, "anna", day(6)) == "anna-2"

    def test_goes_to_the_customer_whom_the_other_belongs_to(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        assert merge(shop, "tablet", "web-7", at=day(2)) == "anna"
        assert whose(shop, "tablet", day(3)) == "anna"

    def test_leaves_no_chain_when_it_is_dated_back(self, shop):
        merge(shop, "web-7", "anna", at=day(5))
        merge(shop, "anna", "anna-2", at=day(1))
        assert [whose(shop, "web-7", day(d)) for d in (2, 6)] == ["web-7", "anna-2"]
        for number in range(8):
            known = customer_of(stored(shop), day(number))
            assert all(known.get(customer, customer) == customer for customer in known.values())

    def test_at_the_instant_of_an_earlier_one_overrules_it(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        unmerge(shop, "web-7", at=day(1))
        assert whose(shop, "web-7", day(2)) == "web-7"
        merge(shop, "web-7", "berta", at=day(1))
        assert whose(shop, "web-7", day(2)) == "berta"

    def test_takes_instants_of_any_zone(self, shop):
        merge(shop, "web-7", "anna", at=datetime(2024, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))))
        assert whose(shop, "web-7", datetime(2024, 3, 1, 10)) == "web-7"
        assert whose(shop, "web-7", datetime(2024, 3, 1, 10, 0, 1)) == "anna"

    def test_keeps_rule_and_evidence(self, shop):
        merge(shop, "web-7", "anna", at=day(1), evidence="signed in")
        (row,) = pq.read_table(shop.snapshot().files("identities")[0]).filter(pa.compute.field("identity_id") == "web-7").to_pylist()
        assert (row["rule"], row["evidence"], row["occurred_at"]) == ("merge", "signed in", day(1))

    def test_refuses_what_says_nothing_and_writes_nothing(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        loads = len(shop.loads())
        for identity, into in (("anna", "anna"), ("web-7", "anna"), ("anna", "web-7"), ("", "anna"), ("anna", "")):
            with pytest.raises(ArgumentRefused):
                merge(shop, identity, into, at=day(2))
        assert len(shop.loads()) == loads

    def test_can_be_undone_like_any_load(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        shop.undo(shop.loads()[-1].load_id)
        assert stored(shop) == []

    def test_refuses_to_bring_an_erased_person_back(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        shop.erase("anna")
        for identity, into in (("web-7", "berta"), ("berta", "anna")):
            with pytest.raises(ArgumentRefused, match="erased"):
                merge(shop, identity, into, at=day(2))


class TestUnmerge:
    def test_makes_an_identity_its_own_customer_again(self, shop):
        merge(shop, "web-7", "anna", at=day(1))
        unmerge(shop, "web-7", at=day(5), evidence="shared computer")
        assert [whose(shop, "web-7", day(d)) for d in (1, 2, 5, 6)] == ["web-7", "anna", "anna", "web-7"]

    def test_refuses_one_that_is_its_own_already(self, shop):
        with pytest.raises(ArgumentRefused, match="its own customer"):
            unmerge(shop, "web-7", at=datetime(2024, 3, 1, tzinfo=UTC))
