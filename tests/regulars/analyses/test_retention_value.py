import pytest

from regulars.analyses.retention_value import gain
from tests.builders import company
from tests.regulars.analyses.asking import ask


class TestRetentionValue:
    def test_reckons_from_the_last_three_windows_of_the_company_itself(self):
        # Ten customers buy every 30 days for 10.00; on 1 April two stop. inactive_after_days = 30.
        days = ["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31", "2024-04-30", "2024-05-30"]
        orders = [{"at": day, "customer": f"c{i}", "amount": 1000} for day in days for i in range(10) if i < 8 or day < "2024-04-01"]
        result = ask(company(orders=orders, inactive_after_days=30, margin_rate=0.5), "retention_value")
        inputs = {r["input"]: r for r in result["inputs"].to_pylist()}
        # As of 31 May the windows begin on 2 March, 1 April and 1 May with 10, 10 and 8 customers, of whom 10, 8 and 8 are kept.
        assert (inputs["retention"]["numerator"], inputs["retention"]["denominator"]) == (26, 28)
        assert inputs["active_customers"]["value"] == 8
        assert inputs["value"]["value"] == pytest.approx(500)
        worth = {r["points"]: r for r in result["worth"].to_pylist()}
        assert worth[1]["mid_minor"] == pytest.approx(gain(8, 26 / 28, 500.0, 1))
        assert worth[1]["low_minor"] <= worth[1]["mid_minor"] <= worth[1]["high_minor"]
        assert worth[1]["mid_minor"] < worth[2]["mid_minor"] < worth[5]["mid_minor"]

    def test_gives_no_number_where_the_history_is_too_short(self):
        result = ask(company(orders=[{"at": "2024-01-01", "customer": "a", "amount": 100}]), "retention_value")
        assert result.is_empty
        assert result.note("history_too_short")

    def test_never_keeps_more_than_everybody(self):
        assert gain(1, 0.99, 1.0, 5) == pytest.approx(12 - sum(0.99**t for t in range(1, 13)))
