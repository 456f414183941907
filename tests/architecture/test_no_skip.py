"""In CI nothing may skip: with REGULARS_NO_SKIP a test that wants to has failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.suite

ASKS_FOR_DATA = "def test_it(shared_data):\n    pass\n"
SKIPS_AS_A_WHOLE = "import pytest\npytest.skip('not here', allow_module_level=True)\n"


def run(folder: Path, repository: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(repository / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), str(folder)]
    inherited = {name: value for name, value in os.environ.items() if name not in {"REGULARS_NO_SKIP", "DJANGO_SETTINGS_MODULE"}}
    absent = {"REGULARS_SHARED_DATA": str(folder / "absent"), "PYTHONPATH": str(repository)}
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, env=inherited | absent | environment)


@pytest.mark.parametrize("program", [ASKS_FOR_DATA, SKIPS_AS_A_WHOLE])
class TestSkipping:
    def test_is_allowed_on_a_machine_that_lacks_a_part(self, program: str, repository: Path, tmp_path: Path) -> None:
        assert "1 skipped" in run(tmp_path, repository, program).stdout

    def test_is_a_failure_in_ci(self, program: str, repository: Path, tmp_path: Path) -> None:
        result = run(tmp_path, repository, program, REGULARS_NO_SKIP="1")
        assert result.returncode != 0
        assert "wanted to skip" in result.stdout
        assert "skipped" not in result.stdout.splitlines()[-1]
