"""Reading the serving file: one shared connection, a cursor for each thread, opened anew when another file is in its place."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
from django.conf import settings

from regulars_server.serving import hidden
from regulars_server.serving.layout import FILE, FORMAT, from_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from regulars_server.serving.contracts import Built

MEMORY = "256MB"
"""What reading may take in a web process."""
MOST_ANSWERS = 500
"""Answers of the whole file that are kept; then the one that was not asked for the longest goes."""
MOST_OF_PEOPLE = 50
"""Answers about single people that are kept: a page asks the same of them several times."""
CONFIGURATION: dict[str, Any] = {
    "memory_limit": MEMORY,
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
}


class Answers:
    """Answers by what was asked, so many at most: what was not asked for the longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[Any, ...], list[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """What was asked, that which goes first at the beginning."""
        with self._lock:
            return iter(list(self._kept))

    def get(self, wanted: tuple[Any, ...]) -> list[dict[str, Any]] | None:
        """The answer, where it is kept."""
        with self._lock:
            found = self._kept.get(wanted)
            if found is not None:
                self._kept.move_to_end(wanted)
            return found

    def keep(self, wanted: tuple[Any, ...], answer: list[dict[str, Any]]) -> None:
        """Keep an answer."""
        with self._lock:
            self._kept[wanted] = answer
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


@dataclass(slots=True)
class Opened:
    """An open file: closed when another one has taken its place and nobody reads it any more."""

    connection: duckdb.DuckDBPyConnection
    built: Built
    mark: tuple[int, int, int]
    readers: int = 0
    replaced: bool = False
    answers: Answers = field(default_factory=lambda: Answers(MOST_ANSWERS))
    """What was asked of the whole file: it does not change."""
    of_people: Answers = field(default_factory=lambda: Answers(MOST_OF_PEOPLE))
    """What was asked of single people: few, so that nobody stays in memory, and apart, so that they do not drive out what is dear."""


_lock = threading.Lock()
_opened: dict[str, Opened] = {}


class Reader:
    """A look into the file by one thread."""

    def __init__(self, opened: Opened, cursor: duckdb.DuckDBPyConnection, left_out: frozenset[str]) -> None:
        self._cursor = cursor
        self.built = opened.built
        self.left_out = left_out
        self._opened = opened

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query as plain values."""
        found = self._cursor.execute(query, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def tuples(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query as they come, in the order of its columns."""
        return self._cursor.execute(query, list(values)).fetchall()

    def once(self, query: str, values: Sequence[Any] = (), *, of_people: bool = False) -> list[dict[str, Any]]:
        """As `rows`, for what depends on the file alone, and kept for the next time. Not to be changed by the caller."""
        wanted = (query, *values)
        answers = self._opened.of_people if of_people else self._opened.answers
        found = answers.get(wanted)
        if found is None:
            found = self.rows(query, values)
            answers.keep(wanted, found)
        return found

    def pieces(self, query: str, values: Sequence[Any] = (), size: int = 2000) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query piece by piece."""
        found = self._cursor.execute(query, list(values))
        while piece := found.fetchmany(size):
            yield piece


@contextmanager
def reader() -> Iterator[Reader | None]:
    """The file as it is now; None where it was not built yet, or cannot be read."""
    folder = settings.CONFIG.serving
    opened = _take(folder / FILE)
    if opened is None:
        yield None
        return
    try:
        cursor = opened.connection.cursor()
        try:
            yield Reader(opened, cursor, hidden.read(folder))
        finally:
            cursor.close()
    finally:
        _give_back(opened)


def close() -> None:
    """Close what is open; the next reader opens it again."""
    with _lock:
        for opened in _opened.values():
            opened.replaced = True
            _close_unused(opened)
        _opened.clear()


def _take(path: Path) -> Opened | None:
    with _lock:
        try:
            found = path.stat()
        except FileNotFoundError:
            _drop(str(path))
            return None
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        opened = _opened.get(str(path))
        if opened is None or opened.mark != mark:
            _drop(str(path))
            opened = _open(path, mark)
            if opened is None:
                return None
            _opened[str(path)] = opened
        opened.readers += 1
        return opened


def _give_back(opened: Opened) -> None:
    with _lock:
        opened.readers -= 1
        _close_unused(opened)


def _drop(path: str) -> None:
    opened = _opened.pop(path, None)
    if opened is not None:
        opened.replaced = True
        _close_unused(opened)


def _close_unused(opened: Opened) -> None:
    if opened.replaced and opened.readers <= 0:
        opened.connection.close()


def _open(path: Path, mark: tuple[int, int, int]) -> Opened | None:
    # DuckDB shares one instance among connections to a path, whatever file lies there by now: the name of a link to this very file is its own.
    link = path.with_name(f".reading-{mark[0]}-{mark[1]}")
    try:
        link.unlink(missing_ok=True)
        link.hardlink_to(path)
        connection = duckdb.connect(str(link), read_only=True, config={**CONFIGURATION, "temp_directory": str(path.parent / "spill")})
    except (duckdb.Error, OSError):
        return None
    finally:
        link.unlink(missing_ok=True)
    try:
        row = connection.execute("select format, built from meta").fetchone()
        assert row is not None
        assert row[0] == FORMAT
        return Opened(connection, from_plain(json.loads(row[1])), mark)
    except (duckdb.Error, AssertionError, ValueError, TypeError, KeyError):
        connection.close()
        return None
