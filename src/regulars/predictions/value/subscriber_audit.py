"""The audit of subscribers' value: who was expected to stay, and for how much, against what came."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions.clv.model import MONTH
from regulars.predictions.value.subscribers import Subscribed, expected_revenue, fit_subscriptions, staying, subscribed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from regulars.predictions.clv.shifted_beta_geometric import ShiftedBetaGeometric
    from regulars.relations.session import Session

TENTHS = 10
TENURES = (0, 1, 2, 3, 6, 12, 24)
"""Renewals from which a row of the table by tenure begins."""


def audited(session: Session, days: int, backtests: int, progress: Callable[[str], None] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Rows by table (`totals`, `deciles`, `tenure`, `drift`) of up to `backtests` looks, `days` apart; no rows where nothing could be tested.

    A subscription's revenue after a look is its MRR at the look x the days until it ended / a month: later changes of the MRR are not in it.
    """
    now = subscribed(session)
    rows: dict[str, list[dict[str, Any]]] = {"totals": [], "deciles": [], "tenure": [], "drift": []}
    for back in range(backtests, 0, -1):
        day = session.as_of_day - timedelta(days=days * back)
        if (day - session.history_start).days < MONTH:
            continue
        if progress:
            progress(f"subscriptions as of {day}")
        with session.earlier(day - timedelta(days=1)) as then:
            before = subscribed(then)
        fitted = fit_subscriptions(before)
        if isinstance(fitted, Undefined) or not before.runs.any():
            continue
        stayed = _stayed(before, now, days)
        rows["totals"].append(_totals(day, days, before, fitted[0], stayed))
        rows["deciles"] += _deciles(day, days, before, fitted[0], stayed)
        rows["tenure"] += _by_tenure(day, days, before, fitted[0], stayed)
        rows["drift"] += _parameters(day, fitted[0])
    today = fit_subscriptions(now)
    if rows["totals"] and not isinstance(today, Undefined):
        rows["drift"] += _parameters(session.as_of_day, today[0])
    return rows


def _stayed(before: Subscribed, now: Subscribed, days: int) -> NDArray[Any]:
    """Days, up to `days`, that each subscription which ran at the look went on."""
    place = {name: i for i, name in enumerate(now.subscription.tolist())}
    found = np.array([place.get(name, -1) for name in before.subscription[before.runs].tolist()], np.int64)
    ended = np.where(now.runs, np.iinfo(np.int64).max, now.first_day + now.lasted_days)
    until = np.append(ended, before.as_of_day)[found]
    lasted: NDArray[Any] = np.clip(until - before.as_of_day, 0, days)
    return lasted


def _totals(day: date, days: int, before: Subscribed, model: ShiftedBetaGeometric, stayed: NDArray[Any]) -> dict[str, Any]:
    expected = float(expected_revenue(model, before, days).sum())
    came = float((before.mrr_minor[before.runs] * stayed).sum()) / MONTH
    owners = before.customer[before.runs]
    return {
        "looked_on": day,
        "days": days,
        "buyers": int(np.unique(owners[owners != ""].astype(str)).size),
        "subscriptions": int(before.runs.sum()),
        "expected_ended": float((1 - staying(model, before, days)).sum()),
        "came_ended": int((stayed < days).sum()),
        "expected_minor": expected,
        "came_minor": came,
        "value_error_share": came / expected - 1 if expected > 0 else None,
    }


def _deciles(day: date, days: int, before: Subscribed, model: ShiftedBetaGeometric, stayed: NDArray[Any]) -> list[dict[str, Any]]:
    """By tenth of the customers, the least expected first."""
    owners = before.customer[before.runs]
    own = np.flatnonzero(owners != "")
    names, place = np.unique(owners[own].astype(str), return_inverse=True)
    expected = np.bincount(place, expected_revenue(model, before, days)[own], minlength=names.size)
    came = np.bincount(place, (before.mrr_minor[before.runs] * stayed / MONTH)[own], minlength=names.size)
    order = np.argsort(expected, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if part.size]
    return [
        {
            "looked_on": day,
            "decile": i + 1,
            "buyers": int(part.size),
            "expected_minor": float(expected[part].sum()),
            "came_minor": float(came[part].sum()),
        }
        for i, part in enumerate(parts)
    ]


def _by_tenure(day: date, days: int, before: Subscribed, model: ShiftedBetaGeometric, stayed: NDArray[Any]) -> list[dict[str, Any]]:
    ends = 1 - staying(model, before, days)
    group = np.searchsorted(TENURES, before.renewals[before.runs], side="right") - 1
    return [
        {
            "looked_on": day,
            "renewals_from": TENURES[g],
            "subscriptions": int((group == g).sum()),
            "expected_ended_share": float(ends[group == g].mean()),
            "came_ended_share": float((stayed[group == g] < days).mean()),
        }
        for g in np.unique(group)
    ]


def _parameters(day: date, model: ShiftedBetaGeometric) -> list[dict[str, Any]]:
    known = {} if model.report is None else {p.name: p for p in model.report.parameters}
    rows: list[dict[str, Any]] = []
    for name, value in (("alpha", model.alpha), ("beta", model.beta)):
        low, high = (known[name].low, known[name].high) if name in known else (None, None)
        rows.append({"looked_on": day, "parameter": name, "value": value, "low": low, "high": high})
    return rows
