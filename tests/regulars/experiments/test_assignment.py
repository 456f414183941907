"""Assignment: even, independent, repeatable, never changed, and within reach of erasure and undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.assignment import arm_of, assign, assignable, known_customers, uniform
from regulars.experiments.declare import Experiment, company_holdout, declare, two_arms
from regulars.experiments.outcomes import outcomes
from regulars.experiments.reading import read
from regulars.predictions.value import fit_company
from tests.builders import company

pytestmark = pytest.mark.suite

CUSTOMERS = [f"c{n}" for n in range(20_000)]


def experiment(name="spring", salt="pepper", **given):
    return Experiment(name=name, arms=given.pop("arms", two_arms()), salt=salt, **given)


def rows(workspace, table="assignments"):
    with workspace.session() as session:
        return session.run(session.table(table)).to_pylist()


def arms_by_customer(workspace, name):
    return {row["identity_id"]: row["arm"] for row in rows(workspace) if row["experiment"] == name}


class TestUniform:
    def test_is_even(self):
        drawn = [uniform("salt", "spring", customer) for customer in CUSTOMERS]
        assert min(drawn) >= 0
        assert max(drawn) < 1
        assert stats.kstest(drawn, "uniform").pvalue > 0.01

    def test_does_not_follow_the_order_of_ids(self):
        drawn = np.array([uniform("salt", "spring", customer) for customer in CUSTOMERS])
        assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 3 / np.sqrt(len(drawn))

    @pytest.mark.parametrize("other", [("salt", "autumn"), ("pepper", "spring")])
    def test_is_independent_between_experiments_and_salts(self, other):
        first = np.array([uniform("salt", "spring", customer) for customer in CUSTOMERS])
        second = np.array([uniform(*other, customer) for customer in CUSTOMERS])
        table = np.histogram2d(first, second, bins=5, range=[[0, 1], [0, 1]])[0]
        assert stats.chi2_contingency(table).pvalue > 0.01

    def test_stays_what_it_is(self):
        """Frozen: another number here would throw every running experiment over."""
        assert uniform("salt", "spring", "c1") == pytest.approx(0.3517119670839799)

    def test_keeps_the_parts_apart(self):
        assert uniform("a", "bc", "d") != uniform("ab", "c", "d")


class TestArmOf:
    def test_gives_each_arm_its_share(self):
        shares = {"mail": 0.6, "letter": 0.1, "control": 0.3}
        arms = [arm_of(experiment(arms=shares), customer) for customer in CUSTOMERS]
        counts = [arms.count(arm) for arm in shares]
        assert stats.chisquare(counts, [len(CUSTOMERS) * share for share in shares.values()]).pvalue > 0.01


class TestAssign:
    @pytest.mark.suite
    def test_writes_a_row_for_every_known_customer(self, shop):
        report = assign(shop, experiment(), as_of="2024-06-30")
        stored = rows(shop)
        assert len(stored) == sum(report.new.values()) == 200
        assert {row["identity_id"]: row["arm"] for row in stored} == {f"c{n:03}": arm_of(experiment(), f"c{n:03}") for n in range(200)}
        assert {row["source"] for row in stored} == {"experiments"}
        assert {row["occurred_at"] for row in stored} == {datetime(2024, 7, 1) - timedelta(microseconds=1)}

    @pytest.mark.suite
    def test_again_adds_nothing(self, shop):
        assign(shop, experiment(), as_of="2024-06-30")
        loads = len(shop.loads())
        again = assign(shop, experiment(), as_of="2024-09-30")
        assert (again.already, sum(again.new.values()), again.load_id) == (200, 0, None)
        assert len(shop.loads()) == loads

    @pytest.mark.suite
    def test_also_not_when_asked_as_of_an_earlier_day(self, shop):
        assign(shop, experiment(), as_of="2024-06-30")
        assert assign(shop, experiment(), as_of="2024-03-31").already == 200

    @pytest.mark.suite
    def test_adds_those_who_came_since(self, shop):
        first = assign(shop, experiment(), as_of="2024-01-20")
        later = assign(shop, experiment(), as_of="2024-06-30")
        assert (sum(first.new.values()), sum(later.new.values()), later.already) == (80, 120, 80)

    @pytest.mark.suite
    def test_keeps_the_arm_that_is_there_even_if_the_hash_says_another(self, shop):
        assign(shop, experiment(salt="one"), ["c001", "c002"], as_of="2024-06-30")
        before = arms_by_customer(shop, "spring")
        assign(shop, experiment(salt="two"), as_of="2024-06-30")
        assert {customer: arms_by_customer(shop, "spring")[customer] for customer in before} == before

    @pytest.mark.suite
    def test_holds_the_holdout_out_of_everything(self, shop):
        holdout = declare(shop, company_holdout(0.3, salt="h"))
        held = {f"c{n:03}" for n in range(200) if arm_of(holdout, f"c{n:03}") == "held_out"}
        report = assign(shop, experiment(), as_of="2024-06-30")
        assert 40 < len(held) < 80
        assert report.held_out == len(held)
        assert held.isdisjoint(arms_by_customer(shop, "spring"))
        with shop.session() as session:
            assert set(assignable(shop, session)) == set(arms_by_customer(shop, "spring"))
        assign(shop, holdout, as_of="2024-06-30")
        assert {c for c, arm in arms_by_customer(shop, "holdout").items() if arm == "held_out"} == held

    @pytest.mark.suite
    def test_takes_the_recorded_holdout_over_the_hash(self, shop):
        assign(shop, company_holdout(0.5, salt="first"), as_of="2024-06-30")
        held = {c for c, arm in arms_by_customer(shop, "holdout").items() if arm == "held_out"}
        declare(shop, company_holdout(0.1, salt="second"))
        assign(shop, experiment(), as_of="2024-06-30")
        assert held.isdisjoint(arms_by_customer(shop, "spring"))

    @pytest.mark.suite
    def test_freezes_what_was_expected_before(self, shop):
        assign(shop, experiment(), as_of="2024-06-30")
        frozen = {row["identity_id"]: row["value"] for row in rows(shop, "predictions") if row["name"] == "cuped:spring"}
        with shop.session() as session:
            found = outcomes(session, experiment())
        assert len(frozen) == 200
        assert dict(zip(found.customers.to_pylist(), found.covariate.tolist(), strict=True)) == frozen
        with shop.session(as_of="2024-06-30") as session:
            expected = fit_company(session, backtests=0).customers()
        assert frozen == dict(zip(expected["customer_id"].to_pylist(), map(float, expected["clv_minor"].to_pylist()), strict=True))

    @pytest.mark.suite
    def test_is_undone_with_its_load(self, shop):
        report = assign(shop, experiment(), as_of="2024-06-30")
        shop.undo(report.load_id)
        assert rows(shop) == rows(shop, "predictions") == []
        assert sum(assign(shop, experiment(), as_of="2024-06-30").new.values()) == 200

    @pytest.mark.suite
    def test_is_reached_by_an_erasure(self, shop):
        assign(shop, experiment(), as_of="2024-06-30")
        with shop.session() as session:
            before = read(session, experiment())
        report = shop.erase("c007")
        assert report.rows["assignments"] == report.rows["predictions"] == 1
        for table in ("assignments", "predictions"):
            assert not [row for row in rows(shop, table) if row["identity_id"] == "c007" or row["row_key"].endswith("/c007")]
        with shop.session() as session:
            after = read(session, experiment())
        assert after.arms.to_pylist() == before.arms.to_pylist()

    @pytest.mark.suite
    def test_does_not_bring_the_erased_back(self, shop):
        shop.erase("c007")
        assign(shop, experiment(), ["c006", "c007"], as_of="2024-06-30")
        report = assign(shop, experiment(), as_of="2024-06-30")
        stored = arms_by_customer(shop, "spring")
        assert "c007" not in stored
        assert not [customer for customer in stored if customer.startswith("erased-")]
        assert sum(report.new.values()) == 198

    @pytest.mark.suite
    def test_is_seen_only_from_its_instant_on(self, shop):
        assign(shop, experiment(days=7), as_of="2024-06-30")
        with shop.session(as_of="2024-06-29") as session:
            assert len(outcomes(session, experiment(days=7)).arms) == 0
        with shop.session(as_of="2024-07-06") as session:
            assert sum(outcomes(session, experiment(days=7)).waiting.values()) == 200
        with shop.session(as_of="2024-07-07") as session:
            assert len(outcomes(session, experiment(days=7)).arms) == 200

    def test_of_companies_names_the_account_and_no_person(self, shop):
        at = datetime(2024, 12, 31, tzinfo=UTC)
        order = {"at": at, "customer": "ann", "account_id": "acme", "amount": 100}
        with company(orders=[order, {"at": at, "customer": "ben", "amount": 100}], customer_unit="account") as session:
            from regulars.experiments.assignment import _accounts, _assignment_rows

            known = known_customers(session)
            made = _assignment_rows("spring", known, ["control"] * 2, _accounts(session), at, at).to_pylist()
        assert known == ["acme", "ben"]
        assert [(row["identity_id"], row["account_id"]) for row in made] == [(None, "acme"), ("ben", None)]
