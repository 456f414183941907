"""The SDKs that shops and apps already have: what they send arrives once, also when the door comes and goes."""

from __future__ import annotations

import contextlib
import decimal
import logging
import subprocess
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.regulars_server.intake.conftest import Doors, Installation

pytestmark = pytest.mark.suite
MANY = 250


@contextlib.contextmanager
def segment(address: str, key: str, **said: Any) -> Iterator[Any]:
    from segment.analytics.client import Client

    client = Client(key, host=address, upload_interval=0.05, **said)
    yield client
    client.shutdown()


@contextlib.contextmanager
def rudder(address: str, key: str, **said: Any) -> Iterator[Any]:
    from rudderstack.analytics.client import Client

    client = Client(key, host=address, upload_interval=0.05, **said)
    yield client
    client.shutdown()


def send_some(client: Any) -> None:
    client.identify("u1", {"email": "a@b.example", "since": datetime(2026, 1, 1, tzinfo=UTC)})
    client.group("u1", "g1", {"plan": "x"})
    client.alias("a1", "u1")
    client.page("u1", name="Home")
    client.screen("u1", name="Start")
    for number in range(MANY):
        client.track("u1", "Counted", {"i": number, "price": decimal.Decimal("1.5")})


def check(installation: Installation, source: str) -> None:
    events = installation.events()
    assert sorted(event["properties"]["i"] for event in events if event["type"] == "track") == list(range(MANY))
    assert sorted(event["type"] for event in events if event["type"] != "track") == ["alias", "group", "identify", "page", "screen"]
    assert len({event["messageId"] for event in events}) == MANY + 5
    assert {row.source for row in installation.rows()} == {source}


class TestSdk:
    @pytest.mark.parametrize("connect", [segment, rudder])
    @pytest.mark.parametrize("said", [{}, {"gzip": True}])
    def test_of_python_delivers_once(
        self, installation: Installation, doors: Doors, connect: Callable[..., Any], said: dict[str, Any]
    ) -> None:
        key = installation.add("server")
        with connect(doors.listen(installation), key, **said) as client:
            send_some(client)
        check(installation, "server")

    def test_of_node_delivers_once(self, installation: Installation, doors: Doors, node_sdks: Path) -> None:
        key, address = installation.add("server"), doors.listen(installation)
        subprocess.run(["node", "send.mjs", address, key, str(MANY)], cwd=node_sdks, check=True, capture_output=True, timeout=60)
        check(installation, "server")

    @pytest.mark.parametrize("connect", [segment, rudder])
    def test_sends_again_what_was_not_acknowledged(
        self, alone_on_sqlite: Installation, doors: Doors, connect: Callable[..., Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.CRITICAL)
        key = alone_on_sqlite.add("server")
        process, address = doors.start(alone_on_sqlite)
        sender = threading.Thread(target=self._send_slowly, args=(connect, address, key))
        sender.start()
        time.sleep(0.3)
        process.kill()
        process.wait()
        time.sleep(0.3)
        doors.start(alone_on_sqlite, port=int(address.rpartition(":")[2]))
        sender.join()
        by_id = {event["messageId"]: event for event in alone_on_sqlite.events()}
        assert sorted(event["properties"]["i"] for event in by_id.values()) == list(range(60))

    def _send_slowly(self, connect: Callable[..., Any], address: str, key: str) -> None:
        with connect(address, key) as client:
            for number in range(60):
                client.track("u1", "Counted", {"i": number})
                time.sleep(0.01)
