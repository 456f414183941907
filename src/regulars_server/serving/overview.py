"""The overview as it was kept by the build: read without any of what it takes to reckon it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django.conf import settings

from regulars_server.serving.contracts import Overview, OverviewChart, OverviewTile

FILE = "overview.json"


def overview(language: str | None = None) -> Overview | None:
    """The overview in a language (or in English); None where it was not built yet."""
    kept = _kept()
    if kept is None:
        return None
    code = (language or "en").split("-")[0]
    said = kept["languages"].get(code) or kept["languages"]["en"]
    return Overview(
        as_of=datetime.fromisoformat(kept["as_of"]),
        built_at=datetime.fromisoformat(kept["built_at"]),
        language=code if code in kept["languages"] else "en",
        currency=kept["currency"],
        heading=kept["heading"],
        sentence=said["sentence"],
        explanation=said["explanation"],
        caveats=said["caveats"],
        last_day=said["last_day"],
        folder=kept["folder"],
        tiles=[OverviewTile(**tile) for tile in said["tiles"]],
        charts=[OverviewChart(**chart) for chart in said["charts"]],
    )


def chart_file(folder: str, name: str) -> bytes | None:
    """A chart's SVG; None where there is none of this name."""
    if not re.fullmatch(r"charts-[0-9]+", folder) or not re.fullmatch(r"[a-z0-9-]+\.svg", name):
        return None
    try:
        return bytes((settings.CONFIG.serving / folder / name).read_bytes())
    except FileNotFoundError:
        return None


def _kept() -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((settings.CONFIG.serving / FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found
