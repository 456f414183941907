from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings

from regulars.facts import Kind, columns, facts, groups
from regulars.relations import Session
from regulars.settings import Settings
from regulars.tables import TABLES
from regulars.warehouse.engines.duckdb import DuckDB
from tests.builders import company
from tests.companies.random import companies

pytestmark = pytest.mark.suite


def facts_of(session):
    """Customer -> facts, of a session that nobody needs any more."""
    with session:
        return {row["customer_id"]: row for row in facts(session).to_pylist()}


ORDERS = [
    {"at": "2024-01-01", "customer": "ann", "amount": 1000, "order": "o1", "discount_minor": 100},
    {"at": "2024-01-11", "customer": "ann", "amount": 500, "order": "o2"},
    {"at": "2024-01-31", "customer": "ann", "amount": 300, "order": "o3"},
    {"at": "2024-02-05", "customer": "ann", "amount": -200, "order": "o3", "kind": "refund"},
    {"at": "2024-02-10", "customer": "bob", "amount": 700, "order": "o4"},
    {"at": "2024-02-11", "customer": "bob", "amount": -700, "order": "o4", "kind": "cancellation"},
    {"at": "2024-04-29", "customer": "cid", "amount": 50, "order": "o5"},
]


class TestColumns:
    def test_have_a_meaning_a_unit_and_a_name_of_their_own(self):
        names = [fact.name for fact in columns()]
        assert len(names) == len(set(names)) >= 45
        for fact in columns():
            assert fact.meaning
            assert fact.unit or fact.kind is Kind.TEXT
            assert fact.name.endswith("_minor") == (fact.unit == "minor units of the reporting currency")
            assert fact.name.endswith("_on") == (fact.kind is Kind.DATE)

    def test_come_in_groups_with_a_title(self):
        assert all(group.title and group.build.__doc__ for group in groups().values())


class TestOrders:
    def test_are_counted_by_their_own_day_and_net_of_refunds(self):
        ann = facts_of(company(orders=ORDERS))["ann"]
        assert (ann["first_order_on"], ann["last_order_on"], ann["second_order_on"]) == (
            date(2024, 1, 1),
            date(2024, 1, 31),
            date(2024, 1, 11),
        )
        # As of 30 April, 00:00: 90 days before begin on 31 January.
        assert (ann["orders"], ann["orders_30d"], ann["orders_90d"], ann["orders_365d"]) == (3, 0, 1, 3)
        assert (ann["net_minor"], ann["net_90d_minor"], ann["largest_order_minor"]) == (1600, 100, 1000)
        assert ann["average_order_value_minor"] == pytest.approx(1600 / 3)
        assert (ann["days_since_order"], ann["tenure_days"], ann["days_to_second_order"]) == (90, 120, 10)
        assert (ann["discounted_orders"], ann["discount_minor"], ann["discounted_order_share"]) == (1, 100, pytest.approx(1 / 3))

    def test_show_what_came_back(self):
        found = facts_of(company(orders=ORDERS))
        assert (found["ann"]["refunds"], found["ann"]["refunded_minor"], found["ann"]["refund_share"]) == (
            1,
            200,
            pytest.approx(200 / 1800),
        )
        assert (found["bob"]["orders"], found["bob"]["cancellations"], found["bob"]["first_order_on"]) == (0, 1, None)

    def test_subtract_unlinked_returns_from_the_value(self):
        orders = [*ORDERS, {"at": "2024-04-01", "customer": "ann", "amount": -300, "kind": "refund", "linked": False, "order": "r"}]
        ann = facts_of(company(orders=orders))["ann"]
        assert (ann["net_minor"], ann["unlinked_returns_minor"], ann["value_minor"]) == (1600, -300, 1300)


class TestRhythm:
    def test_measures_lateness_against_the_customers_own_gap(self):
        found = facts_of(company(orders=ORDERS))
        # Gaps of 10 and 20 days: usual 15; 90 days since the latest order.
        ann = found["ann"]
        assert (ann["gaps"], ann["gap_mean_days"], ann["usual_gap_days"], ann["longest_gap_days"]) == (2, 15.0, 15.0, 20)
        assert (ann["overdue_ratio"], ann["days_late"]) == (6.0, 75.0)
        cid = found["cid"]
        assert (cid["gaps"], cid["usual_gap_days"], cid["overdue_ratio"], cid["days_late"]) == (0, None, None, None)

    def test_takes_the_middle_gap_of_an_odd_number(self):
        days = ("2024-01-01", "2024-01-02", "2024-01-12", "2024-04-01")
        ann = facts_of(company(orders=[{"at": day, "customer": "ann", "amount": 1} for day in days]))["ann"]
        assert ann["usual_gap_days"] == 10.0


class TestProducts:
    def test_name_the_favourite_and_leave_postage_out(self):
        lines = [
            {"at": "2024-01-01", "order": "o1", "product_id": "tea", "category": "drinks", "amount": 600, "quantity": 2.0},
            {"at": "2024-01-01", "order": "o1", "product_id": "post", "amount": 400, "is_goods": False},
            {"at": "2024-01-11", "order": "o2", "product_id": "cup", "category": "ware", "amount": 500},
            {"at": "2024-01-31", "order": "o3", "product_id": "tea", "category": "drinks", "amount": 300},
        ]
        ann = facts_of(company(orders=ORDERS, order_lines=lines))["ann"]
        assert (ann["products"], ann["categories"], ann["quantity"]) == (2, 2, 4.0)
        assert (ann["favourite_product"], ann["favourite_category"]) == ("tea", "drinks")


class TestActivity:
    def test_follows_the_latest_order(self):
        found = facts_of(company(orders=ORDERS, inactive_after_days=60))
        assert {c: (row["active"], row["lapsed"]) for c, row in found.items()} == {
            "ann": (False, True),
            "bob": (False, False),
            "cid": (True, False),
        }

    def test_counts_meaningful_events(self):
        events = [
            {"at": "2024-04-20", "customer": c, "name": name}
            for c, name in (("ann", "Video Watched"), ("dan", "Video Watched"), ("eve", "Page Seen"))
        ]
        found = facts_of(company(orders=ORDERS, events=events, inactive_after_days=60, meaningful_events=("Video Watched",)))
        assert (found["ann"]["active"], found["ann"]["events_30d"], found["ann"]["last_active_on"]) == (True, 1, date(2024, 4, 20))
        assert found["dan"]["active"]
        assert "eve" not in found

    def test_follows_the_subscription_where_churn_is_a_cancellation(self):
        subscriptions = [
            {
                "subscription": "s1",
                "customer": "ann",
                "at": "2024-01-01",
                "mrr": 1000,
                "plan": "small",
                "seats": 2,
                "term_end": "2024-12-31",
            },
            {"subscription": "s2", "customer": "ann", "at": "2024-04-01", "mrr": 3000, "plan": "large", "seats": 5},
            {"subscription": "s3", "customer": "bob", "at": "2024-01-01", "mrr": 500},
            {"subscription": "s3", "customer": "bob", "at": "2024-03-01", "change": "cancel"},
        ]
        found = facts_of(company(subscriptions=subscriptions))
        ann, bob = found["ann"], found["bob"]
        assert (ann["subscriptions"], ann["mrr_minor"], ann["seats"], ann["plan"]) == (2, 4000, 7, "large")
        assert (ann["next_term_end_on"], ann["subscribed_since_on"]) == (date(2024, 12, 31), date(2024, 1, 1))
        assert (ann["active"], bob["active"]) == (True, False)
        assert (bob["subscriptions"], bob["mrr_minor"], bob["last_cancelled_on"]) == (0, 0, date(2024, 3, 1))


class TestAnswersAndTickets:
    def test_give_the_latest_score_of_each_measure(self):
        responses = [
            {"at": "2024-01-01", "customer": "ann", "measure": "nps", "score": 3.0, "response_id": "r1"},
            {"at": "2024-02-01", "customer": "ann", "measure": "nps", "score": 9.0, "response_id": "r2"},
            {
                "at": "2024-03-01",
                "customer": "ann",
                "measure": "ces",
                "score": 2.0,
                "scale_min": 1.0,
                "scale_max": 7.0,
                "high_is_good": False,
                "response_id": "r2",
            },
            {"at": "2024-03-02", "customer": "ann", "measure": "nps", "response_id": "r3"},
        ]
        ann = facts_of(company(orders=ORDERS, responses=responses))["ann"]
        assert (ann["nps_score"], ann["ces_score"], ann["csat_score"], ann["answers"]) == (9.0, 6.0, None, 3)
        assert ann["last_answer_on"] == date(2024, 3, 1)

    def test_count_cases_and_those_still_open(self):
        steps = [
            ("t1", "2023-12-01", "opened"),
            ("t1", "2023-12-02", "resolved"),
            ("t1", "2024-03-01", "reopened"),
            ("t2", "2024-04-01", "opened"),
        ]
        steps += [("t2", "2024-04-02", "replied"), ("t2", "2024-04-03", "closed")]
        tickets = [{"at": at, "customer": "ann", "ticket_id": ticket, "step": step} for ticket, at, step in steps]
        ann = facts_of(company(orders=ORDERS, tickets=tickets))["ann"]
        assert (ann["tickets"], ann["tickets_90d"], ann["tickets_open"], ann["last_contact_on"]) == (2, 1, 1, date(2024, 4, 3))


class TestComplaints:
    def test_are_cases_with_a_topic_or_priority_of_the_settings(self):
        steps = [
            ("t1", "2024-03-01", "opened", {"topic": "COMPLAINT"}),
            ("t1", "2024-03-09", "resolved", {}),
            ("t2", "2024-04-01", "opened", {"priority": "Urgent"}),
            ("t3", "2024-04-02", "opened", {"topic": "delivery"}),
        ]
        tickets = [{"at": at, "customer": "ann", "ticket_id": ticket, "step": step, **more} for ticket, at, step, more in steps]
        ann = facts_of(company(orders=ORDERS, tickets=tickets))["ann"]
        assert (ann["complaints_open"], ann["complaint_resolved_on"]) == (1, date(2024, 3, 9))
        ann = facts_of(company(orders=ORDERS, tickets=tickets, complaint_topics=("Delivery",), complaint_priorities=()))["ann"]
        assert (ann["complaints_open"], ann["complaint_resolved_on"]) == (1, None)


class TestSatisfaction:
    def answer(self, at, measure, score, high, **more):
        return {
            "at": at,
            "customer": "ann",
            "measure": measure,
            "score": score,
            "scale_min": 1.0,
            "scale_max": high,
            "response_id": at,
            **more,
        }

    def facts(self, *responses):
        return facts_of(company(orders=ORDERS, responses=responses))["ann"]

    def test_ends_with_an_unhappy_answer_and_returns_with_a_better_one_to_the_same_measure(self):
        bad = self.answer("2024-03-01", "csat", 2.0, 5.0)
        assert self.facts(bad)["dissatisfied_on"] == date(2024, 3, 1)
        assert self.facts(bad, self.answer("2024-03-05", "csat", 3.0, 5.0))["dissatisfied_on"] is None
        assert self.facts(bad, self.answer("2024-03-05", "rating", 5.0, 5.0))["dissatisfied_on"] == date(2024, 3, 1)

    def test_knows_detractors_and_the_direction_of_effort(self):
        assert self.facts(self.answer("2024-03-01", "nps", 6.0, 10.0))["dissatisfied_on"] == date(2024, 3, 1)
        assert self.facts(self.answer("2024-03-01", "nps", 7.0, 10.0))["dissatisfied_on"] is None
        assert self.facts(self.answer("2024-03-01", "ces", 6.0, 7.0))["dissatisfied_on"] is None
        assert self.facts(self.answer("2024-03-01", "ces", 6.0, 7.0, high_is_good=False))["dissatisfied_on"] == date(2024, 3, 1)

    def test_is_the_mean_place_on_the_scales(self):
        ann = self.facts(self.answer("2024-03-01", "csat", 4.0, 5.0), self.answer("2024-03-02", "rating", 7.0, 7.0))
        assert ann["satisfaction"] == pytest.approx((0.75 + 1.0) / 2)
        assert self.facts(self.answer("2023-03-01", "csat", 4.0, 5.0))["satisfaction"] is None


class TestUsage:
    def test_counts_days_features_and_people_of_an_account(self):
        used = [
            ("u1", "2024-04-20", "A"),
            ("u1", "2024-04-20", "B"),
            ("u2", "2024-04-21", "A"),
            ("u3", "2024-02-20", "C"),
            ("u4", "2023-12-20", "A"),
        ]
        events = [{"at": at, "customer": who, "account_id": "acme", "name": name} for who, at, name in used]
        tickets = [{"at": "2023-12-01", "customer": "u5", "account_id": "acme", "ticket_id": "t", "step": "opened"}]
        accounts = [{"at": "2023-01-01", "account_id": "acme", "seats": 9}, {"at": "2024-01-01", "account_id": "acme", "seats": 8}]
        rules = {"customer_unit": "account", "meaningful_events": ("A", "B", "C")}
        acme = facts_of(company(orders=ORDERS, events=events, tickets=tickets, accounts=accounts, **rules))["acme"]
        assert (acme["use_days_30d"], acme["use_days_90d"], acme["features_90d"]) == (2, 3, 3)
        assert (acme["users_30d"], acme["people_180d"], acme["account_seats"]) == (2, 5, 8)


class TestMessages:
    def test_leave_out_what_a_machine_opened(self):
        steps = [("m1", "2023-06-01", "clicked", None), ("m2", "2024-04-01", "delivered", None), ("m3", "2024-04-02", "opened", True)]
        messages = [{"at": at, "customer": "ann", "message_id": m, "step": step, "machine": machine} for m, at, step, machine in steps]
        ann = facts_of(company(orders=ORDERS, messages=messages))["ann"]
        assert (ann["first_message_on"], ann["last_engaged_on"]) == (date(2023, 6, 1), date(2023, 6, 1))
        assert (ann["messages_180d"], ann["messages_engaged_180d"]) == (2, 0)


def session_of(tables, rules, as_of):
    engine = DuckDB(threads=1)
    for name, table in TABLES.items():
        engine.load(name, pa.Table.from_pylist(tables.get(name, []), schema=table.arrow_schema))
    return Session(engine, Settings(name="any", **rules), as_of=as_of)


@pytest.mark.suite
class TestTheFuture:
    @settings(max_examples=12)
    @given(companies())
    def test_changes_nothing(self, made):
        tables = made.tables
        instants = sorted(row["occurred_at"] for row in tables["orders"])
        if not instants:
            return
        as_of = instants[len(instants) // 2].date() + timedelta(days=1)
        rules = {**made.rules, "churn_by": "inactive"}
        with session_of(tables, rules, as_of) as session:
            end, whole = session.as_of.replace(tzinfo=None), facts(session).to_arrow()
        past = {name: [row for row in rows if row["occurred_at"] < end] for name, rows in tables.items()}
        with session_of(past, rules, as_of) as session:
            assert facts(session).to_arrow().equals(whole)

    def test_changes_nothing_at_cdnow(self, shared_data):
        from tests.companies.shops import cdnow

        tables, as_of = cdnow(shared_data), date(1997, 9, 30)
        with session_of(tables, {"currency": "USD"}, as_of) as session:
            whole = facts(session).to_arrow()
        past = {"orders": [row for row in tables["orders"] if row["occurred_at"].date() <= as_of]}
        with session_of(past, {"currency": "USD"}, as_of) as session:
            assert facts(session).to_arrow().equals(whole)
        assert 0 < whole.num_rows <= 23570
