"""Several processes on one workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.errors import WorkspaceLocked
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

pytestmark = pytest.mark.suite

REPOSITORY = Path(__file__).resolve().parents[3]
APPENDING = Path(__file__).with_name("appending.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}


def appending(shop, name, count):
    return subprocess.Popen([sys.executable, str(APPENDING), str(shop.folder), name, str(count)], env=ENVIRONMENT)


class TestSeveralProcesses:
    def test_append_at_once_and_a_reader_sees_whole_loads_only(self, tmp_path):
        shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
        writers = [appending(shop, name, 12) for name in ("a", "b")]
        seen = [(0, 0)]
        while any(writer.poll() is None for writer in writers):
            seen += read(shop, "select (select count(*) from orders), (select count(*) from order_lines)")
        assert [writer.returncode for writer in writers] == [0, 0]
        assert all(lines == 2 * orders for orders, lines in seen)
        assert seen == sorted(seen)
        assert read(shop, "select count(*), count(distinct order_id) from orders") == [(24, 24)]
        assert len(shop.loads()) == 24

    def test_a_process_that_imports_shuts_out_another_until_it_ends(self, tmp_path):
        shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
        holding = "import sys; from regulars.workspace import Workspace; Workspace.open(sys.argv[1]).stage(source='shopify'); print('held', flush=True); input()"
        other = subprocess.Popen(
            [sys.executable, "-c", holding, str(shop.folder)], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(WorkspaceLocked, match=f"Process {other.pid} .*the load of shopify"):
                shop.stage(source="stripe", wait_seconds=0.1)
        finally:
            other.kill()
            other.communicate()
        put(shop, orders=rows("orders", order("1", "anna", 1)))  # the lock went with its process, and so did what it had staged
        assert read(shop, "select count(*) from orders") == [(1,)]
        assert list((shop.folder / "staging").iterdir()) == []
