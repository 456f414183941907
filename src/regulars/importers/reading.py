"""From cells to typed rows: every cell is read as its field says, and what cannot be read is marked with a reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import ColumnsAmbiguous, CurrencyUnknown
from regulars.importers.amounts import NumberEvidence, Numbers, Style, read_numbers
from regulars.importers.declaration import Field, Kind, Rows, Surroundings
from regulars.importers.instants import INSTANT, DateEvidence, read_dates, read_instants
from regulars.importers.sources.source import ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from regulars.importers.recognition import Binding
    from regulars.importers.sources import Source

_EARLIEST = np.datetime64("1971-01-01", "us")
_NO_ID = pa.array(["", "nan", "null", "none", "\\n", "n/a", "<na>", "nat"])
_TRUE = pa.array(["true", "t", "yes", "y", "1", "ja", "oui", "x", "1.0"])
_FALSE = pa.array(["false", "f", "no", "n", "0", "nein", "non", "0.0"])
_CELL = 2_000
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the columns of a file are written: found by looking through all of it, or told by hints."""

    rows: int
    day_first: Mapping[str, bool]
    style: Mapping[str, Style]
    lowest: Mapping[str, float]
    highest: Mapping[str, float]


def look_through(source: Source, binding: Binding, progress: Callable[[int], None] | None) -> Manner:
    """Read the file once to see how its dates and numbers are written; raises `ColumnsAmbiguous` where nothing settles it."""
    fields = {name: binding.format.field(name) for name in binding.columns}
    dates = {name: DateEvidence() for name, f in fields.items() if f.kind.is_time}
    numbers = {name: NumberEvidence() for name, f in fields.items() if f.kind.is_number}
    watched = {name: binding.columns[name] for name in (*dates, *numbers)}
    rows = 0
    for batch in source.batches(sorted(set(watched.values())), progress):
        rows += batch.num_rows + len(source.ragged)
        source.ragged.clear()
        for name, index in watched.items():
            distinct = pc.unique(batch.column(f"c{index}"))
            (dates[name] if name in dates else numbers[name]).add(distinct)
    rows += len(source.ragged)
    return Manner(
        rows=rows,
        day_first={name: _day_first(name, evidence, source, binding) for name, evidence in dates.items()},
        style={name: _style(name, evidence, source, binding) for name, evidence in numbers.items()},
        lowest={name: e.lowest for name, e in numbers.items() if e.lowest is not None},
        highest={name: e.highest for name, e in numbers.items() if e.highest is not None},
    )


def _day_first(name: str, evidence: DateEvidence, source: Source, binding: Binding) -> bool:
    hint = binding.hints.get(name)
    if hint in {"day_first", "month_first"}:
        return hint == "day_first"
    says = evidence.says_day_first
    if says is None:
        column = source.header[binding.columns[name]]
        raise ColumnsAmbiguous(
            f"{source.path.name}: the dates in '{column}' do not say whether the day or the month stands first.",
            expected="dates like 2025-10-07, or at least one day after the 12th that settles it",
            remedy=f"Say it: --map '{column}={name}:day_first' or --map '{column}={name}:month_first'.",
            details={"column": column, "field": name, "day_first": evidence.day_first, "month_first": evidence.month_first},
        )
    return says


def _style(name: str, evidence: NumberEvidence, source: Source, binding: Binding) -> Style:
    hint = binding.hints.get(name)
    if hint in {"decimal_comma", "decimal_point"}:
        return Style(hint)
    style = evidence.style(source.separator)
    if style is None:
        column = source.header[binding.columns[name]]
        raise ColumnsAmbiguous(
            f"{source.path.name}: the numbers in '{column}' look like 1,234, which is 1234 or 1.234.",
            expected="a column in which at least one number settles it",
            remedy=f"Say it: --map '{column}={name}:decimal_comma' or --map '{column}={name}:decimal_point'.",
            details={"column": column, "field": name},
        )
    return style


class Problems:
    """Which rows cannot be taken, and why: the first reason counts."""

    def __init__(self, count: int) -> None:
        self._reason = np.zeros(count, dtype=np.int32)
        self._kinds: list[tuple[str, str, pa.Array | None]] = []

    def mark(self, mask: pa.Array | _Flags, reason: str, explanation: str, texts: pa.Array | None = None) -> None:
        """Mark rows; `{}` in the explanation is replaced by the row's text."""
        flags = mask if isinstance(mask, np.ndarray) else np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)
        if not flags.any():
            return
        self._kinds.append((reason, explanation, texts))
        self._reason[flags & (self._reason == 0)] = len(self._kinds)

    @property
    def bad(self) -> _Flags:
        return self._reason > 0

    def listed(self) -> list[tuple[int, str, str]]:
        """(place in the batch, reason, explanation) of every bad row."""
        found = []
        for place in np.flatnonzero(self._reason):
            reason, explanation, texts = self._kinds[self._reason[place] - 1]
            text = "" if texts is None else str(texts[int(place)].as_py())
            found.append((int(place), reason, explanation.replace("{}", text[:80] + ("..." if len(text) > 80 else ""))))
        return found


@dataclass(slots=True)
class Reading:
    """Rows of one batch after reading, where each run of rows began, and the problems found."""

    rows: Rows
    run: pa.Array
    problems: Problems


@dataclass(kw_only=True)
class RowReader:
    """Reads the batches of one file in order."""

    source: Source
    binding: Binding
    manner: Manner
    zone: str
    currency: str | None
    now: datetime
    _carried: dict[str, str] = field(default_factory=dict)
    _carried_run: int = 0
    _carried_key: str | None = None

    def __post_init__(self) -> None:
        fmt = self.binding.format
        money = [n for n in self.binding.columns if fmt.field(n).kind is Kind.MONEY]
        if money and "currency" not in self.binding.columns and self.currency is None:
            raise CurrencyUnknown(
                f"{self.source.path.name} holds money in '{self.source.header[self.binding.columns[money[0]]]}', and nothing says in which currency.",
                expected="a column with the currency, or a currency for the whole file; it is never guessed",
                remedy="Say it: --currency EUR (or another ISO 4217 code).",
                details={"file": str(self.source.path)},
            )

    @property
    def wanted(self) -> list[int]:
        """The columns that are needed."""
        if self.binding.format.unlisted_to:
            return list(range(len(self.source.header)))
        return sorted(set(self.binding.columns.values()))

    def read(self, batch: pa.RecordBatch) -> Reading:
        problems = Problems(batch.num_rows)
        number = batch.column(ROW)
        texts = {name: batch.column(f"c{index}") for name, index in self.binding.columns.items()}
        run = self._fill_down(texts, number) if self.binding.format.in_runs else number
        columns: dict[str, pa.Array] = {}
        named_currencies: dict[str, pa.Array] = {}
        for name, values in texts.items():
            columns[name] = self._column(self.binding.format.field(name), values, problems, named_currencies)
        currency = self._currency(columns, texts, batch.num_rows, problems)
        for name, named in named_currencies.items():
            differs = pc.and_(pc.is_valid(named), pc.not_equal(named, currency))
            problems.mark(differs, "currency_differs", f"{self._where(name)}: '{{}}' names another currency than the row's", texts[name])
        if self.binding.format.unlisted_to:
            columns[self.binding.format.unlisted_to] = self._unlisted(batch)
        around = Surroundings(lowest=self.manner.lowest, highest=self.manner.highest, now=self.now, bound=frozenset(self.binding.columns))
        rows = Rows(columns, number, currency, self.binding.format, around)
        rows.first = pc.equal(run, number)
        return Reading(rows, run, problems)

    def _column(self, wanted: Field, texts: pa.Array, problems: Problems, named: dict[str, pa.Array]) -> pa.Array:
        if wanted.kind.is_time:
            values = self._time(wanted, texts, problems)
        elif wanted.kind.is_number:
            values = self._number(wanted, texts, problems, named)
        elif wanted.kind is Kind.BOOLEAN:
            values = self._boolean(wanted, texts, problems)
        else:
            values = read_text(texts, wanted.kind)
        if wanted.needs_value:
            problems.mark(pc.is_null(values), "missing_value", f"{self._where(wanted.name)} is empty, and {wanted.meaning} is needed")
        return values

    def _time(self, wanted: Field, texts: pa.Array, problems: Problems) -> pa.Array:
        day_first = self.manner.day_first[wanted.name]
        zone = "UTC" if wanted.in_utc else self.zone
        read = read_dates(texts, day_first=day_first) if wanted.kind is Kind.DATE else read_instants(texts, zone, day_first=day_first)
        where = self._where(wanted.name)
        problems.mark(read.unreadable, "bad_date", f"{where}: '{{}}' is no date that can be read", texts)
        instants = read.values.cast(INSTANT)
        problems.mark(pc.less(instants, pa.scalar(_EARLIEST)), "date_too_early", f"{where}: '{{}}' lies before 1971", texts)
        if not wanted.may_lie_ahead:
            now = pa.scalar(self.now.replace(tzinfo=None), INSTANT)
            problems.mark(pc.greater(instants, now), "future_date", f"{where}: '{{}}' lies in the future", texts)
        return read.values

    def _number(self, wanted: Field, texts: pa.Array, problems: Problems, named: dict[str, pa.Array]) -> pa.Array:
        read: Numbers = read_numbers(texts, self.manner.style[wanted.name])
        what = "amount" if wanted.kind is Kind.MONEY else "number"
        where = self._where(wanted.name)
        nothing = read.not_finite
        if not wanted.needs_value:  # programs write a missing number as nan
            nothing = pc.and_(nothing, pc.invert(pc.equal(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), "nan")))
        problems.mark(nothing, f"{what}_not_finite", f"{where}: '{{}}' is no finite {what}", texts)
        problems.mark(read.unreadable, f"bad_{what}", f"{where}: '{{}}' is no {what} that can be read", texts)
        if read.named_currency is not None and wanted.kind is Kind.MONEY:
            named[wanted.name] = read.named_currency
        if wanted.kind is not Kind.INTEGER:
            return read.values
        whole = pc.round(read.values)
        problems.mark(pc.not_equal(whole, read.values), "bad_number", f"{where}: '{{}}' is no whole number", texts)
        return pc.cast(whole, pa.int64(), safe=False)

    def _boolean(self, wanted: Field, texts: pa.Array, problems: Problems) -> pa.Array:
        words = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
        yes, no = pc.is_in(words, value_set=_TRUE), pc.is_in(words, value_set=_FALSE)
        blank = pc.is_in(words, value_set=_NO_ID)
        unknown = pc.invert(pc.or_(pc.or_(yes, no), blank))
        problems.mark(unknown, "bad_value", f"{self._where(wanted.name)}: '{{}}' is neither yes nor no", texts)
        return pc.if_else(pc.or_(yes, no), yes, pa.scalar(None, pa.bool_()))

    def _currency(self, columns: dict[str, pa.Array], texts: Mapping[str, pa.Array], count: int, problems: Problems) -> pa.Array:
        if "currency" not in columns:
            return pa.repeat(pa.scalar(self.currency, pa.string()), count)
        given = columns["currency"]
        filled = pc.fill_null(given, self.currency) if self.currency else given
        is_code = pc.fill_null(pc.match_substring_regex(filled, "^[A-Z]{3}$"), False)
        where = self._where("currency")
        problems.mark(pc.is_null(filled), "no_currency", f"{where} is empty, and no --currency was given")
        problems.mark(pc.invert(is_code), "bad_currency", f"{where}: '{{}}' is no ISO 4217 code", texts["currency"])
        columns["currency"] = filled
        return pc.if_else(is_code, filled, pa.scalar(None, pa.string()))

    def _where(self, name: str) -> str:
        return f"column '{self.source.header[self.binding.columns[name]]}'" if name in self.binding.columns else name

    def _fill_down(self, texts: dict[str, pa.Array], number: pa.Array) -> pa.Array:
        """Give every row of an order what only its first row says; returns the number of that first row for each row."""
        key_name = next(f.name for f in self.binding.format.fields if f.of_order and f.name in texts)
        key = texts[key_name]
        keys = np.array([self._carried_key or "", *key.to_pylist()], dtype=object)
        begins = (keys[1:] != keys[:-1]) & (keys[1:] != "")
        if self._carried_key is None and len(begins):
            begins[0] = True
        first = np.maximum.accumulate(np.where(begins, np.arange(1, len(keys)), 0))
        take = pa.array(first)
        for name in list(texts):
            if self.binding.format.field(name).of_order:
                values = texts[name]
                whole = pa.concat_arrays([pa.array([self._carried.get(name, "")], pa.string()), values])
                filled = pc.if_else(pc.and_(pc.equal(values, ""), pa.array(~begins)), whole.take(take), values)
                self._carried[name] = whole[int(first[-1])].as_py()
                texts[name] = filled
        runs = np.concatenate([[self._carried_run], np.asarray(number)])[first]
        self._carried_run = int(runs[-1])
        self._carried_key = texts[key_name][len(number) - 1].as_py()
        return pa.array(runs, pa.int64())

    def _unlisted(self, batch: pa.RecordBatch) -> pa.Array:
        bound = set(self.binding.columns.values()) | self.binding.ignored
        free = [(self.source.header[i], batch.column(f"c{i}").to_pylist()) for i in range(len(self.source.header)) if i not in bound]
        free = [(name, values) for name, values in free if name]
        if not free:
            return pa.nulls(batch.num_rows, pa.string())
        texts = []
        for cells in zip(*(values for _, values in free), strict=True):
            said = {name: cell[:_CELL] for (name, _), cell in zip(free, cells, strict=True) if cell != ""}
            texts.append(json.dumps(said, ensure_ascii=False) if said else None)
        return pa.array(texts, pa.string())


def read_text(texts: pa.Array, kind: Kind) -> pa.Array:
    """Text in the form its kind is kept in; blank is null."""
    values = pc.utf8_trim_whitespace(texts)
    if kind is Kind.TEXT:
        return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    values = pc.utf8_ltrim(values, characters="'")  # how spreadsheets keep a number as text
    if kind in {Kind.ID, Kind.PHONE}:
        # An id that went through a program that takes ids for numbers: 17850.0
        values = pc.replace_substring_regex(values, r"^(\d+)\.0$", r"\1")
    if kind is Kind.EMAIL:
        values = pc.utf8_lower(values)
    elif kind is Kind.PHONE:
        values = pc.replace_substring_regex(values, r"[\s().\-/\x{00A0}]", "")
    elif kind is Kind.CURRENCY:
        values = pc.utf8_upper(values)
    return pc.if_else(pc.is_in(pc.utf8_lower(values), value_set=_NO_ID), pa.scalar(None, pa.string()), values)


def as_raw(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row as it stood in the file, as a JSON object; very long cells are cut."""
    names = [name or f"column {i + 1}" for i, name in enumerate(header)]
    return json.dumps({n: c if len(c) <= _CELL else c[:_CELL] + "..." for n, c in zip(names, cells, strict=True)}, ensure_ascii=False)
