"""Killed at any moment, a change has happened whole or not at all, and running it again gives the same result."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from regulars.errors import WorkspaceLocked
from regulars.warehouse import changes, compaction, records
from regulars.warehouse.changes import Places
from regulars.warehouse.lock import Lock
from regulars.workspace import Workspace
from tests.regulars.warehouse.killed import CHANGES
from tests.regulars.warehouse.rows import order, put, read, rows

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A shop of two loads, the second of which replaces a row of the first."""
    shop = Workspace.create(tmp_path_factory.mktemp("template") / "shop", name="Shop", currency="EUR")
    first = put(
        shop, orders=rows("orders", order("1", "anna", 700), order("2", "berta", 300)), customers=rows("customers", {"identity_id": "anna"})
    )
    replaced = {"table_name": "orders", "superseded_source": "csv", "superseded_key": "2:purchase", "superseded_load_id": first}
    put(shop, orders=rows("orders", order("2", "berta", 350), order("3", "clara", 50)), supersessions=rows("supersessions", replaced))
    return shop.folder


def content(shop):
    """What the tables hold, without ids that differ from run to run."""
    orders = read(
        shop,
        "select row_key, identity_id, amount_minor from orders where (row_key, load_id) not in "
        "(select (superseded_key, superseded_load_id) from supersessions) order by all",
    )
    counts = {table: read(shop, f"select count(*) from {table}") for table in shop.snapshot().paths}
    reports = [(record.report, record.undone) for record in shop.loads() if record.report != {"already_there": 4}]
    quarantine = len(list((shop.folder / "quarantine").iterdir()))
    return [("erased" if row[1] and row[1].startswith("erased-") else row[1], row[2]) for row in orders], counts, reports, quarantine


def debris(shop):
    """Files in the folders of tables that no version needs, and what is left in staging."""
    active = {path for files in shop.snapshot().paths.values() for path in files}
    stored = {str(path) for path in (shop.folder / "tables").rglob("*.parquet") if "_delta_log" not in path.parts}
    return stored - active, list((shop.folder / "staging").iterdir())


@pytest.mark.parametrize(
    ("change", "stride"),
    [
        pytest.param("import", 5, marks=pytest.mark.suite),
        pytest.param("tidy", 7, marks=pytest.mark.suite),
        *(pytest.param(c, 1, marks=pytest.mark.slow) for c in CHANGES),
    ],
)
class TestKilled:
    def test_at_every_step_the_same_result_after_running_again(self, change, stride, template, tmp_path):
        whole = tmp_path / "whole"
        shutil.copytree(template, whole)
        before = content(Workspace.open(whole))
        CHANGES[change](Workspace.open(whole))
        after = content(Workspace.open(whole))
        assert (before == after) == (change in {"compact", "tidy"})

        runner = Path(__file__).with_name("killed.py")
        environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}
        ran = subprocess.run(
            [sys.executable, str(runner), str(template), str(tmp_path), change, str(stride)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        steps = int(ran.stdout)
        assert steps > 20
        for step in range(0, steps, stride):
            shop = Workspace.open(tmp_path / str(step))
            found = content(shop)
            assert found in (before, after), f"torn by a kill at step {step}"
            spare, staged = debris(shop)
            assert not staged, f"staging after a kill at step {step}"
            if change == "import":
                assert not spare, f"orphans after a kill at step {step}"
            CHANGES[change](shop)
            assert content(shop) == after, f"another result after a kill at step {step}"
        print(f"{change}: {steps} steps")


class TestTidyingAtOnce:
    def test_leaves_the_numbers_as_they_were(self, template, tmp_path):
        def numbers():
            return compaction.MOST_SMALL_FILES, compaction.SPARED_HOURS, records.FOLD_FROM

        before = numbers()
        shutil.copytree(template, tmp_path / "shop")
        CHANGES["tidy"](Workspace.open(tmp_path / "shop"))
        assert numbers() == before


class TestRecovery:
    def test_finishes_a_sealed_load_that_did_not_get_its_turn_while_its_process_lives_on(self, template, tmp_path, monkeypatch):
        shutil.copytree(template, tmp_path / "shop")
        shop = Workspace.open(tmp_path / "shop")
        monkeypatch.setattr(changes, "COMMIT_SECONDS", 0.1)
        with shop.stage(source="csv", load_id=shop.new_load_id()) as load:
            load.add("orders", rows("orders", order("9", "anna", 1)))
            seal = load._staging.seal

            def held_after(manifest):
                seal(manifest)
                held.append(Lock.take(shop.folder / "locks" / "commit", what="somebody else"))

            held = []
            monkeypatch.setattr(load._staging, "seal", held_after)
            with pytest.raises(WorkspaceLocked):
                load.commit({}, [])
            held[0].release()
            assert shop.is_loaded(load.load_id)
        assert read(shop, "select count(*) from orders where order_id = '9'") == [(1,)]

    def test_leaves_the_staging_of_a_living_process_alone(self, template, tmp_path):
        shutil.copytree(template, tmp_path / "shop")
        shop = Workspace.open(tmp_path / "shop")
        with shop.stage(source="csv") as load:
            load.add("orders", rows("orders", order("9", "anna", 1)))
            other = Workspace.open(tmp_path / "shop")
            other.snapshot()
            assert (shop.folder / "staging" / load.load_id).is_dir()
            load.commit({}, [])
        assert read(shop, "select count(*) from orders where order_id = '9'") == [(1,)]

    def test_drops_what_a_dead_process_had_not_sealed(self, template, tmp_path):
        shutil.copytree(template, tmp_path / "shop")
        left = Places(tmp_path / "shop").staging / "20240101T000000000000Z-00000000"
        left.mkdir()
        (left / "owner").touch()
        (left / "orders.parquet").write_bytes(b"half a file")
        before = content(Workspace.open(template))
        assert content(Workspace.open(tmp_path / "shop")) == before
        assert not left.exists()
