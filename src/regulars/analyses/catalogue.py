"""The catalogue of analyses: finds them, checks arguments, and says when there is nothing to analyse."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

from regulars.analyses.declare import DECLARED, Analysis
from regulars.analyses.results import AnalysisResult, Note
from regulars.errors import ArgumentRefused, UnknownName

if TYPE_CHECKING:
    from regulars.relations.session import Session


@cache
def catalogue() -> dict[str, Analysis]:
    """Every analysis by its public name, in the order of names."""
    package = importlib.import_module("regulars.analyses")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(DECLARED.items()))


def analysis(name: str) -> Analysis:
    """The analysis `name`; raises `UnknownName` with the nearest names."""
    known = catalogue()
    if name not in known:
        import difflib

        near = difflib.get_close_matches(name, known, n=3) or sorted(known)
        raise UnknownName(f"There is no analysis '{name}'.", expected=f"one of {', '.join(near)}", remedy="See: regulars analyse --help")
    return known[name]


def run(session: Session, name: str, **arguments: Any) -> AnalysisResult:
    """The analysis `name` of the session's data.

    Raises `UnknownName`, `ArgumentRefused`, and `MixedCurrencies` where money has no rate to the reporting currency.
    """
    found = analysis(name)
    unknown = sorted(set(arguments) - set(found.defaults))
    if unknown:
        raise ArgumentRefused(
            f"{name} takes no argument {', '.join(unknown)}.",
            expected=", ".join(found.defaults) or "no arguments",
            remedy=f"See: regulars analyse {name} --help",
        )
    missing = [table for table in found.needs if not session.has_rows(table)]
    if missing:
        return AnalysisResult(name=name, title=found.title, tables={}, notes=(Note("no_data", {"needs": ", ".join(missing)}),))
    if found.in_money:
        session.require_one_currency(name)
    return found.function(session, **arguments)


def refuse_unless(allowed: bool, what: str, value: Any, expected: str) -> None:
    """Raise `ArgumentRefused` unless the argument `what` is allowed to be `value`."""
    if not allowed:
        raise ArgumentRefused(f"{what} was given as {value!r}.", expected=expected, remedy=f"Give another {what}.")


def refuse_below_one(what: str, value: Any) -> None:
    """Raise `ArgumentRefused` unless the argument `what` is a whole number from 1."""
    refuse_unless(isinstance(value, int) and not isinstance(value, bool) and value >= 1, what, value, "a whole number from 1")
