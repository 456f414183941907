"""Every sentence with which the library or the application can refuse something on a page, found in the sources.

A refusal is a call of a subclass of `RegularsError`, or of a function of the sources that makes one from its arguments. Texts are
templates: what is filled in at run time stands as `{}`; where a text has alternatives, each is one.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from regulars import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

SRC = Path(errors.__file__).resolve().parents[1]
NEVER_ON_A_PAGE = {
    "regulars_server/running": "starting, backup, restore and upgrade: on the command line",
    "regulars_server/config.py": "read when a process starts",
    "regulars_server/intake/door": "the process that takes events in",
    "regulars_server/profiles/rules.py": "read when a process starts",
    "regulars_server/shared": "faults of a programmer, and erasure, which is on the command line",
    "regulars_server/jobs/kinds.py": "a fault of a programmer",
    "regulars_server/team": "its pages have words of their own for each case",
    "regulars_server/profiles/deciding.py": "its codes have words of their own in `refusals.WORDS`",
    "regulars_server/profiles/noting.py": "its codes have words of their own in `refusals.WORDS`",
    "regulars_server/loading": "its codes have words of their own in `refusals.WORDS`",
    "regulars/warehouse/engines/clickhouse.py": "another engine than that of a workspace",
    "regulars/warehouse/engines/postgres.py": "another engine than that of a workspace",
    "regulars/warehouse/erasure": "erasure is on the command line",
    "regulars/identities": "merging in the library is on the command line; the application has its own",
}
"""Parts of the folders below whose refusals nobody reads on a page, and why."""
FOLDERS = (
    "regulars_server", "regulars/importers", "regulars/warehouse", "regulars/tracking/plan.py", "regulars/settings.py",
)  # fmt: skip
PARTS = ("received", "expected", "remedy")


class Template(NamedTuple):
    """A text of a refusal and where it stands."""

    text: str
    place: str


def sources() -> Iterator[tuple[str, ast.Module]]:
    """The files whose refusals can reach a page."""
    for folder in FOLDERS:
        start = SRC / folder
        for path in [start] if start.is_file() else sorted(start.rglob("*.py")):
            name = path.relative_to(SRC).as_posix()
            if "migrations" not in name and not any(name == part or name.startswith(part + "/") for part in NEVER_ON_A_PAGE):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def _texts(node: ast.expr) -> set[str]:
    """What an expression can say, filled-in values as `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr(values=parts):
            found = {""}
            for part in parts:
                inside = _texts(part.value) if isinstance(part, ast.FormattedValue) else _texts(part)
                found = {before + after for before in found for after in inside}
            return found
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return {a + b for a in _texts(left) for b in _texts(right)}
        case ast.IfExp(body=body, orelse=other):
            return _texts(body) | _texts(other)
        case ast.BoolOp(values=values):
            return set().union(*map(_texts, values))
    return {"{}"}


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _refusal_classes() -> set[str]:
    found = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.RegularsError)}
    for path in SRC.glob("regulars_server/*/errors.py"):
        found |= {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)}
    return found


def _given(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    return {**dict(zip(names, call.args, strict=False)), **{word.arg: word.value for word in call.keywords if word.arg}}


def templates() -> list[Template]:
    """All texts, once for each place."""
    classes, found, makers = _refusal_classes(), [], {}
    trees = list(sources())
    for name, tree in trees:
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            asked = tuple(one.arg for one in function.args.args)
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) in classes):
                for part, said in _given(call, PARTS).items():
                    used = {one.id for one in ast.walk(said) if isinstance(one, ast.Name)} & set(asked)
                    whole = isinstance(said, ast.Name) or (isinstance(said, ast.JoinedStr) and function.name.endswith("damaged"))
                    if part in PARTS and used and whole:
                        makers[function.name] = asked
                    elif part in PARTS:
                        found += [Template(text, f"{name}:{call.lineno}") for text in _texts(said)]
            defaults = function.args.defaults
            if function.name in makers:
                found += [Template(text, name) for one in defaults for text in _texts(one)]
    for name, tree in trees:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) in makers):
            for part, said in _given(call, makers[_name(call)]).items():
                if part in {*PARTS, "what"}:
                    found += [Template(text, f"{name}:{call.lineno}") for text in _texts(said)]
    return sorted({one for one in found if one.text.strip("{}")})
