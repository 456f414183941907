"""Money, numbers and texts in the properties of a call: exact, and refused where they say nothing sure."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from regulars.money import exponent, to_minor
from regulars.tracking.calls import Refusal
from regulars.tracking.describing import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = Decimal(10) ** 12
_MOST_MINOR = Decimal(10) ** 17
_AROUND = re.compile(r"^[^\d+\-.,(]*|[^\d.,)]*$")
_POINT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?$")
_COMMA = re.compile(r"[+-]?\d+,\d{1,2}$|[+-]?\d{1,3}(\.\d{3})+,\d+$")


def text(said: Mapping[str, Any], *names: str, most: int = 512) -> str | None:
    """The first of the fields that holds a text or a number, as text."""
    for name in names:
        value = said.get(name)
        if value.__class__ is str:
            value = value.strip()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        else:
            continue
        if value:
            return str(value)[:most]
    return None


def decimal(said: Mapping[str, Any], *names: str) -> Decimal | None:
    """The first of the fields that is there, as an exact number. Raises `Refusal` where it is none."""
    for name in names:
        value = said.get(name)
        if value is None or value == "":
            continue
        number = _number(value)
        if number is None or not number.is_finite() or abs(number) >= _MOST:
            raise Refusal("bad_amount", f"{name} is {kind_of(value)}, which cannot be read as an amount")
        return number
    return None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < _MOST else None
    if isinstance(value, float):
        return Decimal(repr(value))
    if not isinstance(value, str) or len(value) > 60:
        return None
    plain = _AROUND.sub("", value.strip())
    try:
        if plain and _POINT.match(plain):
            return Decimal(plain.replace(",", ""))
        if _COMMA.match(plain):
            return Decimal(plain.replace(".", "").replace(",", "."))
    except InvalidOperation:
        pass
    return None


def minor(said: Mapping[str, Any], currency: str, *names: str) -> int | None:
    """The first of the fields that is there, in minor units of `currency`."""
    number = decimal(said, *names)
    return None if number is None else minor_units(number, currency)


def minor_units(number: Decimal, currency: str) -> int:
    """An amount in minor units, halves away from zero. Raises `Refusal` where it is more than a table can hold."""
    if abs(number) >= _MOST_MINOR.scaleb(-exponent(currency)):
        raise Refusal("bad_amount", "an amount is larger than any money there is")
    return to_minor(number, currency)


def given(said: Mapping[str, Any], name: str) -> bool:
    """Whether the field says anything."""
    value = said.get(name)
    return value is not None and value != ""


def real(said: Mapping[str, Any], *names: str) -> float | None:
    """The first of the fields that is there, as a float."""
    number = decimal(said, *names)
    return None if number is None else float(number)


def whole(said: Mapping[str, Any], *names: str) -> int | None:
    """The first of the fields that is a whole number; others say nothing."""
    for name in names:
        value = said.get(name)
        if isinstance(value, str) and len(value) < 16 and value.isascii() and value.strip().isdigit():
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62:
            return value
    return None


def flag(said: Mapping[str, Any], *names: str) -> bool | None:
    """The first of the fields that says yes or no."""
    for name in names:
        value = said.get(name)
        if isinstance(value, str) and value.strip().lower() in {"true", "yes", "1", "false", "no", "0"}:
            return value.strip().lower() in {"true", "yes", "1"}
        if isinstance(value, bool | int | float) and value in {0, 1}:
            return bool(value)
    return None


def currency_of(said: Mapping[str, Any], workspace: str | None) -> str:
    """The currency that is named, else the workspace's. Raises `Refusal` where neither is there: it is never guessed."""
    value = said.get("currency")
    if value is None or value == "":
        if workspace is None:
            raise Refusal("no_currency", "the amount names no currency, and the workspace has none yet")
        return workspace
    code = value.strip().upper() if isinstance(value, str) else ""
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise Refusal("bad_currency", f"the currency is {kind_of(value)}, not an ISO code of three letters such as EUR")
    return code
