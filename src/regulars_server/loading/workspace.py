"""The library's workspace of this installation, opened once a process and again when its settings change."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def workspace() -> Workspace:
    """The workspace, with its settings as they are now."""
    folder = settings.CONFIG.workspace
    return _open(folder, (folder / "workspace.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _open(folder: Path, changed: int) -> Workspace:
    del changed
    return Workspace.open(folder)
