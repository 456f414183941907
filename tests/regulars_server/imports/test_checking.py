"""What may be uploaded: known by content, bounded in what it unpacks to."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars_server.imports import checking
from regulars_server.imports.errors import UploadRefused

CSV = b"order,customer,date,amount\n1,ann,2026-01-01,10\n"


def workbook(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def parquet():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"order": ["1"], "customer": ["ann"]}), buffer)
    return buffer.getvalue()


GOOD = {
    "text": CSV,
    "text ": "Größe;Ü\n1;2\n".encode("utf-16"),
    "gzip": gzip.compress(CSV),
    "gzip ": gzip.compress(CSV) + gzip.compress(CSV),
    "workbook": workbook(**{"xl/workbook.xml": "<x/>"}),
    "parquet": parquet(),
}
BAD = {
    "a gzip bomb": gzip.compress(b"0" * 20_000_000),
    "packed twice": gzip.compress(gzip.compress(CSV)),
    "a workbook in gzip": gzip.compress(workbook(**{"xl/workbook.xml": "<x/>"})),
    "an archive": workbook(**{"orders.csv": CSV}),
    "half a workbook": workbook(**{"xl/workbook.xml": "<x/>"})[:40],
    "half a gzip": b"\x1f\x8b\x08nonsense",
    "a gzip that breaks off": gzip.compress(CSV)[:-9],
    "a gzip whose second part breaks off": gzip.compress(CSV) + gzip.compress(CSV)[:-9],
    "a program": b"\x7fELF\x02\x01\x01\x00\x00",
    "half a Parquet file": parquet()[:30],
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00",
}


class TestCheck:
    @pytest.mark.parametrize("kind", GOOD)
    def test_takes(self, tmp_path, kind) -> None:
        path = tmp_path / "file"
        path.write_bytes(GOOD[kind])
        assert checking.check(path) == kind.strip()

    @pytest.mark.parametrize("what", BAD)
    def test_refuses(self, tmp_path, what) -> None:
        path = tmp_path / "file"
        path.write_bytes(BAD[what])
        with pytest.raises(UploadRefused):
            checking.check(path)

    def test_refuses_a_workbook_that_would_unpack_to_too_much(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(checking, "LARGEST_WORKBOOK", 100_000)
        path = tmp_path / "file"
        path.write_bytes(workbook(**{"xl/workbook.xml": "<x/>", "xl/sheet.xml": "0" * 200_000}))
        with pytest.raises(UploadRefused):
            checking.check(path)

    def test_refuses_a_parquet_file_of_too_many_rows(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(checking, "LARGEST_PARQUET_ROWS", 0)
        path = tmp_path / "file"
        path.write_bytes(parquet())
        with pytest.raises(UploadRefused):
            checking.check(path)
