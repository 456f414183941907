"""The languages in which numbers, the library's sentences and reasons can be said, by code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.predictions.health import words as reasons
from regulars.reports.german import GERMAN
from regulars.reports.german.reason_words import GERMAN_REASONS
from regulars.reports.words import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.reports.language import Language

_REASONS = {"en": reasons.ENGLISH, "de": GERMAN_REASONS}


def languages() -> dict[str, Language]:
    """Every catalogue of the library by its code, English first."""
    return {"en": ENGLISH, "de": GERMAN}


def language(code: str | None) -> Language:
    """The language of this code (`de`, `de-at`), else English."""
    known = languages()
    return known.get((code or "en").split("-")[0], known["en"])


def reason(plain: Mapping[str, Any], currency: str | None, code: str | None) -> str:
    """The sentence of a reason as it is kept with a light."""
    values = {name: value for name, value in plain.items() if name not in {"code", "says"}}
    spoken = _REASONS.get((code or "en").split("-")[0], reasons.ENGLISH)
    return reasons.sentence(str(plain["says"]), values, currency, spoken)
