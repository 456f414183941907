"""Reading numbers: `1,234.50`, `1.234,50 EUR`, `$12`, `(3.00)`, `-`; exact, never through floating point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import EXACT

PLAIN = r"^[+-]?\d{1,14}(\.\d{1,10})?$"
_MISSING = pa.array(["", "-", "–", "—", "null", "none", "n/a", "\\n", "#n/a"])
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "zł": "PLN", "kč": "CZK", "₴": "UAH", "₫": "VND"}
_SHAPE = re.compile(
    r"^(?P<open>\()?\s*(?P<sign1>[-+−])?\s*(?P<before>[^\d\s.,()+−-]{1,4})?\s*(?P<sign2>[-+−])?\s*(?P<digits>[\d.,'’ ]*\d[.,]?)"
    r"\s*(?P<sign3>[-−])?\s*(?P<after>[^\d\s.,()+−-]{1,4})?\s*(?P<close>\))?$"
)
_CODE = re.compile(r"^[A-Za-z]{3}$")


class Style(StrEnum):
    """Which sign parts whole from fraction in a column."""

    POINT = "decimal_point"
    COMMA = "decimal_comma"
    EITHER = "either"
    """Both occur: each value must speak for itself."""


@dataclass(slots=True)
class NumberEvidence:
    """What the values of a column say about how its numbers are written."""

    comma: int = 0
    point: int = 0
    unclear_comma: int = 0
    unclear_point: int = 0
    lowest: float | None = None
    highest: float | None = None

    def add(self, values: pa.Array) -> None:
        """Take in the distinct values of a batch."""
        trimmed = tidy(values)
        plain = pc.fill_null(pc.match_substring_regex(trimmed, PLAIN), False)
        numbers = trimmed.filter(plain)
        if len(numbers):
            span = pc.min_max(numbers.cast(pa.float64())).as_py()
            self.lowest = span["min"] if self.lowest is None else min(self.lowest, span["min"])
            self.highest = span["max"] if self.highest is None else max(self.highest, span["max"])
            grouped = pc.match_substring_regex(numbers, r"^[+-]?[1-9]\d{0,2}\.\d{3}$")
            fraction = pc.match_substring(numbers, ".")
            unclear = pc.sum(grouped).as_py()
            self.unclear_point += unclear
            self.point += pc.sum(fraction).as_py() - unclear
        for text in trimmed.filter(pc.invert(plain)).drop_null().to_pylist():
            self._one(text)

    def _one(self, text: str) -> None:
        digits = _digits(text)
        if digits is None:
            return
        style = _own_style(digits)
        if style is Style.COMMA:
            self.comma += 1
        elif style is Style.POINT:
            self.point += 1
        elif "," in digits:
            self.unclear_comma += 1
        elif "." in digits:
            self.unclear_point += 1

    def style(self, separator: str | None) -> Style | None:
        """How the column is written; None where nothing settles it."""
        if self.comma and self.point:
            return Style.EITHER
        if self.comma:
            return Style.COMMA
        if self.point:
            return Style.POINT
        if self.unclear_comma and self.unclear_point:
            return Style.EITHER
        if self.unclear_comma and separator == ";":
            return None
        return Style.POINT


def tidy(values: pa.Array) -> pa.Array:
    """Trimmed text, the signs for nothing as null."""
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.is_in(pc.utf8_lower(trimmed), value_set=_MISSING), pa.scalar(None, pa.string()), trimmed)


@dataclass(slots=True)
class Numbers:
    """Numbers read from text: exact values, which texts could not be read, which are no finite number, and the currencies they name."""

    values: pa.Array
    unreadable: pa.Array
    not_finite: pa.Array
    named_currency: pa.Array | None = None


def read_numbers(texts: pa.Array, style: Style) -> Numbers:
    """Texts as exact decimals; blank texts are null."""
    trimmed = tidy(texts)
    plain = pc.fill_null(pc.match_substring_regex(trimmed, PLAIN), True)
    if style is Style.POINT and pc.all(plain).as_py() is not False:
        nothing = pa.repeat(pa.scalar(False), len(texts))
        return Numbers(_to_exact(trimmed), nothing, nothing)
    return _through_dictionary(trimmed, style)


def _to_exact(plain_texts: pa.Array) -> pa.Array:
    return pc.cast(pc.utf8_ltrim(plain_texts, characters="+"), EXACT)


def _through_dictionary(trimmed: pa.Array, style: Style) -> Numbers:
    encoded = pc.dictionary_encode(trimmed)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values: list[Decimal | None] = []
    unreadable: list[bool] = []
    not_finite: list[bool] = []
    currencies: list[str | None] = []
    for text in encoded.dictionary.to_pylist():
        value, currency = read_number(text, style)
        values.append(value if value is not None and value.is_finite() else None)
        unreadable.append(value is None)
        not_finite.append(value is not None and not value.is_finite())
        currencies.append(currency)
    indices = encoded.indices

    def spread(items: list[object], kind: pa.DataType) -> pa.Array:
        return pc.take(pa.array(items, kind), indices)

    return Numbers(
        spread(list(values), EXACT),
        pc.fill_null(spread(list(unreadable), pa.bool_()), False),
        pc.fill_null(spread(list(not_finite), pa.bool_()), False),
        spread(list(currencies), pa.string()) if any(currencies) else None,
    )


def read_number(text: str, style: Style) -> tuple[Decimal | None, str | None]:
    """One text as (exact number or None, the currency it names or None).

    >>> read_number("1.234,50 EUR", Style.EITHER)
    (Decimal('1234.50'), 'EUR')
    >>> read_number("($1,234.5)", Style.POINT)
    (Decimal('-1234.5'), None)
    >>> read_number("1,234", Style.EITHER)
    (None, None)
    """
    if text.lower().strip("+-−") in {"nan", "inf", "infinity", "∞"}:
        return Decimal("NaN"), None
    found = _SHAPE.match(text.replace("\u00a0", " ").replace("\u202f", " "))
    if found is None or bool(found["open"]) != bool(found["close"]):
        return _scientific(text), None
    signs = [s for s in (found["sign1"], found["sign2"], found["sign3"]) if s]
    digits = _join(found["digits"].strip(), style)
    if digits is None or len(signs) > 1 or (signs and found["open"]):
        return _scientific(text), None
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None, None
    if abs(value) >= 10**14:
        return None, None
    negative = bool(found["open"]) or (bool(signs) and signs[0] in "-−")
    return _kept(-value if negative else value), _currency(found["before"]) or _currency(found["after"])


def _kept(value: Decimal) -> Decimal:
    return value if -value.as_tuple().exponent <= 10 else value.quantize(Decimal("1e-10"))  # type: ignore[operator]


def _scientific(text: str) -> Decimal | None:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?[eE][+-]?\d{1,3}", text):
        return None
    value = Decimal(text)
    return _kept(value) if abs(value) < 10**14 else None


def _currency(sign: str | None) -> str | None:
    if not sign:
        return None
    if _CODE.match(sign):
        return sign.upper()
    return _SIGNS.get(sign.lower())


def _digits(text: str) -> str | None:
    found = _SHAPE.match(text.replace("\u00a0", " ").replace("\u202f", " "))
    return found["digits"].strip() if found else None


def _own_style(digits: str) -> Style | None:
    """The style that the digits themselves prove."""
    if "," in digits and "." in digits:
        return Style.COMMA if digits.rindex(",") > digits.rindex(".") else Style.POINT
    for sign, decimal, grouping in ((",", Style.COMMA, Style.POINT), (".", Style.POINT, Style.COMMA)):
        if digits.count(sign) > 1:
            return grouping
        if digits.count(sign) == 1:
            whole, fraction = digits.split(sign)
            is_group = len(fraction) == 3 and 1 <= len(whole.replace(" ", "")) <= 3 and not whole.startswith("0")
            return None if is_group else decimal
    return None


def _join(digits: str, style: Style) -> str | None:
    """Digits without grouping signs and with a decimal point; None where they contradict the style or do not say."""
    own = _own_style(digits)
    if own is None and ("," in digits or "." in digits):
        if style is Style.EITHER:
            return None
        own = style
    elif own is not None and style is not Style.EITHER and own is not style:
        return None
    decimal = "," if own is Style.COMMA else "."
    whole, _, fraction = digits.partition(decimal)
    if any(sign in fraction for sign in ",.'’ "):
        return None
    groups = re.split(r"[,.'’ ]", whole)
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(g) not in {2, 3} for g in groups[1:]) or len(groups[-1]) != 3):
        return None
    return "".join(groups) + (f".{fraction}" if fraction else "")
