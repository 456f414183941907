"""The inbox: every accepted request as one row, durable before it is acknowledged, until the loader has made tables of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regulars_server.config import Config

WEBHOOKS = frozenset({"shopify", "stripe"})
"""Kinds whose `about["id"]` names the delivery: the same delivery of the same source is kept once."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One accepted request. `id` is given by the inbox, ascending in the order of commits; 0 for a row that is not yet there."""

    id: int
    received_at: int
    """Microseconds since 1970, UTC."""
    source: str
    """The slug of the source."""
    kind: str
    """`batch`, `track`, ..., `shopify`, `stripe`."""
    body: bytes
    """JSON, decompressed, as it came."""
    about: dict[str, Any] = field(default_factory=dict)
    """What the request said beside its body: `ip` (already cut), `user_agent`, and `topic` and `id` of a webhook."""

    @property
    def delivery(self) -> str:
        """What makes a webhook recognisable when it is sent again; empty for everything else."""
        return str(self.about.get("id") or "") if self.kind in WEBHOOKS else ""


@dataclass(frozen=True, slots=True, order=True)
class DoorCount:
    """What the door did in one minute for one source with one outcome; `source` is empty where the key was unknown."""

    minute: int
    """Minutes since 1970, UTC."""
    source: str
    outcome: str
    """`accepted`, `dropped` (switched off), `replayed`, `refused.<why>`, `busy`."""
    requests: int
    events: int
    bytes: int


class Inbox(Protocol):
    """Where accepted requests wait. Safe to use from several threads and processes."""

    def append(self, rows: Sequence[InboxRow], counts: Sequence[DoorCount] = ()) -> list[bool]:
        """Store all rows in one durable commit and add the counts; says for each row whether it is new (a repeated webhook is not)."""
        ...

    def read(self, after: int, max_rows: int, max_bytes: int) -> list[InboxRow]:
        """The next rows after an id, at most so many and so many bytes of bodies, but at least one if there is one."""
        ...

    def remove(self, up_to: int) -> None:
        """Forget all rows up to and with an id."""
        ...

    def backlog(self) -> tuple[int, int | None]:
        """How many rows wait, and when the oldest was received."""
        ...

    def counts(self, since: int, until: int) -> list[DoorCount]:
        """What the door counted from minute `since` until before minute `until`."""
        ...

    def rewrite(self, number: int, body: bytes | None) -> None:
        """Erase what a row held: put another body in its place, or take the row out; nothing of it stays in the file."""
        ...

    def sweep(self) -> None:
        """See that nothing of rows that were taken out is left in the file, also of those that left it for the tables."""
        ...

    def expire(self, before: int) -> int:
        """Forget counts and recognised webhooks from before an instant (microseconds since 1970); says how many."""
        ...

    def close(self) -> None: ...


def open_inbox(config: Config) -> Inbox:
    """The inbox of an installation: its own SQLite file, or tables in PostgreSQL; made when it is not there."""
    if config.database_url:
        from regulars_server.intake.door.inbox_in_postgres import PostgresInbox

        return PostgresInbox(config.database_url)
    from regulars_server.intake.door.inbox_in_sqlite import SqliteInbox

    config.make_folders()
    return SqliteInbox(config.inbox, gate=config.run / "inbox.lock")


def encode_about(about: dict[str, Any]) -> str:
    """`about` as it lies in the inbox."""
    return msgspec.json.encode(about).decode()


def within(rows: Iterator[tuple[Any, ...]], max_bytes: int) -> list[InboxRow]:
    """Rows of a cursor (id, received_at, source, kind, body, about) until their bodies are so large together."""
    found: list[InboxRow] = []
    size = 0
    for number, received_at, source, kind, body, about in rows:
        size += len(body)
        if found and size > max_bytes:
            break
        found.append(InboxRow(number, received_at, source, kind, bytes(body), msgspec.json.decode(about)))
    return found
