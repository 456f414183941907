"""What the application says, found in its sources, and the German catalogue of it.

`python -m tests.regulars_server.console.messages` writes what is new into the catalogue, takes out what is gone and compiles it
(`make messages`); what has no German words yet is named.
"""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

SERVER = Path(__file__).resolve().parents[3] / "src" / "regulars_server"
FOLDER = SERVER / "locale" / "de" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}


class Said(NamedTuple):
    """A text that is looked up in the catalogue, with its plural where it has one."""

    text: str
    plural: str | None = None


def in_python(source: str) -> Iterator[Said]:
    """Texts that Python code looks up."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if name in SINGULAR and len(texts) == 1:
                yield Said(texts[0])
            elif name in PLURAL and len(texts) >= 2:
                yield Said(texts[0], texts[1])


def in_template(source: str) -> Iterator[Said]:
    """Texts that a template looks up, taken from its parsed form."""
    from django.template import engines
    from django.template.base import Node
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode
    from django.utils.text import normalize_newlines
    from django.utils.translation import trim_whitespace

    parsed = engines["django"].from_string(source).template
    for node in parsed.nodelist.get_nodes_by_type(Node):
        if isinstance(node, TranslateNode):
            yield Said(node.filter_expression.var.literal)
        elif isinstance(node, BlockTranslateNode):
            texts = []
            for tokens in (node.singular, node.plural):
                if tokens:
                    text, _names = node.render_token_list(tokens)
                    texts.append(trim_whitespace(text) if node.trimmed else normalize_newlines(text))
            yield Said(*texts)


def said() -> dict[Said, list[str]]:
    """Everything that the application says, and where."""
    found: dict[Said, list[str]] = {}
    for path in sorted(SERVER.rglob("*")):
        if path.suffix == ".py" and "migrations" not in path.parts:
            texts = in_python(path.read_text(encoding="utf-8"))
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            texts = in_template(path.read_text(encoding="utf-8"))
        else:
            continue
        for text in texts:
            places = found.setdefault(text, [])
            place = path.relative_to(SERVER.parent).as_posix()
            if place not in places:
                places.append(place)
    return found


def catalogue(path: Path = PO) -> Catalog:
    """The catalogue as it stands."""
    if not path.exists():
        return _empty()
    with path.open("rb") as file:
        return read_po(file, locale="de")


def _empty() -> Catalog:
    # One and the same instant, so that the files change only when words do.
    then = datetime(2026, 11, 22, tzinfo=UTC)
    fresh = Catalog(locale="de", project="Regulars", charset="utf-8", fuzzy=False, creation_date=then, revision_date=then)
    fresh.mime_headers = [("Content-Type", "text/plain; charset=utf-8"), ("Plural-Forms", "nplurals=2; plural=(n != 1);")]
    return fresh


def key_of(message: Message) -> Said:
    """A message of the catalogue as what was said."""
    return Said(*message.id) if isinstance(message.id, list | tuple) else Said(message.id)


def updated(words: dict[str, str | list[str]] | None = None) -> Catalog:
    """The catalogue with what is said now, in order; `words` are new German words by English text."""
    old = {key_of(message): message.string for message in catalogue() if message.id}
    fresh = _empty()
    for text, places in sorted(said().items(), key=lambda item: item[0].text):
        german = (words or {}).get(text.text) or old.get(text) or (["", ""] if text.plural else "")
        number = (text.text, text.plural) if text.plural else text.text
        fresh.add(number, tuple(german) if text.plural else german, locations=[(place, None) for place in places])
    return fresh


def missing(of: Catalog) -> list[str]:
    """Texts without German words."""
    return [key_of(m).text for m in of if m.id and not all(m.string if isinstance(m.string, list | tuple) else [m.string])]


def write(new: Catalog) -> None:
    """Both files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, new, width=140, omit_header=False, sort_output=False, include_lineno=False)
    with MO.open("wb") as file:
        write_mo(file, new)


def main() -> int:
    """Bring the catalogue up to date."""
    from django import setup

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "regulars_server.settings", "REGULARS_WORKSPACE": folder}
        setup()
        new = updated()
    write(new)
    for text in missing(new):
        sys.stdout.write(f"no German words: {text!r}\n")
    return 1 if missing(new) else 0


if __name__ == "__main__":
    sys.exit(main())
