import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


def shop(**rules):
    """Ann and Bob first buy in January, Cid in February; as of 1 May 2024."""
    orders = [
        {"at": "2024-01-05", "customer": "ann", "amount": 1000},
        {"at": "2024-02-03", "customer": "ann", "amount": 200},
        {"at": "2024-02-04", "customer": "ann", "amount": 300},
        {"at": "2024-01-31", "customer": "bob", "amount": 500},
        {"at": "2024-02-15", "customer": "cid", "amount": 700},
        {"at": "2024-04-30", "customer": "cid", "amount": 100},
    ]
    return company(orders=orders, **rules)


class TestCells:
    def test_count_days_of_age_and_leave_unfinished_cells_out(self):
        rows = ask(shop(), "cohorts")["cells"].to_pylist()
        # January ends on the 31st: 31 January + 90 days is 30 April, before as-of; + 120 is not.
        assert [(r["cohort"], r["k"]) for r in rows] == [("2024-01", 0), ("2024-01", 1), ("2024-01", 2), ("2024-02", 0), ("2024-02", 1)]
        assert rows[0] == {
            "cohort": "2024-01", "customers": 2, "k": 0, "active": 2, "orders": 3, "revenue_minor": 1700, "cumulative_minor": 1700,
        }  # fmt: skip
        # Ann's order of 4 February falls on day 30 of her age: the next cell.
        assert rows[1] == {
            "cohort": "2024-01", "customers": 2, "k": 1, "active": 1, "orders": 1, "revenue_minor": 300, "cumulative_minor": 2000,
        }  # fmt: skip
        assert rows[2]["active"] == 0

    def test_take_the_month_in_company_time(self):
        orders = [{"at": "2024-01-31T23:30", "customer": "ann", "amount": 1000}, {"at": "2024-06-01", "customer": "ann", "amount": 1}]
        cells = ask(company(orders=orders, time_zone="Europe/Berlin"), "cohorts")["cells"].to_pylist()
        assert {row["cohort"] for row in cells} == {"2024-02"}


class TestSizes:
    def test_give_value_per_customer_once_all_are_old_enough(self):
        january, february = ask(shop(), "cohorts")["sizes"].to_pylist()
        assert january["value_30_minor"] == pytest.approx(850)
        assert january["value_90_minor"] == pytest.approx(1000)
        assert january["value_365_minor"] is None
        assert february["value_30_minor"] == pytest.approx(700)
        assert february["value_90_minor"] is None
        assert january["margin_30_minor"] is None

    def test_give_margin_where_it_is_known(self):
        result = ask(shop(margin_rate=0.5), "cohorts")
        assert result["sizes"].to_pylist()[0]["margin_30_minor"] == pytest.approx(425)
        assert result.note("margin").values["rate"] == pytest.approx(0.5)

    def test_draw_in_the_payback_month_where_costs_exist(self):
        # 1,800 for two customers of January are 900 each: reached with 1,000 in the second 30 days, not with 850 in the first.
        costs = [{"starts_on": "2024-01-01", "ends_on": "2024-02-01", "amount": 180_000}]
        orders = [
            {"at": "2023-06-01", "customer": "old", "amount": 1},
            {"at": "2024-01-05", "customer": "ann", "amount": 100_000},
            {"at": "2024-01-31", "customer": "bob", "amount": 70_000},
            {"at": "2024-02-20", "customer": "ann", "amount": 30_000},
            {"at": "2024-06-20", "customer": "ann", "amount": 1},
        ]
        sizes = {r["cohort"]: r for r in ask(company(orders=orders, costs=costs, margin_rate=1.0), "cohorts")["sizes"].to_pylist()}
        assert sizes["2024-01"]["cac_minor"] == pytest.approx(90_000)
        assert sizes["2024-01"]["payback_month"] == 2


class TestNotes:
    def test_say_so_when_the_file_is_one_cohort(self):
        orders = [{"at": "2024-01-05", "customer": f"c{i}", "amount": 1000} for i in range(5)]
        orders.append({"at": "2024-12-30", "customer": "c1", "amount": 10})
        result = ask(company(orders=orders), "cohorts")
        assert result.note("one_cohort").values["share"] == 1.0

    def test_do_not_say_so_of_a_shop_that_keeps_winning_customers(self):
        orders = [{"at": f"2024-{month:02}-05", "customer": f"c{month}", "amount": 1000} for month in range(1, 13)]
        assert ask(company(orders=orders), "cohorts").note("one_cohort") is None
