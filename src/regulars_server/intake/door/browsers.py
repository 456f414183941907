"""What browsers ask for: leave to send from another origin, the settings of Segment's library, and our own snippet."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from regulars_server.intake.door.answers import Answer, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars_server.intake.door.known_sources import KnownSources

SNIPPET = Path(__file__).with_name("regulars.js")
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, x-retry-count"),
    (b"access-control-max-age", b"7200"),
)
_OPEN = ((b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin"))


def preflight(headers: Mapping[bytes, bytes], allowed: Callable[[str], bool]) -> Answer:
    """Whether pages of an origin may send to some source: which one is known only from the request itself."""
    origin = headers.get(b"origin")
    if origin is None or not allowed(origin.decode("latin-1")):
        return Answer(403, b"", ((b"vary", b"Origin"),), b"text/plain")
    return Answer(204, b"", _PREFLIGHT, b"text/plain").to_browser(origin)


async def file(path: str, headers: Mapping[bytes, bytes], sources: KnownSources, public_url: str) -> Answer | None:
    """The snippet, or the settings of a write key; None for anything else."""
    if path == "/v1/regulars.js":
        return _snippet(headers.get(b"if-none-match", b""))
    parts = path.strip("/").split("/")
    if len(parts) == 4 and parts[1] == "projects" and parts[3] == "settings":
        source = await sources.of_key(parts[2])
        if source is None:
            return Answer(404, refusal(404, "The write key is unknown.").body, _OPEN)
        return Answer(200, _settings(parts[2], public_url), (*_OPEN, (b"cache-control", b"public, max-age=60")))
    return None


def _snippet(known: bytes) -> Answer:
    body, tag = _read_snippet()
    headers = (*_OPEN, (b"etag", tag), (b"cache-control", b"public, max-age=3600"))
    if tag in known:
        return Answer(304, b"", headers, b"text/javascript; charset=utf-8")
    return Answer(200, body, headers, b"text/javascript; charset=utf-8")


@cache
def _read_snippet() -> tuple[bytes, bytes]:
    lines = [line.strip() for line in re.sub(r"/\*.*?\*/", "", SNIPPET.read_text(encoding="utf-8")).splitlines()]
    body = "\n".join(line for line in lines if line and not line.startswith("//")).encode()
    return body, b'"' + hashlib.sha256(body).hexdigest()[:16].encode() + b'"'


def _settings(key: str, public_url: str) -> bytes:
    """What `@segment/analytics-next` reads before it starts: one destination, which is this door."""
    parts = urlsplit(public_url)
    destination = {"apiKey": key, "apiHost": f"{parts.netloc}/v1", "protocol": parts.scheme, "addBundledMetadata": True}
    return msgspec.json.encode(
        {
            "integrations": {"Segment.io": destination},
            "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
            "edgeFunction": {},
            "analyticsNextEnabled": True,
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )
