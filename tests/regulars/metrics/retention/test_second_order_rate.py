"""Second order rate."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.errors import ArgumentRefused
from tests.builders import company, value

ROWS = [
    {"at": f"{day}T12:00:00", "customer": c, "amount": 100}
    for c, days in {
        "in time": ("2024-01-10", "2024-02-09"),
        "a day late": ("2024-01-10", "2024-02-10"),
        "same day": ("2024-01-11", "2024-01-11"),
        "never": ("2024-01-12",),
        "just mature": ("2024-01-31",),
        "immature": ("2024-02-01", "2024-02-02"),
    }.items()
    for day in days
]


class TestSecondOrderRate:
    def test_counts_those_who_had_the_time_alone(self):
        with company(orders=ROWS, as_of=date(2024, 2, 29)) as session:
            found = value(session, "second_order_rate", "2024-01-01", "2024-03-01", days=30)
            assert (found.numerator, found.denominator, found.excluded) == (2, 5, 1)

    def test_is_undefined_where_nobody_had_the_time(self):
        with company(orders=ROWS, as_of=date(2024, 2, 15)) as session:
            assert value(session, "second_order_rate", "2024-02-01", "2024-03-01").as_dict()["undefined"] == "no_data"

    def test_refuses_days_below_zero(self):
        with company(orders=ROWS) as session, pytest.raises(ArgumentRefused):
            value(session, "second_order_rate", days=-1)
