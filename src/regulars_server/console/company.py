"""The company that the console is about: its name, time zone and currency, from the workspace's settings."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from regulars.settings import Settings


def company() -> Settings:
    """The workspace's settings as they are now; those of an empty workspace where there is none yet."""
    # Asked for each instant that is shown: a text is put together and looked up in a fraction of the time of a path.
    path = f"{settings.CONFIG.workspace}/workspace.json"
    try:
        return _read(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - as said above
    except FileNotFoundError:
        return Settings.from_mapping({"name": settings.CONFIG.workspace.name})


@lru_cache(maxsize=4)
def _read(path: str, changed_ns: int) -> Settings:
    del changed_ns
    return Settings.from_mapping(json.loads(Path(path).read_text(encoding="utf-8"))["settings"])
