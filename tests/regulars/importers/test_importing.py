from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.importers import import_files

LIST = "customer_id,date,amount\n7,2025-03-01,10.00\n8,2025-03-01,5.50\n7,2025-03-01,10.00\n"


class TestImportFiles:
    def test_keeps_equal_rows_and_reports_them(self, shop):
        report = shop.load("a.csv", LIST)
        assert (report.read, report.imported, report.repeated) == (3, 3, 1)
        assert shop.rows("orders", "identity_id, amount_minor, occurred_at::varchar") == [
            ("7", 1000, "2025-02-28 23:00:00"), ("7", 1000, "2025-02-28 23:00:00"), ("8", 550, "2025-02-28 23:00:00"),
        ]  # fmt: skip

    def test_importing_again_changes_nothing(self, shop):
        shop.load("a.csv", LIST)
        before = shop.rows("orders")
        again = shop.load("a.csv", LIST)
        assert (again.imported, again.already_there) == (0, 3)
        assert shop.rows("orders") == before

    def test_a_later_export_that_overlaps_adds_only_what_is_new(self, shop):
        shop.load("a.csv", LIST)
        later = shop.load("b.csv", LIST + "7,2025-03-01,10.00\n9,2025-04-01,1.00\n")
        assert (later.imported, later.already_there) == (2, 3)
        assert len(shop.rows("orders")) == 5

    def test_the_order_of_rows_does_not_matter(self, shop):
        shop.load("a.csv", LIST)
        header, *rows = LIST.splitlines()
        assert shop.load("b.csv", "\n".join([header, *reversed(rows)])).already_there == 3

    def test_a_recording_is_as_old_as_what_it_records_unless_it_corrects(self, shop):
        orders = "customer_id,order_id,date,amount\n7,A1,2025-03-01,10.00\n"
        shop.load("a.csv", orders)
        assert shop.rows("orders", "recorded_at = occurred_at") == [(True,)]
        report = shop.load("b.csv", orders.replace("10.00", "12.00"))
        assert report.replaced == 1
        assert shop.rows("orders", "amount_minor, recorded_at::varchar") == [(1200, "2026-01-01 00:00:00")]

    def test_two_files_of_one_call_are_compared_with_each_other(self, shop):
        paths = [shop.file("a.csv", LIST), shop.file("b.csv", LIST)]
        for dry_run in (True, False):
            report = import_files(shop.ws, paths, dry_run=dry_run)
            assert [(f.imported, f.already_there) for f in report.files] == [(3, 0), (0, 3)]

    def test_a_dry_run_shows_the_rows_and_leaves_no_trace(self, shop):
        before = shop.state()
        report = import_files(shop.ws, shop.file("a.csv", LIST), dry_run=True, mapping={"amount": "amount"})
        assert shop.state() == before
        assert report.files[0].written == {"orders": 3}
        assert [row["amount_minor"] for row in report.files[0].first_rows["orders"]] == [1000, 550, 1000]
        assert "nothing was written" in str(report)

    def test_leaves_no_working_files_behind(self, shop):
        shop.load("a.csv", LIST)
        assert list((shop.ws.folder / "cache").iterdir()) == []

    def test_keeps_the_report_with_the_load(self, shop):
        report = shop.load("a.csv", LIST)
        [record] = shop.ws.loads()
        assert (record.load_id, record.source, record.report["reconciles"]) == (report.load_id, "transactions", True)
        assert json.dumps(record.report)

    def test_tells_its_progress(self, shop):
        told = []
        shop.load("a.csv", LIST, progress=lambda done, total: told.append((done, total)))
        assert told[-1][0] == told[-1][1] > 0
        assert [d for d, _ in told] == sorted(d for d, _ in told)

    def test_the_first_currency_becomes_the_one_of_the_workspace(self, tmp_path):
        from tests.regulars.importers.conftest import Shop

        shop = Shop(tmp_path)
        shop.load("a.csv", LIST, currency="USD")
        assert shop.ws.settings.currency == "USD"

    def test_the_currency_of_the_row_comes_first(self, shop):
        report = shop.load(
            "a.csv", "customer_id,date,amount,currency\n7,2025-03-01,1000,JPY\n7,2025-03-01,10,\n7,2025-03-01,10,euro\n", currency="CHF"
        )
        assert shop.rows("orders", "amount_minor, currency") == [(1000, "CHF"), (1000, "JPY")]
        assert report.quarantined == {"bad_currency": 1}

    def test_rounds_each_row_half_up_and_says_what_that_changed(self, shop):
        report = shop.load(
            "a.csv",
            "customer_id,date,unit_price,quantity,product_id\n7,2025-03-01,0.005,1,a\n7,2025-03-01,0.335,-1,a\n7,2025-03-02,1.111,3,b\n",
        )
        assert shop.rows("orders", "amount_minor") == [(-34,), (1,), (333,)]
        assert (report.money[0].read, report.money[0].read_before_rounding) == (300, "3.003")

    def test_links_a_return_to_the_order_it_names(self, shop):
        shop.load("a.csv", "customer_id,order_id,date,amount\n7,A1,2025-03-01,10.00\n")
        report = shop.load("b.csv", "customer_id,order_id,date,amount\n7,A1,2025-03-09,-4.00\n7,B9,2025-03-09,-1.00\n")
        assert shop.rows("orders", "order_id, kind, linked, amount_minor", "order_id, kind") == [
            ("A1", "purchase", False, 1000), ("A1", "refund", True, -400), ("B9", "refund", False, -100),
        ]  # fmt: skip
        assert report.unlinked_returns == {"EUR": (1, -100)}

    def test_adds_the_lines_of_an_order_up(self, shop):
        text = "order_id,customer_id,order_date,sku,qty,amount\nA,7,2025-03-01 10:00,x,1,10\nB,8,2025-03-01,y,1,1\nA,7,2025-03-01 10:01,z,2,5\n"
        shop.load("a.csv", text)
        assert shop.rows("orders", "order_id, amount_minor, occurred_at::varchar", "order_id")[0] == ("A", 1500, "2025-03-01 09:00:00")
        assert shop.rows("order_lines", "order_id, product_id, quantity, occurred_at::varchar", "product_id")[2] == (
            "A",
            "z",
            2.0,
            "2025-03-01 09:01:00",
        )

    def test_keeps_what_a_person_said_for_the_next_time(self, shop):
        text = "wer,wann,wieviel\n7,1/2/2025,10\n"
        said = {"wer": "customer_id", "wann": "date:day_first", "wieviel": "amount"}
        shop.load("a.csv", text, mapping=said)
        assert shop.rows("orders", "occurred_at::varchar") == [("2025-01-31 23:00:00",)]
        assert shop.load("b.csv", text + "8,3/2/2025,10\n").imported == 1

    def test_an_erased_person_stays_out(self, shop, monkeypatch):
        erased = shop.ws.erased().including(["7"])
        monkeypatch.setattr(type(shop.ws), "erased", lambda _: erased)
        report = shop.load("a.csv", LIST + "7,bad date,3\n7,2025-01-01\n")
        assert (report.read, report.imported, report.erased, report.quarantined) == (5, 1, 4, {})
        assert [r[0] for r in shop.rows("orders", "identity_id")] == ["8"]
        assert report.money[0].erased == 2300

    def test_importing_after_an_erasure_brings_nobody_back(self, shop):
        text = "customer_id,email,date,amount\n7,ada@b.c,2025-03-01,1.00\n8,bob@b.c,2025-03-01,2.00\n"
        shop.load("a.csv", text)
        shop.ws.erase("ada@b.c")
        again = shop.load("a.csv", text)
        assert (again.imported, again.already_there, again.erased) == (0, 1, 1)
        assert shop.rows("orders", "sum(amount_minor), count(*)", "1") == [(300, 2)]
        assert not any(b"ada@b.c" in content for content in shop.state().values())

    def test_an_import_that_was_undone_can_be_done_again(self, shop):
        shop.load("a.csv", "customer_id,order_id,date,amount\n7,A1,2025-03-01,10.00\n")
        second = shop.load("b.csv", "customer_id,order_id,date,amount\n7,A1,2025-03-01,12.00\n")
        shop.ws.undo(second.load_id)
        assert shop.rows("orders", "amount_minor") == [(1000,)]
        assert shop.load("b.csv", "customer_id,order_id,date,amount\n7,A1,2025-03-01,12.00\n").replaced == 1
        assert shop.rows("orders", "amount_minor") == [(1200,)]

    def test_follows_a_chain_of_traces_to_one_customer(self, shop):
        shop.load("a.csv", "email,phone,date,amount\na@b.c,+4912,2025-03-01,1\n")
        shop.load("b.csv", "customer_id,email,date,amount\nC1,a@b.c,2025-03-05,1\n")
        from regulars.identities import customer_of, map_rows

        rows = pa.Table.from_pydict(
            dict(
                zip(
                    ("identity_id", "customer_id", "occurred_at", "row_key"),
                    zip(*shop.rows("identities", "identity_id, customer_id, occurred_at, row_key"), strict=True),
                    strict=True,
                )
            )
        )
        assert customer_of(map_rows(rows)) == {"+4912": "C1", "a@b.c": "C1"}


class TestLayouts:
    """The same three orders in many dresses come out as the same rows."""

    PLAIN = "customer_id,date,amount\nÄ7,2025-03-13,1234.50\n8,2025-03-01,5.50\n"

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("bom.csv", "\ufeff" + PLAIN),
            ("semicolon.csv", "Customer ID;Date;Amount\nÄ7;13.03.2025;1.234,50\n8;01.03.2025;5,50 €\n"),
            ("tabs.txt", "customer_id\tdate\tamount\nÄ7\t13/3/25\t€1,234.50\n8\t1/3/25\t5.50\n"),
            ("american.csv", 'customer_id,date,amount\n\'Ä7,3/13/2025,"1,234.50"\n8,3/1/2025,5.50\n'),
            ("excel-hint.csv", "sep=;\ncustomer_id;date;amount\nÄ7;20250313;1234,50\n8.0;20250301;5,50\n"),
            ("latin.csv", PLAIN.encode("latin-1")),
            ("utf16.csv", PLAIN.encode("utf-16")),
            ("utf16-le.csv", PLAIN.encode("utf-16-le")),
            ("packed.csv.gz", PLAIN),
            ("blanks.txt", " customer_id  date  amount\r\n Ä7  20250313   1234.50\r\n 8 20250301 5.50\r\n"),
            ("crlf.csv", PLAIN.replace("\n", "\r\n") + "\r\n\r\n"),
            (
                "quoted.csv",
                '"customer_id","date","amount","note"\n"Ä7","2025-03-13","1234.50","two\nlines, ""quoted"""\n"8","2025-03-01","5.50",""\n',
            ),
        ],
    )
    def test_reads(self, shop, name, content):
        report = shop.load(name, content)
        assert report.quarantined == {}
        assert shop.rows("orders", "identity_id, occurred_at::date::varchar, amount_minor", "amount_minor") == [
            ("8", "2025-02-28", 550),
            ("Ä7", "2025-03-12", 123450),
        ]
        assert shop.load("plain.csv", self.PLAIN).already_there == 2

    def test_reads_excel(self, shop, tmp_path):
        from datetime import datetime

        from openpyxl import Workbook

        book = Workbook()
        book.active.append(["Customer ID", "Date", "Amount"])
        book.active.append(["Ä7", datetime(2025, 3, 13), 1234.5])
        book.active.append([8, datetime(2025, 3, 1), 5.5])
        book.create_sheet("Notes")
        book.save(tmp_path / "orders.xlsx")
        report = import_files(shop.ws, tmp_path / "orders.xlsx").files[0]
        assert report.imported == 2
        assert shop.load("plain.csv", self.PLAIN).already_there == 2

    def test_reads_parquet(self, shop, tmp_path):
        from datetime import date
        from decimal import Decimal

        rows = {
            "customer_id": pa.array(["Ä7", "8"]).dictionary_encode(),
            "date": [date(2025, 3, 13), date(2025, 3, 1)],
            "amount": [Decimal("1234.50"), Decimal("5.50")],
            "tags": [["a"], []],
        }
        pq.write_table(pa.table(rows), tmp_path / "orders.parquet")
        assert import_files(shop.ws, tmp_path / "orders.parquet").files[0].imported == 2
        assert shop.load("plain.csv", self.PLAIN).already_there == 2


class TestQuarantine:
    BAD = (
        ("x", "2025-03-01,10", "ragged_row"),
        ("ok", "7,2025-13-45,10.00", "bad_date"),
        ("ok", "7,2031-01-01,10.00", "future_date"),
        ("ok", "7,1970-01-01,10.00", "date_too_early"),
        ("ok", "7,,10.00", "missing_value"),
        ("ok", "7,2025-03-01,ten", "bad_amount"),
        ("ok", "7,2025-03-01,NaN", "amount_not_finite"),
        ("ok", "7,2025-03-01,-inf", "amount_not_finite"),
        ("ok", "7,2025-03-01,", "missing_value"),
        ("ok", "7,2025-03-01,5.00 USD", "currency_differs"),
    )

    def test_keeps_every_row_that_cannot_be_taken_with_its_reason(self, shop):
        report = shop.load("a.csv", "customer_id,date,amount\n" + "".join(f"{row}\n" for _, row, _ in self.BAD) + "7,2025-03-01,1.00\n")
        assert (report.read, report.imported) == (11, 1)
        kept = shop.quarantine()
        assert [(number, reason) for number, reason, _, _ in kept] == [(i + 2, reason) for i, (_, _, reason) in enumerate(self.BAD)]
        for (_, row, _), (_, _, explanation, raw) in zip(self.BAD, kept, strict=True):
            assert explanation
            assert all(cell in raw for cell in row.split(","))

    def test_names_the_column_and_the_value(self, shop):
        shop.load("a.csv", "customer_id,Order Date,amount\n7,someday,1\n7,2025-01-01,1\n")
        [(number, _, explanation, raw)] = shop.quarantine()
        assert explanation == "column 'Order Date': 'someday' is no date that can be read"
        assert (number, json.loads(raw)) == (2, {"customer_id": "7", "Order Date": "someday", "amount": "1"})

    def test_a_file_of_nothing_but_bad_rows_is_a_load_too(self, shop):
        report = shop.load("a.csv", "customer_id,date,amount\n7,someday,1\n")
        assert report.quarantined == {"bad_date": 1}
        assert shop.rows("orders") == []

    def test_an_id_with_two_contents_keeps_the_last(self, shop):
        text = "id,customer_id,date,points\n1,7,2025-03-01,5\n1,7,2025-03-01,6\n1,7,2025-03-01,6\n"
        report = shop.load("a.csv", text)
        assert (report.quarantined, report.imported, report.already_there) == ({"repeated_id": 1}, 1, 1)
        assert shop.rows("points", "points") == [(6,)]


def test_path_objects_and_texts_are_both_files(shop):
    path = shop.file("a.csv", LIST)
    assert import_files(shop.ws, str(path)).imported == 3
    assert import_files(shop.ws, [Path(path)]).already_there == 3


class TestSomebodyErasedMeanwhile:
    def test_refuses_the_file_and_imports_nothing(self, tmp_path, monkeypatch):
        import regulars
        from regulars.errors import ErasedMeanwhile
        from regulars.importers import importing

        file = tmp_path / "orders.csv"
        file.write_text("customer,date,amount\nanna,2024-01-05,10.00\nben,2024-01-06,20.00\n")
        shop = regulars.open(tmp_path / "shop")
        shop.import_file(file, currency="EUR")
        read = importing._read

        def read_while_somebody_erases(*given):
            scratch = read(*given)
            monkeypatch.setattr(importing, "_read", read)
            regulars.open(tmp_path / "shop").erase("anna")
            return scratch

        monkeypatch.setattr(importing, "_read", read_while_somebody_erases)
        before = len(shop.loads())
        with pytest.raises(ErasedMeanwhile, match=r"while orders\.csv was being read"):
            shop.import_file(file)
        assert len(shop.loads()) == before
        assert shop.import_file(file).files[0].erased == 1
