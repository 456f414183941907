"""The file `workspace.json`: how the business counts, and the version of the layout of its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from regulars.errors import NoWorkspace, WorkspaceUnreadable
from regulars.settings import Settings
from regulars.warehouse.files import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
"""Version of the layout of a workspace folder."""


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the settings of the workspace in `folder`."""
    write_json(folder / "workspace.json", {"format": FORMAT, "settings": settings.as_dict()})


def read_settings(folder: Path) -> Settings:
    """The settings of the workspace in `folder`. Raises `NoWorkspace`, `WorkspaceUnreadable`."""
    path = folder / "workspace.json"
    if not path.is_file():
        raise NoWorkspace(
            f"There is no workspace in {folder}.",
            expected="a folder that `regulars init` or `regulars import` has made",
            remedy="Give the folder with --workspace, or create one with `regulars init`.",
            details={"folder": str(folder)},
        )
    try:
        found = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceUnreadable(
            f"{path} is damaged: {error}.", expected="the settings of a workspace as JSON", remedy="Restore the file from a backup."
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("settings"), dict):
        version = found.get("format") if isinstance(found, dict) else None
        raise WorkspaceUnreadable(
            f"{path} is of format {version!r}.",
            expected=f"format {FORMAT}",
            remedy="Use the version of Regulars that made this workspace, or import the files into a new one.",
            details={"folder": str(folder), "format": version},
        )
    return Settings.from_mapping(found["settings"])
