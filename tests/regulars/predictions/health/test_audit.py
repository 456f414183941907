from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from regulars.metrics.estimates import Undefined, wilson
from regulars.predictions.health import audit, audit_lights, standards_of
from tests.builders import company

START = date(2023, 1, 1)
HORIZON = 60


class ByRecency:
    """A stand-in for a churn model: the longer silent against the usual gap, the higher the risk; or the other way round."""

    def __init__(self, wrong=False):
        self.wrong = wrong

    def applies(self, snapshot):
        return snapshot.facts.column("orders").to_numpy() > 0

    def risk(self, snapshot):
        days = snapshot.facts.column("days_since_order").fill_null(400).to_numpy().astype(float)
        risk = days / (days + 20.0)
        return 1.0 - risk if self.wrong else risk


@pytest.fixture
def by_recency(monkeypatch):
    monkeypatch.setattr(audit, "fit", lambda _session, **_more: ByRecency())


@pytest.fixture(scope="module")
def orders():
    """Regulars who order every ten days or so, some of whom stop for good at some time; they are never heard of again."""
    random = np.random.default_rng(5)
    rows = []
    for who in range(400):
        stops = random.integers(30, 420)
        day = float(random.integers(0, 60))
        while day < min(stops, 420):
            rows.append({"at": START + timedelta(days=int(day)), "customer": f"c{who:03d}", "amount": 1000})
            day += 4 + random.exponential(8)
    return rows


def shop(orders, **rules):
    return company(orders=orders, as_of=START + timedelta(days=400), inactive_after_days=60, horizon_days=HORIZON, **rules)


@pytest.fixture(scope="module")
def found(orders):
    with pytest.MonkeyPatch.context() as patch, shop(orders) as session:
        patch.setattr(audit, "fit", lambda _session, **_more: ByRecency())
        return audit_lights(session)


@pytest.mark.suite
class TestAuditLights:
    def test_counts_who_left_of_each_light_on_days_a_horizon_apart(self, found):
        rows = found.lights.to_pylist()
        days = sorted({row["as_of"] for row in rows})
        assert len(days) == audit.MOST_ROUNDS
        assert {(later - earlier).days for earlier, later in pairwise(days)} == {HORIZON}
        for row in rows:
            assert row["left_share"] == pytest.approx(row["leavers"] / row["n"])
            assert (row["low"], row["high"]) == wilson(row["leavers"], row["n"])
            assert (row["as_of"] - row["frozen_on"]).days == HORIZON - 1

    def test_adds_up(self, found):
        for day in {row["as_of"] for row in found.lights.to_pylist()}:
            own = {row["light"]: row for row in found.lights.to_pylist() if row["as_of"] == day}
            assert sum(own[c]["n"] for c in ("green", "amber", "red") if c in own) == own["lit"]["n"]
        together = {row["light"]: row["n"] for row in found.together.to_pylist()}
        assert together["green"] == sum(row["n"] for row in found.lights.to_pylist() if row["light"] == "green")

    def test_finds_that_greens_stay_and_reds_leave(self, found):
        own = {row["light"]: row for row in found.together.to_pylist()}
        assert own["green"]["left_share"] < 0.3
        assert own["red"]["left_share"] > 0.6
        assert own["green"]["lift"] < 1 < own["red"]["lift"]
        assert found.withheld == ()
        assert found.standards.chosen == "data"

    def test_counts_by_brute_force(self, found, orders):
        """Greens and lit of the last day once more: from the orders alone."""
        last = max(row["as_of"] for row in found.lights.to_pylist())
        days = {}
        for row in orders:
            days.setdefault(row["customer"], []).append(row["at"])
        active = {who for who, own in days.items() if any(last - timedelta(days=59) <= d <= last for d in own)}
        left = {who for who in active if not any(last < d <= last + timedelta(days=HORIZON) for d in days[who])}
        new = {who for who in active if len({d for d in days[who] if d <= last}) == 1}
        row = next(r for r in found.lights.to_pylist() if r["as_of"] == last and r["light"] == "lit")
        assert abs(row["n"] - len(active - new)) <= len(new)
        assert abs(row["leavers"] - len(left - new)) <= len(new)

    def test_withholds_colours_that_what_happened_contradicts(self, orders, monkeypatch):
        monkeypatch.setattr(audit, "fit", lambda _session, **_more: ByRecency(wrong=True))
        rules = {"light_thresholds": {"green_from": 55.0, "red_below": 45.0}, "health_weights": {"engagement": 0.0}}
        with shop(orders, **rules) as session:
            found = audit_lights(session)
        assert found.withheld == ("green", "red")
        assert found.standards.withheld == ("green", "red")

    def test_needs_two_days_with_a_known_outcome(self, orders, by_recency):
        with company(orders=orders, as_of=START + timedelta(days=170), inactive_after_days=60, horizon_days=HORIZON) as session:
            found = audit_lights(session)
            assert found.undefined == Undefined("history_too_short")
            assert found.lights.to_pylist() == found.drift.to_pylist() == []
            assert found.standards.chosen == "data"

    def test_gives_standards_also_where_nothing_is_known_yet(self, orders, by_recency):
        with company(orders=orders, as_of=START + timedelta(days=50), horizon_days=HORIZON) as session:
            found = standards_of(session)
        assert (found.chosen, found.green_from, found.red_below) == ("default", 60.0, 40.0)

    def test_goes_on_where_no_model_can_be_made(self, orders, monkeypatch):
        monkeypatch.setattr(audit, "fit", lambda _session, **_more: Undefined("no_data"))
        with shop(orders) as session:
            assert audit_lights(session).undefined == Undefined("history_too_short")


class TestContradicted:
    def judged(self, light, left, rule=None):
        n = len(light)
        rules = np.full(n, -1) if rule is None else np.asarray(rule)
        now = SimpleNamespace(rule=rules)
        return audit.contradicted(
            [SimpleNamespace(assessment=SimpleNamespace(light=np.asarray(light), now=now), left=np.asarray(left, dtype=float))]
        )

    def test_is_a_green_of_which_half_left_and_a_red_of_which_fewer_did(self):
        assert self.judged([0] * 10, [1] * 5 + [0] * 5) == ("green",)
        assert self.judged([0] * 10, [1] * 4 + [0] * 6) == ()
        assert self.judged([2] * 10, [1] * 5 + [0] * 5) == ()
        assert self.judged([2] * 10, [1] * 4 + [0] * 6) == ("red",)

    def test_is_not_said_of_nine_customers_or_of_rules(self):
        assert self.judged([0] * 9, [1] * 9) == ()
        assert self.judged([2] * 20, [0] * 20, rule=[0] * 20) == ()


@pytest.mark.slow
class TestAtCdnow:
    def test_greens_stay_and_reds_leave(self, shared_data):
        from tests.companies.shops import cdnow
        from tests.regulars.facts.test_facts import session_of

        with session_of(cdnow(shared_data), {"currency": "USD"}, None) as session:
            found = audit_lights(session, rounds=2)
        own = {row["light"]: row for row in found.together.to_pylist()}
        assert own["green"]["left_share"] < 0.4
        assert 0.5 < own["amber"]["left_share"] < 0.7
        assert own["red"]["left_share"] > 0.7
        assert found.withheld == ()
