"""What is noted of a look into a file that failed: never a value of it."""

from __future__ import annotations

import logging
import sys

import pytest

from regulars_server.imports import looking
from regulars_server.imports.errors import UploadRefused

SAID = {
    "the kind of a fault": (b"Traceback (most recent call last):\n  File x\nMemoryError: anna\n", "MemoryError"),
    "the kind before a message of several lines": (
        b"pyarrow.lib.ArrowInvalid\nduckdb.IOException: no\nanna@shop.eu\n",
        "duckdb.IOException",
    ),
    "nothing where it names none": (b"Killed\nanna@shop.eu", "nothing"),
    "no value that ends as a kind": (b"Anna Error: 1\nannaError b\nValueError\n", "ValueError"),
}


class TestTheLogOfALook:
    @pytest.mark.parametrize("what", SAID)
    def test_holds(self, what, tmp_path, monkeypatch, caplog):
        said, kind = SAID[what]
        failing = tmp_path / "failing"
        failing.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.buffer.write({said!r})\nsys.exit(1)\n")
        failing.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(failing))
        with caplog.at_level(logging.WARNING), pytest.raises(UploadRefused):
            looking.look(tmp_path / "file", workspace=tmp_path)
        assert caplog.messages == [f"Looking into an upload ended by 1, after saying: {kind}"]
