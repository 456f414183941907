"""The register of what the oracle can answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.oracle import estimate
from tests.oracle.company import UNKNOWN, Window

if TYPE_CHECKING:
    from collections.abc import Callable

METRICS: dict[str, Metric] = {}
ATTRIBUTES = ("country", "acquisition_channel", "acquisition_campaign", "cohort")


@dataclass(frozen=True)
class Metric:
    """Rows and how they become a number, or a number made of other metrics."""

    function: Callable
    finish: Callable | None = None
    needs: tuple[str, ...] = ()
    needs_history: Callable = field(default=lambda _company: False)
    grouped: bool = False


def always(_company):
    return True


def by_inactivity(company):
    return not company.by_cancellation


def rows(finish=estimate.quotient, *, needs=(), needs_history=lambda _company: False, **options):
    """Declare a metric whose function gives its rows for one window."""

    def register(function):
        METRICS[function.__name__] = Metric(function, partial(finish, **options) if options else finish, needs, needs_history)
        return function

    return register


def made_of_others(*, grouped=False, needs_history=lambda _company: False):
    """Declare a metric made of other numbers: its function gives the answer, or with `grouped` the answers by group."""

    def register(function):
        METRICS[function.__name__] = Metric(function, None, (), needs_history, grouped)
        return function

    return register


def answer(company, name, window, group_by=None, **arguments):
    """Per group (None without `group_by`): the answer of a metric in one window."""
    metric = METRICS[name]
    if metric.finish is None:
        found = (
            metric.function(company, window, group_by, **arguments)
            if metric.grouped
            else {None: metric.function(company, window, **arguments)}
        )
    else:
        found = {
            key: metric.finish(own) for key, own in _by_group(company, metric.function(company, window, **arguments), group_by).items()
        }
    if metric.needs and not all(company.rows(table) for table in metric.needs):
        found = {key: estimate.undefined("no_data") for key in found}
    if metric.needs_history(company) and not window.enough_history:
        found = {key: estimate.undefined("history_too_short") for key in found}
    return found


def _by_group(company, its_rows, group_by):
    if group_by is None:
        return {None: list(its_rows)}
    groups = defaultdict(list)
    for row in its_rows:
        group = company.attribute(group_by, row.customer) if group_by in ATTRIBUTES else row.labels.get(group_by)
        groups[UNKNOWN if group is None else group].append(row)
    return groups


def window_of(company, start, end):
    return Window(company, start, end)
