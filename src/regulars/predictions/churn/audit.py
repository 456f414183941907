"""The audit: models fitted as they would have been at each earlier snapshot, against what happened afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions.churn.choosing import REACH, Choice, Rules, candidates_scored, choose_among, latest
from regulars.predictions.churn.drift import drift
from regulars.predictions.churn.features import ALL
from regulars.predictions.churn.fitting import days_given, frames_of
from regulars.predictions.churn.scores import Gain, deciles, gains, reliability, score, squared
from regulars.predictions.snapshots import spaced_days
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.predictions.churn.frames import Frame
    from regulars.relations.session import Session

    Floats = NDArray[np.float64]
    Row = dict[str, Any]

BASE = "base rate"
"""The model that gives everybody the share of the same population that left at the snapshots learned from."""
MEANINGS = {
    "as_of": "the day that the models stood on: its end",
    "population": "all whom the risk is about, or only those who were active",
    "model": "which model",
    "chosen": "whether it was chosen, on earlier snapshots",
    "n": "customers",
    "leavers": "customers who left",
    "left_share": "share that left",
    "risk_share": "mean risk",
    "auc": "chance that a leaver had the higher risk than a stayer",
    "brier": "mean squared error of the risk, 0 is best",
    "ece": "mean distance of the risk from the share that left, over ten bins of equally many customers",
    "log_loss": "mean of -log of the probability given to what happened",
    "gain": "by how much the Brier score is lower than the recency rule's",
    "gain_low": "lower end of its 95 % interval (bootstrap over customers)",
    "gain_high": "upper end",
    "gain_over_base": "by how much the Brier score is lower than the base rate's",
    "gain_over_base_low": "lower end of its 95 % interval",
    "gain_over_base_high": "upper end",
    "bin": "tenth of the customers, the lowest risk first",
    "decile": "tenth of the customers, the highest risk first",
    "lift": "share that left / share of all that left",
    "captured_share": "leavers in this and the earlier tenths / all leavers",
    "captured_value_share": "the same with each leaver counted by the net value of the year before (by cancellation: twelve months of MRR)",
    "feature": "the feature",
    "psi": "population stability index: above 0.25 is a large shift",
    "mean_shift": "shift of the mean in standard deviations",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnAudit:
    """How the churn risk held: `scores` of every candidate, `reliability` and `deciles` of the chosen one, and `drift`, by snapshot."""

    horizon_days: int
    by_cancellation: bool
    scores: TableResult
    reliability: TableResult
    deciles: TableResult
    drift: TableResult

    def chosen(self, population: str = "all") -> list[Row]:
        """The scores of the chosen model, one row for each snapshot."""
        return [row for row in self.scores.to_pylist() if row["chosen"] and row["population"] == population]


def audit_churn(
    session: Session,
    *,
    horizon_days: int | None = None,
    train: Sequence[date] | None = None,
    test: Sequence[date] | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> ChurnAudit | Undefined:
    """Rolling: at each snapshot but the first, the model is chosen on and fitted to what was known before, and its risks are held against what happened.

    With `train` and `test` (a date means the end of that day) every test day is judged by what was learned from the training days before it; with
    `test` alone, from days a horizon apart, at most three, before the first of them.
    Undefined where no two snapshots have known outcomes (`history_too_short`).
    """
    horizon = horizon_days or session.settings.horizon_days
    named = bool(train or test)
    if test and not train:
        train = _before(session, min(test), horizon)
    rules = Rules(session.by_cancellation, horizon, seed, None if named else REACH)
    days = days_given(session, rules.horizon_days, [*(train or ()), *(test or ())]) if named else spaced_days(session, rules.horizon_days)
    wide = Rules(rules.by_cancellation, rules.horizon_days, seed)
    frames = frames_of(session, days, wide, progress or (lambda _: None))
    tested = [day + timedelta(days=1) for day in test or ()]
    tables: dict[str, list[Row]] = {"scores": [], "reliability": [], "deciles": [], "drift": []}
    for place, later in enumerate(frames):
        if test and later.day not in tested:
            continue
        before = [f for f in (g.known_at(later.day) for g in frames[:place] if not test or g.day not in tested) if f.n]
        chosen = choose_among(before, rules) if before else Undefined("no_data")
        if isinstance(chosen, Choice):
            _judge(chosen, before, later, rules, tables)
    if not tables["scores"]:
        return Undefined("history_too_short")
    made = {name: _table(session, f"Churn audit: {name}", rows) for name, rows in tables.items()}
    return ChurnAudit(horizon_days=rules.horizon_days, by_cancellation=rules.by_cancellation, **made)


def _before(session: Session, first: date, horizon_days: int) -> list[date]:
    days = [first - timedelta(days=horizon_days * k) for k in range(REACH + 1, 0, -1)]
    return [day for day in days if (day - session.history_start).days >= horizon_days]


def _judge(chosen: Choice, before: list[Frame], later: Frame, rules: Rules, tables: dict[str, list[Row]]) -> None:
    learned = latest(before, rules)
    risks = candidates_scored(chosen, before, later, rules)
    for population, mask in (("all", np.ones(later.n, dtype=bool)), ("active", later.active)):
        if not mask.any():
            continue
        own: Row = {"as_of": later.day - timedelta(days=1), "population": population}
        left, some = later.left[mask], {kind: risk[mask] for kind, risk in risks.items()}
        past = np.concatenate([f.left if population == "all" else f.left[f.active] for f in learned])
        some[BASE] = np.full(len(left), past.mean() if len(past) else 0.5)
        tables["scores"] += [{**own, **row} for row in _scores(left, some, chosen.kind, rules.seed)]
        tables["reliability"] += [{**own, **row} for row in _reliability(left, some[chosen.kind])]
        tables["deciles"] += [{**own, **row} for row in _deciles(left, some[chosen.kind], later.worth[mask])]
    names = [name for name, values in later.columns.items() if name in ALL and not np.isnan(values).all()]
    moved = drift(names, lambda name: np.concatenate([f.read(name) for f in learned]), later.read)
    tables["drift"] += [{"as_of": later.day - timedelta(days=1), **row} for row in moved]


def _scores(left: Floats, risks: Mapping[str, Floats], chosen: str, seed: int) -> list[Row]:
    losses = {kind: squared(left, risk) for kind, risk in risks.items()}
    over = {"gain": gains(losses, "recency", seed=seed) if "recency" in losses else {}, "gain_over_base": gains(losses, BASE, seed=seed)}
    rows = []
    for kind, risk in risks.items():
        own = score(left, risk)
        assert not isinstance(own, Undefined)
        plain = own.as_dict()
        row: Row = {"model": kind, "chosen": kind == chosen, "n": plain["n"], "leavers": plain["leavers"], "left_share": own.base_rate}
        row |= {"risk_share": plain["mean_risk"], **{name: plain[name] for name in ("auc", "brier", "ece", "log_loss")}}
        for name, by_kind in over.items():
            gain = by_kind.get(kind)
            known = (gain.value, gain.low, gain.high) if isinstance(gain, Gain) else (None, None, None)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), known, strict=True))
        rows.append(row)
    return rows


def _reliability(left: Floats, risk: Floats) -> list[Row]:
    bins = reliability(left, risk)
    assert not isinstance(bins, Undefined)
    parts = zip(bins.n, bins.mean_risk, bins.left_share, strict=True)
    return [{"bin": i + 1, "n": int(n), "risk_share": float(p), "left_share": float(y)} for i, (n, p, y) in enumerate(parts)]


def _deciles(left: Floats, risk: Floats, worth: Floats) -> list[Row]:
    tenths = deciles(left, risk, worth)
    assert not isinstance(tenths, Undefined)
    parts = zip(tenths.n, tenths.mean_risk, tenths.left_share, tenths.lift, tenths.captured, tenths.captured_value, strict=True)
    names = ("n", "risk_share", "left_share", "lift", "captured_share", "captured_value_share")
    return [{"decile": i + 1, **dict(zip(names, (int(row[0]), *map(float, row[1:])), strict=True))} for i, row in enumerate(parts)]


def _table(session: Session, title: str, rows: list[Row]) -> TableResult:
    import pyarrow as pa

    table: pa.Table = pa.Table.from_pylist(rows)
    return TableResult(table=table, title=title, as_of=session.as_of, meanings={name: MEANINGS[name] for name in table.schema.names})
