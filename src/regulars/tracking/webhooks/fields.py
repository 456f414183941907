"""Reading the nested objects of webhooks without trusting them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from regulars.tracking.amounts import decimal

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO = Decimal(0)


def inside(said: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at the end of the path; an empty one where there is none."""
    found: Any = said
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def objects(said: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """The objects of the list at the end of the path."""
    found = inside(said, *path[:-1]).get(path[-1])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def money(said: Mapping[str, Any], name: str) -> Decimal:
    """The amount, or nothing. Raises `Refusal` where it is no number."""
    return decimal(said, name) or ZERO


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say something; decimals as text, so that they stay exact."""
    return {
        name: format(value, "f") if isinstance(value, Decimal) else value
        for name, value in values.items()
        if value not in (None, "", [], {})
    }
