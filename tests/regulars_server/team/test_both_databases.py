"""What many do at the same moment comes out right on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regulars_server.running.preparing import make_schemas

PROGRAM = Path(__file__).with_name("both_databases.py")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    given = os.environ | {
        "DJANGO_SETTINGS_MODULE": "regulars_server.settings",
        "REGULARS_WORKSPACE": str(tmp_path_factory.mktemp("workspace")),
    }
    if request.param == "postgresql":
        given["REGULARS_DATABASE_URL"] = request.getfixturevalue("new_database")()
        make_schemas(given["REGULARS_DATABASE_URL"])
    done = subprocess.run([sys.executable, str(PROGRAM)], env=given, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.suite
class TestAtTheSameMoment:
    def test_one_becomes_the_first_owner(self, outcome: dict[str, Any]) -> None:
        assert len(outcome["firsts"]) == 1

    def test_owners_who_remove_each_other_in_a_ring_leave_one(self, outcome: dict[str, Any]) -> None:
        assert outcome["owners"] >= 1

    def test_every_try_counts(self, outcome: dict[str, Any]) -> None:
        assert outcome["tries"] == [6, 6]

    def test_every_change_is_in_the_log_once_and_the_chain_is_whole(self, outcome: dict[str, Any]) -> None:
        assert (outcome["changes"], outcome["notes"], outcome["first_break"]) == (30, 0, None)

    def test_a_look_that_is_there_collapses(self, outcome: dict[str, Any]) -> None:
        """Looks at the very same moment may all be written on PostgreSQL, where nobody waits for anybody."""
        assert 1 <= outcome["looks"] <= 6

    def test_the_rest_works_as_well(self, outcome: dict[str, Any]) -> None:
        assert (outcome["key"], outcome["erased"], outcome["exported"], outcome["expired"]) == (True, [0, 0], {}, 1)
