"""Reading dates and times: ISO, 20251007, 07.10.2025, 10/7/25 9:50 PM, 7 Oct 2025, Excel's numbers, seconds since 1970.

A time without a zone is company time. Where clocks go back, a time that happens twice is its first; where they go forward, a time
that never was is the instant of the change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

INSTANT = pa.timestamp("us")
_MISSING = pa.array(["", "-", "null", "none", "n/a", "\\n", "nat", "nan", "0000-00-00", "0000-00-00 00:00:00"])
_NUMERIC = (
    r"^(?P<a>\d{1,4})(?P<p>[-/.])(?P<b>\d{1,2})[-/.](?P<c>\d{1,4})"
    r"(?:(?:[T,]|[T,]? +)(?P<h>\d{1,2})(?::|h)(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)? ?(?P<ap>[AaPp]\.?[Mm]\.?)?)?"
    r" ?(?P<z>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"
)
_ISO = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?$"
_DAY_AND_MONTH = r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?:\D.*)?$"
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar janv janvier ene enero",
            "feb february februar févr février fevrier febrero",
            "mar march märz mär maerz mars marzo",
            "apr april avr avril abr abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juil juillet julio",
            "aug august août aout ago agosto",
            "sep sept september septembre septiembre",
            "oct october okt oktober octobre octubre",
            "nov november novembre noviembre",
            "dec december dez dezember déc décembre decembre dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_WORDS = re.compile(
    r"^(?:[^\W\d]{2,10}\.?,? )?(?:(?P<day1>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?P<mon1>[^\W\d]{3,10})\.?,?[ -](?P<year1>\d{4}|\d{2})"
    r"|(?P<mon2>[^\W\d]{3,10})\.? (?P<day2>\d{1,2})(?:st|nd|rd|th)?,? (?P<year2>\d{4}))"
    r"(?:,? (?:at )?(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))? ?(?P<ap>[AaPp]\.?[Mm]\.?)?)? ?(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)


@dataclass(slots=True)
class DateEvidence:
    """What the values of a column say about whether the day or the month stands first."""

    day_first: int = 0
    month_first: int = 0
    unclear: int = 0
    with_points: int = 0

    def add(self, values: pa.Array) -> None:
        """Take in the distinct values of a batch."""
        trimmed = pc.utf8_trim_whitespace(values).drop_null()
        two_first = trimmed.filter(pc.match_substring_regex(trimmed, _DAY_AND_MONTH))
        if not len(two_first):
            return
        parts = pc.extract_regex(two_first, r"^(?P<a>\d{1,2})(?P<p>[-/.])(?P<b>\d{1,2})")
        first = np.asarray(pc.struct_field(parts, 0).cast(pa.int16()))
        second = np.asarray(pc.struct_field(parts, 2).cast(pa.int16()))
        self.day_first += int(((first > 12) & (second <= 12)).sum())
        self.month_first += int(((first <= 12) & (second > 12)).sum())
        self.unclear += int(((first <= 12) & (second <= 12) & (first != second)).sum())
        self.with_points += int(pc.sum(pc.equal(pc.struct_field(parts, 1), ".")).as_py() or 0)

    @property
    def says_day_first(self) -> bool | None:
        """Whether the day stands first; None where the column does not say."""
        proofs = self.day_first + self.month_first
        if proofs:
            rarer = min(self.day_first, self.month_first)
            # One mistyped month in a hundred does not unsettle a column; more does.
            return self.day_first > self.month_first if rarer * 100 <= proofs else None
        if self.with_points:
            return True
        return None if self.unclear else True


@dataclass(slots=True)
class Instants:
    """Instants read from text: UTC, and which texts could not be read."""

    values: pa.Array
    unreadable: pa.Array


def read_instants(texts: pa.Array, zone: str, *, day_first: bool) -> Instants:
    """Texts as UTC instants; blank texts are null."""
    return _read(texts, zone, day_first=day_first)


def read_dates(texts: pa.Array, *, day_first: bool) -> Instants:
    """Texts as calendar dates; a time of day, and its zone, are left aside."""
    read = _read(texts, None, day_first=day_first)
    return Instants(pc.cast(pc.floor_temporal(read.values, unit="day"), pa.date32()), read.unreadable)


def _read(texts: pa.Array, zone: str | None, *, day_first: bool) -> Instants:
    trimmed = pc.utf8_trim_whitespace(texts)
    trimmed = pc.if_else(pc.is_in(pc.utf8_lower(trimmed), value_set=_MISSING), pa.scalar(None, pa.string()), trimmed)
    if isinstance(trimmed, pa.ChunkedArray):
        trimmed = trimmed.combine_chunks()
    encoded = pc.dictionary_encode(trimmed)
    distinct = encoded.dictionary
    micros = np.full(len(distinct), _NAT, dtype="datetime64[us]")
    is_local = np.ones(len(distinct), dtype=bool)
    _read_iso(distinct, micros)
    _read_numeric(distinct, micros, is_local, day_first=day_first)
    _read_rest(distinct, micros, is_local)
    values = pa.array(micros, INSTANT)
    if zone is not None and zone != "UTC":
        local = pc.if_else(pa.array(is_local), values, pa.scalar(None, INSTANT))
        aware = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
        values = pc.if_else(pa.array(is_local), aware.cast(pa.timestamp("us", "UTC")).cast(INSTANT), values)
    unreadable = pa.array(np.isnat(micros))
    return Instants(pc.take(values, encoded.indices), pc.fill_null(pc.take(unreadable, encoded.indices), False))


_NAT = np.datetime64("NaT", "us")
_Micros = np.ndarray[Any, np.dtype[np.datetime64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


def _read_iso(distinct: pa.Array, micros: _Micros) -> None:
    fits = np.asarray(pc.match_substring_regex(distinct, _ISO).to_numpy(zero_copy_only=False), dtype=bool)
    if fits.any():
        try:
            micros[fits] = distinct.filter(pa.array(fits)).cast(INSTANT).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return  # some 2025-02-30: the slower reading below finds out which


def _read_numeric(distinct: pa.Array, micros: _Micros, is_local: _Flags, *, day_first: bool) -> None:
    open_ = np.flatnonzero(np.isnat(micros))
    if not len(open_):
        return
    parts = pc.extract_regex(distinct.take(pa.array(open_)), _NUMERIC)
    found = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False), dtype=bool)
    open_ = open_[found]
    if not len(open_):
        return
    parts = parts.filter(pa.array(found))
    texts = {name: pc.struct_field(parts, name) for name in ("a", "p", "b", "c", "h", "m", "s", "f", "ap", "z")}
    a, b, c, hour, minute, second = (_whole(texts[name]) for name in ("a", "b", "c", "h", "m", "s"))
    year_first = np.asarray(pc.greater(pc.utf8_length(texts["a"]), 2).to_numpy(zero_copy_only=False), dtype=bool)
    year = np.where(year_first, a, c)
    month = np.where(year_first, b, b if day_first else a)
    day = np.where(year_first, c, a if day_first else b)
    short = ~year_first & np.asarray(pc.less_equal(pc.utf8_length(texts["c"]), 2).to_numpy(zero_copy_only=False), dtype=bool)
    year = np.where(short, np.where(year < 69, 2000 + year, 1900 + year), year)
    hour = _on_the_clock(hour, texts["ap"])
    fraction = _whole(pc.utf8_slice_codeunits(pc.utf8_rpad(texts["f"], 6, "0"), 0, 6))
    instants, right = _assemble(year, month, day, hour, minute, second, fraction)
    offset = _offsets(texts["z"])
    zoned = np.asarray(pc.not_equal(texts["z"], "").to_numpy(zero_copy_only=False), dtype=bool)
    micros[open_[right]] = (instants - np.where(zoned, offset, 0).astype("timedelta64[m]"))[right]
    is_local[open_[right]] = ~zoned[right]


def _whole(texts: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return np.asarray(pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _on_the_clock(hour: np.ndarray[Any, Any], half: pa.Array) -> np.ndarray[Any, Any]:
    is_pm = np.asarray(pc.starts_with(pc.utf8_lower(half), "p").to_numpy(zero_copy_only=False), dtype=bool)
    is_am = np.asarray(pc.starts_with(pc.utf8_lower(half), "a").to_numpy(zero_copy_only=False), dtype=bool)
    wrong = (is_am | is_pm) & ((hour < 1) | (hour > 12))
    turned = np.where(is_pm & (hour < 12), hour + 12, np.where(is_am & (hour == 12), 0, hour))
    return np.where(wrong, 99, turned)


def _offsets(texts: pa.Array) -> np.ndarray[Any, Any]:
    """Minutes east of Greenwich."""
    minutes = {"": 0}
    for text in pc.unique(texts).to_pylist():
        digits = text.replace(":", "")[1:]
        sign = -1 if text.startswith("-") else 1
        minutes[text] = sign * (int(digits[:2]) * 60 + int(digits[2:] or 0)) if digits.isdigit() else 0
    return np.array([minutes[text] for text in texts.to_pylist()], dtype=np.int64)


def _assemble(year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any, micro: Any) -> tuple[_Micros, _Flags]:
    right = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (hour <= 23) & (minute <= 59) & (second <= 59)
    months = (np.where(right, year, 1970) - 1970) * 12 + np.where(right, month, 1) - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]")
    date = start + (np.where(right, day, 1) - 1).astype("timedelta64[D]")
    right &= date.astype("datetime64[M]") == months.astype("datetime64[M]")
    clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro
    return date.astype("datetime64[us]") + clock.astype("timedelta64[us]"), right


def _read_rest(distinct: pa.Array, micros: _Micros, is_local: _Flags) -> None:
    for index in np.flatnonzero(np.isnat(micros)):
        found = read_odd(distinct[int(index)].as_py())
        if found is not None:
            micros[index] = np.datetime64(found.replace(tzinfo=None), "us")
            is_local[index] = found.tzinfo is None


def read_odd(text: str) -> datetime | None:
    """One text that is no plain numeric date: naive where it is company time, aware where it says its zone, None where it is none.

    >>> read_odd("45000.5")
    datetime.datetime(2023, 3, 15, 12, 0)
    >>> read_odd("7 Oct 2025 9:50 PM")
    datetime.datetime(2025, 10, 7, 21, 50)
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _from_number(text)
    found = _WORDS.match(text)
    if found is None:
        return None
    month = _MONTHS.get((found["mon1"] or found["mon2"]).lower())
    year = int(found["year1"] or found["year2"])
    if month is None:
        return None
    hour = int(found["h"] or 0)
    half = (found["ap"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour + 12 if half.startswith("p") and hour < 12 else 0 if half.startswith("a") and hour == 12 else hour
    try:
        year += (2000 if year < 69 else 1900) if year < 100 else 0
        local = datetime(year, month, int(found["day1"] or found["day2"]), hour, int(found["m"] or 0), int(found["s"] or 0))  # noqa: DTZ001
    except ValueError:
        return None
    if not found["z"]:
        return local
    offset = int(_offsets(pa.array([found["z"]]))[0])
    return (local - timedelta(minutes=offset)).replace(tzinfo=UTC)


def _from_number(text: str) -> datetime | None:
    whole, _, fraction = text.partition(".")
    try:
        if len(whole) == 8 and not fraction:
            return datetime.strptime(whole, "%Y%m%d")  # noqa: DTZ007
        if len(whole) in {12, 14} and not fraction and whole.startswith(("19", "20")):
            return datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007
        if len(whole) == 5:
            days = timedelta(days=float(text))
            return datetime(1899, 12, 30) + timedelta(seconds=round(days.total_seconds()))  # noqa: DTZ001
        if whole == "0" or len(whole) in {9, 10, 13, 16}:
            unit = {13: 1_000, 16: 1_000_000}.get(len(whole), 1)
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(float(text) * 1_000_000 / unit))
    except (ValueError, OverflowError):
        return None
    return None
