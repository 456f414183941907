"""The library's sentences in the reader's language.

The library speaks English and fills in what it talks of. Its sentences stand here as they are written in its sources, what is filled in
named, so that each has German words in the catalogue; a sentence is recognised, and said again with the same values.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import gettext

from regulars_server.console.spoken.calls import CALLS, KINDS
from regulars_server.console.spoken.files import FORMATS, MEANINGS, NOTES
from regulars_server.console.spoken.refusals import REFUSALS
from regulars_server.console.templatetags.shown import count

__all__ = ["spoken"]

INSIDE = frozenset({"format", "kind", "meaning", "wanted", "what", "where"})
"""Values that are words of the library themselves; all others are left as they are."""
SENTENCES: dict[str, str] = {text: text for text in (*CALLS, *KINDS, *FORMATS, *MEANINGS, *NOTES)} | REFUSALS
"""What a page says, by what the library says."""
_VALUE = re.compile(r"%\((\w+)\)s")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_TOKEN = re.compile(r"[\w-]{20,}(\.\w+)?")


def spoken(text: str) -> str:
    """The sentence in the reader's language; one that is not known stays as it is."""
    if text in SENTENCES:
        return _said(SENTENCES[text])
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(text):
            return _said(sentence) % {name: _value(name, value) for name, value in found.groupdict().items()} if sentence else ""
    return text


def _said(sentence: str) -> str:
    return gettext(sentence) if sentence else ""


def _value(name: str, value: str) -> str:
    if _THOUSANDS.fullmatch(value):
        return count(int(value.replace(",", "")))
    if name == "where" and _TOKEN.fullmatch(value):
        return gettext("The file")
    if name == "fields":
        return value.replace(" or ", f" {gettext('or')} ")
    return spoken(value) if name in INSIDE else value


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Sentences with values, those with most words of their own first."""
    with_values = [text for text in SENTENCES if _VALUE.search(text)]
    return [(_pattern(text), SENTENCES[text]) for text in sorted(with_values, key=lambda text: -len(_VALUE.sub("", text)))]


def _pattern(text: str) -> re.Pattern[str]:
    parts = _VALUE.split(text)
    words = [re.escape(part) if i % 2 == 0 else f"(?P<{part}>.+?)" for i, part in enumerate(parts)]
    return re.compile("".join(words), re.DOTALL)
