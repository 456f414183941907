"""Which model, with which penalty, calibrated or not: chosen on a snapshot that none of the candidates has learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions.churn.calibration import Calibration, calibrate, chosen_calibration
from regulars.predictions.churn.cold_start import ColdStart, fit_cold_start
from regulars.predictions.churn.features import candidates, simple
from regulars.predictions.churn.linear import WEAK, Linear, design, fit_linear
from regulars.predictions.churn.scores import Gain, paired_bootstrap, score, squared
from regulars.predictions.churn.trees import Trees, available, fit_trees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.predictions.churn.features import Feature
    from regulars.predictions.churn.frames import Frame
    from regulars.predictions.churn.scores import Scores

    Floats = NDArray[np.float64]
    Model = Linear | Trees | ColdStart

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Candidates for scikit-learn's C, the strongest penalty first."""
ENOUGH = 50
"""So many leavers, and so many stayers, are the least that a model of many features is learned from."""
CURVE = 20
"""So many leavers, and so many stayers, are the least that a calibration is drawn from."""
REACH = 2
"""A model learns from the latest two snapshots: older ones made it worse, or no better, on later ones (docs/predictions/churn.md)."""
PLENTY = 1000
"""With fewer leavers or stayers than this, older snapshots are taken too."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What does not change between folds."""

    by_cancellation: bool
    horizon_days: int
    seed: int = 0
    reach: int | None = None
    """How many of the latest snapshots a model learns from; None is all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The kind of model, its penalty, whether it is calibrated, and the scores of every candidate on the snapshot that decided."""

    kind: str
    strength: float = WEAK
    calibrated: bool = False
    scores: Mapping[str, Scores | Undefined] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model with its calibration."""

    model: Model
    calibration: Calibration

    def risk(self, frame: Frame) -> Floats:
        """Probabilities for a frame."""
        return self.calibration.risk(self.model.raw(frame.read, frame.n))


def outcomes(frames: Sequence[Frame]) -> tuple[int, int]:
    """Leavers and stayers of all frames."""
    leavers = sum(float(f.left.sum()) for f in frames)
    return round(leavers), round(sum(f.n for f in frames) - leavers)


def latest(frames: Sequence[Frame], rules: Rules) -> list[Frame]:
    """The snapshots to learn from: the latest `reach`, and older ones while there are fewer than 1,000 leavers or stayers."""
    taken: list[Frame] = []
    for frame in reversed(frames):
        if rules.reach is not None and len(taken) >= rules.reach and min(outcomes(taken)) >= PLENTY:
            break
        taken.insert(0, frame)
    return taken


def features_of(frames: Sequence[Frame], rules: Rules) -> tuple[Feature, ...]:
    """The features that mean the same at each of the frames."""
    return candidates(rules.by_cancellation, [f.history_days for f in frames])


def choose(train: Sequence[Frame], later: Frame, rules: Rules) -> Choice | Undefined:
    """The candidate with the lowest Brier score on `later`.

    The logistic regression stands against the recency rule; the challenger must beat both certainly, by more than the 95 % interval of the
    difference, as they stand and with all at the level of `later`. The value model is scored too, but competes, with the recency rule, only where fewer than 50 leavers or stayers are known.
    """
    leavers, stayers = outcomes(train)
    risks: dict[str, Floats] = {}
    notes: list[str] = []
    cold = fit_cold_start(later.read, rules.horizon_days, seed=rules.seed) if not rules.by_cancellation else Undefined("by_cancellation")
    if isinstance(cold, ColdStart):
        risks["clv"] = Calibration().risk(cold.raw(later.read, later.n))
    if leavers and stayers:
        risks["recency"] = fit(Choice("recency"), train, rules).risk(later)
    strength = WEAK
    if min(leavers, stayers) < ENOUGH:
        notes.append("few_outcomes")
    else:
        strength, risks["logistic"] = _strength(train, later, rules)
        if available():
            risks["lightgbm"] = fit(Choice("lightgbm"), train, rules).risk(later)
        else:
            notes.append("lightgbm_not_loaded")
    if not risks:
        return Undefined("one_outcome" if later.n or sum(f.n for f in train) else "no_data")
    losses = {kind: squared(later.left, risk) for kind, risk in risks.items()}
    order = [kind for kind in ("logistic", "recency", "clv", "lightgbm") if kind in losses]
    # Between seasons levels shift, and the value model can look better for once: it decides nothing where there is enough to learn from.
    rivals = ["logistic", "recency"] if "logistic" in losses else [k for k in order if k != "lightgbm"]
    kind = min(rivals, key=lambda k: float(losses[k].mean()) if later.n else 0.0)
    if "lightgbm" in losses and all(_beats(risks["lightgbm"], risks[k], later.left, rules) for k in rivals):
        kind = "lightgbm"
    calibrated = kind != "recency" and later.n > 0 and _calibrated(kind, strength, train, later, rules)
    return Choice(kind, strength, calibrated, {k: score(later.left, risks[k]) for k in order}, tuple(notes))


def _strength(train: Sequence[Frame], later: Frame, rules: Rules) -> tuple[float, Floats]:
    """The strongest penalty whose loss is within one standard error of the lowest, and its risks."""
    made = design(train, features_of(train, rules))
    plain = Calibration()
    risks = [plain.risk(fit_linear(made, kind="logistic", strength=c).raw(later.read, later.n)) for c in STRENGTHS]
    if not later.n:
        return STRENGTHS[1], risks[1]
    losses = [squared(later.left, risk) for risk in risks]
    best = min(losses, key=lambda loss: float(loss.mean()))
    for strength, risk, loss in zip(STRENGTHS, risks, losses, strict=True):
        worse = loss - best
        if float(worse.mean()) <= float(worse.std()) / later.n**0.5:
            return strength, risk
    raise AssertionError


def _beats(risk: Floats, rival: Floats, left: Floats, rules: Rules) -> bool:
    """Whether the Brier score is certainly lower, also with both at the level of this snapshot: levels are learned anew before the model is used."""
    pairs = ((risk, rival), (levelled(risk, left), levelled(rival, left))) if len(left) else ()
    return bool(pairs) and all(_certainly_lower(squared(left, mine), squared(left, theirs), rules) for mine, theirs in pairs)


def levelled(risk: Floats, left: Floats) -> Floats:
    """The risks with one number added to their log odds, so that their mean is the share that left."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    share = float(left.mean())
    if not 0.0 < share < 1.0:
        return risk
    odds = logit(np.clip(risk, 1e-9, 1 - 1e-9))
    shift = brentq(lambda s: float(expit(odds + s).mean()) - share, -60.0, 60.0)
    out: Floats = expit(odds + shift)
    return out


def _certainly_lower(loss: Floats, reference: Floats, rules: Rules) -> bool:
    gain = paired_bootstrap(reference, loss, resamples=1000, seed=rules.seed)
    return isinstance(gain, Gain) and gain.certain


def _calibrated(kind: str, strength: float, train: Sequence[Frame], later: Frame, rules: Rules) -> bool:
    """Whether calibration certainly helps, against the same model fitted to as much.

    With more snapshots before it, what was calibrated on the one before `later` stands against what learned from all of them, both judged on `later`.
    With one, a half of `later` goes into the curve or into the model, and the other half judges. The value model is calibrated across halves.
    """
    if kind == "clv":
        model = model_of(Choice(kind, strength), [later], rules)
        return chosen_calibration(model.raw(later.read, later.n), later.left, seed=rules.seed).method != "none"
    known, judged = list(train), later
    if len(known) == 1:
        first = half(later.n, rules.seed)
        known, judged = [*known, later.rows(first)], later.rows(~first)
    if min(outcomes([known[-1]])) < CURVE or not judged.n:
        return False
    plain, curved = (squared(judged.left, fit(Choice(kind, strength, c), known, rules).risk(judged)) for c in (False, True))
    return _certainly_lower(curved, plain, rules)


def model_of(choice: Choice, frames: Sequence[Frame], rules: Rules) -> Model:
    """The chosen kind of model fitted to the frames together."""
    if choice.kind == "clv":
        cold = fit_cold_start(frames[-1].read, rules.horizon_days, seed=rules.seed)
        return cold if isinstance(cold, ColdStart) else model_of(Choice("recency"), frames, rules)
    if choice.kind == "lightgbm":
        return fit_trees(frames, features_of(frames, rules), seed=rules.seed)
    if choice.kind == "recency":
        return fit_linear(design(frames, [simple(rules.by_cancellation)]), kind="recency", strength=choice.strength)
    return fit_linear(design(frames, features_of(frames, rules)), kind="logistic", strength=choice.strength)


def fit(choice: Choice, frames: Sequence[Frame], rules: Rules) -> Fitted:
    """The chosen model on the latest frames; where it is to be calibrated, it learns from those before the last, and the curve from that one."""
    if not choice.calibrated:
        return Fitted(model_of(choice, latest(frames, rules), rules), Calibration())
    if len(frames) > 1:
        learned, last = latest(frames[:-1], rules), frames[-1]
    else:
        learned, last = [frames[0].rows(half(frames[0].n, rules.seed))], frames[0].rows(~half(frames[0].n, rules.seed))
    model = model_of(choice, [last] if choice.kind == "clv" else learned, rules)
    return Fitted(model, calibrate(model.raw(last.read, last.n), last.left))


def half(n: int, seed: int) -> NDArray[np.bool_]:
    """A random half of n customers."""
    out: NDArray[np.bool_] = np.random.default_rng(seed).permutation(n) % 2 == 0
    return out


def choose_among(frames: Sequence[Frame], rules: Rules) -> Choice | Undefined:
    """Chosen on the latest of the frames by what was learned from those before; of a single frame, on a random half by the other half."""
    if len(frames) > 1:
        until = frames[-1].day
        known = [f for f in (g.known_at(until) for g in frames[:-1]) if f.n]
        if known:
            return choose(latest(known, rules), frames[-1], rules)
    only = frames[-1]
    first = half(only.n, rules.seed)
    return choose([only.rows(first)], only.rows(~first), rules)


def candidates_scored(choice: Choice, frames: Sequence[Frame], later: Frame, rules: Rules) -> dict[str, Floats]:
    """Risks on `later` of the chosen model and of all the others, each fitted on `frames`."""
    kinds = list(choice.scores) if choice.scores else [choice.kind]
    out: dict[str, Floats] = {}
    for kind in kinds:
        own = choice if kind == choice.kind else Choice(kind, choice.strength if kind == "logistic" else WEAK)
        out[kind] = fit(own, frames if kind != "clv" or own.calibrated else [later], rules).risk(later)
    return out
