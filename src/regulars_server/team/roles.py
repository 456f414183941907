"""Who may do what: one table that every door consults."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """Something that a door lets through; a view, an API scope and a task each name one."""

    SEE_NUMBERS = "numbers.see"
    """Totals, charts and lists without anything that says who."""
    SEE_PEOPLE = "people.see"
    """Names, addresses, ids, traits, timelines, raw events."""
    EDIT_PEOPLE = "people.edit"
    """Merging, un-merging, notes."""
    EXPORT = "export"
    SEE_DATA = "data.see"
    """Sources, quality, quarantine counts."""
    MANAGE_DATA = "data.manage"
    """Sources, switches, tracking plans, replay of the quarantine."""
    IMPORT = "import"
    SEE_AUDIT = "audit.see"
    MANAGE_KEYS = "keys.manage"
    MANAGE_TEAM = "team.manage"
    MANAGE_OWNERS = "owners.manage"


class Role(StrEnum):
    """What a member of the team is."""

    OWNER = "owner"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT = "support"
    READ_ONLY = "read_only"
    NO_PERSONAL_DATA = "no_personal_data"


P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(P),
    Role.ADMIN: frozenset(P) - {P.MANAGE_OWNERS},
    Role.MARKETER: frozenset({P.SEE_NUMBERS, P.SEE_PEOPLE, P.EDIT_PEOPLE, P.EXPORT, P.SEE_DATA, P.IMPORT}),
    Role.ANALYST: frozenset({P.SEE_NUMBERS, P.SEE_PEOPLE, P.EXPORT, P.SEE_DATA, P.IMPORT}),
    Role.SUPPORT: frozenset({P.SEE_NUMBERS, P.SEE_PEOPLE, P.EDIT_PEOPLE}),
    Role.READ_ONLY: frozenset({P.SEE_NUMBERS, P.SEE_PEOPLE, P.SEE_DATA}),
    Role.NO_PERSONAL_DATA: frozenset({P.SEE_NUMBERS, P.SEE_DATA}),
}
"""The whole table. A role that is not here may do nothing."""


def allows(role: str, permission: Permission) -> bool:
    """Whether a role may do something; an unknown role may do nothing.

    >>> allows("support", Permission.SEE_PEOPLE), allows("no_personal_data", Permission.SEE_PEOPLE), allows("", Permission.SEE_NUMBERS)
    (True, False, False)
    """
    return permission in ROLES.get(role, frozenset())
