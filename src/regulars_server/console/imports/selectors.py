"""What the pages of imports show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from regulars.importers.formats import FORMATS
from regulars.warehouse.records import WITHOUT_FILES
from regulars.workspace import Workspace
from regulars_server.console import refusals
from regulars_server.console.spoken import spoken
from regulars_server.console.templatetags.shown import language
from regulars_server.imports import public as uploads
from regulars_server.jobs import public as jobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.warehouse.loads import LoadRecord
    from regulars_server.imports.public import Looked, Upload
    from regulars_server.jobs.public import Job

SHOWN_LOADS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLoad:
    """A load in the list: which file, when, how many rows, whether it can be undone."""

    record: LoadRecord
    name: str
    format: str
    rows: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a file: its name, the first values, and what it means."""

    place: int
    name: str
    sample: Sequence[str]
    field: str
    hint: str


def loads() -> list[ShownLoad]:
    """The latest loads of files, the newest first."""
    folder = settings.CONFIG.workspace
    there = (folder / "workspace.json").is_file()
    records = Workspace.open(folder).loads(leave_out=WITHOUT_FILES, latest=SHOWN_LOADS)[::-1] if there else []
    called = uploads.names_of_loads([record.load_id for record in records])
    return [
        ShownLoad(
            record=record,
            name=called.get(record.load_id) or ", ".join(str(file["file"]) for file in record.files if file.get("file")),
            format=title_of(record.source),
            rows=sum(record.rows.values()),
            quarantined=sum(record.report.get("quarantined", {}).values()) if record.report else 0,
        )
        for record in records
    ]


def columns(looked: Looked, *, people: bool) -> list[Column]:
    """The columns of a file; the first values only for who may see people."""
    fields, hints = looked.fields or {}, looked.hints or {}
    return [
        Column(
            place=i,
            name=name,
            sample=[row[i] for row in looked.sample[:3]] if people else [],
            field=fields.get(str(i), ""),
            hint=hints.get(str(i), ""),
        )
        for i, name in enumerate(looked.header)
    ]


def fields(format_name: str) -> list[tuple[str, str]]:
    """What a column can mean: field and its meaning; of all formats where none is chosen yet."""
    chosen = [FORMATS[format_name]] if format_name in FORMATS else list(FORMATS.values())
    found: dict[str, str] = {}
    for fmt in chosen:
        for field in fmt.fields:
            found.setdefault(field.name, field.meaning)
    return sorted((name, spoken(meaning)) for name, meaning in found.items())


def formats() -> list[tuple[str, str]]:
    """The formats by name, with their titles."""
    return sorted(((name, title_of(name)) for name in FORMATS), key=lambda pair: pair[1].casefold())


def title_of(name: str) -> str:
    """What a format is called; of rows that no file stands behind, what they are."""
    return spoken(FORMATS[name].title) if name in FORMATS else _("a made-up company") if name == "synthetic" else name


def state(one: Upload) -> dict[str, Any]:
    """The jobs of an upload and their reports."""
    rehearsal = jobs.job(one.rehearsal) if one.rehearsal else None
    running = jobs.job(one.job) if one.job else None
    current: Job | None = running or rehearsal
    return {
        "upload": one,
        "rehearsal": rehearsal,
        "job": running,
        "current": current,
        "open": bool(current and current.is_open),
        "report": report(one.report or (rehearsal.result if rehearsal and rehearsal.result else {})),
        "failure": refusals.in_parts(current.failure) if current and current.failure else None,
        "percent": round(100 * current.fraction) if current else 0,
    }


def report(plain: Mapping[str, Any]) -> dict[str, Any] | None:
    """A closing report with its sums."""
    if not plain:
        return None
    return {
        **plain,
        "title": title_of(plain["format"]) if "format" in plain else plain.get("title", ""),
        "set_aside": sum(plain["quarantined"].values()),
        "reasons": [(language().quarantine_reason(reason), n) for reason, n in sorted(plain["quarantined"].items())],
        "notes": [spoken(note) for note in plain.get("notes", ())],
    }
