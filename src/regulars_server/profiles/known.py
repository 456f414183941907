"""What this process remembers of who is who, so that calls that say nothing new cost no query."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from regulars.identities.constraints import Constraints
from regulars.identities.evidence import Decision
from regulars_server.profiles import models
from regulars_server.profiles.rules import HouseRules, house_rules

if TYPE_CHECKING:
    from regulars.identities.identifiers import Identifier
    from regulars.identities.spans import Span

_AT_MOST = 200_000


class Entry(NamedTuple):
    """A set of identifiers that a call named: the earliest such call, and the identity that its rows carry."""

    occurred_at: int
    message_id: str
    identity: str
    is_anonymous: bool


class Known:
    """Entries and spans of committed transactions only. It holds as long as `Version` is the same."""

    def __init__(self) -> None:
        self.unsure: set[str] = set()
        """Anonymous ids whose spans a transaction changed that is not known to be committed."""
        self.forget("")

    def forget(self, token: str) -> None:
        """Start anew, under a token."""
        self.token = token
        self.entries: dict[tuple[Identifier, ...], Entry] = {}
        self.spans: dict[str, tuple[Span, ...]] = {}
        self.unsure.clear()
        self.constraints = Constraints()
        self.house: HouseRules | None = None

    def refresh(self) -> None:
        """Forget everything when somebody else changed who is who; called once per batch, inside its transaction."""
        token = models.Version.objects.values_list("token", flat=True).first()
        if token is None:
            token = secrets.token_hex(16)
            models.Version.objects.create(token=token)
        if token != self.token or self.house != house_rules():
            self.forget(token)
            self.house = house_rules()
            self.constraints = Constraints(read_decisions())
        elif len(self.entries) > _AT_MOST:
            self.entries.clear()
            self.spans.clear()

    def keep(self, entries: dict[tuple[Identifier, ...], Entry], spans: dict[str, tuple[Span, ...]], changed: set[str]) -> None:
        """Remember these once the transaction is committed; until then the changed spans are read anew."""
        self.unsure |= changed
        token = self.token

        def commit() -> None:
            if token == self.token:
                self.entries.update(entries)
                self.spans.update(spans)
                self.unsure -= changed

        transaction.on_commit(commit)


KNOWN = Known()


def read_decisions() -> list[Decision]:
    """All decisions by hand."""
    names = ("kind", "left", "right", "occurred_at", "decision_id", "code", "seen")
    rows: Any = models.Decision.objects.values_list(*names)
    return [
        Decision(kind, tuple(left), tuple(right), at, key, code, tuple(seen.items())) for kind, left, right, at, key, code, seen in rows
    ]


def changed_by_hand() -> None:
    """Inside a transaction that changes who is who otherwise than by calls: every process forgets what it remembers."""
    token = secrets.token_hex(16)
    if not models.Version.objects.update(token=token):
        models.Version.objects.create(token=token)
    KNOWN.forget("")
