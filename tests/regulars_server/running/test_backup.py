"""Backup, restore and upgrade of whole installations, while events are being sent."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tarfile
import threading
import time
from collections import Counter

import pytest

from regulars.errors import WorkspaceLocked
from regulars.workspace import Workspace
from regulars_server.config import Config
from regulars_server.running import backup
from regulars_server.running.backup import keep_latest
from tests.regulars_server.running.conftest import Installation


class Sender:
    """Sends batches until it is told to stop, and remembers which were acknowledged."""

    def __init__(self, shop: Installation) -> None:
        self.acknowledged: list[str] = []
        self._shop = shop
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            messages = [f"m{number + each}" for each in range(5)]
            number += 5
            if self._shop.send(*messages) == 200:
                self.acknowledged += messages

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def events_of(shop: Installation) -> Counter[str]:
    """How often each message is in the tables."""
    import pyarrow.parquet as pq

    from regulars.workspace import Workspace

    files = Workspace.open(shop.folder).snapshot().paths.get("events", ())
    return Counter(key.removeprefix("event#") for file in files for key in pq.read_table(file, columns=["row_key"])["row_key"].to_pylist())


@pytest.mark.suite
class TestBackup:
    def test_of_a_busy_installation_restores_everything_acknowledged_once(self, make_installation, tmp_path) -> None:
        shop = make_installation().start()
        with Sender(shop) as sender:
            shop.wait_until(lambda: len(sender.acknowledged) >= 100)
            # So that some are in the tables, some recorded and some in the inbox.
            shop.wait_until(lambda: sum(events_of(shop).values()) > 0, 40)
            before = list(sender.acknowledged)
            report = json.loads(shop.run("backup", str(tmp_path / "copy.tar"), "--format", "json"))
        assert report["still_seconds"] < 10
        copy = tmp_path / "copy.tar"
        assert copy.stat().st_mode & 0o077 == 0
        keys = json.loads((shop.folder / "server" / "secrets.json").read_text())
        write_key = shop.write_key()
        shop.end()
        content = copy.read_bytes()
        assert [name for name in ("django_key", "front_key") if keys[name].encode() in content] == []
        with tarfile.open(copy) as tar:
            assert [name for name in tar.getnames() if "secrets" in name or "/run/" in name] == []

        other = make_installation("restored")
        other.run("restore", str(copy))
        assert json.loads((other.folder / "server" / "secrets.json").read_text())["reference_key"] == keys["reference_key"]
        assert other.start().write_key() == write_key
        assert other.send("after the restore") == 200
        # Ending puts into the tables what was accepted.
        assert other.end() == 0
        events = events_of(other)
        assert set(before) - events.keys() == set()
        assert events["after the restore"] == 1
        assert set(events.values()) == {1}
        found = json.loads(other.run("doctor", "--format", "json"))["findings"]
        assert [one for one in found if one["code"] == "server.audit" and one["state"] != "good"] == []

    def test_goes_nowhere_where_something_is(self, make_installation, tmp_path) -> None:
        shop = made_ready(make_installation())
        copy = tmp_path / "copy.tar"
        shop.run("backup", str(copy))
        assert "backup.refused" in shop.run("backup", str(copy), code=2)
        assert "backup.refused" in shop.run("restore", str(copy), code=2)
        assert shop.run("doctor").count("the last backup is") == 1
        if shop.database_url:
            onto_the_same = Installation(tmp_path / "other", shop.database_url)
            assert "backup.refused" in onto_the_same.run("restore", str(copy), code=2)
            assert not onto_the_same.folder.exists()
            embedded = Installation(tmp_path / "third")
            assert "made with postgresql" in embedded.run("restore", str(copy), code=2)


class TestStandingStill:
    def test_begins_when_the_loader_has_stopped_not_when_it_is_asked_to(self, tmp_path, monkeypatch) -> None:
        config = Config.from_environment({"REGULARS_WORKSPACE": str(Workspace.create(tmp_path / "shop").folder)})

        @contextlib.contextmanager
        def stops_slowly():
            time.sleep(0.5)
            yield

        monkeypatch.setattr(backup, "_loading_stopped", stops_slowly)
        with backup._still(config) as began:
            assert time.monotonic() - began < 0.4

    def test_lasts_as_long_as_all_tries_together(self, tmp_path, monkeypatch) -> None:
        config = Config.from_environment({"REGULARS_WORKSPACE": str(Workspace.create(tmp_path / "shop").folder)})
        take, tries = backup.Lock.take, iter([True, False])

        def takes_slowly(path, **about):
            if about.get("what") == "a backup" and next(tries):
                time.sleep(0.5)
                raise WorkspaceLocked("an import", expected="", remedy="")
            return take(path, **about)

        monkeypatch.setattr(backup, "_loading_stopped", contextlib.nullcontext)
        monkeypatch.setattr(backup.Lock, "take", takes_slowly)
        with backup._still(config) as began:
            assert 0.5 <= time.monotonic() - began < 1.0


class TestKeepLatest:
    def test_deletes_earlier_backups_and_nothing_else(self, tmp_path) -> None:
        names = [f"regulars-2026112{day}T120000Z.tar" for day in range(5)]
        others = ["regulars-old.tar", ".regulars-20261120T120000Z.tar.7.part", "photo.tar"]
        for name in [*names, *others]:
            (tmp_path / name).touch()
        assert keep_latest(tmp_path, 2, made=tmp_path / names[-1]) == [tmp_path / name for name in names[:3]]
        assert {path.name for path in tmp_path.iterdir()} == {*names[3:], *others}
        assert keep_latest(tmp_path, 2, made=tmp_path / names[-1]) == []

    def test_keeps_the_one_just_made_though_the_clock_went_back(self, tmp_path) -> None:
        names = [f"regulars-2026112{day}T120000Z.tar" for day in range(4)]
        for name in names:
            (tmp_path / name).touch()
        assert keep_latest(tmp_path, 2, made=tmp_path / names[0]) == [tmp_path / name for name in names[1:3]]

    @pytest.mark.suite
    def test_is_what_the_option_does(self, make_installation, tmp_path) -> None:
        shop = made_ready(make_installation())
        folder = tmp_path / "backups"
        folder.mkdir()
        for day in range(3):
            (folder / f"regulars-2025112{day}T120000Z.tar").touch()
        assert "Deleted 2 earlier ones" in shop.run("backup", str(folder), "--keep", "2")
        assert len(list(folder.iterdir())) == 2
        assert "needs a TARGET that is a folder" in shop.run("backup", str(tmp_path / "one.tar"), "--keep", "2", code=2)


@pytest.mark.suite
class TestUpgrade:
    def test_from_an_earlier_state_backs_up_first_and_keeps_the_data(self, make_installation, tmp_path) -> None:
        """An installation in which only the first apps' tables were there."""
        shop = made_ready(make_installation())
        forget(shop, "jobs_job", "jobs")
        keys = shop.rows("SELECT write_key FROM intake_source")
        said = shop.run("upgrade", "--backups", str(tmp_path / "backups"))
        assert "Backed up first" in said
        assert "1 migrations were run" in said
        assert shop.rows("SELECT count(*) FROM jobs_job") == [(0,)]
        assert shop.rows("SELECT write_key FROM intake_source") == keys
        (made,) = (tmp_path / "backups").glob("*.tar")

        old = make_installation("old")
        old.run("restore", str(made))
        assert old.rows("SELECT write_key FROM intake_source") == keys
        with pytest.raises(Exception, match="jobs_job"):
            old.rows("SELECT * FROM jobs_job")
        assert old.start().get("/health/") == 200
        assert "Brought to this version" in old.output
        assert old.rows("SELECT count(*) FROM jobs_job") == [(0,)]

    def test_refuses_data_of_a_later_version(self, tmp_path) -> None:
        shop = made_ready(Installation(tmp_path / "shop"))
        execute(shop, "INSERT INTO django_migrations (app, name, applied) VALUES ('team', '0999_later', '2030-01-01')")
        assert "server.later_version" in shop.run("upgrade", code=2)
        assert "team.0999_later" in shop.run("doctor")


def made_ready(shop: Installation) -> Installation:
    """Databases and all, without starting."""
    shop.run("init")
    shop.run("upgrade")
    return shop


def forget(shop: Installation, table: str, app: str) -> None:
    """Take back the app's migrations, as if they were not there yet."""
    execute(shop, f"DROP TABLE {table}")
    execute(shop, f"DELETE FROM django_migrations WHERE app = '{app}'")


def execute(shop: Installation, statement: str) -> None:
    if shop.database_url:
        import psycopg

        with psycopg.connect(shop.database_url, options="-c search_path=regulars") as connection:
            connection.execute(statement.encode())
        return
    connection = sqlite3.connect(shop.folder / "server" / "regulars.db")
    with connection:
        connection.execute(statement)
    connection.close()
