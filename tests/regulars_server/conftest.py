"""What tests of the application share: an installation of its own for each, and databases in which nothing stays."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.core.management import call_command
from django.db import connections
from django.utils import translation

from regulars_server.shared.audit_guard import unguard

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_django import DjangoDbBlocker

DATABASES = pytest.StashKey["Databases"]()


class Databases:
    """The databases of Django's settings, and which tables have rows before the first test."""

    def __init__(self, blocker: DjangoDbBlocker) -> None:
        self.blocker = blocker
        with blocker.unblock():
            self.tables = {alias: connections[alias].introspection.django_table_names(only_existing=True) for alias in connections}
            self.filled = {alias: self.with_rows(alias) for alias in connections}

    def with_rows(self, alias: str) -> set[str]:
        """The names of the tables that are not empty."""
        connection = connections[alias]
        asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})" for name in self.tables[alias])
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked))
            return {name for (name,) in cursor.fetchall()}

    def put_right(self) -> list[str]:
        """Which tables a test filled or emptied for good; they are as before after this."""
        changed = []
        with self.blocker.unblock():
            for alias, before in self.filled.items():
                if differ := before ^ self.with_rows(alias):
                    changed += sorted(f"{alias}.{name}" for name in differ)
                    call_command("flush", interactive=False, verbosity=0, database=alias)
        return changed


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashing a password takes a quarter of a second by design; here a small part of that, by the same code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScryptPasswordHasher, "work_factor", 2**4)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest) -> None:
    """The databases without the triggers that keep the audit log: tests in which several connections matter empty all tables after themselves."""
    del django_db_setup
    with django_db_blocker.unblock():
        unguard(connections["audit"])
    request.config.stash[DATABASES] = Databases(django_db_blocker)


@pytest.fixture(autouse=True)
def _own_installation(settings: Any) -> Iterator[None]:
    """A data folder of the test's own, and a process that remembers nothing of other installations."""
    from regulars_server.loading import adopting, plans, quality
    from regulars_server.serving.public import close

    given = settings.CONFIG
    folder = Path(tempfile.mkdtemp(prefix="installation-", dir=given.workspace))
    settings.CONFIG = own = dataclasses.replace(given, workspace=folder)
    own.make_folders()
    shutil.copy(given.secrets_file, own.secrets_file)
    settings.FILE_UPLOAD_TEMP_DIR = str(own.uploads)
    for remembered in (adopting._seen, adopting._under_way, plans._cache, quality._known):
        remembered.clear()
    yield
    close()
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _no_language_left_behind() -> Iterator[None]:
    """A page in German leaves its thread in German, and the next test would read German words."""
    yield
    translation.deactivate()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Fails the test whose rows others find, or that takes away what others would find."""
    yield
    databases = item.config.stash.get(DATABASES, None)
    # After the last test the databases are gone.
    if databases and nextitem and (changed := databases.put_right()):
        pytest.fail(f"{item.nodeid} leaves behind what other tests find: rows in {', '.join(changed)}", pytrace=False)
