"""`regulars up` as a person runs it: real processes, killed and ended."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import stat

import httpx
import psutil
import pytest

from tests.regulars_server.running.conftest import Installation


@pytest.mark.suite
class TestUp:
    def test_starts_what_dies_ends_cleanly_and_starts_again(self, make_installation) -> None:
        shop = make_installation().start()
        (link,) = [line for line in shop.said if line.startswith("Set the first password here")]
        assert f"{shop.address}/start/" in link
        assert shop.get("/health/") == 200
        assert shop.send("before") == 200
        for name in ("web", "intake", "worker"):
            old = shop.pid(name)
            psutil.Process(old).kill()
            shop.wait_until(lambda name=name, old=old: shop.pid(name) not in {None, old})
            shop.wait_until(lambda: shop.get("/health/") == 200)
        assert [line for line in shop.said if "starting it again" in line] != []
        assert shop.send("after") == 200
        everything = shop.processes()
        assert len(everything) >= 5
        assert shop.end() == 0
        assert [process for process in everything if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
        assert not (shop.folder / "server" / "run" / "up.json").exists()

        # As long as nobody can sign in there is a link at every start, and a new one each time.
        shop.start()
        again = [line for line in shop.said if "/start/" in line]
        assert len(again) == 1
        assert again[0] != link
        assert shop.rows("SELECT count(*) FROM intake_source") == [(1,)]


@pytest.fixture
def embedded(tmp_path):
    shop = Installation(tmp_path / "shop")
    yield shop
    shop.destroy()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One that runs while several tests look at it, on a workspace in the layout of the release before: no folder of the application."""
    folder = tmp_path_factory.mktemp("running")
    orders = folder / "orders.csv"
    orders.write_text("customer,date,amount\nanna,2024-01-05,10.00\nben,2024-02-05,20.00\n")
    shop = Installation(folder / "shop")
    shop.run("import", str(orders), "--currency", "EUR")
    assert not (shop.folder / "server").exists()
    try:
        yield shop.start()
    finally:
        shop.destroy()


@pytest.mark.suite
class TestRunningInstallation:
    def test_refuses_a_second_one_and_names_the_first(self, running) -> None:
        second = running.run("up", code=2)
        assert "server.already_running" in second
        assert f"Process {running.process.pid} " in second
        assert running.address in second
        assert "server.already_running" in running.run("upgrade", code=2)
        assert running.get("/health/") == 200

    def test_is_its_owners_alone(self, running) -> None:
        server = running.folder / "server"
        assert stat.S_IMODE(server.stat().st_mode) == 0o700
        assert stat.S_IMODE((server / "run" / "web.sock").stat().st_mode) == 0o600
        assert [path for path in server.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []

    def test_says_no_secret(self, running) -> None:
        secrets = json.loads((running.folder / "server" / "secrets.json").read_text()).values()
        page = httpx.get(f"{running.address}/sign-in/", headers={"X-Regulars-Front": "guessed", "X-Forwarded-Proto": "https"})
        assert page.status_code == 200
        assert [secret for secret in secrets if secret in running.output or secret in page.text] == []

    def test_serves_static_files_packed_and_asks_back_whether_they_changed(self, running) -> None:
        address = f"{running.address}/static/django_htmx/htmx-2.min.js"
        first = httpx.get(address)
        assert (first.status_code, first.headers["content-encoding"]) == (200, "gzip")
        assert httpx.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        assert httpx.get(f"{running.address}/static/%2e%2e/%2e%2e/settings.py").status_code == 404

    def test_keeps_the_tables_of_before(self, running) -> None:
        assert [load["rows"]["orders"] for load in json.loads(running.run("loads", "--format", "json"))] == [2]

    def test_is_well_in_the_doctors_eyes(self, running) -> None:
        found = json.loads(running.run("doctor", "--format", "json"))["findings"]
        ours = {(one["code"], one["state"]) for one in found if one["code"].startswith("server.")}
        wanted = {"keys", "address", "databases", "inbox", "processes", "disk", "audit"}
        assert {(f"server.{part}", "good") for part in wanted} <= ours
        assert {code for code, state in ours if state == "look"} == {"server.backup"}

    def test_counts_nobody_for_looking_whether_it_is_ready(self, running) -> None:
        with contextlib.closing(sqlite3.connect(running.folder / "server" / "inbox.db")) as inbox:
            assert inbox.execute("SELECT * FROM counts WHERE source = ''").fetchall() == []


@pytest.mark.suite
class TestKilledUp:
    def test_takes_all_its_processes_along_and_can_be_started_again_and_ended_with_ctrl_c(self, embedded) -> None:
        embedded.start()
        children = embedded.processes()[1:]
        embedded.end(signal.SIGKILL)
        gone, alive = psutil.wait_procs(children, timeout=30)
        assert (len(gone), alive) == (len(children), [])
        assert embedded.start().get("/health/") == 200
        assert embedded.end(signal.SIGINT) == 0, "Ctrl-C"
