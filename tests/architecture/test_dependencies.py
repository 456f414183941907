"""The locks hold for anybody's index, and every direct dependency has said why it is here."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements-dev.lock")


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement).group().lower().replace("_", "-")


def locked_in(lock: Path) -> dict[str, set[str]]:
    """Names and pinned versions; a package may have several, for different Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


class TestLocks:
    @pytest.mark.parametrize("name", LOCKS)
    def test_hold_no_address(self, name: str, repository: Path) -> None:
        text = (repository / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "index" not in text
        assert " @ " not in text

    def test_of_the_sdks_holds_no_address_and_a_hash_for_every_package(self, repository: Path) -> None:
        text = (repository / "tests" / "sdks" / "package-lock.json").read_text(encoding="utf-8")
        assert "://" not in text
        packages = json.loads(text)["packages"]
        assert [name for name, package in packages.items() if name and not package.get("integrity")] == []

    @pytest.mark.parametrize("name", LOCKS)
    def test_hold_a_hash_for_every_package(self, name: str, repository: Path) -> None:
        text = (repository / name).read_text(encoding="utf-8").replace("\\\n", " ")
        unhashed = [line for line in text.splitlines() if line and not line.startswith("#") and "--hash=sha256:" not in line]
        assert unhashed == []

    def test_agree_with_each_other(self, repository: Path) -> None:
        run, dev = (locked_in(repository / name) for name in LOCKS)
        assert {name: dev.get(name) for name in run} == run

    def test_hold_what_the_project_asks_for_and_the_build_backend(self, repository: Path, project: dict[str, Any]) -> None:
        run, dev = (locked_in(repository / name) for name in LOCKS)
        groups = project["dependency-groups"]
        to_run = [*project["project"]["dependencies"], *groups["build"], *project["build-system"]["requires"]]
        extras = [requirement for extra in project["project"]["optional-dependencies"].values() for requirement in extra]
        assert {name_of(requirement) for requirement in to_run} - run.keys() == set()
        assert {name_of(requirement) for requirement in [*extras, *groups["dev"]]} - dev.keys() == set()

    @pytest.mark.parametrize("name", ["duckdb", "ibis-framework", "sqlglot"])
    def test_pin_exactly_what_compiles_and_runs_queries(self, name: str, project: dict[str, Any], repository: Path) -> None:
        requirement = next(r for r in project["project"]["dependencies"] if name_of(r) == name)
        assert requirement == f"{name}=={locked_in(repository / 'requirements.lock')[name].pop()}"


class TestDependencyRecord:
    def test_has_a_complete_line_for_every_direct_dependency_and_no_other(self, repository: Path, project: dict[str, Any]) -> None:
        groups = [*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()]
        direct = {name_of(requirement) for group in [project["project"]["dependencies"], *groups] for requirement in group}
        page = (repository / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
        assert sorted(line[0].strip("`") for line in lines) == sorted(direct)
        assert [line for line in lines if len(line) != 5 or not all(line)] == []


class TestRepository:
    def test_names_no_package_host(self, repository: Path) -> None:
        """Whose index is used is the user's choice, and belongs to no file of ours."""
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True).stdout.split("\0")
        # A letter of each in brackets, so that this file does not name them itself.
        hosts = re.compile(
            r"(files\.)?py[p]i\.org|python[h]osted\.org|--(extra-)?index-[u]rl\s+\S|un[p]kg\.com|jsdeli[v]r\.net|npm[j]s\.(org|com)"
        )
        found = []
        for name in filter(None, tracked):
            path = repository / name
            if path.suffix in {".gz", ".parquet", ".xlsx", ".png"} or not path.exists():
                continue
            found += [f"{name}: {hit.group()}" for hit in hosts.finditer(path.read_text(encoding="utf-8", errors="replace"))]
        assert found == []
