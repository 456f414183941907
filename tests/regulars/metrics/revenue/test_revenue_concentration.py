"""Revenue concentration."""

from __future__ import annotations

import pytest

from regulars.errors import ArgumentRefused
from tests.builders import company, value, values


def shop(*amounts, country="DE"):
    return [{"at": "2024-01-10", "customer": f"c{i:03}{country}", "amount": a * 100, "country": country} for i, a in enumerate(amounts)]


class TestRevenueConcentration:
    def test_of_five_customers_is_the_share_of_the_best(self):
        with company(orders=shop(60, 20, 10, 5, 5)) as session:
            found = value(session, "revenue_concentration")
            assert (found.value, found.numerator, found.denominator, found.n) == (0.60, 60.00, 100.00, 5)

    def test_counts_a_started_fifth_in_full(self):
        with company(orders=shop(40, 30, 10, 10, 5, 5)) as session:
            assert value(session, "revenue_concentration").value == 0.70  # ceil(0.2 x 6) = 2

    def test_takes_seven_of_a_hundred_for_seven_percent(self):
        """In floating point 0.07 x 100 is 7.000000000000001."""
        with company(orders=shop(*[1] * 100)) as session:
            assert value(session, "revenue_concentration", top=0.07).value == 0.07

    def test_adds_up_the_orders_of_a_customer(self):
        with company(orders=[*shop(30, 30, 10, 10, 10), {"at": "2024-01-11", "customer": "c004DE", "amount": 3000}]) as session:
            found = value(session, "revenue_concentration")
            assert (found.numerator, found.denominator) == (40.00, 120.00)

    def test_of_a_group_ranks_within_it(self):
        with company(orders=shop(600, 200, 100, 50, 50) + shop(6, 1, 1, 1, 1, country="FR")) as session:
            found = values(session, "revenue_concentration", group_by="country")
            assert {group: v.value for group, v in found.items()} == {"DE": 0.6, "FR": 0.6}

    @pytest.mark.parametrize("top", [0, -0.1, 1.5])
    def test_refuses_what_is_not_a_share(self, top):
        with company(orders=shop(1)) as session, pytest.raises(ArgumentRefused):
            value(session, "revenue_concentration", top=top)
