"""Who is active at the edges of windows."""

from __future__ import annotations

import pytest

from tests.builders import company, window


def edges(days, start, end, **rules):
    with company(orders=[{"at": day, "customer": "ann", "amount": 100} for day in days], inactive_after_days=30, **rules) as session:
        session.use_windows(window(session, start, end))
        return [(row["at_start"], row["at_end"]) for row in session.kept("active_at_edges").to_pylist()]


class TestActiveAtEdges:
    @pytest.mark.parametrize(
        ("days", "found"),
        [
            (["2024-01-05", "2024-12-31"], [(0, 1)]),
            (["2024-01-05", "2024-01-31", "2024-12-31"], [(1, 1)]),  # at the start by one spell, at the end by another
            (["2024-01-31", "2024-06-01", "2025-06-01"], [(1, 0)]),
            (["2024-01-05", "2024-06-01", "2025-06-01"], []),  # came and went inside
        ],
    )
    def test_one_row_for_who_is_active_at_an_edge(self, days: list[str], found: list[tuple[int, int]]) -> None:
        assert edges(days, "2024-02-15", "2025-01-01") == found
