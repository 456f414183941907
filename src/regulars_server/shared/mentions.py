"""Where a person stands in what somebody sent: as a value of its own, however it is written, or in passing within a text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ERASED = "[erased]"
_FEWEST_DIGITS = 8
_GAPS = r"(?:[\s()./-]|%20)*"
# Mere digits are ids only where ids stand: anything may be 17.
_ID_NAMES = frozenset({"userid", "anonymousid", "previousid", "customerid"})
_OWNERS = frozenset({"customer", "traits", "externalids", "device", "user"})
"""Whose `id` is a person's."""
_ID_IN_BROKEN = re.compile(
    r"(?<![^\W_])(?:(?:user|anonymous|previous|customer)_?id|(?:customer|traits|external_?ids|device|user)\W{1,8}id)\W{1,5}(\d{1,8})(?!\w)",
    re.IGNORECASE,
)
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SHORT_STRING = re.compile(r'"([^"\\]{1,512})"')


class Forms:
    """The ids of one person as senders write them: `anon:7` is sent as 7, an address in any case, a number with blanks.

    >>> anna = Forms(["anon:7f", "anna@shop.eu", "+4930901820", "17"])
    >>> anna.named_in({"phone": "0049 (30) 90 18-20"}), anna.named_in({"text": "call +49 30 901820"}), anna.mentioned_in("joanna@shop.eu")
    (True, False, False)
    >>> anna.named_in({"userId": 17}), anna.named_in({"total": 17})
    (True, False)
    >>> anna.without({"text": "call +49 30 901820, or write to ANNA@shop.eu."})
    {'text': 'call [erased], or write to [erased].'}
    """

    def __init__(self, ids: Iterable[str]) -> None:
        given = {text.strip().casefold() for text in ids}
        self.whole = frozenset((given | {text.partition(":")[2].strip() for text in given if ":" in text}) - {""})
        self._passing = _pattern(given)

    def named_in(self, value: Any) -> bool:
        """Whether one of them is a value, or a key, somewhere within a JSON value; one of a few digits only where ids stand."""
        return bool(self.whole) and any(not self.whole.isdisjoint(_readings(text)) for text in texts_within(value))

    def mentioned_in(self, text: str) -> bool:
        """Whether an address or a number of theirs stands within a text."""
        return self._passing is not None and self._passing.search(text) is not None

    def without(self, value: Any) -> Any:
        """A JSON value with the addresses and numbers in its texts taken out. Raises `RecursionError` where it is nested too deep."""
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
        return (
            self.mentioned_in(text)
            or any(form in text and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in self.whole if not _mere_digits(form))
            or not self.whole.isdisjoint(_ID_IN_BROKEN.findall(text))
        )

    def cleaned(self, raw: bytes) -> bytes:
        """JSON with the addresses and numbers in its texts taken out; the very same bytes where there are none, or where it is no JSON."""
        read, value = _decoded(raw)
        if not read or self._passing is None:
            return raw
        try:
            clean = self.without(value)
            return raw if clean == value else json.dumps(clean).encode()
        except RecursionError:
            text = raw.decode("utf-8", "replace")
            left = _STRING.sub(self._string_without, text)
            return raw if left == text else left.encode()

    def _string_without(self, found: re.Match[str]) -> str:
        value = json.loads(found[0], strict=False)
        clean = self.without(value)
        return found[0] if clean == value else json.dumps(clean)


def texts_within(value: Any) -> Iterator[str]:
    """Every text and number within a JSON value that may be somebody's id, keys included; a few mere digits only where ids stand.

    >>> list(texts_within({"userId": 17, "total": 18, "customer": {"id": "19"}, "note": "tea"}))
    ['userId', 'total', 'customer', 'note', 'tea', 'id', '19', '17']
    """
    waiting = [(value, None, None)]
    while waiting:
        value, name, owner = waiting.pop()
        if isinstance(value, dict):
            yield from (key for key in value if not _mere_digits(key))
            waiting += [(inner, key, name) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, name, owner) for inner in value]
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            text = str(value)
            if not _mere_digits(text) or _is_id(name, owner) or (name is None and isinstance(value, str)):
                yield text


def texts_of_broken(text: str) -> Iterator[str]:
    """The same of what cannot be read as JSON: what stands in quotes, and digits after the name of an id."""
    yield from (one for one in _SHORT_STRING.findall(text) if not _mere_digits(one))
    yield from _ID_IN_BROKEN.findall(text)


def _mere_digits(text: str) -> bool:
    return len(text) < 16 and (bare := text.strip()).isdecimal() and len(bare) <= _FEWEST_DIGITS


def _is_id(name: str | None, owner: str | None) -> bool:
    if name is None:
        return False
    plain = name.replace("_", "").casefold()
    return plain in _ID_NAMES or (plain == "id" and owner is not None and owner.replace("_", "").casefold() in _OWNERS)


def _decoded(raw: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(raw)
    except (ValueError, RecursionError):
        return False, raw.decode("utf-8", "replace")


def _readings(text: str) -> set[str]:
    text = text.strip().casefold()
    digits = re.sub(r"[\s()./-]", "", text)
    if not digits.removeprefix("+").isdigit():
        return {text}
    found = {text, digits, "+" + digits.removeprefix("+").removeprefix("00")}
    # 1-7 is not 17.
    return found if not _mere_digits(digits) else found - {digits} | {text}


def _pattern(ids: Iterable[str]) -> re.Pattern[str] | None:
    """Addresses and numbers: whatever else an id may be, the same characters within a text may be anything. Also as an address bar writes them."""
    found = []
    for one in sorted(ids):
        if "@" in one.strip("@"):
            # anna@x.org is not in mary.anna@x.org, nor in anna@x.org.au; %2B is a plus, but %20, %3D and the like end what is before.
            start = r"(?:(?<![\w.%+-])|(?<=%0[9ad])|(?<=%2[0-46-9acf])|(?<=%3[a-f])|(?<=%5[bd])|(?<=%7[bcd]))"
            found.append(rf"{start}{''.join(map(_written, one))}(?![\w-]|\.\w)")
        elif one.startswith("+") and one[1:].isdigit() and len(one) > _FEWEST_DIGITS:
            found.append(rf"(?:(?<!\d)|(?<=%20))(?:\+|%2b|00){_GAPS}{_GAPS.join(one[1:])}(?!\d)")
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _written(character: str) -> str:
    plain, encoded = re.escape(character), quote(character, safe="")
    return plain if encoded == character else rf"(?:{plain}|{encoded})"
