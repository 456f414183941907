"""What may be given, and how it is made smaller without losing anything."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.errors import HistoriesRefused
from regulars.predictions.clv import Histories
from regulars.predictions.clv.histories import OverPairs, collapse


class TestHistories:
    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            (([1], [5], [4], [1.0]), "after the as-of day"),
            (([1], [0], [4], [1.0]), "repeat order"),
            (([0], [3], [4], [0.0]), "repeat order"),
            (([1], [3], [4], [float("nan")]), "minor units"),
            (([1], [3], [4], [1e300]), "minor units"),
            (([-1], [0], [4], [0.0]), "-1"),
            (([1.5], [1], [4], [0.0]), "not whole"),
            (([float("nan")], [1], [4], [0.0]), "not whole"),
            (([1], [1], [10**9], [0.0]), "146,100"),
            (([1, 1], [1], [4], [0.0]), "shapes"),
            (([[1]], [[1]], [[4]], [[0.0]]), "shapes"),
        ],
    )
    def test_refuse_what_no_buyer_has(self, rows: tuple[list, ...], message: str) -> None:
        with pytest.raises(HistoriesRefused, match=message):
            Histories(*rows)

    def test_take_whole_numbers_of_any_kind(self) -> None:
        histories = Histories(np.array([2.0]), np.array([3], dtype=np.uint8), [4], [7])
        assert [histories.frequency.dtype, histories.recency_days.dtype, histories.mean_value.dtype] == ["int64", "int64", "float64"]


class TestCollapse:
    @pytest.mark.parametrize("most", [5, 2_000_000_000_000])
    def test_counts_every_buyer_once(self, most: int) -> None:
        random = np.random.default_rng(1)
        x = random.integers(0, 5, 3_000)
        x[7] = most
        recency = np.where(x > 0, random.integers(1, 6, 3_000), 0)
        age = recency + random.integers(0, 4, 3_000)
        rows = collapse(Histories(x, recency, age, np.zeros(3_000)))
        expected, counts = np.unique(np.stack([x, recency, age]), axis=1, return_counts=True)
        found = np.stack([rows.frequency, rows.recency, rows.age]).astype(int)
        order = np.lexsort(found[::-1])
        assert np.array_equal(found[:, order], expected)
        assert np.array_equal(rows.weight[order], counts)


class TestOverPairs:
    @pytest.mark.parametrize("cells", [1, 40, 1 << 22])
    def test_looks_up_what_the_function_gives(self, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("regulars.predictions.clv.histories.CELLS", cells)
        x, age = np.array([0, 1, 1, 7, 3, 900]), np.array([0, 9, 4, 9, 9, 8])
        histories = Histories(x, (x > 0).astype(int), age, np.zeros(6))
        assert OverPairs(histories, lambda x, age: x * 1000 + age)(slice(0, 6)).tolist() == (x * 1000 + age).tolist()

    def test_works_each_pair_out_once(self) -> None:
        seen = []
        histories = Histories([1, 1, 0], [2, 3, 0], [9, 9, 9], [0, 0, 0])
        OverPairs(histories, lambda x, age: seen.append((x.tolist(), age.tolist())) or x)
        assert seen == [([0.0, 1.0], [9.0, 9.0])]
