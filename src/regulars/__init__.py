"""Regulars turns customers into regulars: order files in, retention numbers out.

import regulars

shop = regulars.open("shop")
shop.import_file("orders.csv", currency="EUR")
shop.metric("churn_rate", by="month").to_pandas()
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from regulars.workspace import Workspace

__version__ = "0.2.0"


def open(folder: str | os.PathLike[str], *, create: bool = True, **settings: object) -> Workspace:  # noqa: A001 - reads as regulars.open("shop")
    """The workspace in `folder`; with `create` a new one is made where there is none, with `settings` (see `regulars.settings.Settings`).

    Raises `NoWorkspace` without `create`, `SettingRefused` for an impossible setting.
    """
    from regulars.workspace import Workspace

    if create and not (Path(folder).expanduser() / "workspace.json").is_file():
        return Workspace.create(folder, **settings)
    return Workspace.open(folder)


__all__ = ["__version__", "open"]
