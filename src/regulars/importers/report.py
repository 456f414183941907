"""The closing report of an import: what was read, what became of it, and that the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regulars.money import show


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTally:
    """Money of one currency in a file, in minor units: read = imported + already_there + quarantined + erased."""

    currency: str
    read: int
    imported: int
    already_there: int
    quarantined: int
    erased: int
    rounding: str = "0"
    """What rounding each row to minor units added to the sum of the file, in minor units, exact."""

    @property
    def read_before_rounding(self) -> str:
        """The file's own sum in major units, exact."""
        from decimal import Decimal

        from regulars.money import exponent

        return str((Decimal(self.read) + Decimal(self.rounding)).scaleb(-exponent(self.currency)).normalize())


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file. Rows: read = imported + already_there + quarantined + erased."""

    file: str
    format: str
    title: str
    columns: Mapping[str, str]
    """Column of the file by field."""
    read: int
    imported: int
    already_there: int
    quarantined: Mapping[str, int]
    """Rows by reason."""
    erased: int
    repeated: int
    """Rows that say the same as another one of this file; they are imported."""
    replaced: int
    """Orders, tickets ... that were there with other content, and are replaced."""
    without_customer: int
    taken_back: int
    """Rows that are refunds or cancellations."""
    unlinked_returns: Mapping[str, tuple[int, int]]
    """By currency: returns that name no order, and their amount in minor units."""
    money: tuple[MoneyTally, ...]
    rows_without_amount: int
    written: Mapping[str, int]
    """Rows by table."""
    notes: tuple[str, ...]
    first_rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    load_id: str | None = None

    @property
    def reconciles(self) -> bool:
        """Whether every row and all money is accounted for."""
        rows = self.read == self.imported + self.already_there + sum(self.quarantined.values()) + self.erased
        return rows and all(m.read == m.imported + m.already_there + m.quarantined + m.erased for m in self.money)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        names = [n for n in self.__slots__ if n not in {"money", "first_rows"}]
        values: dict[str, Any] = {n: _plain(getattr(self, n)) for n in names}
        values["money"] = [{**{n: getattr(m, n) for n in m.__slots__}, "read_before_rounding": m.read_before_rounding} for m in self.money]
        values["reconciles"] = self.reconciles
        return values

    def render(self) -> str:
        """The report as text."""
        lines = [f"{self.file}: {self.title}"]
        lines += _table(
            [
                ("rows read", f"{self.read:,}"),
                ("imported", f"{self.imported:,}"),
                ("already there", f"{self.already_there:,}"),
                ("in quarantine", f"{sum(self.quarantined.values()):,}"),
                *([("of erased persons", f"{self.erased:,}")] if self.erased else []),
            ],
            indent="  ",
        )
        lines += _table([(f"{reason.replace('_', ' ')}", f"{n:,}") for reason, n in self.quarantined.items()], indent="      ")
        for tally in self.money:
            lines += self._money_lines(tally)
        if self.rows_without_amount:
            lines.append(f"  {self.rows_without_amount:,} rows have no amount that can be read; the sums leave them out")
        if self.written:
            lines.append("  rows written: " + ", ".join(f"{table} {n:,}" for table, n in self.written.items()))
        facts = [
            (self.repeated, "rows repeat another one of the file exactly; all are kept"),
            (self.replaced, "were there already with other content, and are replaced"),
            (self.without_customer, "rows name no customer: they count as revenue, and for no customer"),
            (self.taken_back, "rows take something back (refunds, cancellations)"),
        ]
        lines += [f"  {n:,} {text}" for n, text in facts if n]
        lines += [f"  {n:,} returns name no order ({show(amount, c)})" for c, (n, amount) in self.unlinked_returns.items()]
        lines += [f"  note: {note}" for note in self.notes]
        if not self.reconciles:
            lines.append("  THE COUNTS DO NOT AGREE: please report this")
        return "\n".join(lines)

    @staticmethod
    def _money_lines(tally: MoneyTally) -> list[str]:
        parts = [
            ("read", tally.read),
            ("imported", tally.imported),
            ("already there", tally.already_there),
            ("in quarantine", tally.quarantined),
        ]
        if tally.erased:
            parts.append(("of erased persons", tally.erased))
        lines = _table(
            [(f"money {name}" if i == 0 else f"      {name}", show(amount, tally.currency)) for i, (name, amount) in enumerate(parts)],
            indent="  ",
        )
        if tally.rounding not in {"0", "0.0"}:
            lines.append(f"        ({tally.read_before_rounding} {tally.currency} before each row was rounded)")
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of the files of one import."""

    files: tuple[FileReport, ...]
    dry_run: bool = False

    @property
    def reconciles(self) -> bool:
        """Whether every row and all money is accounted for."""
        return all(f.reconciles for f in self.files)

    @property
    def read(self) -> int:
        """Rows read."""
        return sum(f.read for f in self.files)

    @property
    def imported(self) -> int:
        """Rows imported."""
        return sum(f.imported for f in self.files)

    @property
    def already_there(self) -> int:
        """Rows that were there already."""
        return sum(f.already_there for f in self.files)

    @property
    def quarantined(self) -> int:
        """Rows set aside."""
        return sum(sum(f.quarantined.values()) for f in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"dry_run": self.dry_run, "reconciles": self.reconciles, "files": [f.as_dict() for f in self.files]}

    def __str__(self) -> str:
        parts = [f.render() for f in self.files]
        if self.dry_run:
            parts.insert(0, "Dry run: this is what would happen; nothing was written.")
            parts += [_first_rows(f) for f in self.files if f.first_rows]
        return "\n\n".join(parts)


def _table(rows: Sequence[tuple[str, str]], *, indent: str) -> list[str]:
    if not rows:
        return []
    left, right = max(len(a) for a, _ in rows), max(len(b) for _, b in rows)
    return [f"{indent}{a.ljust(max(left, 20))}  {b.rjust(max(right, 12))}" for a, b in rows]


def _first_rows(report: FileReport) -> str:
    lines = [f"First rows of {report.file} as they would be stored:"]
    for table, rows in report.first_rows.items():
        lines.append(f"  {table}")
        for row in rows:
            said = ", ".join(
                f"{k}={v}" for k, v in row.items() if v is not None and k not in {"row_key", "row_hash", "recorded_at", "source"}
            )
            lines.append(f"    {said}")
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value
