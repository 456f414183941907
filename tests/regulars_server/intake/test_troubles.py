"""What goes wrong: full disks, databases away, slow and vanishing clients, stops and kills. What was acknowledged is there."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import random
import resource
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from regulars_server.intake.door import bodies, connections, writer
from regulars_server.intake.door.inbox import InboxRow, open_inbox
from tests.regulars_server.intake.conftest import Installation, wait_until, web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.regulars_server.intake.conftest import Doors


def track(address: str, key: str, message: str = "m", **said: object) -> httpx.Response:
    return web.post(f"{address}/v1/track", json={"writeKey": key, "messageId": message, **said})


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class TestQueue:
    def test_is_bounded_and_what_does_not_fit_may_come_again(
        self, on_sqlite: Installation, doors: Doors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writer, "MAX_ROWS", 5)
        key, address = on_sqlite.add("shop"), doors.listen(on_sqlite)
        assert track(address, key, "first").status_code == 200
        with ThreadPoolExecutor(8) as pool:
            with held(on_sqlite.config.run / "inbox.lock"):
                sent = [pool.submit(track, address, key, str(number)) for number in range(8)]
                wait_until(lambda: sum(one.done() for one in sent) == 3)
                refused = [one.result() for one in sent if one.done()]
            replies = [one.result() for one in sent]
        assert [(reply.status_code, reply.headers["retry-after"]) for reply in refused] == [(503, "5")] * 3
        assert sorted(reply.status_code for reply in replies) == [200] * 5 + [503] * 3
        assert len(on_sqlite.rows()) == 6

    def test_is_bounded_in_bytes(self, on_sqlite: Installation, doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writer, "MAX_BYTES", 10_000)
        key, address = on_sqlite.add("shop"), doors.listen(on_sqlite)
        assert track(address, key, pad="x" * 11_000).status_code == 503
        assert track(address, key, pad="x" * 9_000).status_code == 200

    def test_lets_nobody_wait_without_end(self, on_sqlite: Installation, doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writer, "_PATIENCE", 0.1)
        key, address = on_sqlite.add("shop"), doors.listen(on_sqlite)
        with held(on_sqlite.config.run / "inbox.lock"):
            assert track(address, key).status_code == 503
        wait_until(lambda: track(address, key).status_code == 200)


class TestWriter:
    def test_lets_one_row_that_cannot_be_written_harm_no_other(self, alone_on_sqlite: Installation) -> None:
        async def submit() -> list[object]:
            one = writer.Writer(lambda: open_inbox(alone_on_sqlite.config))
            one.start()
            rows = [InboxRow(0, number, "shop", "track", b"{}", {"user_agent": "\ud800" if number == 3 else "x"}) for number in range(8)]
            with held(alone_on_sqlite.config.run / "inbox.lock"):
                futures = [one.submit(row) for row in rows]
                await asyncio.sleep(0.05)
            told = await asyncio.gather(*futures, return_exceptions=True)
            await one.stop()
            return told

        # In a thread of its own: the browser's driver has an event loop in this one.
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(lambda: asyncio.run(submit())).result()
        assert [type(one) for one in told] == [bool] * 3 + [writer.NotStored] + [bool] * 4
        assert sorted(row.received_at for row in alone_on_sqlite.rows()) == [0, 1, 2, 4, 5, 6, 7]


@pytest.mark.suite
class TestFullDisk:
    def test_is_answered_with_come_again_until_there_is_room(self, alone_on_sqlite: Installation, doors: Doors) -> None:
        key = alone_on_sqlite.add("shop")
        process, address = doors.start(alone_on_sqlite)
        assert track(address, key, "before").status_code == 200
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (64 << 10, limits[1]))
        replies = [track(address, key, f"m{number}", pad="x" * 20_000) for number in range(10)]
        stored = [number for number, reply in enumerate(replies) if reply.status_code == 200]
        assert {reply.status_code for reply in replies} <= {200, 503}
        assert replies[-1].status_code == 503
        assert replies[-1].headers["retry-after"] == "5"
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        assert track(address, key, "after", pad="x" * 20_000).status_code == 200
        assert [event["messageId"] for event in alone_on_sqlite.events()] == ["before", *(f"m{number}" for number in stored), "after"]


@pytest.mark.suite
class TestPostgresAway:
    @pytest.fixture
    def on_postgres(self, tmp_path: Path, postgres_url: str, django_db_blocker: object) -> Installation:
        from tests.regulars_server.intake.conftest import _installation

        return _installation(tmp_path, postgres_url, django_db_blocker)

    def test_is_found_again_after_its_connections_broke(self, on_postgres: Installation, doors: Doors) -> None:
        key = on_postgres.add("shop")
        _, address = doors.start(on_postgres)
        assert track(address, key, "one").status_code == 200
        on_postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        assert track(address, key, "two").status_code in {200, 503}
        assert track(address, key, "three").status_code == 200
        assert {"one", "three"} <= {event["messageId"] for event in on_postgres.events()}

    def test_is_answered_with_come_again(self, on_postgres: Installation, doors: Doors, tmp_path: Path) -> None:
        away = dataclasses.replace(on_postgres.config, database_url=f"postgresql://postgres@/postgres?host={tmp_path}")
        nowhere = object.__new__(Installation)
        object.__setattr__(nowhere, "config", away)
        object.__setattr__(nowhere, "others", [])
        reply = track(doors.listen(nowhere), "key")
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")


def _received(client: socket.socket) -> bytes:
    """What came, nothing at the end; who did not read all that was sent may end by a reset."""
    try:
        return client.recv(1 << 16)
    except ConnectionResetError:
        return b""


class TestClient:
    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Waits for nobody; only where that is what is asked, since on a busy machine it would be too short for everybody."""
        for name, seconds in {"HEADERS_WITHIN": 0.1, "SILENCE": 0.1, "BODY_WITHIN": 0.4}.items():
            monkeypatch.setattr(connections, name, seconds)

    @pytest.fixture
    def address(self, on_sqlite: Installation, doors: Doors) -> tuple[str, int]:
        on_sqlite.add("shop")
        return "127.0.0.1", int(doors.listen(on_sqlite).rpartition(":")[2])

    HEAD = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a2V5LW9mLXNob3A6\r\nContent-Length: 1000\r\n"

    @pytest.mark.parametrize("said", [b"", b"POST /v1/tr", HEAD, HEAD + b"\r\n", HEAD + b"\r\n" + b'{"a":'])
    @pytest.mark.usefixtures("impatient")
    def test_that_falls_silent_is_left(self, address: tuple[str, int], said: bytes) -> None:
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(said)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(100) == b""

    @pytest.mark.parametrize("path", [b"/v1/track", b"/import/"])
    def test_that_drips_is_left(self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, path: bytes) -> None:
        monkeypatch.setattr(connections, "BODY_WITHIN", 0.4)
        began = time.monotonic()
        with socket.create_connection(address, timeout=60) as client, pytest.raises(OSError):  # noqa: PT012 - any of the many drops
            client.sendall(self.HEAD.replace(b"/v1/track", path) + b"\r\n")
            for _ in range(900):
                client.sendall(b" ")
                time.sleep(0.02)
        assert time.monotonic() - began > 0.3

    def test_with_endless_headers_is_refused(self, address: tuple[str, int]) -> None:
        with socket.create_connection(address, timeout=60) as client, contextlib.suppress(OSError):
            client.sendall(b"GET /v1/regulars.js HTTP/1.1\r\nX: " + b"x" * 200_000)
            assert client.recv(100).startswith(b"HTTP/1.1 400")

    def test_whose_headers_come_beside_many_large_ones_may_come_again(
        self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "ALL_HEADERS", 100_000)
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                client = stack.enter_context(socket.create_connection(address, timeout=60))
                client.sendall(b"GET /v1/regulars.js HTTP/1.1\r\nX: " + b"x" * 40_000)
                time.sleep(0.02)
            reply = client.recv(100)
            assert reply.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 5" in reply
            # Who holds little is not the one to go.
            monkeypatch.setattr(connections, "ALL_HEADERS", 50_000)
            with socket.create_connection(address, timeout=60) as small:
                small.sendall(b"GET /v1/regulars.js HTTP/1.1\r\nX: " + b"x" * 4_000)
                time.sleep(0.02)
                small.sendall(b"x\r\nHost: x\r\n\r\n")
                assert small.recv(100).startswith(b"HTTP/1.1 200")
        wait_until(lambda: connections.Connection.all_headers == 0)
        assert track(f"http://127.0.0.1:{address[1]}", "key-of-shop").status_code == 200

    GET = b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"

    def test_may_ask_for_some_things_at_once(self, address: tuple[str, int]) -> None:
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(self.GET * 3)
            client.sendall(self.GET * 4)
            wait_until(lambda: client.recv(1 << 16, socket.MSG_PEEK).count(b"HTTP/1.1 404") == 7)
            assert b"connection: close" not in client.recv(1 << 16)
            wait_until(lambda: connections.Connection.all_headers == 0, 20)

    def test_that_asks_for_thousands_at_once_gets_the_first_answers(
        self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queued, held = [], []

        def keep(connection: connections.Connection) -> None:
            begin(connection)
            queued.append(len(connection.pipeline))
            held.append(connection.queued_bytes)

        begin = connections.Connection.on_message_begin
        monkeypatch.setattr(connections.Connection, "on_message_begin", keep)
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(self.GET * 2000)
            said = b"".join(iter(lambda: _received(client), b""))
        assert max(queued) < connections.QUEUE
        assert max(held) > max(queued) * connections.QUEUED_BYTES > 0
        answers = said.split(b"HTTP/1.1 ")[1:]
        assert [answer[:3] for answer in answers] == [b"404"] * (connections.QUEUE + 1)
        assert [b"connection: close" in answer for answer in answers] == [False] * connections.QUEUE + [True]
        wait_until(lambda: connections.Connection.all_headers == 0)

    def test_that_speaks_nonsense_is_given_what_is_owed_before(self, address: tuple[str, int]) -> None:
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(self.GET + b"\x00\r\n\r\n")
            said = b"".join(iter(lambda: _received(client), b""))
        assert said.startswith(b"HTTP/1.1 404")
        assert said.count(b"HTTP/1.1") == 1

    def test_that_is_one_too_many_may_come_again(
        self, alone_on_sqlite: Installation, doors: Doors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("regulars_server.intake.door.__main__._connections", lambda: 4)
        address = "127.0.0.1", int(doors.listen(alone_on_sqlite).rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(5)]
            assert b"retry-after: 5" in clients[4].recv(200)
            clients[0].sendall(b"GET /v1/regulars.js HTTP/1.1\r\nHost: x\r\n\r\n")
            assert clients[0].recv(20).startswith(b"HTTP/1.1 200")

    def test_with_a_length_of_thousands_of_digits_is_refused(self, address: tuple[str, int]) -> None:
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(self.HEAD.replace(b"1000", b"0" * 5000 + b"2") + b"\r\n{}")
            assert client.recv(20).startswith(b"HTTP/1.1 413")

    def test_with_an_endless_body_is_refused(self, address: tuple[str, int]) -> None:
        def endless() -> Iterator[bytes]:
            yield b'{"a":"'
            for _ in range(100):
                yield b"x" * 65_536

        reply = web.post(f"http://127.0.0.1:{address[1]}/v1/track", content=endless(), headers={"Authorization": "Basic a2V5LW9mLXNob3A6"})
        assert reply.status_code == 413

    def test_waits_its_turn_while_all_bodies_together_are_too_large(
        self, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bodies, "MAX_HELD", 100_000)
        where = f"http://127.0.0.1:{address[1]}/v1/track"
        reply = web.post(where, content=iter([b'{"a":"', *[b"x" * 50_000] * 4, b'"}']), headers={"Authorization": "Basic a2V5LW9mLXNob3A6"})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
        assert track(where.removesuffix("/v1/track"), "key-of-shop").status_code == 200

    def test_that_goes_before_its_body_is_there_leaves_nothing(self, on_sqlite: Installation, address: tuple[str, int]) -> None:
        with socket.create_connection(address) as client:
            client.sendall(self.HEAD + b'\r\n{"a":1}')
        assert track(f"http://127.0.0.1:{address[1]}", "key-of-shop", "next").status_code == 200
        assert [event["messageId"] for event in on_sqlite.events()] == ["next"]

    def test_that_goes_before_its_answer_is_heard(self, on_sqlite: Installation, address: tuple[str, int]) -> None:
        with socket.create_connection(address) as client:
            client.sendall(self.HEAD.replace(b"1000", b"19") + b'\r\n{"messageId":"bye"}')
        wait_until(lambda: [event["messageId"] for event in on_sqlite.events()] == ["bye"])


class Load:
    """Eight senders without a pause; remembers what was acknowledged."""

    def __init__(self, address: str, key: str, name: str) -> None:
        self.address, self.key, self.name = address, key, name
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(8)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        turn = 0
        with httpx.Client(base_url=self.address, timeout=60) as client, contextlib.suppress(httpx.TransportError):
            while not self._stop.is_set():
                turn += 1
                ids = [f"{self.name}-{sender}-{turn}-{number}" for number in range(1 if sender % 2 else 20)]
                events = [{"messageId": one, "type": "track"} for one in ids]
                body = {"writeKey": self.key, "batch": events} if len(ids) > 1 else {"writeKey": self.key, **events[0]}
                reply = client.post("/v1/batch" if len(ids) > 1 else "/v1/track", json=body)
                if reply.status_code == 200:
                    self.acknowledged += ids


def check_stored(installation: Installation, acknowledged: list[str]) -> None:
    stored = [event["messageId"] for event in installation.events()]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


class TestStop:
    @pytest.mark.suite
    def test_under_load_loses_nothing_acknowledged_and_says_no_more_than_it_should(self, alone: Installation, doors: Doors) -> None:
        key = alone.add("shop", signing_secret="canary-secret")
        process, address = doors.start(alone)
        web.post(f"{address}/v1/track", content=b"canary-body", headers={"Authorization": "Basic canary-key"})
        web.get(f"{address}/v1/canary-path?canary=query")
        with Load(address, key, "stop") as load:
            wait_until(lambda: len(load.acknowledged) > 500)
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=120)[1].decode()
        check_stored(alone, load.acknowledged)
        with alone.inbox() as inbox:
            counts = inbox.counts(0, 1 << 40)
        assert sum(count.events for count in counts if count.outcome == "accepted") == len(alone.events())
        assert "canary" not in said
        assert key not in said


def kill_again_and_again(alone: Installation, doors: Doors, kills: int) -> None:
    key, chance, acknowledged = alone.add("shop"), random.Random(4), []
    for turn in range(kills):
        process, address = doors.start(alone)
        with Load(address, key, f"kill{turn}") as load:
            wait_until(lambda load=load: len(load.acknowledged) > 50)
            time.sleep(chance.random() * 0.3)
            process.kill()
            process.wait()
        acknowledged += load.acknowledged
    check_stored(alone, acknowledged)
    assert len(acknowledged) > 50 * kills


class TestKill:
    @pytest.mark.suite
    def test_loses_nothing_acknowledged(self, alone: Installation, doors: Doors) -> None:
        kill_again_and_again(alone, doors, 3)

    @pytest.mark.slow
    def test_loses_nothing_acknowledged_however_often(self, alone: Installation, doors: Doors) -> None:
        kill_again_and_again(alone, doors, 20)
