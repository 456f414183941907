"""The languages in which numbers and the library's sentences can be said, by code."""

from __future__ import annotations

from functools import cache

from regulars.reports import words
from regulars.reports.language import Language


@cache
def languages() -> dict[str, Language]:
    """Every catalogue of the library by its code; English always, first."""
    found = [value for value in vars(words).values() if isinstance(value, Language)]
    try:
        from regulars.reports import german
    except ImportError:
        pass
    else:
        found += [value for value in vars(german).values() if isinstance(value, Language)]
    return {language.code: language for language in sorted(found, key=lambda one: one.code != "en")}


def language(code: str | None) -> Language:
    """The language of this code (`de`, `de-at`), else English."""
    known = languages()
    return known.get((code or "en").split("-")[0], known["en"])
