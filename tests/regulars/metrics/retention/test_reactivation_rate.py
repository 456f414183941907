"""Reactivation rate."""

from __future__ import annotations

from tests.builders import company, value


class TestReactivationRate:
    def test_counts_the_lapsed_who_ordered_again(self):
        days = {
            "back": ("2024-01-10", "2024-03-10", "2024-03-11"),
            "gone": ("2024-01-10",),
            "active": ("2024-02-20", "2024-03-05"),
            "new": ("2024-03-05",),
        }
        rows = [{"at": day, "customer": c, "amount": 100} for c, own in days.items() for day in own]
        with company(orders=rows, inactive_after_days=30) as session:
            found = value(session, "reactivation_rate", "2024-03-01", "2024-04-01")
            assert (found.value, found.numerator, found.denominator) == (0.5, 1, 2)

    def test_of_cdnow_is_over_all_who_had_lapsed(self, cdnow_session):
        """23,502 buyers, of whom 3,610 were active on 1 June 1998; all had bought before."""
        assert value(cdnow_session, "reactivation_rate", "1998-06-01", "1998-07-01").denominator == 23_502 - 3_610
