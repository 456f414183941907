"""The company that the console is about: its name, time zone and currency, from the workspace's settings."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def company() -> Settings:
    """The workspace's settings as they are now; those of an empty workspace where there is none yet."""
    path = settings.CONFIG.workspace / "workspace.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return Settings.from_mapping({"name": settings.CONFIG.workspace.name})


@lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int) -> Settings:
    del changed_ns
    return Settings.from_mapping(json.loads(path.read_text(encoding="utf-8"))["settings"])
