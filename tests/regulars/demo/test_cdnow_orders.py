"""The bundled orders are the published ones."""

from __future__ import annotations

import gzip
import hashlib
from importlib.util import find_spec
from pathlib import Path

from regulars.demo import CDNOW_SHA256, cdnow_orders


class TestCdnowOrders:
    def test_are_byte_for_byte_those_of_the_lifetimes_package(self) -> None:
        package = find_spec("lifetimes")
        assert package is not None
        published = (Path(package.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt").read_bytes()
        with cdnow_orders() as path:
            bundled = gzip.decompress(path.read_bytes())
        assert bundled == published
        assert hashlib.sha256(bundled).hexdigest() == CDNOW_SHA256

    def test_count_as_published(self) -> None:
        """69,659 transactions of 23,570 customers: Fader & Hardie 2001."""
        with cdnow_orders() as path:
            rows = [line.split() for line in gzip.decompress(path.read_bytes()).decode("ascii").splitlines()[1:]]
        assert len(rows) == 69_659
        assert len({customer for customer, *_ in rows}) == 23_570

    def test_carry_no_name_and_no_time_in_the_gzip_header(self) -> None:
        with cdnow_orders() as path:
            header = path.read_bytes()[:10]
        assert header[3] == 0
        assert header[4:8] == b"\0\0\0\0"
