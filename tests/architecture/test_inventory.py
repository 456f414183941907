"""ARCHITECTURE.md says what is in the tree, no more and no less."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from regulars.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(document: str, section: str) -> list[list[str]]:
    """The cells of the first table under the heading `section`."""
    part = document.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def layers_of(contract: str, repository: Path) -> list[str]:
    """The layers of an import contract, top to bottom."""
    config = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    return next(c for c in config["tool"]["importlinter"]["contracts"] if c["id"] == contract)["layers"]


@pytest.fixture(scope="module")
def architecture(repository: Path) -> str:
    return (repository / "ARCHITECTURE.md").read_text(encoding="utf-8")


class TestInventory:
    def test_names_every_package_and_module_and_nothing_else(self, architecture: str, repository: Path) -> None:
        root = repository / "src" / "regulars"
        packages = {f"{path.parent.name}/" for path in root.glob("*/__init__.py")}
        modules = {path.name for path in root.glob("*.py")} - {"__init__.py", "__main__.py"}
        listed = [row[0].strip("`") for row in rows_of(architecture, "Inventory")]
        assert sorted(listed) == sorted(packages | modules)

    def test_gives_every_canonical_table_one_owner(self, architecture: str) -> None:
        owned = [name for row in rows_of(architecture, "Inventory") for name in re.findall(r"[a-z_]+", row[2])]
        assert sorted(owned) == sorted(TABLES)

    def test_draws_the_layers_that_the_contract_checks(self, architecture: str, repository: Path) -> None:
        drawn = architecture.split("\n## Which part of the library may import which\n", 1)[1].split("```")[1].split("\n")
        assert [line for line in drawn if line] == layers_of("layers", repository)


class TestServerInventory:
    def test_names_every_package_and_module_and_nothing_else(self, architecture: str, repository: Path) -> None:
        root = repository / "src" / "regulars_server"
        packages = {f"{path.name}/" for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"}
        modules = {path.name for path in root.glob("*.py")} - {"__init__.py"}
        listed = [name for row in rows_of(architecture, "The application") for name in re.findall(r"`([^`]+)`", row[0])]
        assert sorted(listed) == sorted(packages | modules)

    def test_draws_the_layers_that_the_contract_checks(self, architecture: str, repository: Path) -> None:
        drawn = architecture.split("\n## The application\n", 1)[1].split("```")[3].split("\n")
        assert [line for line in drawn if line] == layers_of("server-layers", repository)


class TestLongFiles:
    def test_are_each_listed_with_a_reason(self, architecture: str, repository: Path) -> None:
        folders = [repository / name for name in ("src", "tests", "benchmarks", "docs")]
        python = [path for folder in folders for path in folder.rglob("*.py")]
        lines = {str(path.relative_to(repository)): len(path.read_text(encoding="utf-8").splitlines()) for path in python}
        reasons = {row[0].strip("`"): row[1] for row in rows_of(architecture, "Long files")}
        assert {path for path, count in lines.items() if count > 400} - reasons.keys() == set()
        # A little slack, so that a file that hovers around the limit may keep its line.
        assert {path for path in reasons if lines.get(path, 0) < 350} == set()
        assert all(reasons.values())


class TestFileNames:
    def test_say_what_is_inside(self, repository: Path) -> None:
        says_nothing = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared"}
        python = (repository / "src" / "regulars").rglob("*.py")
        assert [path for path in python if says_nothing & {path.stem, path.parent.name}] == []
