"""The same tests of what stands on the operational database once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from regulars_server.running.preparing import make_schemas

HERE = Path(__file__).parent
LOADING = sorted(str(path.relative_to(HERE)) for path in (HERE / "loading").glob("test_*.py"))
PARTS = {
    "loading": LOADING[::2],
    "loading too": LOADING[1::2],
    "people": ["profiles", "shared", "team", "jobs", "imports", "intake/test_sources.py", "intake/test_personal_data.py"],
    # The other tests of the intake name their database themselves: in the suite the door and its inbox stand on either.
    "pages": ["console", "test_access.py", "test_personal_data.py"],
}
"""The fast tests of what opens databases by Django's settings, in parts that several processes share. The tests of serving need tables first."""
OF_FILES = [f"loading/test_{name}.py" for name in ("file_subscriptions", "long_ids", "people_of_files", "shared_addresses")]
"""What imported files bring to the application; none of it is fast enough for the tests above."""
PAGES = ["test_access.py::TestWalk"]
"""Of the suite what walks every page."""


@pytest.fixture(scope="module")
def server_with_schemas(postgres_server: str) -> str:
    """A server whose new databases, so also those that Django makes for tests, have the application's schemas."""
    make_schemas(postgres_server.replace("/postgres?", "/template1?"))
    return postgres_server


@pytest.mark.suite
class TestOnPostgreSQL:
    @pytest.mark.parametrize("part", PARTS)
    def test_every_fast_test_of_what_is_stored_passes(self, server_with_schemas: str, repository: Path, tmp_path: Path, part: str) -> None:
        run_there("not suite and not slow", PARTS[part], server_with_schemas, repository, tmp_path)

    def test_what_files_bring_is_the_same(self, server_with_schemas: str, repository: Path, tmp_path: Path) -> None:
        run_there("not slow", OF_FILES, server_with_schemas, repository, tmp_path)

    def test_every_role_is_let_in_where_it_may(self, server_with_schemas: str, repository: Path, tmp_path: Path) -> None:
        run_there("suite", PAGES, server_with_schemas, repository, tmp_path)


def run_there(marked: str, tests: list[str], server: str, repository: Path, folder: Path) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for name in ("test_regulars", "test_regulars_audit"):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    environment = {**os.environ, "REGULARS_DATABASE_URL": server, "REGULARS_NO_SKIP": "1"}
    # Named already, the settings would be read before the tests' own data folder is there.
    for name in ("PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE", "REGULARS_WORKSPACE"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marked, "--create-db", f"--basetemp={folder / 'base'}"]
    run = subprocess.run(
        [*command, *(f"tests/regulars_server/{name}" for name in tests)],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
