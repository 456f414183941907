"""The same fast tests of what stands on the operational database once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from regulars_server.running.preparing import make_schemas

HERE = Path(__file__).parent
TESTS = [
    *("loading", "profiles", "shared", "team", "jobs", "imports"),
    # The other tests of the intake name their database themselves: in the suite the door and its inbox stand on either.
    *("intake/test_sources.py", "intake/test_personal_data.py"),
]
"""What opens databases by Django's settings. Serving reads files only; the console reads through the services of the others."""
OF_FILES = [f"loading/test_{name}.py" for name in ("file_subscriptions", "long_ids", "people_of_files", "shared_addresses")]
"""What imported files bring to the application; none of it is fast enough for the tests above."""


@pytest.fixture(scope="module")
def server_with_schemas(postgres_server: str) -> str:
    """A server whose new databases, so also those that Django makes for tests, have the application's schemas."""
    make_schemas(postgres_server.replace("/postgres?", "/template1?"))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in ("test_regulars", "test_regulars_audit"):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return postgres_server


@pytest.mark.suite
class TestOnPostgreSQL:
    @pytest.mark.parametrize(("tests", "chosen"), [(TESTS, "not suite and not slow"), (OF_FILES, "not slow")], ids=["stored", "files"])
    def test_every_fast_test_of_what_is_stored_passes(
        self, server_with_schemas: str, repository: Path, tmp_path: Path, tests: list[str], chosen: str
    ) -> None:
        environment = {**os.environ, "REGULARS_DATABASE_URL": server_with_schemas, "REGULARS_NO_SKIP": "1"}
        # Named already, the settings would be read before the tests' own data folder is there.
        for name in ("PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE", "REGULARS_WORKSPACE"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", chosen, "--create-db"]
        run = subprocess.run(
            [*command, f"--basetemp={tmp_path / 'base'}", *(f"tests/regulars_server/{name}" for name in tests)],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        assert " passed" in run.stdout
