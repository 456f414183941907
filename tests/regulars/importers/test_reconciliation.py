"""Whatever a file looks like, every row and all money is accounted for; and importing in any portions ends in the same rows."""

from __future__ import annotations

import csv
import io
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tests.regulars.importers.conftest import Shop

GOOD_DATES = ("2025-03-01", "2025-03-02 10:00", "2024-02-29", "2025-10-26 02:30:00")
BAD_DATES = ("", "2025-02-30", "1970-01-01", "2099-01-01", "soon")
GOOD_AMOUNTS = ("0", "10.00", "-3.50", "1,234.50", "0.005", "$7.1", "(2.00)", "1e2")
BAD_AMOUNTS = ("", "NaN", "inf", "ten", "1.2.3", "5 USD")
CUSTOMERS = ("1", "2", "anna@example.org", "", "  ", "Ä\n7")
PRODUCTS = ("", "x", 'y "2"', "a;b,c")


def mostly(good, bad):
    return st.sampled_from(good * 6 + bad)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(CUSTOMERS), st.sampled_from(("A", "B", "C", "")), mostly(GOOD_DATES, BAD_DATES), mostly(GOOD_AMOUNTS, BAD_AMOUNTS),
        st.sampled_from(PRODUCTS), st.sampled_from((0, 0, 0, 0, 0, 0, 1, 2)),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


def written(rows, *, with_orders):
    """The rows as a CSV; the last element of a row cuts cells off or adds some."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["customer_id", *(["order_id"] if with_orders else []), "date", "amount", "product"])
    for customer, order, date, amount, product, ragged in rows:
        cells = [customer, *([order] if with_orders else []), date, amount, product]
        writer.writerow(cells if ragged == 0 else cells[:2] if ragged == 1 else [*cells, "more"])
    return out.getvalue()


def plain_amount(text):
    """The amount in cents by plain Python, None where there is none."""
    values = {
        "0": "0",
        "10.00": "10",
        "-3.50": "-3.5",
        "1,234.50": "1234.5",
        "0.005": "0.005",
        "$7.1": "7.1",
        "(2.00)": "-2",
        "1e2": "100",
        "5 USD": "5",
    }
    if text not in values:
        return None
    return int(Decimal(values[text]).scaleb(2).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def is_good(row):
    return row[5] == 0 and row[2] in GOOD_DATES and row[3] in GOOD_AMOUNTS


@pytest.mark.suite
class TestReconciliation:
    @settings(max_examples=40)
    @given(ROWS, st.booleans())
    def test_every_row_and_all_money_is_accounted_for(self, rows, with_orders):
        with tempfile.TemporaryDirectory() as folder:
            shop = Shop(Path(folder), currency="EUR", time_zone="Europe/Berlin")
            report = shop.load("a.csv", written(rows, with_orders=with_orders))
            assert report.read == len(rows)
            assert report.imported + sum(report.quarantined.values()) == len(rows)
            if not with_orders:
                assert report.imported == sum(map(is_good, rows))
            numbers = [number for number, _, _, _ in shop.quarantine()]
            assert len(numbers) == len(set(numbers)) == sum(report.quarantined.values())
            readable = [plain_amount(r[3]) for r in rows if r[5] == 0 and plain_amount(r[3]) is not None]
            assert sum(m.read for m in report.money) == sum(readable)
            stored = sum(r[0] for r in shop.rows("orders", "amount_minor"))
            assert stored == sum(m.imported for m in report.money)
            assert stored == sum(r[0] for r in shop.rows("order_lines", "amount_minor"))
            again = shop.load("a.csv", written(rows, with_orders=with_orders))
            assert (again.imported, again.already_there) == (0, report.imported)
            assert stored == sum(r[0] for r in shop.rows("orders", "amount_minor"))

    @settings(max_examples=25)
    @given(ROWS, st.data())
    def test_growing_exports_end_in_the_same_rows_as_the_last_alone(self, rows, data):
        cut = data.draw(st.integers(1, len(rows)))
        with tempfile.TemporaryDirectory() as folder:
            grown, whole = Shop(Path(folder) / "a", currency="EUR"), Shop(Path(folder) / "b", currency="EUR")
            grown.load("early.csv", written(rows[:cut], with_orders=False))
            grown.load("late.csv", written(rows, with_orders=False))
            whole.load("late.csv", written(rows, with_orders=False))
            columns = "row_key, row_hash, identity_id, amount_minor, occurred_at"
            assert grown.rows("orders", columns) == whole.rows("orders", columns)
