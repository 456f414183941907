"""Answers of the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Headers = tuple[tuple[bytes, bytes], ...]

RETRY_AFTER = b"5"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and a body."""

    status: int
    body: bytes
    headers: Headers = ()
    kind: bytes = b"application/json"

    async def send(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Give the answer to the server."""
        await send({"type": "http.response.start", "status": self.status, "headers": _headers(self)})
        await send({"type": "http.response.body", "body": self.body})

    def to_browser(self, origin: bytes) -> Answer:
        """The answer as a page of another origin may read it."""
        if any(name == b"access-control-allow-origin" for name, _ in self.headers):
            return self
        more = (b"access-control-allow-origin", origin), (b"vary", b"Origin"), (b"access-control-expose-headers", b"Retry-After")
        return replace(self, headers=(*self.headers, *more))


@lru_cache(maxsize=256)
def _headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    standard = [
        (b"content-type", answer.kind),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    return [*standard, *answer.headers]


@lru_cache(maxsize=64)
def refusal(status: int, why: str) -> Answer:
    """An answer that says why not."""
    return Answer(status, msgspec.json.encode({"success": False, "message": why}))


OK = Answer(200, b'{"success":true}')
AGAIN = replace(refusal(503, "Come again in a few seconds."), headers=((b"retry-after", RETRY_AFTER),))
ONLY_POST = replace(refusal(405, "Send it with POST."), headers=((b"allow", b"POST, OPTIONS"),))
GONE = refusal(400, "The body did not come.")
