"""A built serving file: made once, copied for each test."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, datetime

import pytest

from regulars.workspace import Workspace
from tests.regulars_server.serving.installed import company, install

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with the company's workspace and its serving file."""
    from django.conf import settings

    from regulars_server.serving.building import build_here

    folder = tmp_path_factory.mktemp("served")
    before = settings.CONFIG
    try:
        built = build_here(install(settings, folder, tables=company()), NOW)
    finally:
        settings.CONFIG = before
    return folder, built


@pytest.fixture
def workspace(settings, tmp_path, made):
    """The company's workspace, with its serving file in place."""
    from regulars_server.serving.reading import close

    shutil.copytree(made[0] / "data", tmp_path / "data")
    settings.CONFIG = dataclasses.replace(settings.CONFIG, workspace=tmp_path / "data")
    yield Workspace.open(tmp_path / "data")
    close()


@pytest.fixture
def built(made, request):
    """What the build said; the file is there."""
    request.getfixturevalue("workspace")
    return made[1]


@pytest.fixture
def unbuilt(workspace, settings):
    """The company's workspace without its serving file."""
    shutil.rmtree(settings.CONFIG.serving)
    return workspace
