"""The page of the file formats, made from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from regulars.importers.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from regulars.importers.declaration import Format

OPENING = """# File formats

What `regulars import` recognises, and by which headers. Upper and lower case, blanks and dashes in a header make no difference. A column that
is called something else is named with `--map COLUMN=FIELD`, and where two formats fit, `--as FORMAT` decides.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `reference/formats.md`."""
    parts = [OPENING, *(line for format_ in FORMATS.values() for line in section(format_))]
    files.append(File.generated(config, "reference/formats.md", content="\n".join(parts)))
    return files


def section(format_: Format) -> Iterator[str]:
    """A format: what it needs, where its rows go, its fields."""
    tables = ", ".join(f"[{table}](tables.md#{table})" for table in format_.tables)
    needs = "; ".join(" or ".join(f"`{name}`" for name in group) for group in format_.needs)
    yield f"\n## {format_.name} {{ #{format_.name} }}\n"
    yield f"{format_.title[:1].upper()}{format_.title[1:]}. It needs {needs}; its rows go to {tables}.\n"
    yield "| field | what it is | read as | other names for it |\n|---|---|---|---|"
    for field in format_.fields:
        aliases = ", ".join(f"`{alias}`" for alias in field.aliases).replace("|", "&#124;")
        yield f"| `{field.name}` | {field.meaning.replace('|', '&#124;')} | {field.kind.value} | {aliases} |"
