"""Style sheets, scripts and pictures of the pages: from the installed packages, revalidated at each use, packed once."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars_server.wsgi import Application

ONE_FILE_BYTES, ALL_FILES_BYTES = 2 << 20, 16 << 20
"""What is kept in memory; a larger file is refused, since the pages have none."""
_PACKS = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    changed_ns: int
    tag: str
    kind: str
    body: bytes
    packed: bytes | None
    last_modified: str


class StaticFiles:
    """Answers addresses under `prefix` from Django's static files, and hands everything else on."""

    def __init__(self, application: Application, prefix: str) -> None:
        self._application = application
        self._prefix = prefix
        self._kept: dict[str, StaticFile] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        address = environ.get("PATH_INFO", "")
        if not address.startswith(self._prefix):
            return self._application(environ, start_response)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return [b""]
        found = self._find(address.removeprefix(self._prefix))
        if found is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return [b""]
        return _send(found, environ, start_response)

    def _find(self, name: str) -> StaticFile | None:
        from django.contrib.staticfiles import finders
        from django.core.exceptions import SuspiciousOperation

        try:
            found = finders.find(name) if name else None
        except (SuspiciousOperation, ValueError):
            return None
        path = Path(found) if isinstance(found, str) else None
        if path is None or not path.is_file():
            return None
        state = path.stat()
        kept = self._kept.get(name)
        if kept is not None and kept.changed_ns == state.st_mtime_ns:
            return kept
        return self._keep(name, path) if state.st_size <= ONE_FILE_BYTES else None

    def _keep(self, name: str, path: Path) -> StaticFile:
        body = path.read_bytes()
        changed = path.stat()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        kind = "application/javascript" if kind == "text/javascript" else kind
        packed = gzip.compress(body, 6, mtime=0) if kind.startswith(_PACKS) and len(body) > 1024 else None
        charset = "; charset=utf-8" if packed is not None or kind.startswith("text/") else ""
        made = StaticFile(
            changed.st_mtime_ns,
            f'"{hashlib.sha256(body).hexdigest()[:24]}"',
            kind + charset,
            body,
            packed,
            formatdate(changed.st_mtime, usegmt=True),
        )
        with self._lock:
            if sum(len(file.body) + len(file.packed or b"") for file in self._kept.values()) > ALL_FILES_BYTES:
                self._kept.clear()
            self._kept[name] = made
        return made


def _send(file: StaticFile, environ: Any, start_response: Any) -> Iterable[bytes]:
    headers = [
        ("ETag", file.tag),
        ("Last-Modified", file.last_modified),
        ("Cache-Control", "public, no-cache"),
        ("Vary", "Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if file.tag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", headers)
        return [b""]
    packed = file.packed is not None and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    body = file.packed if packed and file.packed is not None else file.body
    headers += [("Content-Type", file.kind), ("Content-Length", str(len(body))), *([("Content-Encoding", "gzip")] if packed else [])]
    start_response("200 OK", headers)
    return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [body]
