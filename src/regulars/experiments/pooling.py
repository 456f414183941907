"""Pooling: several experiments that declared it beforehand, read as one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from regulars.experiments.cuped import adjust
from regulars.experiments.lift import CONFIDENCE, Effect, difference
from regulars.experiments.outcomes import IN_MONEY, OUTCOMES, Outcomes, outcomes
from regulars.experiments.verdict import LEAST_CONVERTERS, LEAST_CONVERTERS_FOR_MONEY, Finding
from regulars.metrics.estimates import Undefined

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from regulars.experiments.declare import Experiment
    from regulars.relations.session import Session

FEW_STUDIES = 5
MUCH_HETEROGENEITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """The mean of the experiments' true effects with its interval, and how far these differ."""

    effect: Effect
    tau_squared: float
    """Variance between the true effects."""
    i_squared: float
    """Share of the variation between estimates that chance within experiments does not explain."""
    q: float
    studies: int


def pool(
    values: Sequence[float],
    standard_errors: Sequence[float],
    *,
    between: Literal["dersimonian_laird", "paule_mandel"] = "paule_mandel",
    confidence: float = CONFIDENCE,
) -> Pooled | Undefined:
    """The random-effects mean with the interval of Hartung and Knapp.

    Weights `w = 1 / (se^2 + tau^2)`, mean `m = sum(w y) / sum(w)`, squared error `sum(w (y - m)^2) / ((k - 1) sum(w))`, t with k - 1 degrees of
    freedom. The squared error is never taken below `1 / sum(w)`, which few alike studies would give by chance (Roever, Knapp and Friede 2015).
    Undefined below two studies or where an error is zero. Sources: Paule and Mandel (1982); DerSimonian and Laird (1986); Hartung and Knapp
    (2001), Statistics in Medicine 20.

    >>> pooled = pool([0.10, 0.12, 0.11], [0.02, 0.02, 0.02])
    >>> round(pooled.effect.value, 3), pooled.tau_squared, round(pooled.effect.low, 3)
    (0.11, 0.0, 0.06)
    """
    from scipy.special import stdtr, stdtrit

    k = len(values)
    if k < 2:
        return Undefined("one_study" if k else "no_data")
    if min(standard_errors) <= 0:
        return Undefined("all_alike")
    squared = [error * error for error in standard_errors]
    tau_squared = paule_mandel(values, squared) if between == "paule_mandel" else dersimonian_laird(values, squared)
    weights = [1 / (s + tau_squared) for s in squared]
    whole = sum(weights)
    mean = _mean(values, weights)
    spread = sum(w * (y - mean) ** 2 for w, y in zip(weights, values, strict=True)) / (k - 1)
    error = math.sqrt(max(spread, 1.0) / whole)
    half = float(stdtrit(k - 1, 0.5 + confidence / 2)) * error
    p_value = min(1.0, 2 * float(stdtr(k - 1, -abs(mean) / error)))
    q = _q(values, squared, 0.0)
    return Pooled(
        effect=Effect(value=mean, low=mean - half, high=mean + half, standard_error=error, p_value=p_value),
        tau_squared=tau_squared,
        i_squared=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        q=q,
        studies=k,
    )


def dersimonian_laird(values: Sequence[float], squared_errors: Sequence[float]) -> float:
    """tau^2 by moments: `(Q - (k - 1)) / (sum(w) - sum(w^2) / sum(w))`, at least 0."""
    weights = [1 / s for s in squared_errors]
    whole = sum(weights)
    return max(0.0, (_q(values, squared_errors, 0.0) - (len(values) - 1)) / (whole - sum(w * w for w in weights) / whole))


def paule_mandel(values: Sequence[float], squared_errors: Sequence[float]) -> float:
    """tau^2 that makes the weighted squares about the mean equal k - 1; 0 where they are smaller without it."""
    goal = len(values) - 1
    if _q(values, squared_errors, 0.0) <= goal:
        return 0.0
    low, high = 0.0, max(squared_errors) or 1.0
    while _q(values, squared_errors, high) > goal:
        high *= 2
    for _step in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _q(values, squared_errors, middle) > goal else (low, middle)
    return high


def _q(values: Sequence[float], squared_errors: Sequence[float], tau_squared: float) -> float:
    weights = [1 / (s + tau_squared) for s in squared_errors]
    mean = _mean(values, weights)
    return sum(w * (y - mean) ** 2 for w, y in zip(weights, values, strict=True))


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(w * y for w, y in zip(weights, values, strict=True)) / sum(weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResult:
    """Several experiments as one: by outcome the pooled effect and each experiment's own, with what must be known of it."""

    pool: str
    as_of: datetime
    currency: str
    pooled: dict[str, Pooled | Undefined]
    each: dict[str, dict[str, Effect | Undefined]]
    """By experiment and outcome."""
    verdicts: dict[str, Finding]
    notes: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "pool": self.pool,
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "pooled": {name: _plain(p if isinstance(p, Undefined) else p.effect) for name, p in self.pooled.items()},
            "experiments": {e: {name: _plain(x) for name, x in effects.items()} for e, effects in self.each.items()},
            "verdicts": {name: finding.as_dict() for name, finding in self.verdicts.items()},
            "notes": [note.as_dict() for note in self.notes],
        }

    def text(self) -> str:
        """The pooled effects and notes in words."""
        from regulars.experiments.tables import effect_text

        lines = [f"Pool {self.pool}"]
        for name, found in self.pooled.items():
            effect = found if isinstance(found, Undefined) else found.effect
            lines.append(f"  {name}: {effect_text(effect, name, self.currency)}. {self.verdicts[name]}")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def read_pool(session: Session, name: str, experiments: Sequence[Experiment]) -> PoolResult:
    """The experiments of a pool as of the session: each customer counts once, in the experiment that had them first.

    Only experiments that declared the pool are in; the treatments of one experiment are taken together. The effect of each is after CUPED;
    the pooled one is `pool`. Raises `MixedCurrencies`.
    """
    members = [each for each in experiments if each.pool == name]
    others = [each.name for each in experiments if each.pool != name]
    notes = [Finding("not_pooled", {"experiments": ", ".join(others), "pool": name})] if others else []
    found = {each.name: outcomes(session, each) for each in members}
    found, repeated = _each_customer_once(found)
    each = {e.name: _effects(e, found[e.name]) for e in members}
    customers = sum(len(rows.arms) for rows in found.values())
    pooled: dict[str, Pooled | Undefined] = {}
    for outcome in OUTCOMES:
        effects = [effect for of in each.values() if isinstance(effect := of[outcome], Effect)]
        pooled[outcome] = pool([e.value for e in effects], [e.standard_error for e in effects])
    notes.append(Finding("pooled", {"studies": len(members), "customers": customers}))
    if repeated:
        notes.append(Finding("in_several", {"customers": repeated}))
    main = pooled["conversion"]
    if isinstance(main, Pooled):
        notes += [Finding("few_studies", {"studies": main.studies})] if main.studies < FEW_STUDIES else []
        notes += [Finding("heterogeneous", {"i_squared": main.i_squared})] if main.i_squared > MUCH_HETEROGENEITY else []
    fewest = _fewest_converters(members, found)
    return PoolResult(
        pool=name,
        as_of=session.as_of,
        currency=session.currency or "",
        pooled=pooled,
        each=each,
        verdicts={outcome: _verdict(outcome, pooled[outcome], fewest) for outcome in OUTCOMES},
        notes=tuple(notes),
    )


def _each_customer_once(found: dict[str, Outcomes]) -> tuple[dict[str, Outcomes], int]:
    """Every customer only in the experiment that began first for them; by name where two began on one day."""
    import numpy as np

    first: dict[str, tuple[int, str]] = {}
    for name, rows in found.items():
        for customer, day in zip(rows.customers.to_pylist(), rows.start_days.tolist(), strict=True):
            first[customer] = min(first.get(customer, (day, name)), (day, name))
    kept = {}
    repeated = 0
    for name, rows in found.items():
        mine = np.array([first[customer][1] == name for customer in rows.customers.to_pylist()], bool)
        repeated += int((~mine).sum())
        kept[name] = rows.only(mine)
    return kept, repeated


def _effects(experiment: Experiment, rows: Outcomes) -> dict[str, Effect | Undefined]:
    control = rows.arms == experiment.control
    made: dict[str, Effect | Undefined] = {}
    for outcome in OUTCOMES:
        values = rows.of(outcome)
        if isinstance(values, Undefined):
            made[outcome] = values
            continue
        adjusted = adjust([values[~control], values[control]], [rows.covariate[~control], rows.covariate[control]])
        made[outcome] = difference(*adjusted.samples)
    return made


def _fewest_converters(experiments: Sequence[Experiment], found: dict[str, Outcomes]) -> int:
    treated = untreated = 0
    for each in experiments:
        rows = found[each.name]
        control = rows.arms == each.control
        treated += int((rows.orders[~control] > 0).sum())
        untreated += int((rows.orders[control] > 0).sum())
    return min(treated, untreated)


def _verdict(outcome: str, pooled: Pooled | Undefined, fewest: int) -> Finding:
    if isinstance(pooled, Undefined):
        return Finding("undefined", {"outcome": outcome, "reason": str(pooled).removeprefix("undefined: ")})
    least = LEAST_CONVERTERS_FOR_MONEY if outcome in IN_MONEY else LEAST_CONVERTERS
    if fewest < least:
        return Finding("too_few_converters", {"outcome": outcome, "fewest": fewest, "least": least})
    code = "pool_better" if pooled.effect.is_above_zero else "pool_worse" if pooled.effect.is_below_zero else "pool_open"
    return Finding(code, {"outcome": outcome, "studies": pooled.studies})


def _plain(effect: Effect | Undefined) -> dict[str, Any]:
    if isinstance(effect, Undefined):
        return {"undefined": effect.reason}
    return {"value": effect.value, "low": effect.low, "high": effect.high, "standard_error": effect.standard_error}
