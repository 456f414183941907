"""What is installed: the wheel holds every file of the packages, also those that are no Python."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = (
    "regulars_server/intake/door/regulars.js",
    "regulars_server/console/static/console/console.css",
    "regulars_server/console/static/console/console.js",
    "regulars_server/console/templates/console/base.html",
    "regulars_server/console/templates/404.html",
    "regulars_server/team/templates/team/sign_in.html",
    "regulars_server/locale/de/LC_MESSAGES/django.mo",
    "regulars_server/team/migrations/0001_initial.py",
)


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=repository, check=True, capture_output=True
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.suite
class TestTheWheel:
    def test_holds_every_file_of_the_packages_and_nothing_else(self, wheel: zipfile.ZipFile, repository: Path) -> None:
        source = repository / "src"
        files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert sorted(files ^ packed) == []

    def test_holds_what_pages_and_snippet_are_made_of(self, wheel: zipfile.ZipFile) -> None:
        assert [name for name in NEEDED if not wheel.getinfo(name).file_size] == []

    def test_brings_the_commands(self, wheel: zipfile.ZipFile) -> None:
        (told,) = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
        text = wheel.read(told).decode()
        assert "[console_scripts]" in text
        assert "[regulars.commands]" in text
