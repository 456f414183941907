"""When a connection is late."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from regulars_server.intake.door.connections import Connection
from regulars_server.intake.door.front import BODY_BYTES

FILE = (b"content-length", b"%d" % (BODY_BYTES + 1))
FORM = (b"content-length", b"%d" % BODY_BYTES)
CHUNKED = (b"transfer-encoding", b"chunked")


def connection(
    *,
    since: float | None,
    heard: float,
    headers: bool = False,
    path: str = "/v1/track",
    said: tuple[bytes, bytes] = FILE,
    paused: bool = False,
) -> Connection:
    made = object.__new__(Connection)
    made.waits_since, made.heard_at, made.in_headers, made.scope = since, heard, headers, {"path": path, "headers": [said]}
    made.flow = SimpleNamespace(read_paused=paused)
    return made


class TestConnection:
    @pytest.mark.parametrize(
        ("one", "late"),
        [
            (connection(since=None, heard=0), False),
            (connection(since=986, heard=999, headers=True), False),
            (connection(since=984, heard=999, headers=True), True),
            (connection(since=981, heard=981), False),
            (connection(since=979, heard=979), True),
            (connection(since=911, heard=999), False),
            (connection(since=909, heard=999), True),
            (connection(since=909, heard=999, path="/sign-in/"), True),
            (connection(since=1, heard=999, path="/import/"), False),
            (connection(since=1, heard=999, path="/import/", said=FORM), True),
            (connection(since=1, heard=999, path="/import/", said=CHUNKED), True),
            (connection(since=911, heard=999, path="/import/", said=FORM), False),
            (connection(since=1, heard=979, path="/import/"), True),
            (connection(since=1, heard=2, path="/import/", paused=True), False),
        ],
    )
    def test_is_late_when_its_client_is(self, one: Connection, late: bool) -> None:
        assert one.is_late(1000) is late
