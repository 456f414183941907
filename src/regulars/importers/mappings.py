"""Mappings that a person gave once, kept in the workspace for the next file with the same header."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars.importers.recognition import normal, signature
from regulars.warehouse.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was said about a header: column -> field, and the format where it was named."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None


def saved_for(folder: Path, header: Sequence[str]) -> Saved:
    """What was said the last time about a file with this header; nothing where nothing was."""
    found = _all(folder).get(signature(header))
    if found is None:
        return Saved()
    by_normal = {normal(name): name for name in header}
    return Saved(mapping={by_normal.get(normal(c), c): f for c, f in found["mapping"].items()}, format=found.get("format"))


def save(folder: Path, header: Sequence[str], saved: Saved) -> None:
    """Keep what was said about this header."""
    everything = _all(folder)
    everything[signature(header)] = {"mapping": dict(saved.mapping), "format": saved.format}
    write_json(folder / "mappings.json", everything)


def _all(folder: Path) -> dict[str, Any]:
    try:
        found = read_json(folder / "mappings.json")
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
