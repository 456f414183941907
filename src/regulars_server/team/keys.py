"""API keys: for programs, with scopes, shown once."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from regulars_server.shared.public import publish, record_change, write_tx
from regulars_server.team.errors import KeyRefused
from regulars_server.team.links import hash_of, one_at_a_time
from regulars_server.team.models import ApiKey
from regulars_server.team.roles import ROLES, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from regulars_server.team.models import User

LABEL = "rk"
NOTED_EVERY = timedelta(minutes=5)
"""`last_used_at` is written this often at most, so that a busy program does not write at every call."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was shown at a door."""

    key_id: int
    scopes: frozenset[Permission]

    @property
    def actor(self) -> str:
        """How the audit log calls it."""
        return f"key {self.key_id}"

    def may(self, permission: Permission | str) -> bool:
        """Whether the key opens a door that asks for this."""
        return Permission(permission) in self.scopes


def create_key(*, name: str, scopes: Iterable[str], actor: User, now: datetime) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can show again; raises `KeyRefused` for scopes that its maker does not have."""
    wanted = sorted(set(scopes))
    prefix = secrets.token_hex(4)
    text = f"{LABEL}_{prefix}_{secrets.token_urlsafe(32)}"
    with write_tx():
        one_at_a_time()  # who is deactivated at this moment gets no key that outlives it
        actor.refresh_from_db()
        allowed = sorted(scopes_given_by(actor))
        if not name.strip() or not wanted or not set(wanted) <= set(allowed):
            raise KeyRefused(
                "The key has no name, no scope, or one that you do not have yourself.", expected=", ".join(allowed), remedy="Choose again."
            )
        key = ApiKey.objects.create(
            name=name.strip()[:120], prefix=prefix, key_hash=hash_of(text), scopes=wanted, created_at=now, created_by=actor
        )
        record_change(actor=actor.actor, action="key.created", now=now, subjects=[f"key {key.pk}"], details={"scopes": wanted})
        publish("key.created", {"key": key.pk}, now=now)
    return key, text


def revoke_key(*, key_id: int, actor: User, now: datetime) -> None:
    """End a key; a second time changes nothing. Raises `KeyRefused` for an unknown one."""
    with write_tx():
        if not ApiKey.objects.filter(pk=key_id).exists():
            raise KeyRefused("There is no such key.", expected="a key of the list", remedy="Load the page again.")
        if ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=now):
            record_change(actor=actor.actor, action="key.revoked", now=now, subjects=[f"key {key_id}"])
            publish("key.revoked", {"key": key_id}, now=now)


def all_keys() -> list[ApiKey]:
    """All keys, those in force first."""

    def place(key: ApiKey) -> tuple[float, str, int]:
        return -key.revoked_at.timestamp() if key.revoked_at else float("-inf"), key.name, key.pk

    return sorted(ApiKey.objects.select_related("created_by"), key=place)


def scopes_given_by(actor: User) -> frozenset[Permission]:
    """The scopes that a key of `actor` may have: what they may do themselves, but not the management of people and keys."""
    if not actor.is_active or not actor.may(Permission.MANAGE_KEYS):
        return frozenset()
    return ROLES.get(actor.role, frozenset()) - {Permission.MANAGE_TEAM, Permission.MANAGE_OWNERS, Permission.MANAGE_KEYS}


def key_from(header: str, *, now: datetime) -> Key | None:
    """The key in an `Authorization: Bearer rk_...` header; None for anything that is not a key in force.

    A key never may more than the role that its maker has now.
    """
    kind, _, text = header.strip().partition(" ")
    parts = text.strip().split("_", 2)
    if kind.lower() != "bearer" or len(parts) != 3 or parts[0] != LABEL:
        return None
    row = ApiKey.objects.select_related("created_by").filter(prefix=parts[1], revoked_at=None, created_by__is_active=True).first()
    if not hmac.compare_digest(hash_of(text.strip()), row.key_hash if row else "-" * 64) or row is None:
        return None
    scopes = frozenset(Permission(scope) for scope in row.scopes if scope in set(Permission)) & scopes_given_by(row.created_by)
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
    if row.last_used_at is None or row.last_used_at < now - NOTED_EVERY:
        with write_tx():
            ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)
    return Key(row.pk, scopes)
