"""The documents name commands, files and pages that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from regulars.cli.app import all_commands, root

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "GLOSSARY.md", "CHANGELOG.md")


def pages_in(navigation: Any) -> list[str]:
    if isinstance(navigation, str):
        return [navigation]
    entries = navigation.values() if isinstance(navigation, dict) else navigation
    return [page for entry in entries for page in pages_in(entry)]


def unknown_options(words: list[str]) -> set[str]:
    """The options in `words` that neither the command nor one above it has."""
    command: click.Command = root
    context = click.Context(root)
    known = {option for parameter in root.params for option in parameter.opts}
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(context, word)
            assert found is not None, words
            command = found
            known |= {option for parameter in command.params for option in parameter.opts}
    return {word for word in words if word.startswith("--")} - known


class TestReadme:
    def test_names_only_targets_that_the_makefile_has(self, repository: Path) -> None:
        makefile = (repository / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
        for document in DOCUMENTS:
            named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", (repository / document).read_text(encoding="utf-8")))
            assert named - targets == set(), document

    def test_gives_the_test_command_where_ci_looks_for_it(self, repository: Path) -> None:
        """`.ci/run` types the first block under "Working on it"."""
        readme = (repository / "README.md").read_text(encoding="utf-8")
        block = readme.split("\n## Working on it\n", 1)[1].split("```")[1]
        assert block.splitlines() == ["console", "$ make test"]

    def test_names_every_command_of_the_command_line_and_no_other(self, repository: Path) -> None:
        readme = (repository / "README.md").read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|^\$ )regulars ([a-z]+)", readme, flags=re.MULTILINE))
        assert named == set(all_commands())


class TestCommandLines:
    def test_in_the_documents_use_options_that_exist(self, repository: Path) -> None:
        pages = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md")]
        lines = [
            (page.name, line)
            for page in pages
            for line in re.findall(r"^\$ regulars (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        ]
        assert len(lines) > 10
        assert [(page, line, option) for page, line in lines for option in unknown_options(shlex.split(line))] == []


class TestLinks:
    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_lead_to_files_that_exist(self, document: str, repository: Path) -> None:
        links = re.findall(r"\]\(([^)#:]+)\)", (repository / document).read_text(encoding="utf-8"))
        assert [link for link in links if not (repository / link).exists()] == []


class TestSite:
    def test_lists_every_page_once(self, repository: Path) -> None:
        config = yaml.load((repository / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        pages = pages_in(config["nav"])
        written = {str(path.relative_to(repository / "docs")) for path in (repository / "docs").rglob("*.md")}
        assert len(pages) == len(set(pages))
        assert written - set(pages) == set()

    @pytest.mark.suite
    def test_builds_without_a_warning_and_loads_nothing_from_outside(self, repository: Path, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
        built = subprocess.run(command, cwd=repository, check=False, capture_output=True, text=True)
        assert built.returncode == 0, built.stdout + built.stderr
        loads = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"?(https?:)?//[^\"\s>]+")
        outside = {hit.group() for page in tmp_path.rglob("*.html") for hit in loads.finditer(page.read_text(encoding="utf-8"))}
        assert outside == set()

    @pytest.mark.suite
    def test_has_every_metric_table_and_format(self, repository: Path, tmp_path: Path) -> None:
        from regulars.importers.formats import FORMATS
        from regulars.metrics import catalogue
        from regulars.tables import TABLES

        subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)],
            cwd=repository,
            check=True,
            capture_output=True,
        )
        metrics = (tmp_path / "reference" / "metrics.html").read_text(encoding="utf-8")
        tables = (tmp_path / "reference" / "tables.html").read_text(encoding="utf-8")
        formats = (tmp_path / "reference" / "formats.html").read_text(encoding="utf-8")
        assert [name for name in catalogue() if f'id="{name}"' not in metrics] == []
        assert [name for name in TABLES if f'id="{name}"' not in tables] == []
        assert [name for name in FORMATS if f'id="{name}"' not in formats] == []
