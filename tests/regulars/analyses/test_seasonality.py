from tests.builders import company
from tests.regulars.analyses.asking import ask


class TestSeasonality:
    def test_counts_days_of_each_kind_from_the_first_day_to_as_of(self):
        # Monday 1 January to Tuesday 9 January 2024: two Mondays and Tuesdays, one of each other day.
        orders = [{"at": "2024-01-01T10:00", "customer": "a", "amount": 100}, {"at": "2024-01-08T10:30", "customer": "a", "amount": 300}]
        orders.append({"at": "2024-01-09T23:00", "customer": "a", "amount": 50})
        result = ask(company(orders=orders), "seasonality")
        weekdays = {r["weekday"]: r for r in result["weekdays"].to_pylist()}
        assert [weekdays[day]["days"] for day in range(1, 8)] == [2, 2, 1, 1, 1, 1, 1]
        assert (weekdays[1]["orders"], weekdays[1]["value_minor"], weekdays[1]["value_per_day_minor"]) == (2, 400, 200.0)
        hours = {r["hour"]: r["orders"] for r in result["hours"].to_pylist()}
        assert (hours[10], hours[23], sum(hours.values())) == (2, 1, 3)
        assert result["months"].to_pylist()[1]["orders_per_day"] is None
        assert result.note("less_than_a_year")

    def test_goes_by_company_time(self):
        orders = [{"at": "2024-01-01T20:00", "customer": "a", "amount": 100}]
        hours = ask(company(orders=orders, time_zone="Asia/Kolkata"), "seasonality")["hours"].to_pylist()
        assert [r["hour"] for r in hours if r["orders"]] == [1]

    def test_says_nothing_about_hours_where_orders_carry_only_days(self):
        orders = [{"at": "2023-12-31T23:00", "customer": "a", "amount": 100}, {"at": "2024-07-01T22:00", "customer": "a", "amount": 100}]
        result = ask(company(orders=orders, time_zone="Europe/Berlin"), "seasonality")
        assert "hours" not in result.tables
        assert result.note("no_hours")
