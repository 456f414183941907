"""Who slipped away, who is overdue, what a second order is worth: small companies, checked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars.periods import Window
from regulars.reports import people
from tests.builders import company

FIRST = date(2024, 1, 1)


def order(customer, day, amount=1000, **more):
    return {"at": str(FIRST + timedelta(days=day)), "customer": customer, "amount": amount, **more}


class TestSlipped:
    """As-of is day 200 (2024-07-19): whoever ordered last on days 19 to 109 lapsed on days 110 to 199."""

    @pytest.fixture
    def session(self):
        orders = [
            order("ann", 0),
            order("ann", 10, 2000),
            order("ann", 30, 3000),
            order("ben", 40, 500),
            order("cid", 5, 9000),
            order("dan", 150),
            order("dan", 199),
        ]
        with company(orders=orders) as session:
            yield session

    def test_counts_repeat_and_one_time_buyers_apart(self, session):
        assert people.slipped_sums(session) == {False: (1, 6000), True: (1, 500)}

    def test_names_value_orders_last_day_and_usual_gap(self, session):
        (ann,) = people.slipped_most_valuable(session, one_time=False, top=5)
        assert (ann.customer_id, ann.value_minor, ann.orders, ann.last_day, ann.usual_gap) == ("ann", 6000, 3, date(2024, 1, 31), 15.0)

    def test_gives_no_gap_for_a_single_order(self, session):
        (ben,) = people.slipped_most_valuable(session, one_time=True, top=5)
        assert (ben.customer_id, ben.usual_gap) == ("ben", None)

    def test_leaves_out_who_lapsed_long_ago_and_who_is_active(self, session):
        named = [s.customer_id for kind in (True, False) for s in people.slipped_most_valuable(session, one_time=kind, top=5)]
        assert not {"cid", "dan"} & set(named)


class TestLapsedRepeatShare:
    def test_counts_repeat_buyers_by_their_orders_until_they_lapsed(self):
        orders = [
            order("ann", 0),
            order("ann", 5),
            order("ben", 10),
            order("cid", 100),
            order("dan", 8),
            order("dan", 120),
            order("zoe", 199),
        ]
        with company(orders=orders) as session:
            # Ann lapses at day 96, Ben at 101, Dan at 99; Dan comes back within the window and is active at its end.
            window = Window(FIRST + timedelta(days=90), FIRST + timedelta(days=125))
            assert people.lapsed_repeat_share(session, window) == (1, 2)


class TestSecondOrders:
    def test_counts_buyers_and_what_came_after_the_first_order(self):
        orders = [order(f"c{i}", 0) for i in range(40)] + [order(f"c{i}", 20, 500) for i in range(30)]
        with company(orders=orders) as session:
            found = people.second_orders(session)
        assert (found.buyers, found.one_time, found.later_minor, found.low, found.high) == (40, 10, 500.0, 500.0, 500.0)

    def test_is_silent_below_thirty_repeat_buyers(self):
        orders = [order(f"c{i}", day) for i in range(29) for day in (0, 20)]
        with company(orders=orders) as session:
            assert people.second_orders(session) is None


class TestOverdue:
    def test_finds_active_customers_silent_for_more_than_twice_their_usual_gap(self):
        late = [order(f"late{i}", day, 1000) for i in range(6) for day in (0, 10, 20, 30)]
        on_time = [order(f"good{i}", day) for i in range(4) for day in (0, 20, 40, 60)]
        with company(orders=[*late, *on_time, order("last", 69)]) as session:
            found = people.overdue(session)
        # As-of is day 70: the late ones are silent for 40 days, four of their gaps. Sum 6 x 4,000; its variance is 6 x 4,000^2.
        assert (found.customers, found.of, found.minor) == (6, 10, 24_000)
        assert found.high - found.minor == pytest.approx(1.959964 * 4000 * 6**0.5, rel=1e-6)


class TestParts:
    WHOLE = Window(FIRST, FIRST + timedelta(days=366))

    def test_weigh_orders_without_a_customer(self):
        with company(orders=[order("ann", 0, 3000), order(None, 1, 500), order(None, 2, 500)]) as session:
            part = people.without_customer(session, self.WHOLE)
        assert (part.minor, part.whole, part.share) == (1000, 4000, 0.25)

    def test_weigh_discounts_against_the_list_price(self):
        orders = [order("ann", 0, 900, discount_minor=100), order("ben", 1, 1000)]
        with company(orders=orders) as session:
            assert people.discounted(session, self.WHOLE).share == 100 / 2000

    def test_weigh_refunds(self):
        orders = [order("ann", 0, 1000, order="o1"), order("ann", 3, -250, kind="refund", order="o1"), order("ben", 1, 1000)]
        with company(orders=orders) as session:
            assert people.refunded(session, self.WHOLE).share == 250 / 2000

    def test_say_nothing_where_there_is_nothing(self):
        with company(orders=[order("ann", 0), order("ben", 1)]) as session:
            assert people.without_customer(session, self.WHOLE) is None
            assert people.discounted(session, self.WHOLE) is None
            assert people.refunded(session, self.WHOLE) is None
