"""Tidying: few files and few records, while loads go on."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regulars.errors import WorkspaceLocked
from regulars.warehouse import compaction, records
from regulars.workspace import Workspace
from tests.regulars.warehouse.rows import order, put, read, rows

REPOSITORY = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 4)
    shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
    for number in range(5):
        put(shop, orders=rows("orders", order(str(number), f"c{number % 2}", number)))
    return shop


def files(shop, table="orders"):
    return {Path(path).name for path in shop.snapshot().files(table)}


class TestTidy:
    def test_merges_small_files_and_keeps_every_row(self, shop):
        before = read(shop, "select * from orders order by all")
        assert shop.needs_tidying()
        assert shop.tidy().files == {"orders": 1}
        assert read(shop, "select * from orders order by all") == before
        assert read(shop, "select identity_id from orders") == [("c0",), ("c0",), ("c0",), ("c1",), ("c1",)]
        assert not shop.needs_tidying()
        assert shop.tidy().files == {}

    def test_leaves_large_files_and_few_files_alone(self, shop, monkeypatch):
        monkeypatch.setattr(compaction, "_BUCKET_ROWS", 9)
        large = put(shop, orders=rows("orders", *(order(f"l{n}", "anna", n) for n in range(3))))
        put(shop, customers=rows("customers", {"identity_id": "anna"}))
        customers = files(shop, "customers")
        assert shop.tidy().files == {"orders": 2}
        assert f"{large}-orders.parquet" in files(shop)
        assert files(shop, "customers") == customers
        assert len(read(shop, "select * from orders")) == 8

    def test_lets_loads_go_on(self, shop):
        with shop.stage(source="tracking", alone=False) as load:
            load.add("orders", rows("orders", order("late", "anna", 7)))
            assert shop.tidy().files == {"orders": 1}
            other = Workspace.open(shop.folder)
            other.lock_wait_seconds = 0.1
            with pytest.raises(WorkspaceLocked):
                other.compact()
            load.commit({}, [])
        assert len(files(shop)) == 2
        assert len(read(shop, "select * from orders")) == 6

    def test_can_be_compacted_whole_afterwards(self, shop):
        shop.tidy()
        put(shop, orders=rows("orders", order("new", "c0", 1)))
        assert shop.compact() == {"orders": 1}
        assert [row[0] for row in read(shop, "select identity_id from orders")] == ["c0"] * 4 + ["c1"] * 2

    def test_deletes_what_was_taken_out_an_hour_ago(self, shop, monkeypatch):
        shop.tidy()
        folder = shop.folder / "tables" / "orders"
        assert len(list(folder.glob("*.parquet"))) == 6
        assert shop.tidy().cleaned == ()
        monkeypatch.setattr(compaction, "SPARED_HOURS", 0)
        assert shop.tidy().cleaned == ("orders",)
        assert {path.name for path in folder.glob("*.parquet")} == files(shop)

    def test_leaves_the_log_alone_while_what_was_taken_out_is_spared_however_old_it_is(self, shop):
        folder = shop.folder / "tables" / "orders"
        long_ago = time.time() - 3 * 3600
        for path in folder.glob("*.parquet"):
            os.utime(path, (long_ago, long_ago))
        assert shop.tidy().files == {"orders": 1}
        log = sorted((folder / "_delta_log").iterdir())
        assert shop.tidy().cleaned == ()
        assert sorted((folder / "_delta_log").iterdir()) == log
        assert len(list(folder.glob("*.parquet"))) == 6

    def test_looks_at_no_table_whose_log_is_being_cleaned(self, shop, monkeypatch):
        from regulars.warehouse import changes, lock, store

        alone = []
        seen = store.Store.state

        def looks(self, table):
            alone.append(lock._try(probe, shared=False))
            if alone[-1]:
                fcntl.flock(probe, fcntl.LOCK_UN)
            return seen(self, table)

        places = changes.Places(shop.folder)
        probe = os.open(places.commit_lock, os.O_RDWR)
        try:
            with monkeypatch.context() as patch:
                patch.setattr(store.Store, "state", looks)
                assert shop.needs_tidying()
                assert compaction.tables_with_remains(places, shop._store, time.time()) == []
        finally:
            os.close(probe)
        assert alone
        assert not any(alone)

    def test_folds_records_when_they_are_many(self, shop, monkeypatch):
        monkeypatch.setattr(records, "FOLD_FROM", 5)
        assert shop.tidy().folded == 0
        before = shop.loads()
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        assert shop.needs_tidying(tomorrow)
        assert shop.tidy(tomorrow).folded == 5
        assert shop.loads() == before

    def test_is_done_by_one_at_a_time(self, shop):
        from regulars.warehouse.lock import Lock

        with Lock.take(shop.folder / "locks" / "tidying", what="tidying"), pytest.raises(WorkspaceLocked):
            Workspace.open(shop.folder).tidy()

    def test_finishes_a_load_of_which_only_the_first_table_has_its_rows_before_it_merges_them(self, shop, monkeypatch):
        lines = rows("order_lines", {"order_id": "half", "identity_id": "anna", "amount_minor": 3})
        commits = []
        commit = type(shop._store).commit

        def dies_after_the_first(store, table, *given, **more):
            if commits:
                raise MemoryError
            commits.append(table)
            commit(store, table, *given, **more)

        with monkeypatch.context() as dying:
            dying.setattr(type(shop._store), "commit", dies_after_the_first)
            with pytest.raises(MemoryError):
                put(shop, orders=rows("orders", order("half", "anna", 3)), order_lines=lines)
        assert len(list((shop.folder / "staging").iterdir())) == 1
        assert shop.tidy().files == {"orders": 1}
        assert read(shop, "select (select count(*) from orders), (select count(*) from order_lines)") == [(6, 1)]
        assert list((shop.folder / "staging").iterdir()) == []


class TestOfLikeSize:
    def test_rewrites_a_row_a_few_times_in_its_life_and_keeps_files_few(self, monkeypatch):
        active, rewritten, most = {}, 0, 0
        for number in range(20_000):
            active[f"{number}"] = 10
            chosen = compaction._of_like_size(active)
            if chosen:
                together = sum(active.pop(name) for name in chosen)
                active[f"m{number}"] = together
                rewritten += together
            most = max(most, len(active))
        assert sum(active.values()) == 200_000
        assert most <= compaction.MOST_SMALL_FILES
        assert rewritten / 200_000 < 12

    @pytest.mark.parametrize("load", [2_000, 700])
    def test_leaves_alone_what_a_merge_divided_however_many_rows_there_are(self, load):
        active, rewritten, small = {}, 0, 0
        for number in range(30_000_000 // load):
            active[f"{number}"] = load
            chosen = compaction._of_like_size(active)
            if chosen:
                together = sum(active.pop(name) for name in chosen)
                rewritten += together
                parts = compaction._parts(together)
                # Customers are spread over the parts a little unevenly.
                sizes = [together // parts + (-1) ** part * (together // parts // 10) * (parts > 1) for part in range(parts)]
                active |= {f"m{number}-{part}": rows for part, rows in enumerate(sizes)}
            small = max(small, sum(rows <= 128_000 for rows in active.values()))
        assert rewritten / 30_000_000 < 4
        assert small <= compaction.MOST_SMALL_FILES
        assert len(active) < 200

    def test_takes_at_least_two(self, monkeypatch):
        monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 2)
        assert compaction._of_like_size({"a": 1, "b": 1000}) == ["a", "b"]
        assert compaction._of_like_size({"a": 1000}) == []


TIDYING = """
import sys
from datetime import UTC, datetime, timedelta
from regulars.warehouse import compaction, records, tidying
from regulars.workspace import Workspace
compaction.MOST_SMALL_FILES, records.FOLD_FROM = 3, 2
shop = Workspace.open(sys.argv[1])
print("begins", flush=True)
while True:
    shop.tidy(datetime.now(UTC) + timedelta(minutes=60))
"""


class Tidier:
    """A process that tidies without rest."""

    def __init__(self, shop, lives):
        self._process = subprocess.Popen([sys.executable, "-c", TIDYING, str(shop.folder)], env=ENVIRONMENT, stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == b"begins\n"
        self._dies_at = time.monotonic() + lives

    def is_to_die(self):
        assert self._process.poll() is None
        return time.monotonic() > self._dies_at

    def kill(self):
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@pytest.mark.suite
class TestUnderLoad:
    def test_killed_at_random_moments_loses_no_row_and_shows_whole_loads_only(self, tmp_path, monkeypatch):
        shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
        appending = Path(__file__).with_name("appending.py")
        writers = [subprocess.Popen([sys.executable, str(appending), str(shop.folder), name, "40"], env=ENVIRONMENT) for name in "ab"]
        chance, kills, seen, fewest = random.Random(7), 0, [(0, 0)], []
        tidier = Tidier(shop, 4)
        try:
            while any(writer.poll() is None for writer in writers):
                seen += read(shop, "select (select count(*) from orders), (select count(*) from order_lines)")
                fewest.append(seen[-1][0] - len(files(shop)))
                if tidier.is_to_die():
                    tidier.kill()
                    kills += 1
                    tidier = Tidier(shop, chance.uniform(0, 4))
        finally:
            tidier.kill()
            for writer in writers:
                writer.kill()
                writer.wait()
        assert [writer.returncode for writer in writers] == [0, 0]
        assert kills
        assert max(fewest) > 0
        assert all(lines == 2 * orders for orders, lines in seen)
        assert seen == sorted(seen)
        assert read(shop, "select count(*), count(distinct order_id) from orders") == [(80, 80)]
        assert len(shop.loads()) == shop.load_counts().loads == 80
        # What the killed ones left undone is done by the next.
        monkeypatch.setattr(compaction, "MOST_SMALL_FILES", 3)
        monkeypatch.setattr(records, "FOLD_FROM", 1)
        shop.tidy(datetime.now(UTC) + timedelta(days=1))
        assert not list((shop.folder / "loads").glob("*.json"))
        assert read(shop, "select count(*), count(distinct order_id) from orders") == [(80, 80)]
        assert len(shop.loads()) == shop.load_counts().loads == 80
