"""Staged rows: what a batch gave, as one file on the disk, before the batch counts as recorded and until its rows are in the tables."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pyarrow as pa
from django.conf import settings

from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_HEAD = struct.Struct("<HQ")
SUFFIX = ".rows"


def path_of(name: str) -> Path:
    """Where the staged file of this name lies."""
    return settings.CONFIG.staged / f"{name}{SUFFIX}"


def write(name: str, tables: Mapping[str, pa.Table]) -> None:
    """Put rows (by table, in its columns without load_id) on the disk under `name`; when this returns they are safe. Replaces what is there."""
    target = path_of(name)
    draft = target.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for table, rows in tables.items():
            if rows.num_rows:
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, rows.schema) as writer:
                    writer.write_table(rows)
                body = sink.getvalue()
                file.write(_HEAD.pack(len(table), body.size) + table.encode())
                file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    _sync_folder()


def read(name: str) -> dict[str, pa.Table]:
    """The rows that were staged under `name`."""
    whole = pa.py_buffer(path_of(name).read_bytes())
    found: dict[str, pa.Table] = {}
    at = 0
    while at < whole.size:
        length, size = _HEAD.unpack(whole.slice(at, _HEAD.size).to_pybytes())
        table = whole.slice(at + _HEAD.size, length).to_pybytes().decode()
        at += _HEAD.size + length
        found[table] = pa.ipc.open_stream(whole.slice(at, size)).read_all()
        at += size
    return found


def together(names: Iterable[str], *, change: Callable[[str, str, pa.Table], pa.Table]) -> dict[str, pa.Table]:
    """The rows of several staged files, in the order of the files; `change` gets (file, table, rows) and says what is left of them."""
    parts: dict[str, list[pa.Table]] = {}
    for name in names:
        for table, rows in read(name).items():
            parts.setdefault(table, []).append(change(name, table, rows))
    return {table: pa.concat_tables(parts[table]) for table in TABLES if table in parts}


def delete(names: Iterable[str]) -> None:
    """Remove staged files that are no longer needed."""
    for name in names:
        path_of(name).unlink(missing_ok=True)


def names() -> set[str]:
    """All staged files that are there; what a crash left half-written goes."""
    for draft in settings.CONFIG.staged.glob("*.draft"):
        draft.unlink(missing_ok=True)
    return {path.name.removesuffix(SUFFIX) for path in settings.CONFIG.staged.glob(f"*{SUFFIX}")}


def schema_of(table: str) -> pa.Schema:
    """The columns of a table as they are staged: all but load_id."""
    return pa.schema([field for field in TABLES[table].arrow_schema if field.name != "load_id"])


def _sync_folder() -> None:
    descriptor = os.open(settings.CONFIG.staged, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
