"""What a log may say: no secret, key, token, cookie, e-mail address or phone number gets into it, also not out of an exception."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "<hidden>"
_NAMES = r"[\w-]*(?:passw(?:or)?d|secret|token|cookie|authorization|api[_-]?key|write[_-]?key|django_key|reference_key|front_key|session|csrf|credential)[\w-]*"
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(/start/)[^/\s\"'?]+"), rf"\1{HIDDEN}"),
    (re.compile(r"\brk_[0-9a-f]{8}_[\w-]+"), HIDDEN),
    (re.compile(r"://[^/\s@\"']*@"), f"://{HIDDEN}@"),
    (re.compile(rf"(?i)\b({_NAMES}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\([^)]*\)|\[[^\]]*\]|[^\s,;&)}}\]\"']+)"), rf"\1{HIDDEN}"),
    (re.compile(r"[^\s@<>()\[\]{},;:'\"=/\\]+@[^\s@<>()\[\]{},;:'\"=/\\]+\.[^\s@<>()\[\]{},;:'\"=/\\]+"), "<e-mail>"),
    (re.compile(r"(?<![\w.+-])\+\d[\d ()/-]{6,}\d"), "<phone>"),
    (re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{30,}(?![\w-])"), HIDDEN),
)
"""What looks like a secret or says who somebody is, and what stands for it. The last is a long text of mixed letters and digits, as keys are."""


class WithoutSecrets(logging.Formatter):
    """Formats as its parent and takes out of the whole, traceback included, what `PATTERNS` find and the secrets given by value."""

    def __init__(self, format: str | None = None, *, secrets: Iterable[str] = ()) -> None:  # noqa: A002  # as Django's settings call it
        super().__init__(format)
        self._secrets = sorted((secret for secret in secrets if len(secret) >= 8), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record as text that may be kept and sent on."""
        return without_secrets(super().format(record), self._secrets)


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with what looks like a secret or an address replaced.

    >>> without_secrets("ana@example.com sent Authorization: Bearer abcdef123 to /start/x7/ with password=moon")
    '<e-mail> sent Authorization: <hidden> <hidden> to /start/<hidden>/ with password=<hidden>'
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text
