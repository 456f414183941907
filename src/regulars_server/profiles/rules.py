"""The rules of this installation: the file `identities.json` in the application's folder, where there is one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from regulars.errors import SettingRefused
from regulars.identities.evidence import DEFAULT_RULES, Limit, Rules

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.identities.identifiers import Identifier

FILE = "identities.json"


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Limits, and values that name nobody here beside those that name nobody anywhere."""

    rules: Rules
    blocked: frozenset[str]

    def allowed(self, identifiers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        """Those of the identifiers of a call that name somebody."""
        if not self.blocked:
            return identifiers
        return tuple(one for one in identifiers if self.blocked.isdisjoint(_forms(one)))


def house_rules() -> HouseRules:
    """What the file says, or what holds without one. Raises `SettingRefused`."""
    path = settings.CONFIG.server / FILE
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return HouseRules(DEFAULT_RULES, frozenset())


def rules() -> Rules:
    """The limits of the graph."""
    return house_rules().rules


def _forms(identifier: Identifier) -> set[str]:
    low = identifier.value.lower()
    local, at, domain = low.partition("@")
    return {low, f"{local}@", f"@{domain}"} if at else {low}


@lru_cache(maxsize=4)
def _read(path: Path, written: int) -> HouseRules:
    del written
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        limits = {
            kind: Limit(identities=int(one["identities"]), anonymous=int(one["anonymous"])) for kind, one in said.get("limits", {}).items()
        }
        found = replace(
            DEFAULT_RULES,
            limits={**DEFAULT_RULES.limits, **limits},
            person_at_most=int(said.get("person_at_most", DEFAULT_RULES.person_at_most)),
        )
        return HouseRules(found, frozenset(str(value).lower() for value in said.get("blocked", ())))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingRefused(
            f"{path} cannot be read: {error}.",
            expected='JSON such as {"limits": {"device": {"identities": 50, "anonymous": 10}}, "blocked": ["kiosk-1", "@agency.eu"]}',
            remedy="Mend the file, or take it away.",
        ) from error
