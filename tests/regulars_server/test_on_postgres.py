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
APPS = [app for app in ("profiles", "loading", "shared", "team", "intake", "jobs") if any((HERE / app).glob("test_*.py"))]


@pytest.fixture(scope="module")
def server_with_schemas(postgres_url: str) -> str:
    """A server whose new databases, so also those that Django makes for tests, have the application's schemas."""
    make_schemas(postgres_url.replace("/postgres?", "/template1?"))
    return postgres_url


@pytest.mark.suite
class TestOnPostgreSQL:
    @pytest.mark.parametrize("app", APPS)
    def test_every_fast_test_of_an_app_passes(self, app: str, server_with_schemas: str, repository: Path, tmp_path: Path) -> None:
        environment = {**os.environ, "REGULARS_DATABASE_URL": server_with_schemas, "REGULARS_NO_SKIP": ""}
        environment.pop("PYTEST_XDIST_WORKER", None)
        with psycopg.connect(server_with_schemas, autocommit=True) as connection:
            for name in ("test_regulars", "test_regulars_audit"):
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not suite and not slow", "--create-db"]
        run = subprocess.run(
            [*command, f"--basetemp={tmp_path / 'base'}", f"tests/regulars_server/{app}"],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        assert " passed" in run.stdout
