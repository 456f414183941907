"""An installation with a workspace, a source and an inbox, all of it new for each test."""

from __future__ import annotations

import shutil

import pytest
from django.conf import settings

from regulars.workspace import Workspace
from tests.regulars_server.loading.calls import NOW


def _empty_inbox(url: str) -> None:
    """The inbox lies outside Django's test database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('regulars.inbox')").fetchone() != (None,):
            connection.execute("TRUNCATE regulars.inbox")


@pytest.fixture
def shop(db):
    """The library's workspace, empty."""
    del db
    from regulars_server.loading import workspace
    from regulars_server.serving.public import close

    config = settings.CONFIG
    for path in config.workspace.iterdir():
        if path.name != "server":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    close()
    for folder in (config.staged, config.run, config.serving):
        shutil.rmtree(folder, ignore_errors=True)
    for path in config.server.glob("inbox.db*"):
        path.unlink()
    config.make_folders()
    if config.uses_postgres:
        _empty_inbox(config.database_url)
    made = config.workspace.parent / f"{config.workspace.name}-new"
    Workspace.create(made, name="Shop", currency="EUR", time_zone="UTC")
    for path in made.iterdir():
        path.rename(config.workspace / path.name)
    made.rmdir()
    workspace._open.cache_clear()
    return workspace.workspace()


@pytest.fixture
def inbox(shop):
    """The inbox, with the source `web`."""
    del shop
    from regulars_server.intake.public import create_source, open_inbox

    create_source(slug="web", name="Web", kind="server", actor="test", now=NOW)
    opened = open_inbox()
    yield opened
    opened.close()
