"""What tests of the application share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.db import connections
from django.utils import translation

from regulars_server.shared.audit_guard import unguard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashing a password takes a quarter of a second by design; here a small part of that, by the same code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScryptPasswordHasher, "work_factor", 2**4)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The databases without the triggers that keep the audit log: tests in which several connections matter empty all tables after themselves."""
    del django_db_setup
    with django_db_blocker.unblock():
        unguard(connections["audit"])


@pytest.fixture(autouse=True)
def _no_language_left_behind() -> Iterator[None]:
    """A page in German leaves its thread in German, and the next test would read German words."""
    yield
    translation.deactivate()
