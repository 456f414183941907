"""One installation to a process: the environment that its parts read, and Django over it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from regulars_server.config import Config

if TYPE_CHECKING:
    from pathlib import Path


def config_of(folder: Path) -> Config:
    """The configuration of the installation in `folder`; everything else as the environment says."""
    return Config.from_environment({**os.environ, "REGULARS_WORKSPACE": str(folder)})


def environment_of(config: Config) -> dict[str, str]:
    """What a process of this installation finds in its environment."""
    return {
        **os.environ,
        "REGULARS_WORKSPACE": str(config.workspace),
        "REGULARS_PUBLIC_URL": config.public_url,
        "REGULARS_LISTEN": f"[{config.host}]:{config.port}" if ":" in config.host else f"{config.host}:{config.port}",
        "DJANGO_SETTINGS_MODULE": "regulars_server.settings",
    }


def start_django() -> Config:
    """Django over the installation that the environment names, for the whole process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "regulars_server.settings"
    import django

    django.setup()
    from django.conf import settings

    config: Config = settings.CONFIG
    return config
