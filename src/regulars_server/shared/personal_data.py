"""The personal-data registry: every model, table and folder says how it exports, erases and expires what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars_server.shared.errors import HoldingIncomplete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

Ids = frozenset[str]
"""The identities of one person: every id, address and number that the identity graph has joined, and the customer id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one model (`app.Model`), canonical table (`table:orders`) or folder (`folder:server/staged`) does with personal data.

    A holding without any says so with `nothing_personal`, and needs neither export nor erase. `erase` may be called again at any time; `expire`,
    which the worker calls every few minutes, takes some thousand rows at most. Whatever does not expire says what keeps it from growing for ever.
    """

    name: str
    holds: str
    export: Callable[[Ids], Iterable[Mapping[str, Any]]] | None = None
    erase: Callable[[Ids], int] | None = None
    expire: Callable[[datetime], int] | None = None
    kept: str = ""
    """Why it does not expire, where it does not, and what bounds it."""
    nothing_personal: bool = False


_registry: dict[str, Holding] = {}


def register(*new: Holding) -> None:
    """Enter holdings; called by each app when it is ready. Raises `HoldingIncomplete`."""
    for holding in new:
        personal_is_done = holding.nothing_personal or (holding.export and holding.erase)
        if not personal_is_done or not (holding.expire or holding.kept):
            raise HoldingIncomplete(
                f"{holding.name} does not say how it exports, erases and expires.",
                expected="export and erase, or nothing_personal; and expire, or why it is kept",
                remedy="Give the holding what is missing.",
            )
        if _registry.setdefault(holding.name, holding) != holding:
            raise HoldingIncomplete(f"{holding.name} is entered twice.", expected="one holding for each name", remedy="Take one out.")


def holdings() -> dict[str, Holding]:
    """All holdings by name."""
    return dict(sorted(_registry.items()))
