"""The application's apps keep to themselves: they meet through public doors, own their tables, and are named for what they do."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = "regulars_server"
DOORS = {"public", "contracts", "errors"}
"""Modules through which apps meet."""
ALSO_PUBLIC = {"shared.writing", "shared.personal_data", "team.access", "team.roles"}
"""Named one by one: the write gate, the type of a person's ids, and the marks and words of permissions."""
NO_APPS = {"config", "settings", "urls", "wsgi"}
ENTER_ANYWHERE = {"running", "urls", "wsgi"}
"""What puts the application together may reach into it; `team.urls` and `console.urls` are reached by `urls` alone."""
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "lib", "tools", "stuff"}


@pytest.fixture(scope="module")
def server(repository: Path) -> Path:
    return repository / "src" / ROOT


def sources(server: Path) -> list[Path]:
    return [path for path in sorted(server.rglob("*.py")) if "migrations" not in path.parts]


def app_of(path: Path, server: Path) -> str:
    return path.relative_to(server).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Modules of the application that a file imports, `x.y` for `regulars_server.x.y`, also inside functions and for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.removeprefix(f"{ROOT}.") for name in node.names if name.name.startswith(f"{ROOT}."))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and node.module.split(".")[0] == ROOT:
            inside = node.module.removeprefix(ROOT).lstrip(".")
            for name in node.names:
                whole = f"{inside}.{name.name}".lstrip(".")
                yield whole if (path_of(path, whole)) else inside


def path_of(path: Path, module: str) -> bool:
    """Whether a dotted name is a module and not a name inside one."""
    root = next(parent for parent in path.parents if parent.name == ROOT)
    place = root.joinpath(*module.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def strangers(server: Path) -> Iterator[tuple[str, str]]:
    """Imports of another app's inside: the file, and what it imports."""
    for path in sources(server):
        app = app_of(path, server)
        for module in imports(path) if app not in ENTER_ANYWHERE else ():
            other, _, rest = module.partition(".")
            door = not rest or rest.split(".")[0] in DOORS or module in ALSO_PUBLIC
            if other not in {app, *NO_APPS} and not door:
                yield str(path.relative_to(server)), module


class TestApps:
    def test_meet_only_through_public_doors(self, server: Path) -> None:
        assert list(strangers(server)) == []

    @pytest.mark.parametrize(
        ("line", "stranger"),
        [
            ("from regulars_server.team.models import User", True),
            ("from regulars_server.team import models", True),
            ("import regulars_server.team.models", True),
            ("def late():\n    from regulars_server.team.links import use_link", True),
            ("from regulars_server.team.public import one_time_link", False),
            ("from regulars_server.team import public", False),
            ("from regulars_server.jobs.inside import anything", False),
            ("from regulars_server.config import Config", False),
        ],
    )
    def test_are_seen_where_they_enter_by_a_window(self, tmp_path: Path, line: str, stranger: bool) -> None:
        folder = tmp_path / ROOT
        for module in ("team/models", "team/links", "team/public", "jobs/inside", "jobs/work"):
            (folder / module).parent.mkdir(parents=True, exist_ok=True)
            (folder / module).with_suffix(".py").write_text(line if module == "jobs/work" else "", encoding="utf-8")
        assert bool(list(strangers(folder))) == stranger

    def test_are_all_installed(self, server: Path) -> None:
        with_models = {path.parent.name for path in server.glob("*/models.py")} | {path.parent.name for path in server.glob("*/apps.py")}
        installed = {name.removeprefix(f"{ROOT}.") for name in settings.INSTALLED_APPS if name.startswith(f"{ROOT}.")}
        assert with_models - installed == set()
        assert installed - {path.parent.name for path in server.glob("*/__init__.py")} == set()

    def test_fetch_no_model_past_the_doors(self, server: Path) -> None:
        """`apps.get_model` is an import that no check sees; migrations need it, and the router asks where any model lies."""
        found = [
            str(path.relative_to(server))
            for path in sources(server)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr in {"get_model", "get_models"}
        ]
        assert set(found) <= {"shared/routing.py"}


class TestModels:
    def test_point_at_no_model_of_another_app(self) -> None:
        """But for a member of the team, a customer's profile and the ground that all stand on."""
        leaving = [
            (model._meta.label, field.name)
            for model in apps.get_models(include_auto_created=True)
            if model.__module__.startswith(ROOT)
            for field in model._meta.get_fields()
            if isinstance(field, ForeignKey)
            and field.related_model._meta.app_label not in {model._meta.app_label, "profiles", "shared"}
            and field.related_model._meta.label != "team.User"
        ]
        assert leaving == []


class TestNames:
    def test_say_what_is_inside(self, server: Path) -> None:
        names = [path for path in server.rglob("*") if path.suffix in {".py", ".html", ".js", ".css"} or path.is_dir()]
        assert [str(path) for path in names if SAY_NOTHING & {path.stem.lstrip("_"), path.parent.name}] == []


class TestTemplates:
    def test_hold_no_script_style_or_handler(self, server: Path) -> None:
        """The Content-Security-Policy would drop them in silence."""
        inline = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
        pages = [path for path in server.rglob("*.html") if "templates" in path.parts]
        assert pages
        assert [(path.name, hit.group()) for path in pages for hit in inline.finditer(path.read_text(encoding="utf-8"))] == []

    def test_switch_escaping_off_for_our_own_drawings_only(self, server: Path) -> None:
        pages = [path for path in server.rglob("*.html") if "templates" in path.parts]
        unescaped = re.compile(r"\{\{[^}]*\|\s*safe(?:seq)?\b[^}]*\}\}|autoescape off")
        found = {(path.name, hit.group()) for path in pages for hit in unescaped.finditer(path.read_text(encoding="utf-8"))}
        assert found <= {("overview.html", "{{ tile.spark|safe }}")}
