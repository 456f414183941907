"""What no database wants, sent through the real door: SQLite and PostgreSQL make the same of it, and what comes after is taken."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.regulars_server.installations import REPOSITORY, Installed
from tests.regulars_server.loading import test_texts
from tests.regulars_server.test_kills import write_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POPULATED = str(REPOSITORY / "tests/regulars_server/populated.py")
AT = "2026-11-22T11:00:00Z"
MIXED = ["Zoe", "zoe", "zoé", "Éa", "ea", "_a", "-a", "a-", "ß", "SS", "İ", "i", "10", "9", "a b", "ab"]
"""Texts that languages order and equate otherwise than code points do."""


def bodies() -> list[str]:
    calls: list[Any] = []
    for place, odd in enumerate((test_texts.NUL, test_texts.HALF, test_texts.WRITTEN, "x" * 3000, "\U0010ffff" * 100)):
        calls += [{**one, "messageId": f"{place}-{one['messageId']}"} for one in test_texts.odd_calls(odd)]
    for place, who in enumerate(MIXED):
        about = {"userId": who, "anonymousId": f"on {who}", "timestamp": AT, "messageId": f"mixed {place}"}
        calls.append({"type": "identify", **about, "traits": {"name": who, "email": f"{who}@shop.eu", who: who}})
        calls.append({"type": "group", **about, "messageId": who, "groupId": who, "traits": {"name": who}})
    # All at one instant, so that the order of texts decides.
    calls += [{"type": "alias", "userId": b, "previousId": a, "timestamp": AT, "messageId": f"{a}>{b}"} for a in MIXED for b in MIXED[:3]]
    found = [json.dumps({"batch": calls[start : start + 40]}) for start in range(0, len(calls), 40)]
    about = f'"type":"track","userId":"u","timestamp":"{AT}"'
    for place, odd in enumerate((*test_texts.TestAnOddNumber.ODD, "Infinity", "1" * 400, "[" * 300 + "]" * 300)):
        found.append(f'{{"batch":[{{{about},"event":"Tea Drunk","messageId":"n{place}","properties":{{"n":{odd},"revenue":{odd}}}}}]}}')
        found.append(f'{{"batch":[{{{about},"event":"Tea Drunk","messageId":"u{place}","userId":{odd},"anonymousId":"x"}}]}}')
    return found


def send(installed: Installed) -> list[int]:
    """What the door answers to each body."""
    key = write_key(installed)
    door = installed.start("regulars_server.intake.door")
    deadline, answers = time.monotonic() + 60, list[int]()
    last = json.dumps({"batch": [{"type": "track", "event": "Tea Drunk", "userId": "u", "messageId": "last", "timestamp": AT}]})
    try:
        with httpx.Client(timeout=30, trust_env=False, auth=(key, "")) as client:
            while len(answers) < 1:
                try:
                    answers.append(client.get(f"http://127.0.0.1:{installed.port}/v1/projects/{key}/settings").status_code)
                except httpx.HTTPError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            for body in (*bodies(), last):
                answer = client.post(f"http://127.0.0.1:{installed.port}/v1/batch", content=body.encode("utf-8", "surrogatepass"))
                answers.append(answer.status_code)
    finally:
        door.send_signal(signal.SIGTERM)
        door.communicate(timeout=60)
    return answers[1:]


@pytest.mark.suite
class TestPoison:
    def test_becomes_the_same_on_both_databases(self, tmp_path: Path, new_database: Callable[[], str]) -> None:
        found = {}
        for name, url in (("sqlite", None), ("postgresql", new_database())):
            installed = Installed(tmp_path / name, url).prepare()
            answers = send(installed)
            assert set(answers) == {200}, answers
            found[name] = answers, installed.python(POPULATED, "dump")
        (answers, said), (others, there) = found["sqlite"], found["postgresql"]
        assert answers == others
        assert said["report"] == there["report"]
        assert sum(said["report"].values()) == sum(len(json.loads(body)["batch"]) for body in bodies()) + 1
        assert len(said["rows"]["events"]) > 70
        assert any("event#last" in row for row in said["rows"]["events"])
        for table, rows in said["rows"].items():
            assert plain(rows) == plain(there["rows"][table]), table
        assert not any("\\x00" in row or "\\ud800" in row for row in said["rows"]["events"])


def plain(rows: list[str]) -> list[str]:
    """Without numbers of requests and instants of receiving, which differ."""
    return sorted(re.sub(r"\b1[0-9]{15}(-\d+)?\b|Z-[0-9a-f]{8}", "*", row) for row in rows)
