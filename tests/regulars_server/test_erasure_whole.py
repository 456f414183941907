"""One person among many, who came through the real door and left traces everywhere, is erased, on either database."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.regulars_server import canaries
from tests.regulars_server.installations import REPOSITORY, Installed
from tests.regulars_server.test_kills import write_key

if TYPE_CHECKING:
    from collections.abc import Iterator

POPULATED = str(REPOSITORY / "tests/regulars_server/populated.py")
PERSONS, EACH = 300, 8


@pytest.fixture(params=["sqlite", "postgresql"])
def installed(request, tmp_path) -> Installed:
    """An installation that is ready to be started, on either database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Installed(tmp_path / "data", url).prepare()


def at(minutes: int) -> str:
    return (canaries.TODAY - timedelta(minutes=minutes)).isoformat()


def crowd() -> list[dict[str, Any]]:
    """What everybody else did."""
    found = []
    for person in range(PERSONS):
        who = {"userId": f"other-{person}", "anonymousId": f"browser-{person}"}
        found.append(
            {"type": "identify", **who, "timestamp": at(900), "traits": {"email": f"p{person}@post.example", "name": f"Paula {person}"}}
        )
        for number in range(EACH):
            properties = {"order_id": f"o-{person}-{number}", "total": 10 + number, "currency": "EUR"}
            event = ("Order Completed", properties) if number % 4 == 0 else ("Product Viewed", {"product_id": f"p{number}"})
            found.append({"type": "track", **who, "timestamp": at(800 - number), "event": event[0], "properties": event[1]})
    return [{"messageId": f"crowd-{place}", **one} for place, one in enumerate(found)]


def more_of_the_canary() -> list[dict[str, Any]]:
    """A second account, a phone as people write it, a company of their own, refunds of nothing, and what nobody can read."""
    user = {"userId": canaries.USER}
    return [
        {"type": "identify", "userId": "canary-second-7319", "traits": {"email": "canary-second7319@example.com", "phone": canaries.PHONE}},
        {
            "type": "track",
            "userId": "canary-second-7319",
            "event": "Order Completed",
            "properties": {"order_id": "canary-2", "total": 7, "currency": "EUR"},
        },
        {"type": "group", **user, "groupId": canaries.EMAIL, "traits": {"name": "Mugs Ltd"}},
        {
            "type": "track",
            **user,
            "event": "Order Refunded",
            "properties": {"order_id": "never-seen", "refund_id": "canary-r", "total": 1, "currency": "EUR"},
        },
        {"type": "track", "event": "", "anonymousId": "canary-visitor-7319", "properties": {"note": "canary"}},
        {"type": "track", "event": "", "properties": {"phone": "+49 (30) 5557 31973", "note": "canary"}},
        {"type": "track", "event": "", "properties": {"mail": f" {canaries.EMAIL.upper()} ", "note": "canary"}},
        {"messageId": "in-passing", "type": "nonsense", "userId": "other-3", "properties": {"text": f"please call {canaries.PHONE}"}},
    ]


def send(installed: Installed, calls: list[Any]) -> str:
    """Through the real door; gives what its process said."""
    key = write_key(installed)
    door = installed.start("regulars_server.intake.door")
    address = f"http://127.0.0.1:{installed.port}/v1/batch"
    try:
        with httpx.Client(timeout=20, trust_env=False, auth=(key, "")) as client:
            deadline = time.monotonic() + 30
            bodies = [json.dumps({"batch": calls[start : start + 250]}) for start in range(0, len(calls), 250)]
            for body in bodies:
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        answer = client.post(address, content=body)
                        assert answer.status_code == 200, answer.text
                        break
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
    finally:
        door.send_signal(signal.SIGTERM)
        said = door.communicate(timeout=60)[1].decode()
    return said


def run(installed: Installed, *words: str) -> Any:
    return installed.python(POPULATED, *words)


def rows(installed: Installed) -> Iterator[tuple[str, str]]:
    """Every row of every table of the application, past all models."""
    if installed.database_url is None:
        for path in sorted((installed.folder / "server").glob("*.db")):
            with contextlib.closing(sqlite3.connect(path)) as file:
                for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    yield from ((f"{path.name}:{table}", plain(row)) for row in file.execute(f'SELECT * FROM "{table}"'))
        return
    with psycopg.connect(installed.database_url) as server:
        tables = server.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
        for schema, table in tables.fetchall():
            yield from ((f"{schema}.{table}", plain(row)) for row in server.execute(f'SELECT * FROM "{schema}"."{table}"'.encode()))


def plain(row: tuple[Any, ...]) -> str:
    return " ".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row)


def traces(installed: Installed) -> set[str]:
    """Tables and files in which the person is found."""
    found = {name for name, text in rows(installed) if canaries.SOUGHT.search(text)}
    return found | {name for name, _ in canaries.found_in_files(installed.folder)}


def populate(installed: Installed) -> dict[str, Any]:
    calls = [*crowd(), *({"timestamp": at(400), "messageId": f"canary-more-{n}", **one} for n, one in enumerate(more_of_the_canary()))]
    said = send(installed, [*canaries.calls(), *calls])
    assert not canaries.SOUGHT.search(said)
    return run(installed, "fill")


def what_comes_later() -> list[dict[str, Any]]:
    """The person's calls once more, new ones, and some that cannot be read; and somebody else's."""
    user = {"userId": canaries.USER, "timestamp": at(5)}
    return [
        *({**one, "messageId": f"canary-again-{n}"} for n, one in enumerate(canaries.calls()) if "other" not in one["messageId"]),
        {"type": "track", **user, "messageId": "canary-unread", "event": "", "properties": {"note": "canary"}},
        {"type": "nonsense", **user, "messageId": "canary-kind"},
        {"type": "track", **user, "messageId": "canary-large", "event": "Tea Drunk", "properties": {"note": "canary" * 8000}},
        {"type": "identify", "anonymousId": "new-browser", "messageId": "canary-new", "traits": {"email": canaries.EMAIL.upper()}},
        {"type": "track", "userId": "other-1", "messageId": "somebody-else", "event": "Tea Drunk"},
    ]


@pytest.mark.suite
class TestErasure:
    def test_of_one_among_many_leaves_them_nowhere_whatever_dies_meanwhile_and_everybody_else_as_they_were(self, installed):
        filled = populate(installed)
        places = traces(installed)
        assert {name for name in places if name.endswith(("loading_quarantined", "profiles_trait", "shared_domainevent", "imports_upload"))}
        before = run(installed, "hand_out", filled["customer"])
        whom = (filled["customer"], json.dumps(filled["identities"]))
        assert run(installed, "die", *whom, "80") >= 3
        after = run(installed, "erase", *whom)
        assert (after["finished"], after["left"]) == (1, {})
        assert traces(installed) == set()

        handed = before["handed"]
        assert handed.keys() >= {"table:inbox", "folder:server/uploads", "profiles.Note", "profiles.Decision", "loading.Quarantined"}
        # The file that named the person was thrown away with all that it said of others.
        before["others"]["held"]["folder:server/uploads"] -= 1
        assert after["others"] == before["others"]

        assert not canaries.SOUGHT.search(send(installed, what_comes_later()))
        arrived = run(installed, "arrive")
        assert arrived["report"]["erased"] >= 14
        assert {name for name, text in rows(installed) if canaries.SOUGHT.search(text)} == set()
        expired = run(installed, "expire")
        assert sorted(expired["gone"]) == expired["holdings"]
        assert traces(installed) == set()
