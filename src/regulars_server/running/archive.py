"""A backup as a file: a tar whose last member lists all others with their checksums, so that a copy that is cut off or altered is seen."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from regulars.warehouse.files import disk_room, sync_folder
from regulars_server.running.errors import BackupRefused, BackupUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
MANIFEST = "manifest.json"
_PIECE = 1 << 20


class Writing:
    """A backup that is being written. Files are added with `add`; nothing is at `path` before `finish`."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise BackupRefused(
                f"{path} is there already.", expected="a file that is not there yet", remedy="Give another name, or a folder."
            )
        self.path = path
        self.bytes = 0
        self.files: dict[str, dict[str, Any]] = {}
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by finish and abandon

    def add(self, source: Path, name: str) -> None:
        """Add a file under a name."""
        with source.open("rb") as file:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = os.fstat(file.fileno()).st_size, 0o600
            hashing = _Hashing(file)
            self._tar.addfile(entry, hashing)
        self.files[name] = {"bytes": entry.size, "sha256": hashing.digest()}
        self.bytes += entry.size

    def add_bytes(self, content: bytes, name: str) -> None:
        """Add a small file from memory."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))
        self.files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        self.bytes += len(content)

    def finish(self, manifest: dict[str, Any]) -> None:
        """Add the manifest and put the whole file in its place, safely on the disk."""
        content = json.dumps({"format": FORMAT, **manifest, "files": self.files}, indent=1, default=str).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.rename(self.path)
        sync_folder(self.path.parent)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writing]:
    """A backup being written to `path`; without `finish` nothing is left. Raises `BackupRefused`, `DiskFull`."""
    with disk_room(path.parent):
        made = Writing(path)
        try:
            yield made
        finally:
            made.abandon()


class _Hashing:
    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> str:
        return self._hash.hexdigest()


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack a backup into an empty folder and return its manifest. Raises `BackupUnreadable` unless every file is there as it was written."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(path, mode="r|") as tar:
            for entry in tar:
                if manifest is not None or not entry.isreg() or not _is_inside(entry.name):
                    raise _unreadable(path, f"it holds '{entry.name}', which no backup has there")
                content = tar.extractfile(entry)
                assert content is not None
                if entry.name == MANIFEST:
                    manifest = json.loads(content.read())
                else:
                    found[entry.name] = _copy(content, folder / entry.name)
    except FileNotFoundError:
        raise _unreadable(path, "it is not there") from None
    except (tarfile.TarError, EOFError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, f"it cannot be read to its end ({error})") from error
    if manifest is None:
        raise _unreadable(path, "its end is missing")
    if manifest.get("format") != FORMAT:
        raise _unreadable(path, f"it is of format {manifest.get('format')}, and this version reads {FORMAT}")
    differing = [name for name in {*found, *manifest["files"]} if found.get(name) != manifest["files"].get(name)]
    if differing:
        raise _unreadable(path, f"{len(differing)} of its files are not as they were written, such as {min(differing)}")
    return manifest


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _copy(content: Any, target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashed, size = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := content.read(_PIECE):
            hashed.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": size, "sha256": hashed.hexdigest()}


def _unreadable(path: Path, why: str) -> BackupUnreadable:
    return BackupUnreadable(
        f"{path} is no backup that can be restored: {why}.",
        expected="a whole file that `regulars backup` wrote",
        remedy="Take another backup.",
    )
