from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars import errors
from regulars.importers import import_files

GOOD = "customer_id,date,amount\n7,2025-03-01,10.00\n"


def refused(shop, path, expected, **options):
    """The refusal, after a look that the workspace is as it was."""
    before = shop.state()
    with pytest.raises(expected) as caught:
        import_files(shop.ws, path, **options)
    assert shop.state() == before
    refusal = caught.value
    assert isinstance(refusal, errors.CallerError)
    assert refusal.received
    assert refusal.expected
    assert refusal.remedy
    return refusal


class TestRefusals:
    def test_a_missing_file(self, shop):
        assert "no file" in refused(shop, shop.folder / "absent.csv", errors.FileMissing).received

    def test_a_folder(self, shop):
        refused(shop, shop.folder, errors.FileMissing)

    @pytest.mark.parametrize("content", ["", "\n\n  \n", "customer_id,date,amount\n", "\ufeff"])
    @pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
    def test_an_empty_file(self, shop, name, content):
        refused(shop, shop.file(name, content), errors.FileEmpty)

    @pytest.mark.parametrize("header", ["a,b,c", "2025-01-01,7,10.00", "date,amount", "customer_id,date", ",,,"])
    def test_a_header_without_usable_columns(self, shop, header):
        refused(shop, shop.file("a.csv", header + "\n1,2,3\n"), errors.FormatUnrecognised)

    @pytest.mark.parametrize(
        "header", ["customer_id,date,total,revenue", "customer_id,date,amount,Amount", "customer,client_id,date,amount"]
    )
    def test_two_columns_for_one_field(self, shop, header):
        refusal = refused(shop, shop.file("a.csv", header + "\n1,2025-01-01,3,4\n"), errors.ColumnsAmbiguous)
        assert "--map" in refusal.remedy

    @pytest.mark.parametrize(
        "mapping",
        [{"nope": "amount"}, {"amount": "nope"}, {"amount": "amount:sideways"}, {"amount": "amount", "date": "amount"}],
    )
    def test_a_mapping_of_what_is_not_there(self, shop, mapping):
        refused(shop, shop.file("a.csv", GOOD), errors.MappingRefused, mapping=mapping)

    def test_an_unknown_format(self, shop):
        assert "transactions" in refused(shop, shop.file("a.csv", GOOD), errors.MappingRefused, format="transaction").remedy

    def test_money_without_a_currency(self, tmp_path):
        from tests.regulars.importers.conftest import Shop

        shop = Shop(tmp_path)
        assert "--currency" in refused(shop, shop.file("a.csv", GOOD), errors.CurrencyUnknown).remedy

    @pytest.mark.parametrize("options", [{"currency": "euro"}, {"time_zone": "Mars/Olympus"}])
    def test_an_impossible_option(self, shop, options):
        refused(shop, shop.file("a.csv", GOOD), errors.ArgumentRefused, **options)

    def test_half_a_gzip(self, shop):
        whole = gzip.compress((GOOD + "8,2025-03-01,1.00\n" * 5000).encode())
        path = shop.folder / "half.csv.gz"
        path.write_bytes(whole[: len(whole) // 2])
        refused(shop, path, errors.FileDamaged)

    def test_half_a_parquet(self, shop):
        pq.write_table(
            pa.table({"customer_id": ["7"] * 1000, "date": ["2025-01-01"] * 1000, "amount": [1.0] * 1000}), shop.folder / "a.parquet"
        )
        (shop.folder / "half.parquet").write_bytes((shop.folder / "a.parquet").read_bytes()[:200])
        refused(shop, shop.folder / "half.parquet", errors.FileDamaged)

    def test_a_parquet_with_lists_for_amounts(self, shop):
        pq.write_table(pa.table({"customer_id": ["7"], "date": ["2025-01-01"], "amount": [[1.0]]}), shop.folder / "a.parquet")
        refused(shop, shop.folder / "a.parquet", errors.FileDamaged)

    @pytest.mark.parametrize("quote", ["", '"'])
    def test_ten_megabytes_in_one_cell(self, shop, quote):
        refused(shop, shop.file("a.csv", f"{GOOD}{quote}{'x' * 10_000_000}{quote},2025-03-01,1\n"), errors.FileDamaged)

    @pytest.mark.parametrize("row", ['"7,2025-03-01,1', '7,2025-03-01,"1', '7,"2025-03-01,1'])
    @pytest.mark.parametrize("rest", [1, 20_000, 400_000])
    def test_a_quotation_mark_that_never_closes(self, shop, row, rest):
        path = shop.file("a.csv", f"{GOOD}{row}\n" + "7,2025-03-01,1\n" * rest)
        assert "quotation mark near row 3" in refused(shop, path, errors.FileDamaged).received

    def test_days_and_months_that_cannot_be_told_apart(self, shop):
        refusal = refused(shop, shop.file("a.csv", "customer_id,date,amount\n7,1/2/2025,10\n"), errors.ColumnsAmbiguous)
        assert "date:day_first" in refusal.remedy

    def test_thousands_and_fractions_that_cannot_be_told_apart(self, shop):
        refusal = refused(shop, shop.file("a.csv", "customer_id;date;amount\n7;2025-01-01;1,234\n"), errors.ColumnsAmbiguous)
        assert "amount:decimal_comma" in refusal.remedy

    def test_not_one_file_is_imported_when_another_is_refused(self, shop):
        refused(shop, [shop.file("a.csv", GOOD), shop.file("b.csv", "")], errors.FileEmpty)

    def test_a_workbook_that_is_none(self, shop):
        refused(shop, shop.file("a.xlsx", b"PK\x03\x04 this is no workbook"), errors.FileDamaged)


class TestTypes:
    def test_inches_are_no_open_quotation(self, shop):
        report = shop.load("a.csv", 'customer_id,date,amount,product\n7,2025-03-01,1.00,5" pipe\n8,2025-03-01,2.00,cup\n')
        assert report.imported == 2
        assert shop.rows("order_lines", "product_name", "1") == [('5" pipe',), ("cup",)]

    def test_a_parquet_with_wrong_types_is_read_as_far_as_it_can_be(self, shop):
        rows = {"customer_id": pa.array([17850.0, 2.5]), "date": ["2025-01-01", "x"], "amount": ["1.00", "2.00"]}
        pq.write_table(pa.table(rows), shop.folder / "a.parquet")
        report = import_files(shop.ws, shop.folder / "a.parquet").files[0]
        assert (report.imported, report.quarantined) == (1, {"bad_date": 1})
        assert shop.rows("orders", "identity_id") == [("17850",)]

    def test_nan_and_infinity_of_a_parquet_are_set_aside(self, shop):
        rows = {"customer_id": ["1", "2", "3"], "date": ["2025-01-01"] * 3, "amount": [float("nan"), float("inf"), 1.5]}
        pq.write_table(pa.table(rows), shop.folder / "a.parquet")
        assert import_files(shop.ws, shop.folder / "a.parquet").files[0].quarantined == {"amount_not_finite": 2}

    def test_a_large_cell_that_fits_is_cut_in_quarantine(self, shop):
        shop.load("a.csv", f"customer_id,date,amount\n{'x' * 1_000_000},someday,1\n")
        [(_, _, _, raw)] = shop.quarantine()
        assert len(raw) < 3000
