"""Every readable value of every file below a folder, whatever it is wrapped in."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def decoded(folder: Path) -> dict[str, str]:
    """By file name: everything that it says, lower case."""
    return {str(path.relative_to(folder)): "\n".join(_texts(path)).lower() for path in sorted(folder.rglob("*")) if path.is_file()}


def files_saying(folder: Path, needle: str) -> list[str]:
    """The files that say `needle`, by name."""
    return [name for name, text in decoded(folder).items() if needle.lower() in text or needle.lower() in name.lower()]


def _texts(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    yield content.decode("latin-1")
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
        yield content.decode("latin-1")
    if content[:4] == b"PAR1":
        yield from _parquet(path)
        return
    for line in [content, *content.splitlines()]:
        try:
            yield from _values(json.loads(line))
        except ValueError:
            continue


def _parquet(path: Path) -> Iterator[str]:
    with pq.ParquetFile(path) as file:
        yield str(file.metadata.metadata)
        yield str(file.schema_arrow)
        for group in range(file.num_row_groups):
            for column in range(file.metadata.num_columns):
                yield str(file.metadata.row_group(group).column(column).to_dict()["statistics"])
        for row in file.read().to_pylist():
            yield from _values(row)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _values(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _values(item)
    elif isinstance(value, str):
        yield value
        if value[:1] in "[{":
            try:
                yield from _values(json.loads(value))
            except ValueError:
                return
    else:
        yield str(value)
