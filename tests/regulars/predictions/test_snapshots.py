"""As-of snapshots: what was known then, and what came after."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.facts import facts
from regulars.predictions import snapshots
from tests.builders import company

pytestmark = pytest.mark.suite
ORDERS = [
    {"at": "2024-01-05", "customer": "ann", "amount": 1000},
    {"at": "2024-01-20", "customer": "ben", "amount": 2000},
    {"at": "2024-02-05", "customer": "ann", "amount": 3000},
    {"at": "2024-02-06", "customer": "ann", "amount": 500},
    {"at": "2024-03-01", "customer": "ben", "amount": 700},
]


@pytest.fixture
def session():
    with company(orders=ORDERS, inactive_after_days=30) as opened:
        yield opened


class TestTake:
    def test_gives_the_facts_of_a_session_that_ends_on_that_day(self, session) -> None:
        taken = snapshots.take(session, date(2024, 2, 1)).facts
        with company(orders=ORDERS, inactive_after_days=30, as_of=date(2024, 1, 31)) as then:
            assert taken.equals(facts(then, snapshots.model_groups()).to_arrow())

    def test_is_the_same_whatever_happened_afterwards(self, session) -> None:
        with company(orders=ORDERS[:2], inactive_after_days=30, as_of=date(2024, 1, 31)) as before:
            assert snapshots.take(session, date(2024, 2, 1)).facts.equals(snapshots.take(before, date(2024, 2, 1)).facts)

    def test_reads_a_day_once(self, session, monkeypatch) -> None:
        first = snapshots.take(session, date(2024, 2, 1))
        monkeypatch.setattr(snapshots, "facts", None)
        assert snapshots.take(session, date(2024, 2, 1)).facts.equals(first.facts)

    def test_leaves_nothing_behind_when_the_session_is_closed(self) -> None:
        with company(orders=ORDERS) as opened:
            snapshots.take(opened, date(2024, 2, 1))
            folder = opened.scratch
            assert folder.exists()
        assert not folder.exists()

    def test_refuses_groups_that_models_do_not_see(self, session) -> None:
        with pytest.raises(ValueError, match="products"):
            snapshots.take(session, date(2024, 2, 1), ("products",))


class TestOutcome:
    def test_counts_the_days_of_the_window_only(self, session) -> None:
        customers = snapshots.take(session, date(2024, 2, 5)).facts.column("customer_id")
        assert customers.to_pylist() == ["ann", "ben"]
        assert snapshots.came_back(session, customers, date(2024, 2, 5), 25).tolist() == [True, False]
        assert snapshots.came_back(session, customers, date(2024, 2, 5), 26).tolist() == [True, True]
        assert snapshots.came_back(session, customers, date(2024, 2, 6), 1).tolist() == [True, False]
        assert snapshots.came_back(session, customers, date(2024, 2, 7), 5).tolist() == [False, False]

    def test_adds_up_order_days_and_their_value(self, session) -> None:
        customers = snapshots.take(session, date(2024, 2, 5)).facts.column("customer_id")
        days, net = snapshots.ordered(session, customers, date(2024, 2, 5), 30)
        assert days.tolist() == [2, 1]
        assert net.tolist() == [3500, 700]


class TestSpacedDays:
    def test_stand_a_horizon_apart_and_end_a_horizon_before_as_of(self, session) -> None:
        assert session.as_of_day == date(2024, 3, 2)
        assert snapshots.spaced_days(session, 14) == [date(2024, 1, 20), date(2024, 2, 3), date(2024, 2, 17)]
        assert snapshots.spaced_days(session, 14, most=1) == [date(2024, 2, 17)]
        assert snapshots.spaced_days(session, 40) == []

    def test_have_outcomes_that_are_known(self, session) -> None:
        assert snapshots.outcomes(session, snapshots.spaced_days(session, 14), 14)
        assert not snapshots.outcomes(session, [date(2024, 2, 18)], 14)
