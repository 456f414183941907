"""The page of the canonical tables, made from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from regulars.tables import ENVELOPE, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from regulars.tables import Column

OPENING = """# Tables

Everything is kept in these tables, one Delta table each. They are append-only: a changed row is a new version, and what it replaces is noted
in [supersessions](#supersessions). Every append is checked against the columns below.

## Columns of every table { #envelope }
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `reference/tables.md`."""
    parts = [OPENING, rows(ENVELOPE)]
    for table in TABLES.values():
        parts += [f"\n## {table.name} {{ #{table.name} }}\n", f"One row is {table.row_is}.\n", rows(table.own_columns)]
    files.append(File.generated(config, "reference/tables.md", content="\n".join(parts)))
    return files


def rows(columns: Iterable[Column]) -> str:
    """The columns as a table."""
    lines = ["| column | type | meaning | unit | may be null | when a person is erased |", "|---|---|---|---|---|---|"]
    for column in columns:
        meaning = column.meaning.replace("|", "\\|")
        null = "" if column.required else "yes"
        lines.append(f"| `{column.name}` | {column.type.value} | {meaning} | {column.unit or ''} | {null} | {column.erase.value} |")
    return "\n".join(lines)
