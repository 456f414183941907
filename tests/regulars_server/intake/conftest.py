"""Installations with sources, and doors that really listen."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.db import connections as of_settings
from django.db.utils import ConnectionHandler

from regulars_server.config import Config
from regulars_server.intake.door import connections, writer
from regulars_server.intake.door.__main__ import server
from regulars_server.intake.door.inbox import Inbox, InboxRow, open_inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

web = httpx.Client(verify=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""Sends single requests; without reading the certificates of the machine each time."""
SDKS = Path(__file__).resolve().parents[2] / "sdks"


@dataclass(frozen=True)
class Installation:
    """A configuration whose database holds the table of sources."""

    config: Config
    blocker: Any
    """Of pytest-django, which lets nobody at a database without being told."""
    address: str = ""
    door: Any = None
    """The door that is open already, and its address."""
    others: list[Any] = field(default_factory=list)
    """Doors that tests opened in this process."""

    def __post_init__(self) -> None:
        if self.address:
            return
        from regulars_server.intake.models import Source

        def make(connection: Any) -> None:
            if self.config.uses_postgres:
                connection.cursor().execute("CREATE SCHEMA IF NOT EXISTS regulars")
            with connection.schema_editor() as editor:
                editor.create_model(Source)

        self._at_database(make)

    def _at_database(self, work: Callable[[Any], None]) -> None:
        # The settings come into force after this file is read.
        from regulars_server.settings import _postgres, _sqlite

        url = self.config.database_url

        def do() -> None:
            handler = ConnectionHandler({"default": _postgres(url, "regulars") if url else _sqlite(self.config.database)})
            try:
                work(handler["default"])
            finally:
                handler.close_all()
                # Making a table asks for a transaction by the name "default", which opens the settings' database as well.
                of_settings.close_all()

        # In a thread of its own: the browser's driver has an event loop in this one, where Django refuses to wait.
        with self.blocker.unblock(), ThreadPoolExecutor(1) as pool:
            pool.submit(do).result()

    def add(self, slug: str, **said: Any) -> str:
        """Add a source; gives its write key."""
        source = {"slug": slug, "name": slug, "kind": "server", "write_key": f"key-of-{slug}", "previous_key": "", "previous_until": None}
        source |= {"signing_secret": "", "shop": "", "enabled": True, "ip": "cut", "remember_days": 30, "allowed_origins": "[]"}
        source |= {"created_at": "2026-01-01 00:00:00"} | said
        self.run(f"INSERT INTO intake_source ({', '.join(source)}) VALUES ({', '.join(['%s'] * len(source))})", list(source.values()))
        return str(source["write_key"])

    def run(self, statement: str, values: list[Any] | None = None) -> None:
        self._at_database(lambda connection: connection.cursor().execute(statement, values or []))
        if self.door:
            self.door._sources.read_again()

    def empty(self) -> None:
        """As if it were new, for a door that stays open."""
        self.run("DELETE FROM intake_source")
        self._wait_for_counts()
        with self.inbox() as inbox:
            inbox.remove(1 << 60)
            inbox.expire(1 << 60)

    def counted(self) -> list[tuple[str, int, int]]:
        """Outcomes, requests and events that the door counted, once it wrote them down."""
        self._wait_for_counts()
        with self.inbox() as inbox:
            counts = inbox.counts(0, 1 << 40)
        outcomes = sorted({count.outcome for count in counts})
        return [
            (outcome, sum(c.requests for c in counts if c.outcome == outcome), sum(c.events for c in counts if c.outcome == outcome))
            for outcome in outcomes
        ]

    def events(self) -> list[dict[str, Any]]:
        """All events in the inbox, out of their batches."""
        said = [json.loads(row.body) for row in self.rows()]
        return [event for body in said for event in body.get("batch", [body])]

    def _wait_for_counts(self) -> None:
        for door in [self.door, *self.others] if self.door else self.others:
            wait_until(lambda door=door: not door._writer._counts and not door._writer._handed)

    @contextlib.contextmanager
    def inbox(self) -> Iterator[Inbox]:
        inbox = open_inbox(self.config)
        try:
            yield inbox
        finally:
            inbox.close()

    def rows(self) -> list[InboxRow]:
        """All that lies in the inbox."""
        with self.inbox() as inbox:
            return inbox.read(0, 1_000_000, 1 << 30)


@contextlib.contextmanager
def listening(config: Config) -> Iterator[tuple[Any, str]]:
    """A door in a thread of this process, and its address."""
    port = free_port()
    door = server(dataclasses.replace(config, port=port, public_url=f"http://127.0.0.1:{port}"))
    thread = threading.Thread(target=door.run, daemon=True)
    thread.start()
    while not door.started:
        assert thread.is_alive()
        time.sleep(0.005)
    try:
        yield door, f"http://127.0.0.1:{port}"
    finally:
        door.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@dataclass
class Doors:
    """Doors that listen on free ports, in this process or in one of their own."""

    stack: contextlib.ExitStack

    def listen(self, installation: Installation) -> str:
        """The door that is open already, or one in a thread of this process; gives its address."""
        if installation.address:
            return installation.address
        door, address = self.stack.enter_context(listening(installation.config))
        installation.others.append(door.config.app)
        return address

    def start(self, installation: Installation, port: int = 0) -> tuple[subprocess.Popen[bytes], str]:
        """A door in a process of its own; gives it and its address."""
        config, port = installation.config, port or free_port()
        told = {
            "REGULARS_WORKSPACE": str(config.workspace),
            "REGULARS_LISTEN": f"127.0.0.1:{port}",
            "REGULARS_DATABASE_URL": config.database_url or "",
        }
        process = subprocess.Popen([sys.executable, "-m", "regulars_server.intake.door"], env=os.environ | told, stderr=subprocess.PIPE)
        self.stack.callback(_end, process)
        address = f"http://127.0.0.1:{port}"

        def opened() -> bool:
            assert process.poll() is None, process.stderr.read().decode()
            with contextlib.suppress(httpx.TransportError):
                return web.get(f"{address}/v1/regulars.js").is_success
            return False

        wait_until(opened)
        return process, address


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def _open_door(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Installation]:
    """One door for all tests that need no door of their own: opening one takes as long as thirty requests."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(writer, "COUNTED_EVERY", 0.02)
        patch.setattr(connections, "EVERY", 0.02)
        made = _installation(tmp_path_factory.mktemp("door"), None, django_db_blocker)
        door, address = stack.enter_context(listening(made.config))
        yield dataclasses.replace(made, address=address, door=door.config.app)


@pytest.fixture
def on_sqlite(_open_door: Installation) -> Installation:
    """An installation on SQLite with an open door."""
    _open_door.empty()
    return _open_door


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.suite)])
def installation(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any) -> Installation:
    """An installation on SQLite with an open door, and in the suite one on PostgreSQL too."""
    if request.param == "sqlite":
        return request.getfixturevalue("on_sqlite")
    return _installation(tmp_path, request.getfixturevalue("postgres_url"), django_db_blocker)


@pytest.fixture(params=["sqlite", "postgres"])
def alone(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any) -> Installation:
    """An installation of this test's own, whose door is not open."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return _installation(tmp_path, url, django_db_blocker)


@pytest.fixture
def alone_on_sqlite(tmp_path: Path, django_db_blocker: Any) -> Installation:
    """An installation on SQLite of this test's own, whose door is not open."""
    return _installation(tmp_path, None, django_db_blocker)


def _installation(folder: Path, url: str | None, blocker: Any) -> Installation:
    config = Config(workspace=folder, database_url=url, public_url="http://127.0.0.1", host="127.0.0.1", port=0, trusted_proxies=())
    config.make_folders()
    return Installation(config, blocker)


@pytest.fixture
def doors() -> Iterator[Doors]:
    """Doors that are shut at the end."""
    with contextlib.ExitStack() as stack:
        yield Doors(stack)


@pytest.fixture(scope="session")
def node_sdks() -> Path:
    """The folder with the SDKs of Node and browsers, installed."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js on this machine; on Debian: apt-get install nodejs npm")
    if not (SDKS / "node_modules" / "@segment").is_dir():
        pytest.skip("the SDKs are not installed; run: npm ci --prefix tests/sdks")
    return SDKS


def wait_until(said: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)
