"""An installation as its owner runs it: `regulars up` and the other commands as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import psutil
import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = [sys.executable, "-c", "from regulars.cli import main; main()"]
PATIENCE_SECONDS = 120
"""A machine may have other work; nobody waits longer than it takes."""


class Installation:
    """A workspace folder, its database, and at most one `regulars up`."""

    def __init__(self, folder: Path, database_url: str | None = None, **environment: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.process: subprocess.Popen[str] | None = None
        self.listener: threading.Thread | None = None
        self.said: list[str] = []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "DJANGO_"))}
        self.environment = inherited | {"REGULARS_LISTEN": "127.0.0.1:0"} | environment
        if database_url:
            self.environment["REGULARS_DATABASE_URL"] = database_url

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run another command on the workspace; returns what it printed."""
        done = subprocess.run(
            [*PROGRAM, *arguments, "--workspace", str(self.folder)],
            env=self.environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self) -> Installation:
        """`regulars up`, until it says that it is ready."""
        self.said = []
        self.process = subprocess.Popen(
            [*PROGRAM, "up", "--workspace", str(self.folder)],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listener.start()
        self.wait_until(lambda: any(line.startswith("Ctrl-C") for line in self.said))
        return self

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self.said.append(line.rstrip())

    @property
    def output(self) -> str:
        return "\n".join(self.said)

    @property
    def address(self) -> str:
        return self.running()["address"]

    def running(self) -> dict:
        return json.loads((self.folder / "server" / "run" / "up.json").read_text())

    def pid(self, name: str) -> int | None:
        return self.running()["children"][name]["pid"]

    def processes(self) -> list[psutil.Process]:
        """`up` and everything below it."""
        assert self.process is not None
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def get(self, path: str) -> int:
        try:
            return httpx.get(self.address + path, timeout=10).status_code
        except (httpx.TransportError, OSError, KeyError):
            return 0

    def send(self, *message_ids: str) -> int:
        """Send one batch of track calls; returns the status."""
        batch = [{"type": "track", "event": "Seen", "userId": "anna", "messageId": message} for message in message_ids]
        return httpx.post(f"{self.address}/v1/batch", json={"batch": batch}, auth=(self.write_key(), ""), timeout=20).status_code

    def write_key(self) -> str:
        return self.rows("SELECT write_key FROM intake_source ORDER BY id LIMIT 1")[0][0]

    def rows(self, query: str) -> list[tuple]:
        """Ask the operational database."""
        if self.database_url:
            with psycopg.connect(self.database_url, options="-c search_path=regulars") as connection:
                return connection.execute(query.encode()).fetchall()
        with contextlib.closing(sqlite3.connect(self.folder / "server" / "regulars.db", timeout=20)) as connection:
            return connection.execute(query).fetchall()

    def wait_until(self, condition, seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.output[-6000:]
            assert self.process is None or self.process.poll() is None, self.output[-6000:]
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End `up` and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=300)
        self.process = None
        self.listener.join(timeout=30)
        return code

    def destroy(self) -> None:
        """Leave no process behind, whatever the test did."""
        if self.process is None:
            return
        left = self.processes()
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        self.process = None
        self.listener.join(timeout=30)


@pytest.fixture(params=["sqlite", "postgresql"])
def make_installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator:
    """Makes installations in folders of their own, on SQLite and on PostgreSQL."""
    made: list[Installation] = []

    def make(name: str = "shop", **environment: str) -> Installation:
        url = request.getfixturevalue("new_database")() if request.param == "postgresql" else None
        made.append(Installation(tmp_path / name, url, **environment))
        return made[-1]

    yield make
    for installation in made:
        installation.destroy()
