"""Gross margin."""

from __future__ import annotations

from tests.builders import company, value

ORDERS = [{"at": "2024-01-10", "customer": "ann", "amount": 1000, "order": "o1"}]


class TestGrossMargin:
    def test_of_ten_earned_for_four_is_sixty_percent(self):
        """Requirements M-22."""
        lines = [{"at": "2024-01-10", "customer": "ann", "order": "o1", "amount": 1000, "unit_cost_minor": 200.0, "quantity": 2.0}]
        with company(orders=ORDERS, order_lines=lines) as session:
            found = value(session, "gross_margin")
            assert (found.value, found.numerator, found.denominator) == (0.60, 6.00, 10.00)
            assert found.beside["basis"] == "unit costs of lines"

    def test_leaves_out_and_counts_lines_without_a_cost(self):
        lines = [
            {"at": "2024-01-10", "customer": "ann", "order": "o1", "amount": 1000, "unit_cost_minor": 250.0},
            {"at": "2024-01-10", "customer": "ann", "order": "o1", "amount": 9000},
        ]
        with company(orders=ORDERS, order_lines=lines) as session:
            found = value(session, "gross_margin")
            assert (found.value, found.excluded) == (0.75, 1)

    def test_takes_back_the_cost_of_what_came_back(self):
        lines = [
            {"at": "2024-01-10", "customer": "ann", "order": "o1", "amount": 1000, "unit_cost_minor": 200.0, "quantity": 2.0},
            {
                "at": "2024-01-12",
                "customer": "ann",
                "order": "o1",
                "amount": -500,
                "unit_cost_minor": 200.0,
                "quantity": -1.0,
                "kind": "refund",
            },
        ]
        with company(orders=ORDERS, order_lines=lines) as session:
            assert value(session, "gross_margin").value == 0.60

    def test_without_unit_costs_is_over_the_costs_of_goods_of_those_days(self):
        costs = [{"starts_on": "2024-01-01", "ends_on": "2024-02-01", "kind": "goods", "amount": 3100}]
        orders = [{"at": "2024-01-10", "customer": "ann", "amount": 5000}, {"at": "2024-01-31", "amount": 5000}]
        with company(orders=orders, costs=costs) as session:
            january = value(session, "gross_margin", "2024-01-01", "2024-02-01")
            assert (january.value, january.numerator, january.denominator) == (0.69, 69.00, 100.00)
            assert (january.low, january.beside["basis"]) == (None, "costs of goods")
            tenth = value(session, "gross_margin", "2024-01-10", "2024-01-11")
            assert tenth.numerator == 49.00

    def test_is_not_one_where_nobody_said_what_the_goods_cost(self):
        costs = [{"starts_on": "2024-01-01", "ends_on": "2024-02-01", "kind": "goods", "amount": 3100}]
        orders = [{"at": "2024-01-10", "amount": 5000}, {"at": "2024-02-10", "amount": 5000}]
        with company(orders=orders, costs=costs) as session:
            assert value(session, "gross_margin", "2024-02-01", "2024-03-01").as_dict()["undefined"] == "no_data"
