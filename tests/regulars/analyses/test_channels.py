import pytest

from tests.builders import company
from tests.regulars.analyses.asking import ask


def shop(**more):
    customers = [
        {"at": "2024-01-01", "customer": c, "acquisition_channel": channel} for c, channel in (("a", "ads"), ("b", "ads"), ("c", "fairs"))
    ]
    orders = [{"at": "2024-01-10", "customer": c, "amount": amount} for c, amount in (("a", 3000), ("b", 1000), ("c", 500), ("d", 700))]
    orders.append({"at": "2024-01-31", "customer": "a", "amount": 2000})
    return company(customers=customers, orders=orders, **more)


class TestChannels:
    def test_compare_value_with_cost_per_new_customer(self):
        costs = [
            {"starts_on": "2024-01-01", "ends_on": "2024-02-01", "channel": "ads", "amount": 1000},
            {"starts_on": "2024-01-01", "ends_on": "2024-03-01", "channel": "radio", "amount": 6000},
            {"starts_on": "2024-01-01", "ends_on": "2024-02-01", "channel": "ads", "kind": "goods", "amount": 99},
            {"starts_on": "2024-01-01", "ends_on": "2024-02-01", "amount": 500},
        ]
        result = ask(shop(costs=costs), "channels", start="2024-01-01")
        rows = {r["channel"]: r for r in result["channels"].to_pylist()}
        assert list(rows) == ["ads", "fairs", "radio", "(unknown)"]
        assert (rows["ads"]["new_customers"], rows["ads"]["clv_minor"], rows["ads"]["cac_minor"]) == (2, 3000.0, 500.0)
        margin = (7200 - 99) / 7200
        assert (rows["ads"]["ratio"], rows["ads"]["return"]) == (pytest.approx(6 * margin), pytest.approx(6 * margin - 1))
        assert rows["radio"]["cost_minor"] == pytest.approx(6000 * 31 / 60)
        assert rows["fairs"]["cac_minor"] is None
        assert result.note("cost_without_channel").values["amount"] == "5.00 EUR"
        assert rows["ads"]["suggestion"] == "too_few"

    def test_judge_nothing_on_a_revenue_basis(self):
        costs = [{"starts_on": "2024-01-01", "ends_on": "2024-02-01", "channel": "ads", "amount": 1000}]
        result = ask(shop(costs=costs), "channels", start="2024-01-01")
        assert {r["suggestion"] for r in result["channels"].to_pylist()} == {None}
        assert result.note("revenue_basis")

    def test_say_so_where_there_are_no_costs(self):
        assert ask(shop(), "channels").note("no_costs")
