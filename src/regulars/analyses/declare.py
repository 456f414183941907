"""How an analysis is declared, and the register that the catalogue is read from."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.analyses.results import AnalysisResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A question with the function that answers it."""

    name: str
    title: str
    question: str
    parameters: Mapping[str, str]
    """What each argument means."""
    defaults: Mapping[str, Any]
    needs: tuple[str, ...]
    """Tables without which there is nothing to say."""
    in_money: bool
    function: Callable[..., AnalysisResult]

    @property
    def description(self) -> str:
        """The definition, as the function's docstring gives it."""
        return inspect.getdoc(self.function) or ""


DECLARED: dict[str, Analysis] = {}


def declare(
    *, title: str, question: str, parameters: Mapping[str, str] | None = None, needs: tuple[str, ...] = ("orders",), in_money: bool = True
) -> Callable[[Callable[..., AnalysisResult]], Callable[..., AnalysisResult]]:
    """Register a function from a session (and keyword arguments) to an `AnalysisResult` as the analysis of its name."""

    def register(function: Callable[..., AnalysisResult]) -> Callable[..., AnalysisResult]:
        defaults = {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY}
        DECLARED[function.__name__] = Analysis(
            name=function.__name__,
            title=title,
            question=question,
            parameters=dict(parameters or {}),
            defaults=defaults,
            needs=needs,
            in_money=in_money,
            function=function,
        )
        return function

    return register
