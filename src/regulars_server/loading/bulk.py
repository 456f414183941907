"""Many rows at once, below the ORM, which takes eight times as long: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

import sqlite3
from itertools import groupby, islice, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db import models

Item = TypeVar("Item")
_AT_ONCE = 500
"""Rows in one statement of SQLite."""


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows into the table of `model`, inside the caller's transaction. Values are as the driver takes them; JSON as text.

    A row may end early: what it leaves out is empty. On SQLite each value that is handed over costs.
    """
    if not rows:
        return
    connection.ensure_connection()
    table = model._meta.db_table
    if connection.vendor == "sqlite":
        for length, alike in groupby(rows, len):
            marks = ", ".join("?" * length)
            connection.connection.executemany(f"INSERT INTO {table} ({', '.join(columns[:length])}) VALUES ({marks})", alike)
        return
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row((*row, *repeat(None, len(columns) - len(row))))


def insert_new(model: type[models.Model], columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> set[Any]:
    """Insert the rows that are not there; says the first column of those that were new. `types` are PostgreSQL's."""
    if not rows:
        return set()
    connection.ensure_connection()
    table, listed = model._meta.db_table, ", ".join(columns)
    new: set[Any] = set()
    if connection.vendor == "sqlite":
        if _all_were_new(table, listed, rows):
            return {row[0] for row in rows}
        for chunk in chunks(rows, _AT_ONCE):
            query = f"{_inserting(table, listed, chunk)} ON CONFLICT DO NOTHING RETURNING {columns[0]}"
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


def _all_were_new(table: str, listed: str, rows: Sequence[Sequence[Any]]) -> bool:
    """Insert all rows in the hope that none is there, which is three times as quick as asking; where one is, nothing has happened."""
    raw = connection.connection
    raw.execute("SAVEPOINT hope")
    try:
        for chunk in chunks(rows, _AT_ONCE):
            raw.execute(_inserting(table, listed, chunk), [value for row in chunk for value in row])
    except sqlite3.IntegrityError:
        raw.execute("ROLLBACK TO hope")
        raw.execute("RELEASE hope")
        return False
    raw.execute("RELEASE hope")
    return True


def _inserting(table: str, listed: str, rows: Sequence[Sequence[Any]]) -> str:
    """SQLite's statement that inserts so many rows at once: where rows are short, that is twice as quick as one by one."""
    marks = f"({', '.join('?' * len(rows[0]))})"
    return f"INSERT INTO {table} ({listed}) VALUES {', '.join([marks] * len(rows))}"


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of at most `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
