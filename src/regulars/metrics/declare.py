"""How a metric is declared: decorators for the four shapes, and the register that the catalogue is read from."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from regulars.metrics.card import Card, Metric, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DECLARED: dict[str, Metric] = {}


def _card(function: Callable[..., Any], shape: Shape, declared: Mapping[str, Any]) -> Card:
    module = inspect.getmodule(function)
    title = (module.__doc__ or "").strip().splitlines()[0] if module else ""
    family = function.__module__.split(".")[-2]
    defaults = {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    return Card(name=function.__name__, title=re.split(r"[:.]", title)[0], family=family, shape=shape, defaults=defaults, **declared)


def total(**declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A sum: the function gives rows `window_id, customer_id, numerator` (and `row_id` where the customer may be unknown)."""
    return _rows(Shape.TOTAL, declared)


def ratio(
    *, within_group: Callable[..., Any] | None = None, unless: Callable[..., str | None] | None = None, **declared: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A quotient of sums: the function gives rows `window_id, customer_id, numerator, denominator`."""
    return _rows(Shape.RATIO, declared, within_group=within_group, unless=unless)


def distribution(**declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A statistic of values: the function gives rows `window_id, customer_id, value`; `statistic` is mean or median."""
    return _rows(Shape.DISTRIBUTION, declared)


def curve(
    *, reduce: Callable[..., Any], unless: Callable[..., str | None] | None = None, **declared: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A value by age: the function gives rows `window_id, customer_id, age` and figures; `reduce` makes the estimate of one window.

    Without a column `age` there is one row of sums per window and group.
    """
    return _rows(Shape.CURVE, declared, reduce=reduce, unless=unless)


def derived(*, of: tuple[str | tuple[str, Mapping[str, Any]], ...], **declared: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function of other metrics: it is given their values by name, and a context, and returns an `Estimate` or `Undefined`."""
    inputs = tuple((item, {}) if isinstance(item, str) else item for item in of)

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        DECLARED[function.__name__] = Metric(_card(function, Shape.DERIVED, declared), function, inputs)
        return function

    return register


def _rows(
    shape: Shape,
    declared: Mapping[str, Any],
    reduce: Callable[..., Any] | None = None,
    within_group: Callable[..., Any] | None = None,
    unless: Callable[..., str | None] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        DECLARED[function.__name__] = Metric(_card(function, shape, declared), function, (), reduce, within_group, unless)
        return function

    return register
