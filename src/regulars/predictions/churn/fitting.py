"""Fitting: snapshots get their roles, a model is chosen on one, reported on a later one, and refitted on all whose outcome is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ArgumentRefused
from regulars.metrics.estimates import Undefined
from regulars.predictions.churn.calibration import Calibration
from regulars.predictions.churn.card import ModelCard, content_hash, libraries
from regulars.predictions.churn.choosing import (
    PLENTY,
    REACH,
    Choice,
    Fitted,
    Rules,
    candidates_scored,
    choose_among,
    fit as fit_choice,
    outcomes,
)
from regulars.predictions.churn.cold_start import ColdStart, fit_cold_start
from regulars.predictions.churn.drift import drift
from regulars.predictions.churn.frames import Frame, columns_of, concerned, frame, take
from regulars.predictions.churn.intervals import experience
from regulars.predictions.churn.linear import Linear
from regulars.predictions.churn.model import ChurnModel, reader
from regulars.predictions.churn.scores import score
from regulars.predictions.snapshots import Snapshot, spaced_days

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.relations.session import Session

    Progress = Callable[[str], None]

ROLES = 2
"""Snapshots beside those learned from: one to choose on, one to report on."""


def fit(
    session: Session,
    *,
    horizon_days: int | None = None,
    train: Sequence[date] | None = None,
    choose: Sequence[date] | date | None = None,
    test: Sequence[date] | date | None = None,
    now: Snapshot | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> ChurnModel | Undefined:
    """The churn model of a company as of the session.

    Snapshots stand a horizon apart (`snapshots.spaced_days`), or on the days given: a date means the end of that day. The latest reports, the one
    before it chooses, the two before that train (older ones too while there are few outcomes); with two snapshots the first trains and chooses by
    halves of the customers and the second reports; with one there is no report. No outcome flows into a step that was not known on the day of the snapshot it is judged on. The model handed back is then fitted
    to the latest two snapshots, or to all the days given. `now` saves reading the facts as of the session once more. `Undefined` where there is nobody to speak of (`no_data`), or no
    outcome of both kinds and no order pattern (`one_outcome`, `no_repeats`).
    """
    named = [day for part in (train, choose, test) for day in _several(part)]
    rules = Rules(session.by_cancellation, horizon_days or session.settings.horizon_days, seed, None if named else REACH)
    say = progress or (lambda _: None)
    days = days_given(session, rules.horizon_days, named) if named else spaced_days(session, rules.horizon_days)
    frames = frames_of(session, days, rules, say)
    say(f"facts as of {session.as_of_day}")
    current = now or take(session, session.as_of_day, rules.horizon_days)
    if not concerned(current, rules.by_cancellation).any() and not frames:
        return Undefined("no_data")
    return _made(session, frames, current, rules, say)


def days_given(session: Session, horizon_days: int, dates: Sequence[date]) -> list[date]:
    """Snapshot days of dates (each means the end of that day), the earliest first; `ArgumentRefused` where one's outcome was not known at the next."""
    days = sorted({day + timedelta(days=1) for day in dates})
    for earlier, later in zip(days, [*days[1:], session.as_of_day], strict=True):
        if (later - earlier).days < horizon_days:
            raise ArgumentRefused(
                f"The outcome of {earlier - timedelta(days=1)} after {horizon_days} days was not known on {later - timedelta(days=1)}.",
                expected=f"snapshots at least {horizon_days} days apart, and the latest so long before the session's day",
                remedy="Give other dates or a shorter horizon.",
            )
    return days


def _several(days: Sequence[date] | date | None) -> list[date]:
    if days is None:
        return []
    return [days] if isinstance(days, date) else list(days)


def frames_of(session: Session, days: Sequence[date], rules: Rules, say: Progress) -> list[Frame]:
    """The frames of these days with the customers whose outcome is known; days without any are left out, and days too old to be learned from."""
    frames: list[Frame] = []
    for day in reversed(days):
        if rules.reach is not None and len(frames) >= rules.reach + ROLES and min(outcomes(frames[: rules.reach])) >= PLENTY:
            break
        say(f"snapshot of {day - timedelta(days=1)}")
        shot = take(session, day, rules.horizon_days)
        made = frame(session, shot, rules.horizon_days, by_cancellation=rules.by_cancellation, seed=rules.seed)
        known = made.known_at(session.as_of_day)
        if known.n:
            frames.insert(0, known)
    return frames


def _made(session: Session, frames: list[Frame], current: Snapshot, rules: Rules, say: Progress) -> ChurnModel | Undefined:
    notes: list[str] = []
    say("choosing a model")
    chosen, before = _chosen(frames, rules, notes)
    report = frames[-1] if before else None
    rows: list[dict[str, Any]] = []
    seen: list[dict[str, float]] = []
    if isinstance(chosen, Choice) and before and report is not None:
        risks = candidates_scored(chosen, before, report, rules)
        rows += _score_rows("reporting", report, risks)
        seen = experience(report.left, risks[chosen.kind])
    if isinstance(chosen, Choice):
        rows += [{"role": "choosing", "population": "all", "model": k, **_plain(s)} for k, s in (chosen.scores or {}).items()]
    else:
        notes.append("no_outcomes")
    say("fitting the chosen model")
    fitted = _shipped(chosen, frames, current, rules)
    if isinstance(fitted, Undefined):
        return fitted
    if isinstance(chosen, Choice):
        notes += [*chosen.notes]
    card = _card(session, frames, current, rules, fitted, rows, seen, notes, before)
    model = ChurnModel(fitted.model, fitted.calibration, card)
    parts = [data.decode() for _, data in sorted(model.as_files().items())]
    return ChurnModel(fitted.model, fitted.calibration, replace(card, version=content_hash(*parts)))


def _chosen(frames: list[Frame], rules: Rules, notes: list[str]) -> tuple[Choice | Undefined, list[Frame]]:
    """The choice, and the frames before the reporting one (empty where there is none)."""
    if not frames:
        return Undefined("no_data"), []
    before = frames[:-1]
    if not before:
        notes += ["no_later_report", "chosen_on_half"]
        return choose_among(frames, rules), []
    if len(before) == 1:
        notes.append("chosen_on_half")
    known = [f for f in (g.known_at(frames[-1].day) for g in before) if f.n]
    if not known:
        notes += ["no_later_report", "chosen_on_half"]
        return choose_among(frames[-1:], rules), []
    return choose_among(known, rules), known


def _shipped(chosen: Choice | Undefined, frames: list[Frame], current: Snapshot, rules: Rules) -> Fitted | Undefined:
    if isinstance(chosen, Choice) and (chosen.kind != "clv" or chosen.calibrated):
        return fit_choice(chosen, frames, rules)
    if rules.by_cancellation:
        return chosen if isinstance(chosen, Undefined) and frames else Undefined("history_too_short")
    source = columns_of(current, concerned(current, rules.by_cancellation))
    cold = fit_cold_start(reader(source), rules.horizon_days, seed=rules.seed)
    if isinstance(cold, ColdStart):
        return Fitted(cold, Calibration())
    return fit_choice(Choice("recency"), frames, rules) if isinstance(chosen, Choice) else cold


def _score_rows(role: str, frame: Frame, risks: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for population, mask in (("all", np.ones(frame.n, dtype=bool)), ("active", frame.active)):
        rows += [
            {"role": role, "population": population, "model": kind, **_plain(score(frame.left[mask], risk[mask]))}
            for kind, risk in risks.items()
        ]
    return rows


def _plain(scored: Any) -> dict[str, Any]:
    return {} if isinstance(scored, Undefined) else scored.as_dict()


def _card(
    session: Session,
    frames: list[Frame],
    current: Snapshot,
    rules: Rules,
    fitted: Fitted,
    rows: list[dict[str, Any]],
    seen: list[dict[str, float]],
    notes: list[str],
    before: list[Frame],
) -> ModelCard:
    model = fitted.model
    names = [t["name"] for t in model.features() if not t["name"].startswith("no_")]
    source = columns_of(current, concerned(current, rules.by_cancellation))
    moved = drift(names, lambda name: np.concatenate([f.read(name) for f in frames]), reader(source)) if frames else []
    if any(f.customers > f.n for f in frames):
        notes.append("some_outcomes_unknown" if rules.by_cancellation else "some_drawn")
    last_roles = ["reporting"] if before else []
    spread = len(frames) - len(last_roles)
    training = ["training and choosing"] if spread == 1 else ["training"] * (spread - 1) + ["choosing"] * (spread > 0)
    shots = [
        {"as_of": str(f.day - timedelta(days=1)), "role": role, "customers": f.customers, "n": f.n, "leavers": int(f.left.sum())}
        for f, role in zip(frames, [*training, *last_roles], strict=True)
    ]
    leavers, _ = outcomes(frames)
    return ModelCard(
        kind=model.kind,
        by_cancellation=rules.by_cancellation,
        horizon_days=rules.horizon_days,
        as_of=session.as_of.isoformat(),
        data_from=str(session.history_start),
        snapshots=tuple(shots),
        n=sum(f.n for f in frames),
        leavers=leavers,
        features=tuple(model.features()),
        left_out=dict(model.left_out) if isinstance(model, Linear) else {},
        strength=model.strength if isinstance(model, Linear) else None,
        calibration=fitted.calibration.method,
        scores=tuple(rows),
        experience=tuple(seen),
        drift=tuple(moved),
        notes=tuple(dict.fromkeys(notes)),
        libraries=libraries(),
        seed=rules.seed,
        version="",
    )
