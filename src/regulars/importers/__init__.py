"""Importers: files and exports become rows of the tables; nothing is silently dropped."""

from regulars.importers.importing import import_files
from regulars.importers.recognition import recognise
from regulars.importers.report import FileReport, ImportReport

__all__ = ["FileReport", "ImportReport", "fields", "import_files", "recognise"]


def fields() -> dict[str, dict[str, str]]:
    """By format: the fields that a column can be mapped to, and what they mean."""
    from regulars.importers.formats import FORMATS

    return {name: {f.name: f"{f.meaning} ({f.kind})" for f in fmt.fields} for name, fmt in FORMATS.items()}
