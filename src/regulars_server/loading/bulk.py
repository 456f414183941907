"""Many rows at once, below the ORM, which takes eight times as long: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db import models

Item = TypeVar("Item")


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows into the table of `model`, inside the caller's transaction. Values are as the driver takes them; JSON as text."""
    if not rows:
        return
    connection.ensure_connection()
    table, listed = model._meta.db_table, ", ".join(columns)
    if connection.vendor == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)
        return
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def insert_new(model: type[models.Model], columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> set[Any]:
    """Insert the rows that are not there; says the first column of those that were new. `types` are PostgreSQL's."""
    if not rows:
        return set()
    connection.ensure_connection()
    table, listed = model._meta.db_table, ", ".join(columns)
    new: set[Any] = set()
    if connection.vendor == "sqlite":
        if _all_were_new(table, listed, columns, rows):
            return {row[0] for row in rows}
        row_marks = f"({', '.join('?' * len(columns))})"
        for chunk in chunks(rows, 1000):
            query = (
                f"INSERT INTO {table} ({listed}) VALUES {', '.join([row_marks] * len(chunk))} ON CONFLICT DO NOTHING RETURNING {columns[0]}"
            )
            new.update(found for (found,) in connection.connection.execute(query, [value for row in chunk for value in row]))
        return new
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    query = f"INSERT INTO {table} ({listed}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING RETURNING {columns[0]}"
    from psycopg import Cursor

    # Django's own cursor writes values into the text of the query; so many are quicker sent apart.
    with Cursor(connection.connection) as cursor:
        found = cursor.execute(query, [list(column) for column in zip(*rows, strict=True)], binary=True)
        new.update(_plain(value) for (value,) in found)
    return new


def _all_were_new(table: str, listed: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    """Insert all rows in the hope that none is there, which is three times as quick as asking; where one is, nothing has happened."""
    raw = connection.connection
    raw.execute("SAVEPOINT hope")
    try:
        raw.executemany(f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})", rows)
    except sqlite3.IntegrityError:
        raw.execute("ROLLBACK TO hope")
        raw.execute("RELEASE hope")
        return False
    raw.execute("RELEASE hope")
    return True


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
