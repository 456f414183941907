"""Which format a header belongs to, and which of its columns means what."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.errors import ColumnsAmbiguous, FormatUnrecognised, MappingRefused
from regulars.importers.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.importers.declaration import Field, Format

IGNORE = "ignore"
HINTS = ("day_first", "month_first", "decimal_comma", "decimal_point")
"""What may follow the field in a mapping, after a colon: how the column's values are written."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A format, and for each of its fields the index of the column that holds it."""

    format: Format
    columns: Mapping[str, int]
    hints: Mapping[str, str]
    ignored: frozenset[int]


@dataclass(frozen=True, slots=True)
class Mapped:
    """One entry of a mapping: a column, the field it means (or `ignore`), and a hint."""

    column: int
    field: str
    hint: str | None


def recognise(header: Sequence[str]) -> Format:
    """The format that a header belongs to; raises `FormatUnrecognised`.

    >>> recognise(["customer_id", "date", "quantity", "amount"]).name
    'transactions'
    """
    return bind(header).format


def bind(header: Sequence[str], mapping: Mapping[str, str] | None = None, format_name: str | None = None) -> Binding:
    """The format of a header and the meaning of its columns. `mapping` is column -> field and overrules what would be recognised."""
    formats = [_named(format_name)] if format_name else list(FORMATS.values())
    _refuse_unusable(header)
    mapped = _read_mapping(header, mapping or {}, formats)
    fitting: list[tuple[int, int, int, Format]] = []
    for order, candidate in enumerate(formats):
        known = {f.name for f in candidate.fields}
        wanted = {m.field for m in mapped if m.field != IGNORE}
        if not wanted <= known:
            continue
        found = _find(candidate, header, mapped)
        if _has_what_it_needs(candidate, found, marked_by=wanted):
            fitting.append((candidate.rank, len(found), -order, candidate))
    if not fitting:
        raise _unrecognised(header, formats, mapped)
    chosen = max(fitting, key=lambda f: f[:3])[3]
    columns = {name: _only(name, indices, chosen, header) for name, indices in _find(chosen, header, mapped).items()}
    hints = {m.field: m.hint for m in mapped if m.hint}
    return Binding(chosen, columns, hints, frozenset(m.column for m in mapped if m.field == IGNORE))


def normal(name: str) -> str:
    """A header name in the form that aliases have: lower case, underscores between words.

    >>> normal("Created (UTC)"), normal("CustomerID"), normal("  Order #"), normal("InvoiceNo")
    ('created_utc', 'customer_id', 'order_#', 'invoice_no')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().strip("\ufeff'\""))
    return re.sub(r"[^0-9a-z#%äöüßéèáàñç]+", "_", spaced.lower()).strip("_")


def signature(header: Sequence[str]) -> str:
    """What two headers with the same columns have in common, whatever their order."""
    return "|".join(sorted(normal(name) for name in header))


def _find(candidate: Format, header: Sequence[str], mapped: Sequence[Mapped]) -> dict[str, list[int]]:
    """For each field the columns that fit it, best first; a mapped column fits nothing else."""
    taken = {m.column for m in mapped}
    found: dict[str, list[int]] = {}
    for entry in mapped:
        if entry.field != IGNORE:
            found.setdefault(entry.field, []).append(entry.column)
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(header):
        if index not in taken:
            by_name.setdefault(normal(name), []).append(index)
    for field in candidate.fields:
        if field.name in found:
            continue
        fits = [by_name[name] for name in field.names if name in by_name]
        if fits:
            # A column that bears the field's own name is meant, whatever else would fit.
            exact = by_name.get(field.name)
            found[field.name] = exact or (fits[0] if field.preferred else [index for indices in fits for index in indices])
    return found


def _has_what_it_needs(candidate: Format, found: Mapping[str, list[int]], *, marked_by: set[str]) -> bool:
    if not all(any(name in found for name in group) for group in candidate.needs):
        return False
    return not candidate.marks or any(name in found for name in candidate.marks) or bool(marked_by)


def _only(name: str, indices: list[int], chosen: Format, header: Sequence[str]) -> int:
    if len(indices) == 1:
        return indices[0]
    columns = [header[i] for i in indices]
    first = columns[0]
    raise ColumnsAmbiguous(
        f"Recognised as {chosen.title}, but {len(columns)} columns could be the {name}: {', '.join(repr(c) for c in columns)}.",
        expected=f"one column for {name} ({chosen.field(name).meaning})",
        remedy=f"Say which: --map '{first}={name}'" + ("; or rename one of them." if len(set(columns)) < len(columns) else "."),
        details={"field": name, "columns": columns, "format": chosen.name},
    )


def _read_mapping(header: Sequence[str], mapping: Mapping[str, str], formats: Sequence[Format]) -> list[Mapped]:
    entries = []
    fields = {f.name: f for candidate in formats for f in candidate.fields}
    for column, target in mapping.items():
        name, _, hint = target.partition(":")
        name = normal(name)
        if name != IGNORE and name not in fields:
            raise _unknown_field(target, name, fields, formats)
        if hint and hint not in HINTS:
            raise MappingRefused(
                f"--map '{column}={target}' says '{hint}', which is unknown.",
                expected=f"nothing, or one of {', '.join(HINTS)}",
                remedy=f"For example --map '{column}={name}:day_first'.",
            )
        entries.append(Mapped(_column(header, column), name, hint or None))
    _refuse_twice(entries, header)
    return entries


def _column(header: Sequence[str], column: str) -> int:
    exact = [i for i, name in enumerate(header) if name == column]
    loose = [i for i, name in enumerate(header) if normal(name) == normal(column)]
    matches = exact or loose
    if len(matches) == 1:
        return matches[0]
    near = difflib.get_close_matches(column, list(header), n=1)
    raise MappingRefused(
        f"--map names the column '{column}', " + ("which the file has more than once." if matches else "which the file does not have."),
        expected=f"one of its columns: {', '.join(header)}",
        remedy=f"Did you mean '{near[0]}'?" if near else "Check the spelling against the file's first row.",
        details={"column": column, "header": list(header)},
    )


def _refuse_twice(entries: Sequence[Mapped], header: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.field != IGNORE and entry.field in seen:
            raise MappingRefused(
                f"--map gives {entry.field} two columns: '{header[seen[entry.field]]}' and '{header[entry.column]}'.",
                expected="one column for each field",
                remedy="Leave one of them out.",
            )
        seen[entry.field] = entry.column


def _unknown_field(target: str, name: str, fields: Mapping[str, Field], formats: Sequence[Format]) -> MappingRefused:
    near = difflib.get_close_matches(name, list(fields), n=1)
    where = f"{formats[0].title}" if len(formats) == 1 else "the formats"
    return MappingRefused(
        f"--map names the field '{target}', which does not exist.",
        expected=f"a field of {where}: {', '.join(sorted(fields))}; or ignore",
        remedy=f"Did you mean '{near[0]}'?" if near else "The page on importing lists every field with its meaning.",
        details={"field": name},
    )


def _refuse_unusable(header: Sequence[str]) -> None:
    named = [name for name in header if name.strip()]
    if len(named) < 1 or all(re.fullmatch(r"[\d.,:/ -]+", name) for name in named):
        raise FormatUnrecognised(
            f"The first row is no header: {', '.join(header)[:200] or 'it is blank'}.",
            expected="names of columns in the first row",
            remedy="Add a first row that names the columns, for example customer_id,date,amount.",
            details={"header": list(header)[:50]},
        )


def _named(name: str) -> Format:
    if name in FORMATS:
        return FORMATS[name]
    near = difflib.get_close_matches(name, list(FORMATS), n=1)
    raise MappingRefused(
        f"There is no format '{name}'.",
        expected=f"one of {', '.join(FORMATS)}",
        remedy=f"Did you mean '{near[0]}'?" if near else "Leave it out: files are recognised by their header.",
    )


def _unrecognised(header: Sequence[str], formats: Sequence[Format], mapped: Sequence[Mapped]) -> FormatUnrecognised:
    def missing(candidate: Format) -> list[str]:
        found = _find(candidate, header, mapped)
        return [" or ".join(group) for group in candidate.needs if not any(name in found for name in group)]

    wanted = {m.field for m in mapped if m.field != IGNORE}
    possible = [f for f in formats if wanted <= {x.name for x in f.fields}] or list(formats)
    nearest = min(possible, key=lambda f: (len(missing(f)) - len(_find(f, header, mapped)) * 0.5, len(f.needs)))
    lacks = missing(nearest) or [" or ".join(nearest.marks)]
    return FormatUnrecognised(
        f"The columns fit no format that is known: {', '.join(header)[:500]}.",
        expected=f"for the nearest, {nearest.title}, there is no column for {'; '.join(lacks)}",
        remedy=f"Say what the columns mean, for example --map 'COLUMN={lacks[0].split(' or ')[0]}'; known formats: {', '.join(FORMATS)}.",
        details={"header": list(header)[:200], "nearest": nearest.name, "missing": lacks},
    )
