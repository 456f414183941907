"""Two processes of pages, a worker and a loader at once: nothing is lost, nothing hangs, and whoever is refused is told why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.regulars_server.installations import REPOSITORY, Installed

CROWDED = str(REPOSITORY / "tests/regulars_server/crowded.py")
REFUSALS = {
    "profiles.one_person_already",
    "profiles.nothing_to_part",
    "profiles.no_such_suggestion",
    "team.member_refused",
    "team.key_refused",
    "team.sign_in_refused",
    "team.too_many_tries",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def installed(request, tmp_path) -> Installed:
    """An installation that is ready to be started, on either database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Installed(tmp_path / "data", url).prepare()


def at_once(installed: Installed, *commands: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the processes print."""
    running = [
        subprocess.Popen(
            [sys.executable, CROWDED, *command],
            env=installed.environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for command in commands
    ]
    said = [one.communicate(timeout=200) for one in running]
    for process, (_, errors) in zip(running, said, strict=True):
        assert process.returncode == 0, errors.decode()[-3000:]
    return [json.loads(out) for out, _ in said]


@pytest.mark.suite
class TestCrowd:
    def test_does_everything_once_and_refuses_by_code(self, installed):
        texts = installed.python(CROWDED, "prepare")["keys"]
        found = at_once(installed, ("web", "1", *texts), ("web", "2", *texts), ("worker", "3"), ("loader", "4"))
        done = sum((Counter(one["done"]) for one in found), Counter())
        left = installed.python(CROWDED, "check")
        assert [one["faults"] for one in found] == [[], [], [], []]
        assert {code for one in found for code in one["refused"]} <= REFUSALS
        assert left["graph"]
        assert (left["waiting"], left["break"]) == (0, None)
        # Each change is in the log once, and once in the outbox.
        for work, action in (("merge", "identity.merged"), ("unmerge", "identity.unmerged"), ("note", "note.added"), ("job", "job.queued")):
            assert left["entries"][action] == done[work], action
        assert left["notes"] == left["events"]["note.added"] == done["note"]
        assert left["events"]["customer.merged"] == done["merge"]
        # Of those who change somebody at the same moment the last one is right, and the log says so.
        assert {user: left["roles"][user] for user in left["last"]} == left["last"]
        assert left["owners"] >= 1
        assert left["keys of nobody"] == 0
        ended = found[2]["ended"]
        assert set(ended.values()) <= {1}
        assert left["jobs"].get("done", 0) + left["jobs"].get("failed", 0) == len(ended)
        assert found[3]["done"]["load"] == found[3]["sent"] > 0
