"""Files that survive a crash, and a disk that is full said plainly."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from regulars.errors import DiskFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_TEXTS = ("no space left on device", "os error 28", "disk quota exceeded", "os error 122", "os error 27")


@contextlib.contextmanager
def disk_room(folder: Path) -> Iterator[None]:
    """Inside, an error that means "no room on the disk", from whichever library, is raised as `DiskFull`."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if not _means_full(error):
            raise
        raise DiskFull(
            f"The disk that holds {folder} is full.",
            expected="room for what was to be written",
            remedy="Free some space, then run the same command again; nothing was changed.",
            details={"folder": str(folder)},
        ) from error


def _means_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    text = str(error).lower()
    return any(part in text for part in _FULL_TEXTS)


def write_json(path: Path, value: Any, *, mode: int = 0o644) -> None:
    """Write `value` so that after a crash the file holds either the old content or the new one."""
    write_bytes(path, json.dumps(value, indent=2, ensure_ascii=False, default=str).encode() + b"\n", mode=mode)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` so that after a crash the file holds either the old content or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def read_json(path: Path) -> Any:
    """The value that a JSON file holds."""
    return json.loads(path.read_bytes())


def sync_file(path: Path) -> None:
    """Force the file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Force the folder's entries to the disk."""
    sync_file(path)


def empty_folder(path: Path) -> None:
    """Remove everything in the folder, and keep the folder."""
    if not path.is_dir():
        return
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
