"""What a company's own past says about the size of an experiment."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from regulars.experiments.planning import outlook
from regulars.experiments.power import Plan, detectable_difference, detectable_points
from tests.builders import company


def shop(customers=200):
    """Everybody bought once in January; every fourth again in March, for 10.00 plus their number in cents."""
    orders = [{"at": date(2024, 1, 1) + timedelta(days=n % 20), "customer": f"c{n}", "amount": 1000} for n in range(customers)]
    orders += [{"at": "2024-03-20", "customer": f"c{n}", "amount": 1000 + n} for n in range(0, customers, 4)]
    return company(orders=[*orders, {"at": "2024-03-31", "customer": "new", "amount": 1000}])


class TestOutlook:
    def test_takes_the_baseline_from_the_last_days(self):
        with shop() as session:
            found = outlook(session, days=28, plan=Plan())
        values = np.array([1000.0 + n if n % 4 == 0 else 0.0 for n in range(200)])
        conversion, orders, revenue = found.rows
        assert (found.known, found.customers) == (200, 200)
        assert (conversion.baseline, orders.baseline, revenue.baseline) == pytest.approx((0.25, 0.25, values.mean()))
        assert revenue.deviation == pytest.approx(values.std(ddof=1))
        assert conversion.detectable == pytest.approx(detectable_points(200, 0.25, Plan(variance_reduction=conversion.variance_reduction)))
        assert revenue.detectable == pytest.approx(
            detectable_difference(200, revenue.deviation, Plan(variance_reduction=revenue.variance_reduction))
        )

    def test_answers_for_another_number_of_customers(self):
        with shop() as session:
            found = outlook(session, customers=3_000)
        assert found.customers == 3_000
        assert "more_than_known" in {note.code for note in found.notes}
        assert "points" in found.rows[0].shown_detectable

    def test_says_so_where_nobody_was_known(self):
        with company(orders=[{"at": "2024-03-31", "customer": "new", "amount": 1000}]) as session:
            found = outlook(session)
        assert found.rows == ()
        assert [note.code for note in found.notes] == ["nobody_known"]

    def test_is_undefined_with_hardly_anybody(self):
        with shop(customers=2) as session:
            found = outlook(session)
        assert found.as_dict()["outcomes"][0]["detectable"] is None
        assert "undefined" in found.rows[0].shown_detectable
