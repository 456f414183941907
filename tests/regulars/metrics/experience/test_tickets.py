"""How customers are helped: how often, how fast, and by whom."""

from __future__ import annotations

import csv
import gzip
import statistics
from datetime import datetime, timedelta

import pytest

from regulars import metrics
from tests.builders import window


def case(ticket, customer, *steps):
    """Steps (day and clock, step, who took it) of a support case."""
    return [{"ticket_id": ticket, "customer": customer, "at": f"2024-01-{at}", "step": step, "handled_by": by} for at, step, by in steps]


BOT_ALONE = case("t1", "ann", ("08T09:00", "opened", None), ("08T09:01", "replied", "bot"), ("08T09:06", "resolved", "bot"))
HANDED_ON = case(
    "t2",
    "bob",
    ("09T09:00", "opened", None),
    ("09T09:03", "replied", "bot"),
    ("09T11:00", "replied", "person"),
    ("10T09:00", "closed", "person"),
)
REOPENED = case(
    "t3",
    "cid",
    ("12T22:00", "opened", None),
    ("13T08:00", "replied", "person"),
    ("13T10:00", "resolved", "person"),
    ("14T10:00", "reopened", None),
    ("14T22:00", "closed", "person"),
)
WAITING = case("t4", None, ("15T10:00", "opened", None))
CASES = [*BOT_ALONE, *HANDED_ON, *REOPENED, *WAITING]


def one(session, name, start="2024-01-01", end="2024-02-01", **arguments):
    (value,) = metrics.run(session, name, window(session, start, end), **arguments)
    return value


@pytest.fixture(scope="module")
def desk(shop_of):
    orders = [{"at": "2024-01-02", "customer": who, "amount": 100} for who in ("ann", "bob", "cid", "dora", "eve")]
    return shop_of(tickets=CASES, orders=orders)


class TestTicketRate:
    def test_is_cases_per_100_active_customers(self, desk):
        """Requirement M-55: 4 cases, 5 customers."""
        value = one(desk, "ticket_rate")
        assert (value.value, value.numerator, value.denominator) == (80.0, 4, 5)

    def test_is_undefined_without_any_case(self, shop_of):
        assert one(shop_of(orders=[{"at": "2024-01-02", "customer": "ann", "amount": 1}]), "ticket_rate").value.reason == "no_data"


class TestFirstResponseHours:
    def test_is_the_median_of_the_first_reply_by_bot_or_person(self, desk):
        """1 minute, 3 minutes, 10 hours; one is still waiting."""
        value = one(desk, "first_response_hours")
        assert (value.value, value.denominator, value.excluded) == (pytest.approx(0.05), 3, 1)

    def test_is_undefined_where_all_wait(self, shop_of):
        assert one(shop_of(tickets=WAITING), "first_response_hours").value.reason == "no_data"


class TestResolutionHours:
    def test_ends_with_the_last_resolution(self, desk):
        """6 minutes, 24 hours, 48 hours."""
        value = one(desk, "resolution_hours")
        assert (value.value, value.denominator, value.excluded) == (pytest.approx(24.0), 3, 1)


class TestBot:
    def test_resolution_rate_counts_cases_without_a_person(self, desk):
        """Requirement M-60: the bot answered two first and settled one alone."""
        value = one(desk, "bot_resolution_rate")
        assert (value.numerator, value.denominator) == (1, 2)

    def test_satisfaction_is_of_conversations_it_held_alone(self, shop_of):
        """Requirement M-59."""
        ratings = [
            {"ticket_id": t, "customer": who, "at": "2024-01-20", "step": "rated", "score": score, "scale_min": 1.0, "scale_max": 5.0}
            for t, who, score in (("t1", "ann", 4.0), ("t2", "bob", 1.0), ("t3", "cid", 1.0))
        ]
        value = one(shop_of(tickets=[*CASES, *ratings]), "bot_satisfaction")
        assert (value.value, value.denominator) == (4.0, 1)

    def test_satisfaction_never_mixes_scales(self, shop_of):
        ratings = [
            {"ticket_id": "t1", "customer": "ann", "at": "2024-01-20", "step": "rated", "score": 4.0, "scale_min": 1.0, "scale_max": high}
            for high in (5.0, 10.0)
        ]
        assert one(shop_of(tickets=[*CASES, *ratings]), "bot_satisfaction").value.reason == "mixed_scales"


class TestOnRavenstack:
    """shared/data/ravenstack_saas: 2,000 cases of 500 accounts; medians taken here by Python's own."""

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls, shared_data):
        with gzip.open(shared_data / "ravenstack_saas" / "ravenstack_support_tickets.csv.gz", "rt") as file:
            return list(csv.DictReader(file))

    @pytest.fixture(scope="class")
    @classmethod
    def desk(cls, shop_of, rows):
        steps = []
        for number, row in enumerate(rows):
            opened = datetime.fromisoformat(row["submitted_at"])
            shared = {"ticket_id": f"{row['ticket_id']} {number}", "account_id": row["account_id"], "priority": row["priority"]}
            steps.append({**shared, "at": opened, "step": "opened"})
            answered = opened + timedelta(minutes=float(row["first_response_time_minutes"]))
            steps.append({**shared, "at": answered, "step": "replied", "handled_by": "person"})
            steps.append(
                {**shared, "at": opened + timedelta(hours=float(row["resolution_time_hours"])), "step": "closed", "handled_by": "person"}
            )
        return shop_of(tickets=steps, customer_unit="account")

    def test_hours(self, desk, rows):
        waited = statistics.median(float(r["first_response_time_minutes"]) / 60 for r in rows)
        took = statistics.median(float(r["resolution_time_hours"]) for r in rows)
        assert one(desk, "first_response_hours", "2023-01-01", "2025-01-01").value == pytest.approx(waited)
        assert one(desk, "resolution_hours", "2023-01-01", "2025-01-01").value == pytest.approx(took)

    def test_hours_by_priority(self, desk, rows):
        found = metrics.run(desk, "first_response_hours", window(desk, "2023-01-01", "2025-01-01"), group_by="priority")
        expected = {
            p: statistics.median(float(r["first_response_time_minutes"]) / 60 for r in rows if r["priority"] == p)
            for p in {r["priority"] for r in rows}
        }
        assert {v.group: v.value for v in found} == pytest.approx(expected)
