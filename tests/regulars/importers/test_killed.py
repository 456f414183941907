"""An import that is killed at any point, and then run again, ends in the same rows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from regulars.workspace import Workspace
from tests.regulars.importers.conftest import Shop

LINES = "order_id,customer_id,date,product,quantity,amount\n" + "".join(
    f"O{i // 3},{i % 50},2025-03-{i % 28 + 1:02},p{i % 7},1,{i}.25\n" for i in range(600)
)

CHILD = """
import os, signal, sys
from regulars.importers import import_files, importing, scratch
from regulars.warehouse import changes, loads
from regulars.workspace import Workspace

owner, name, after = {"read": (scratch.Scratch, "finish", False), "booked": (loads.Load, "add", True), "sealed": (changes.Staging, "seal", True),
                      "committing": (changes.Staging, "apply", False), "committed": (importing, "_report", True)}[sys.argv[3]]
real = getattr(owner, name)

def killed(*args, **more):
    if after:
        real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, killed)
import_files(Workspace.open(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.suite
class TestKilledImport:
    @pytest.mark.parametrize("step", ["read", "booked", "sealed", "committing", "committed"])
    def test_ends_in_the_same_rows_when_run_again(self, tmp_path, step):
        control, shop = Shop(tmp_path / "control", currency="EUR"), Shop(tmp_path / "killed", currency="EUR")
        control.load("a.csv", LINES)
        path = shop.file("a.csv", LINES)
        child = subprocess.run([sys.executable, "-c", CHILD, str(shop.ws.folder), str(path), step], check=False)
        assert child.returncode == -9
        shop.ws = Workspace.open(shop.ws.folder)
        report = shop.load("a.csv", LINES)
        assert report.imported + report.already_there == 600
        for table in ("orders", "order_lines"):
            columns = "row_key, row_hash, order_id, amount_minor, occurred_at, identity_id"
            assert shop.rows(table, columns) == control.rows(table, columns)
        assert list((shop.ws.folder / "staging").iterdir()) == []
