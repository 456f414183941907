"""The rows of our schemas in PostgreSQL: out of one snapshot, and into tables that migrations have made. No tool of the server's is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from regulars_server.running.errors import BackupRefused
from regulars_server.running.preparing import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    from regulars_server.running.archive import Writing

_TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname = ANY(%s)
GROUP BY 1, 2 ORDER BY 1, 2
"""
_SEQUENCES = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE schemaname = ANY(%s) AND last_value IS NOT NULL"


class PostgresCopy:
    """`pin` takes a moment, `copy` writes the rows as they were then."""

    def __init__(self, url: str, scratch: Path) -> None:
        self._scratch = scratch
        self._connection = psycopg.connect(
            url, connect_timeout=10, options="-c idle_in_transaction_session_timeout=0 -c statement_timeout=0"
        )
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def pin(self) -> None:
        """Begin the transaction whose first statement takes the snapshot."""
        self._connection.execute("SELECT 1")

    def copy(self, writing: Writing) -> dict[str, Any]:
        """Add the rows of every table to the backup; says what the manifest needs."""
        self._scratch.mkdir(parents=True, mode=0o700)
        tables: dict[str, dict[str, Any]] = {}
        for schema, table, columns in self._connection.execute(_TABLES, (list(SCHEMAS),)).fetchall():
            file = self._scratch / "rows"
            with file.open("wb") as target, self._connection.cursor() as cursor:
                with cursor.copy(sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(schema, table), _names(columns))) as rows:
                    for piece in rows:
                        target.write(piece)
                count = cursor.rowcount
            member = f"databases/{schema}.{table}.rows"
            writing.add(file, member)
            tables[f"{schema}.{table}"] = {"columns": columns, "rows": count, "file": member}
            file.unlink()
        # Not part of any snapshot, hence read last: a sequence that is too far ahead does no harm.
        sequences = dict(self._connection.execute(_SEQUENCES, (list(SCHEMAS),)).fetchall())
        return {"database": "postgresql", "migrations": self._migrations(tables), "tables": tables, "sequences": sequences}

    def _migrations(self, tables: dict[str, Any]) -> dict[str, list[str]]:
        found = {}
        for alias, schema in zip(("default", "audit"), SCHEMAS, strict=True):
            if f"{schema}.django_migrations" in tables:
                query = sql.SQL("SELECT app || '.' || name FROM {} ORDER BY 1").format(sql.Identifier(schema, "django_migrations"))
                found[alias] = [row[0] for row in self._connection.execute(query)]
        return found

    def close(self) -> None:
        """Let go of the moment."""
        self._connection.close()


def refuse_used(url: str) -> None:
    """Raise `BackupRefused` when our schemas hold tables already."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        there = connection.execute(_TABLES, (list(SCHEMAS),)).fetchall()
    if there:
        raise BackupRefused(
            f"The database holds an installation already: {len(there)} tables in the schemas {' and '.join(SCHEMAS)}.",
            expected="a database without these schemas",
            remedy="Give an empty database with REGULARS_DATABASE_URL.",
        )


def empty(url: str) -> None:
    """Take away what a restore that failed has made; before it there were no tables in our schemas."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        for schema in SCHEMAS:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def fill(url: str, folder: Path, manifest: dict[str, Any]) -> None:
    """Put the rows of an unpacked backup in the place of whatever the migrations have written; all of it or nothing."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        for name, table in manifest["tables"].items():
            place = sql.Identifier(*name.split(".", 1))
            # Only where migrations have written something: the audit log lets nobody delete, not even nothing.
            if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(place)).fetchone():
                connection.execute(sql.SQL("DELETE FROM {}").format(place))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(place, _names(table["columns"]))
            with (folder / table["file"]).open("rb") as rows, connection.cursor() as cursor, cursor.copy(statement) as copy:
                while piece := rows.read(1 << 20):
                    copy.write(piece)
        for name, last in manifest["sequences"].items():
            connection.execute("SELECT setval(%s::regclass, %s)", (name, last))


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
