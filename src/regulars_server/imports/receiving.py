"""Taking in a file: streamed to the folder of uploads under a name of our own, never more than is allowed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 2 << 30
"""Bytes of an upload, unless `settings.REGULARS_LARGEST_UPLOAD` says otherwise."""
LEAST_FREE = 1 << 30
"""Bytes that stay free on the disk."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


def largest() -> int:
    """How large an upload may be, in bytes."""
    return int(getattr(settings, "REGULARS_LARGEST_UPLOAD", LARGEST))


def place_of(token: str) -> Path:
    """Where the file of an upload lies."""
    assert _TOKEN.fullmatch(token), "a token is 32 hexadecimal digits"
    folder: Path = settings.CONFIG.uploads
    return folder / token


class Received:
    """A file that has arrived whole."""

    def __init__(self, token: str, name: str, size: int) -> None:
        self.token, self.name, self.size = token, name, size

    def close(self) -> None:
        """Nothing is held open."""


class Receiving(FileUploadHandler):
    """Writes the one file of a request; `why` says afterwards why it was not taken."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.token = secrets.token_hex(16)
        self.why = ""
        self._size = 0
        self._file: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self._file is not None:
            self._stop("several")
        place = place_of(self.token)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        del start
        self._size += len(raw_data)
        if self._size > largest():
            self._stop("too_large")
        if shutil.disk_usage(settings.CONFIG.uploads).free < LEAST_FREE:
            self._stop("disk_full")
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> Received:
        del file_size
        self._file.close()
        return Received(self.token, str(self.file_name or "")[:200], self._size)

    def upload_interrupted(self) -> None:
        self.drop()

    def drop(self) -> None:
        """Delete what has arrived."""
        if self._file is not None:
            self._file.close()
            place_of(self.token).unlink(missing_ok=True)

    def _stop(self, why: str) -> None:
        self.why = why
        self.drop()
        raise StopUpload(connection_reset=True)
