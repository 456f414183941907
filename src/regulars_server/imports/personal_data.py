"""What uploads do with personal data: they wait for a day at most, and one that names an erased person is deleted."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from regulars_server.imports import services
from regulars_server.imports.checking import check
from regulars_server.imports.errors import UploadRefused
from regulars_server.imports.models import Upload
from regulars_server.imports.receiving import place_of
from regulars_server.shared.public import Holding, write_tx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PIECE = 1 << 20


def export(ids: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Which waiting files name the person, or may do so."""
    for one in services.waiting(most=None):
        if _names(place_of(one.token), ids):
            yield {"uploaded_file": one.pk, "uploaded_at": one.created_at.isoformat()}


def erase(ids: frozenset[str]) -> int:
    """Delete files that name the person, and packed ones, into which it cannot be looked: they can be uploaded again.

    Also those that no upload waits for: a process that died may have left them.
    """
    gone = 0
    for path in services.files():
        if _names(path, ids):
            # First the file: an upload that is entered meanwhile is found here, and one that comes later finds no file.
            path.unlink(missing_ok=True)
            for one in Upload.objects.filter(token=path.name, removed_at=None):
                services.discard(one, actor="system", now=timezone.now())
            gone += 1
    return gone


def _names(path: Path, ids: frozenset[str]) -> bool:
    wanted = [one.lower().encode() for one in ids if one]
    if not wanted or not path.is_file():
        return False
    try:
        kind = check(path)
        return kind in {"workbook", "parquet"} or _holds(path, wanted, is_packed=kind == "gzip")
    except FileNotFoundError:
        return False
    except (UploadRefused, EOFError, zlib.error, OSError):
        # What cannot be read to its end may hold anybody.
        return True


def _holds(path: Path, wanted: Sequence[bytes], *, is_packed: bool) -> bool:
    overlap = max(map(len, wanted))
    end = b""
    with gzip.open(path, "rb") if is_packed else path.open("rb") as file:
        while piece := file.read(PIECE):
            text = (end + piece).lower()
            if b"\x00" in text or any(one in text for one in wanted):
                return True
            end = text[-overlap:]
    return False


def export_names(ids: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    """Uploads whose names hold an id of the person."""
    for one in _named(ids):
        yield {"upload": one.pk, "file_name": one.name}


def erase_names(ids: frozenset[str]) -> int:
    """Forget names of files that hold an id of the person."""
    found = _named(ids)
    for one in found:
        with write_tx():
            Upload.objects.filter(pk=one.pk).update(name="")
    return len(found)


def _named(ids: frozenset[str]) -> list[Upload]:
    lowered = [one.lower() for one in ids if len(one) > 2]
    return [one for one in Upload.objects.exclude(name="") if any(wanted in one.name.lower() for wanted in lowered)]


HOLDINGS = (
    Holding(
        name="folder:server/uploads",
        holds="files on their way into the tables, for a day at most",
        export=export,
        erase=erase,
        expire=services.expire,
    ),
    Holding(
        name="imports.Upload",
        holds="what files were called, how their columns were read, and closing reports with counts",
        export=export_names,
        erase=erase_names,
        expire=services.expire,
    ),
)
