"""The audit of the lights: what became of the greens, ambers and reds of earlier days?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined, wilson
from regulars.predictions import snapshots
from regulars.predictions.churn import fit
from regulars.predictions.health.assessment import assess
from regulars.predictions.health.lights import AMBER, GREEN, LIGHTS, NONE, RED
from regulars.predictions.health.observing import left_after, observe, risks_of
from regulars.predictions.health.standards import Standards, freeze
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.predictions.churn import ChurnModel, SeasonedSnapshot
    from regulars.predictions.health.assessment import Assessment
    from regulars.predictions.snapshots import Snapshot
    from regulars.relations.session import Session

    Floats = NDArray[np.float64]

WEEKS = 3
"""Weekly snapshots behind every light: the fewest in which two can agree on a change."""
MOST_ROUNDS = 4
LEAST_JUDGED = 10
"""Customers with a colour by score below which it is neither confirmed nor contradicted."""
COLOURS = ("green", "amber", "red")
MEANINGS = {
    "as_of": "the lights are those at the end of this day",
    "frozen_on": "thresholds and yardsticks were frozen on this earlier day, a horizon before",
    "light": "the light shown; 'red by rule' and 'amber by rule' are those a rule put there",
    "n": "customers with this light whose outcome is known",
    "leavers": "those who left within the horizon",
    "left_share": "leavers / n",
    "low": "lower end of the 95 % interval (Wilson)",
    "high": "upper end",
    "expected_share": "mean risk that was predicted for them",
    "lift": "left_share / that of all customers with a colour",
    "net_365d_minor": "what they had spent in the year before",
    "net_365d_left_minor": "what those who left had spent in the year before",
    "net_after_minor": "what they spent in the horizon that followed",
    "share_of_lit": "n / all customers with a colour",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Round:
    """Lights of one day against what happened: per colour the customers, who left, by score or by rule."""

    day: date
    standards: Standards
    assessment: Assessment
    left: Floats
    net_after: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LightsAudit:
    """What became of the lights of earlier days. `standards` are frozen on the latest day whose outcome is known, with the colours withheld.

    `lights` has a row per day and light, `together` one per light over all days, `drift` one per day. `undefined` says why there is no day to judge.
    """

    horizon_days: int
    lights: TableResult
    together: TableResult
    drift: TableResult
    withheld: tuple[str, ...]
    standards: Standards | None
    model: ChurnModel | None
    undefined: Undefined | None = None


def audit_lights(
    session: Session, *, horizon_days: int | None = None, rounds: int = MOST_ROUNDS, progress: Callable[[str], None] | None = None
) -> LightsAudit:
    """Rolling backtest of the lights on days a horizon apart.

    On each day a churn model is fitted to what was known then; the lights of the day are set with its risks and with standards frozen a horizon earlier
    with the model of that time, over three weekly snapshots; then it is counted who left within the horizon. The first day only freezes, so
    two days with a known outcome are the least; with fewer `undefined` is `history_too_short`.

    A colour is withheld where, over all rounds and among customers who have it by score and not by rule, half or more of the greens left or fewer than
    half of the reds (ten customers at least).
    """
    horizon = horizon_days or session.settings.horizon_days
    say = progress or (lambda _: None)
    made: list[Round] = []
    frozen: Standards | None = None
    model: ChurnModel | None = None
    for day in snapshots.spaced_days(session, horizon, most=rounds + 1):
        say(f"lights of {day - timedelta(days=1)}")
        with session.earlier(day - timedelta(days=1)) as earlier:
            fitted = fit(earlier, horizon_days=horizon)
        if isinstance(fitted, Undefined):
            continue
        model = fitted
        made_now, frozen = _round(session, day, horizon, model, frozen)
        made += [made_now] if made_now else []
    withheld = contradicted(made)
    return LightsAudit(
        horizon_days=horizon,
        lights=_table(session, "Lights by day", [row for r in made for row in _rows([r])]),
        together=_table(session, "Lights over all days", _rows(made, together=True)),
        drift=_table(session, "Drift", _drift(made)),
        withheld=withheld,
        standards=None if frozen is None else frozen.withholding(withheld),
        model=model,
        undefined=None if made else Undefined("history_too_short"),
    )


def standards_of(session: Session, *, horizon_days: int | None = None, progress: Callable[[str], None] | None = None) -> Standards:
    """The standards for today's lights: frozen on the latest day whose outcome is known, with the colours withheld that the day contradicts.

    The day is judged by those of a horizon before. Where no outcome is known yet, today sets the yardsticks and the thresholds are 60 and 40.
    """
    horizon = horizon_days or session.settings.horizon_days
    found = audit_lights(session, horizon_days=horizon, rounds=1, progress=progress).standards
    if found is not None:
        return found
    return untested(session, observe(session, session.as_of_day, horizon))


def untested(session: Session, today: Snapshot) -> Standards:
    """The standards where no outcome is known yet: today sets the yardsticks, and the thresholds are 60 and 40."""
    nothing = np.full(today.facts.num_rows, np.nan)
    return freeze(today, nothing, settings=session.settings, by_cancellation=session.by_cancellation)


def _round(session: Session, day: date, horizon: int, model: ChurnModel, frozen: Standards | None) -> tuple[Round | None, Standards]:
    """The round of a day, where there are earlier standards; and the standards that the day itself sets."""
    now = observe(session, day, horizon)
    risk = risks_of(model, now)
    settings, by_cancellation = session.settings, session.by_cancellation
    made = None
    if frozen is not None:
        weeks = [observe(session, day - timedelta(days=7 * k), horizon) for k in range(WEEKS - 1, 0, -1)]
        lit = assess(
            [*weeks, now],
            [*(risks_of(model, week) for week in weeks), risk],
            standards=frozen,
            settings=settings,
            by_cancellation=by_cancellation,
        )
        left = left_after(session, now, horizon)
        made = Round(day=day, standards=frozen, assessment=lit, left=left, net_after=_net_after(session, now, horizon))
    left = left_after(session, now, horizon, known_by=day + timedelta(days=horizon))
    return made, freeze(now, risk, settings=settings, by_cancellation=by_cancellation, left=left)


def _net_after(session: Session, now: SeasonedSnapshot, horizon: int) -> Floats:
    if not session.has_rows("orders"):
        return np.zeros(now.facts.num_rows)
    return snapshots.ordered(session, now.facts.column("customer_id"), now.day, horizon)[1].astype(np.float64)


def contradicted(rounds: Sequence[Round]) -> tuple[str, ...]:
    """The colours that what happened contradicts, among customers who have them by score."""
    found = []
    for colour in (GREEN, RED):
        masks = [(r.assessment.light == colour) & (r.assessment.now.rule == NONE) & ~np.isnan(r.left) for r in rounds]
        n = sum(int(mask.sum()) for mask in masks)
        left = sum(float(r.left[mask].sum()) for r, mask in zip(rounds, masks, strict=True))
        if n >= LEAST_JUDGED and (2 * left >= n if colour == GREEN else 2 * left < n):
            found.append(LIGHTS[colour])
    return tuple(found)


def _rows(rounds: Sequence[Round], *, together: bool = False) -> list[dict[str, Any]]:
    """A row per light; `lit` is every customer with a colour."""
    if not rounds:
        return []

    def stacked(read: Callable[[Round], Any]) -> NDArray[Any]:
        return np.concatenate([np.asarray(read(r)) for r in rounds])

    light, rule = stacked(lambda r: r.assessment.light), stacked(lambda r: r.assessment.now.rule)
    columns = {
        "left": stacked(lambda r: r.left),
        "risk": stacked(lambda r: r.assessment.now.risk),
        "before": np.nan_to_num(stacked(lambda r: r.assessment.now.source.number("net_365d_minor"))),
        "after": stacked(lambda r: r.net_after),
    }
    known = ~np.isnan(columns["left"])
    lit = (light <= RED) & known
    active = (stacked(lambda r: r.assessment.now.source.number("active")) == 1.0) & known
    masks = {name: active & (light == place) for place, name in enumerate(LIGHTS) if name != "lapsed"}
    masks |= {f"{LIGHTS[c]} by rule": active & (light == c) & (rule != NONE) for c in (AMBER, RED)}
    base = float(columns["left"][lit].mean()) if lit.any() else 0.0
    days = {} if together else {"as_of": rounds[0].day - timedelta(days=1), "frozen_on": rounds[0].standards.frozen_on}
    return [{**days, **_row(name, mask, columns, base, int(lit.sum()))} for name, mask in {**masks, "lit": lit}.items() if mask.any()]


def _row(name: str, mask: NDArray[np.bool_], columns: dict[str, Floats], base: float, lit: int) -> dict[str, Any]:
    n, left = int(mask.sum()), float(columns["left"][mask].sum())
    low, high = wilson(left, n)
    risk = columns["risk"][mask]
    known = risk[~np.isnan(risk)]
    return {
        "light": name,
        "n": n,
        "leavers": int(left),
        "left_share": left / n,
        "low": low,
        "high": high,
        "expected_share": float(known.mean()) if len(known) else None,
        "lift": left / n / base if base > 0 else None,
        "net_365d_minor": int(columns["before"][mask].sum()),
        "net_365d_left_minor": int((columns["before"] * columns["left"])[mask].sum()),
        "net_after_minor": int(columns["after"][mask].sum()),
        "share_of_lit": n / lit if lit and name in (*COLOURS, "lit") else None,
    }


def _drift(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Per day: the share of each colour, and how far the scores moved from the day before (population stability index over its tenths)."""
    rows: list[dict[str, Any]] = []
    earlier: Floats | None = None
    for r in rounds:
        light = r.assessment.light
        lit = light <= RED
        score = r.assessment.now.score[lit & ~np.isnan(r.assessment.now.score)]
        n = max(1, int(lit.sum()))
        shares = {f"{LIGHTS[c]}_share": int((light == c).sum()) / n for c in (GREEN, AMBER, RED)}
        rows.append(
            {
                "as_of": r.day - timedelta(days=1),
                "n": int(lit.sum()),
                **shares,
                "mean_score": float(score.mean()) if len(score) else None,
                "score_drift": None if earlier is None else stability(earlier, score),
                "green_from": r.standards.green_from,
                "red_below": r.standards.red_below,
                "chosen": r.standards.chosen,
            }
        )
        earlier = score
    return rows


def stability(before: Floats, after: Floats) -> float | None:
    """Population stability index: sum over the tenths of `before` of (share after - share before) x ln of their ratio; below 0.1 is little.

    Half a customer is added to each tenth. None with fewer than 50 on one of the two sides.

    >>> import numpy as np
    >>> round(stability(np.arange(100.0), np.arange(100.0)), 3)
    0.0
    """
    if min(len(before), len(after)) < 50:
        return None
    edges = np.unique(np.quantile(before, np.linspace(0.1, 0.9, 9)))
    counts = [np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1) + 0.5 for values in (before, after)]
    p, q = (c / c.sum() for c in counts)
    return float(((q - p) * np.log(q / p)).sum())


def _table(session: Session, title: str, rows: list[dict[str, Any]]) -> TableResult:
    import pyarrow as pa

    return TableResult(table=pa.Table.from_pylist(rows), title=title, as_of=session.as_of, currency=session.currency, meanings=MEANINGS)
