"""Where a person stands in what somebody sent: as a value of its own, however it is written, or in passing within a text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ERASED = "[erased]"
_FEWEST_DIGITS = 8
_GAPS = r"[\s()./-]*"


class Forms:
    """The ids of one person as senders write them: `anon:7` is sent as 7, an address in any case, a number with blanks.

    >>> anna = Forms(["anon:7f", "anna@shop.eu", "+4930901820"])
    >>> anna.named_in({"phone": "0049 (30) 90 18-20"}), anna.named_in({"text": "call +49 30 901820"}), anna.mentioned_in("joanna@shop.eu")
    (True, False, False)
    >>> anna.without({"text": "call +49 30 901820, or write to ANNA@shop.eu."})
    {'text': 'call [erased], or write to [erased].'}
    """

    def __init__(self, ids: Iterable[str]) -> None:
        given = {text.strip().casefold() for text in ids}
        self.whole = frozenset((given | {text.partition(":")[2].strip() for text in given if ":" in text}) - {""})
        self._passing = _pattern(given)

    def named_in(self, value: Any) -> bool:
        """Whether one of them is a value, or a key, somewhere within a JSON value."""
        return bool(self.whole) and any(not self.whole.isdisjoint(_readings(text)) for text in texts_within(value))

    def mentioned_in(self, text: str) -> bool:
        """Whether an address or a number of theirs stands within a text."""
        return self._passing is not None and self._passing.search(text) is not None

    def without(self, value: Any) -> Any:
        """A JSON value with the addresses and numbers in its texts taken out."""
        if self._passing is None:
            return value
        if isinstance(value, str):
            return self._passing.sub(ERASED, value)
        if isinstance(value, list):
            return [self.without(one) for one in value]
        if isinstance(value, dict):
            return {self.without(name): self.without(one) for name, one in value.items()}
        return value

    def in_bytes(self, raw: bytes) -> bool:
        """Whether they are named in what should be JSON; in what is none, whether one of them stands anywhere in it."""
        read, value = _decoded(raw)
        if read:
            return self.named_in(value)
        text = value.casefold()
        return self.mentioned_in(text) or any(form in text and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in self.whole)

    def cleaned(self, raw: bytes) -> bytes:
        """JSON with the addresses and numbers in its texts taken out; the very same bytes where there are none, or where it is no JSON."""
        read, value = _decoded(raw)
        if not read or self._passing is None:
            return raw
        clean = self.without(value)
        return raw if clean == value else json.dumps(clean).encode()


def texts_within(value: Any) -> Iterator[str]:
    """Every text and number within a JSON value, keys included."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield str(value)


def _decoded(raw: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(raw)
    except (ValueError, RecursionError):
        return False, raw.decode("utf-8", "replace")


def _readings(text: str) -> set[str]:
    text = text.strip().casefold()
    digits = re.sub(r"[\s()./-]", "", text)
    return {text, digits, "+" + digits.removeprefix("+").removeprefix("00")} if digits.removeprefix("+").isdigit() else {text}


def _pattern(ids: Iterable[str]) -> re.Pattern[str] | None:
    """Addresses and numbers: whatever else an id may be, the same characters within a text may be anything."""
    found = []
    for one in sorted(ids):
        if "@" in one.strip("@"):
            # anna@x.org is not in mary.anna@x.org, nor in anna@x.org.au.
            found.append(rf"(?<![\w.%+-]){re.escape(one)}(?![\w-]|\.\w)")
        elif one.startswith("+") and one[1:].isdigit() and len(one) > _FEWEST_DIGITS:
            found.append(rf"(?<!\d)(?:\+|00){_GAPS}{_GAPS.join(one[1:])}(?!\d)")
    return re.compile("|".join(found), re.IGNORECASE) if found else None
