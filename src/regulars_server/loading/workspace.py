"""The library's workspace of this installation, opened once a process."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def workspace() -> Workspace:
    """The workspace; its settings are as they were when it was first opened."""
    return _open(settings.CONFIG.workspace)


@lru_cache(maxsize=4)
def _open(folder: Path) -> Workspace:
    return Workspace.open(folder)
