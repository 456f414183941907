"""Many rows at once: queries over thousands of texts in one statement, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

ADVISORY_LOCK = 4712


def one_writer() -> None:
    """Hold, until the transaction ends, what only one may change at a time. On SQLite the transaction itself does so."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])


def rows_among(table: str, columns: str, column: str, values: Collection[str], extra: str = "") -> list[tuple[Any, ...]]:
    """`columns` of the rows whose `column` is one of `values`."""
    if not values:
        return []
    if connection.vendor == "postgresql":
        among, argument = f"{column} = ANY(%s)", list(values)
    else:
        among, argument = f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values), ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE {among} {extra}", [argument])
        return cursor.fetchall()


def delete_among(table: str, column: str, values: Collection[str], extra: str = "") -> int:
    """Delete the rows whose `column` is one of `values`; says how many."""
    if not values:
        return 0
    if connection.vendor == "postgresql":
        among, argument = f"{column} = ANY(%s)", list(values)
    else:
        among, argument = f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values), ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {among} {extra}", [argument])
        return int(cursor.rowcount)


def links_of(identities: Collection[str]) -> list[tuple[Any, ...]]:
    """left, right, occurred_at, message_id of all links of these identities."""
    columns = '"left", "right", occurred_at, message_id'
    return [row for side in ('"left"', '"right"') for row in rows_among("profiles_link", columns, side, identities)]


def links_between(pairs: Sequence[tuple[str, str]]) -> list[tuple[Any, ...]]:
    """left, right, occurred_at, message_id of those of `pairs` that are known."""
    if not pairs:
        return []
    if connection.vendor == "postgresql":
        wanted = "unnest(%s::text[], %s::text[]) AS wanted(a, b)"
        arguments: list[Any] = [[left for left, _ in pairs], [right for _, right in pairs]]
    else:
        wanted = "(SELECT json_extract(value, '$[0]') AS a, json_extract(value, '$[1]') AS b FROM json_each(%s)) AS wanted"
        arguments = [json.dumps(pairs, ensure_ascii=False)]
    # CROSS JOIN: SQLite otherwise may walk the whole table of links instead of looking each pair up.
    sql = (
        'SELECT link."left", link."right", link.occurred_at, link.message_id '
        f'FROM {wanted} CROSS JOIN profiles_link AS link WHERE link."left" = wanted.a AND link."right" = wanted.b'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall()


def write_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], conflict: str) -> None:
    """Insert rows; `conflict` says what happens to those that are there, such as `("left", "right") DO NOTHING`."""
    many = list(rows)
    if not many:
        return
    names = ", ".join(f'"{column}"' for column in columns)
    places = ", ".join(["%s"] * len(columns))
    clause = f"ON CONFLICT {conflict}" if conflict else ""
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places}) {clause}", many)


def later(table: str, *columns: str) -> str:
    """The SQL condition that the row coming in stands after the one that is there, compared as Python compares them."""
    collate = ' COLLATE "C"' if connection.vendor == "postgresql" else ""
    left = ", ".join(f"excluded.{column}{collate if column == 'message_id' else ''}" for column in columns)
    right = ", ".join(f"{table}.{column}{collate if column == 'message_id' else ''}" for column in columns)
    return f"({left}) > ({right})"
