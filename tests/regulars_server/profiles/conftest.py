"""Calls resolved as the loader does it."""

from __future__ import annotations

import pytest


@pytest.fixture
def loader(db, django_capture_on_commit_callbacks):
    """Loads batches and keeps what came of them."""
    from tests.regulars_server.profiles.arrivals import Loader

    del db
    return Loader(django_capture_on_commit_callbacks)
