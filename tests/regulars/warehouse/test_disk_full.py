"""A full disk is refused as such, and the workspace is as it was."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.errors import DiskFull
from regulars.warehouse.store import Store
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

pytestmark = pytest.mark.suite

REPOSITORY = Path(__file__).resolve().parents[3]
FILLING = Path(__file__).with_name("filling.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}


@pytest.fixture
def shop(tmp_path):
    shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
    put(shop, orders=rows("orders", order("1", "anna", 700)))
    return shop


def files_of(shop):
    return sorted(str(p.relative_to(shop.folder)) for p in shop.folder.rglob("*") if p.is_file())


class TestDiskFull:
    @pytest.mark.parametrize("largest_file", [0, 1_000, 50_000, 500_000])
    def test_is_refused_whichever_file_does_not_fit(self, shop, largest_file):
        before = files_of(shop)
        ran = subprocess.run(
            [sys.executable, str(FILLING), str(shop.folder), str(largest_file)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        if largest_file:
            assert ran.stdout.strip() == "disk.full"
            assert files_of(shop) == before
        else:
            assert ran.stdout.strip() == "loaded"
            assert len(read(shop, "select * from orders")) == 20_001

    @pytest.mark.suite
    def test_is_refused_on_a_disk_that_really_is_full(self, tmp_path):
        """Small disks in memory, from far too small to large enough."""
        script = tmp_path / "script.sh"
        script.write_text(
            'set -e\nfor size in 150 400 700 1000 1400 1600 1800 2000 2400 6000; do\nmkdir -p "$1/$size"\n'
            'mount -t tmpfs -o size=${size}k tmpfs "$1/$size"\ncp -r "$2" "$1/$size/shop"\n"$3" "$4" "$1/$size/shop" 0\n'
            'find "$1/$size/shop" -type f | grep -c . \numount "$1/$size"\ndone\n'
        )
        if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody make a disk of their own (unshare -rm)")
        shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
        put(shop, orders=rows("orders", order("1", "anna", 700)))
        count = len(files_of(shop))
        command = ["unshare", "-rm", "sh", str(script), str(tmp_path / "disk"), str(shop.folder), sys.executable, str(FILLING)]
        ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        outcomes = ran.stdout.split()
        said, left = outcomes[0::2], [int(n) for n in outcomes[1::2]]
        assert said[0] == "disk.full"
        assert said[-1] == "loaded"
        assert set(said) == {"disk.full", "loaded"}
        assert {n for word, n in zip(said, left, strict=True) if word == "disk.full"} == {count}

    @pytest.mark.parametrize(
        "error", [OSError(errno.ENOSPC, "No space left on device"), OSError("Generic error: No space left on device (os error 28)")]
    )
    def test_in_the_first_commit_takes_back_the_load(self, shop, monkeypatch, error):
        before = files_of(shop)

        def commit(*_, **__):
            raise error

        monkeypatch.setattr(Store, "commit", commit)
        with pytest.raises(DiskFull):
            put(shop, orders=rows("orders", order("2", "anna", 700)))
        monkeypatch.undo()
        assert files_of(shop) == before
        assert len(read(shop, "select * from orders")) == 1

    def test_between_two_tables_finishes_the_load_when_there_is_room(self, shop, monkeypatch):
        commit = Store.commit

        def only_orders(self, table, *args, **kwargs):
            if table != "orders":
                raise OSError(errno.ENOSPC, "No space left on device")
            commit(self, table, *args, **kwargs)

        monkeypatch.setattr(Store, "commit", only_orders)
        with pytest.raises(DiskFull, match="safe in the staging folder"):
            put(shop, orders=rows("orders", order("2", "anna", 700)), order_lines=rows("order_lines", {"order_id": "2"}))
        with pytest.raises(DiskFull):
            shop.snapshot()  # half a load is never shown
        monkeypatch.undo()
        assert len(read(shop, "select * from orders")) == 2
        assert len(read(shop, "select * from order_lines")) == 1
        assert len(shop.loads()) == 2
