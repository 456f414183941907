"""Calls and requests for the tests of the loader."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from regulars.tables import TABLES
from regulars_server.intake.door.inbox import InboxRow

if TYPE_CHECKING:
    from regulars_server.intake.public import Inbox

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MICROS = int(NOW.timestamp() * 1_000_000)


def track(event: str, message_id: str, user: str | None = "anna", at: str = "2026-11-22T11:00:00Z", **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "messageId": message_id, "userId": user, "timestamp": at, "properties": properties}


def send(
    inbox: Inbox, *calls: dict[str, Any] | str, source: str = "web", received_at: int = MICROS, kind: str = "batch", **about: Any
) -> None:
    """One accepted request with these calls."""
    inbox.append([InboxRow(0, received_at, source, kind, body_of(*calls), about)])


def body_of(*calls: dict[str, Any] | str) -> bytes:
    parts = [call if isinstance(call, str) else json.dumps(call) for call in calls]
    return f'{{"batch": [{", ".join(parts)}]}}'.encode()


def table(query: str) -> list[tuple[Any, ...]]:
    """Rows of a query over the tables; `orders_in_force` and so on leave out what was superseded."""
    from regulars_server.loading.workspace import workspace

    snapshot = workspace().snapshot()
    with duckdb.connect() as connection:
        for name in TABLES:
            files = list(snapshot.files(name))
            if files:
                connection.execute(f"create view {name} as select * from read_parquet({files!r})")
            else:
                connection.register(name, TABLES[name].arrow_schema.empty_table())
        for name in TABLES:
            connection.execute(
                f"create view {name}_in_force as select * from {name} where (row_key, source, load_id) not in "
                f"(select (superseded_key, superseded_source, superseded_load_id) from supersessions where table_name = '{name}')"
            )
        return connection.execute(query).fetchall()
