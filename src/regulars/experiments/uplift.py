"""Uplift: whom the treatment changes, learned from the experiment itself and judged on customers that the learner has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from regulars.experiments.lift import Effect, Sample, difference
from regulars.experiments.qini import Qini, qini
from regulars.experiments.verdict import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regulars.metrics.estimates import Undefined

Learner = Literal["t_logistic", "x_logistic", "t_trees", "x_trees"]
LEARNERS: tuple[Learner, ...] = ("t_logistic", "x_logistic", "t_trees", "x_trees")
LEAST_OUTCOMES = 50
"""Customers with an order that each arm needs: below, a model of ten columns only learns noise."""

BINS = 5
FOLDS, REPEATS, TENTHS = 5, 4, 10
PERSUADABLE, SURE_THING, LOST_CAUSE, SLEEPING_DOG = "persuadable", "sure_thing", "lost_cause", "sleeping_dog"


@dataclass(frozen=True, slots=True)
class Scores:
    """Per customer: the uplift (change of the chance of the outcome by the treatment), and the chance without it."""

    uplift: NDArray[Any]
    without: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Customers of like predicted uplift, and what the experiment says about them."""

    customers: int
    predicted: float
    effect: Effect | Undefined
    without: float
    """Share of the control in it that had the outcome."""
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """Whether and for whom the treatment works.

    `bins` run from the highest to the lowest predicted uplift, `bin_of` names each customer's. `kind` is persuadable where the bin's interval
    lies above zero and sleeping_dog where it lies below; else sure_thing or lost_cause, as the control's share there is above or below
    that of all. `likely` is the Qini of treating the likeliest buyers first, for comparison.
    """

    learner: Learner
    qini: Qini
    likely: Qini
    scores: Scores
    bins: tuple[Bin, ...]
    bin_of: NDArray[Any]
    note: Finding

    @property
    def is_learnable(self) -> bool:
        """Whether the Qini coefficient lies above zero with its whole interval."""
        return self.qini.is_learnable

    def kinds(self) -> list[str | None]:
        """The kind of each customer; None for all where nothing can be learned."""
        return [self.bins[at].kind if self.is_learnable else None for at in self.bin_of.tolist()]


def fit_and_score(
    features: NDArray[Any],
    outcome: NDArray[Any],
    treated: NDArray[Any],
    ask: NDArray[Any],
    *,
    learner: Learner = "t_logistic",
    seed: int = 0,
) -> Scores:
    """Learn on some customers and score others.

    T-learner: one model per arm, uplift `m_t(x) - m_c(x)`. X-learner: what each customer gained against the other arm's model,
    `d_t = y - m_c(x)` and `d_c = m_t(x) - y`, is regressed on x; uplift `e g_c(x) + (1 - e) g_t(x)`, e share treated.
    Source: Kuenzel, Sekhon, Bickel and Yu (2019), Metalearners for estimating heterogeneous treatment effects, PNAS 116.
    """
    import numpy as np

    treated = np.asarray(treated, bool)
    family = learner.partition("_")[2]
    arms = {arm: (features[treated == arm], outcome[treated == arm]) for arm in (True, False)}
    models = {arm: _chance(x, y, family, seed) for arm, (x, y) in arms.items()}
    without = models[False](ask)
    if learner.startswith("t_"):
        return Scores(models[True](ask) - without, without)
    gained = {True: arms[True][1] - models[False](arms[True][0]), False: models[True](arms[False][0]) - arms[False][1]}
    gains = {arm: _regression(arms[arm][0], gained[arm], family, seed)(ask) for arm in (True, False)}
    share = float(treated.mean())
    return Scores(share * gains[False] + (1 - share) * gains[True], without)


def learn(
    features: NDArray[Any],
    outcome: NDArray[Any],
    treated: NDArray[Any],
    *,
    learner: Learner = "t_logistic",
    seed: int = 0,
    bins: int = BINS,
    confidence: float = 0.95,
) -> Uplift | Finding:
    """Uplift of each customer by models that have not seen them, the Qini of such models, and the kinds of customers.

    Scores are cross-fitted: customers are cut into 5 folds, each scored by models of the other four, four times over; bins are by mean rank within
    fold. Their Qini would be too sure of itself, since two folds learn from each other's chance. So the Qini is validated in sequence: in random
    order, models of the first half are judged on the next tenth, models of six tenths on the tenth after it, and so on to the end; its interval is
    a bootstrap within each tenth. `outcome` is 0 or 1; `features` are numbers without gaps. A `Finding` comes back where an arm has fewer
    than 50 outcomes. Source: Wager (2024), Sequential validation of treatment heterogeneity.
    """
    import numpy as np

    outcome, treated = np.asarray(outcome, np.float64), np.asarray(treated, bool)
    fewest = int(min(outcome[treated].sum(), outcome[~treated].sum())) if len(outcome) else 0
    if fewest < LEAST_OUTCOMES:
        return Finding("too_few_to_learn", {"least": LEAST_OUTCOMES, "fewest": fewest})
    features = np.asarray(features, np.float64)
    uplift, without, rank = cross_fitted(features, outcome, treated, learner=learner, seed=seed)
    unseen, block = in_sequence(features, outcome, treated, learner=learner, seed=seed)
    found = qini(outcome, treated, unseen.uplift, block, seed=seed, confidence=confidence)
    place = np.empty(len(rank), np.int64)
    place[np.argsort(-rank, kind="stable")] = np.arange(len(rank))
    bin_of = place * bins // len(rank)
    made = tuple(_bin(bin_of == at, uplift, outcome, treated, 1 - (1 - confidence) / bins) for at in range(bins))
    values = {"value": found.value, "low": found.low, "high": found.high}
    return Uplift(
        learner=learner,
        qini=found,
        likely=qini(outcome, treated, unseen.without, block, seed=seed, confidence=confidence),
        scores=Scores(uplift, without),
        bins=made,
        bin_of=bin_of,
        note=Finding("learnable" if found.is_learnable else "not_learnable", values),
    )


def cross_fitted(
    features: NDArray[Any],
    outcome: NDArray[Any],
    treated: NDArray[Any],
    *,
    learner: Learner,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = REPEATS,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean uplift, mean chance without treatment, and mean rank of the uplift within fold (0 to 1), each by models that left the customer out."""
    import numpy as np

    n = len(outcome)
    totals = np.zeros((3, n))
    for repeat in range(repeats):
        random = np.random.default_rng([seed, repeat])
        fold = _folds(outcome, treated, folds, random)
        for at in range(folds):
            inside = np.flatnonzero(fold == at)
            outside = fold != at
            scores = fit_and_score(features[outside], outcome[outside], treated[outside], features[inside], learner=learner, seed=seed)
            totals[0, inside] += scores.uplift
            totals[1, inside] += scores.without
            totals[2, inside] += _rank(scores.uplift, random)
    totals /= repeats
    return totals[0], totals[1], totals[2]


def in_sequence(
    features: NDArray[Any], outcome: NDArray[Any], treated: NDArray[Any], *, learner: Learner, seed: int = 0, tenths: int = TENTHS
) -> tuple[Scores, NDArray[Any]]:
    """Ranks within their tenth of the second half of the customers in random order, tenth by tenth, by models of all before it, and the tenth of each.

    The first half has no rank and the tenth -1.
    """
    import numpy as np

    random = np.random.default_rng([seed, REPEATS])
    part = _folds(outcome, treated, tenths, random)
    scores = Scores(np.zeros(len(outcome)), np.zeros(len(outcome)))
    block = np.where(part < tenths // 2, -1, part)
    for at in range(tenths // 2, tenths):
        before, inside = part < at, part == at
        made = fit_and_score(features[before], outcome[before], treated[before], features[inside], learner=learner, seed=seed)
        # Equal scores in random order: as they come would be an order too.
        scores.uplift[inside], scores.without[inside] = _rank(made.uplift, random), _rank(made.without, random)
    return scores, block


def _folds(outcome: NDArray[Any], treated: NDArray[Any], folds: int, random: np.random.Generator) -> NDArray[Any]:
    """A fold for each customer; every fold has its part of each arm and outcome."""
    import numpy as np

    fold = np.empty(len(outcome), np.int64)
    stratum = treated.astype(np.int64) * 2 + (outcome > 0)
    for value in range(4):
        rows = np.flatnonzero(stratum == value)
        fold[rows] = random.permutation(np.arange(len(rows)) % folds)
    return fold


def _rank(values: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """Rank from 0 to 1; equal values in random order."""
    import numpy as np

    order = np.lexsort([random.random(len(values)), values])
    rank = np.empty(len(values))
    rank[order] = (np.arange(len(values)) + 0.5) / max(len(values), 1)
    return rank


def _bin(inside: NDArray[Any], uplift: NDArray[Any], outcome: NDArray[Any], treated: NDArray[Any], confidence: float) -> Bin:
    got, held = outcome[inside & treated], outcome[inside & ~treated]
    effect = difference(Sample.of_share(len(got), got.sum()), Sample.of_share(len(held), held.sum()), confidence=confidence)
    without = float(held.mean()) if len(held) else 0.0
    kind = SURE_THING if without > float(outcome[~treated].mean()) else LOST_CAUSE
    if isinstance(effect, Effect):
        kind = PERSUADABLE if effect.is_above_zero else SLEEPING_DOG if effect.is_below_zero else kind
    return Bin(customers=int(inside.sum()), predicted=float(uplift[inside].mean()), effect=effect, without=without, kind=kind)


def _chance(x: NDArray[Any], y: NDArray[Any], family: str, seed: int) -> Any:
    """A function from features to the chance of the outcome; the smoothed share where all are alike."""
    import numpy as np

    if len(y) < 2 or y.min() == y.max():
        share = (float(y.sum()) + 0.5) / (len(y) + 1)
        return lambda ask: np.full(len(ask), share)
    if family == "trees":
        return _trees(x, y, "binary", seed)
    from sklearn.linear_model import LogisticRegression

    middle, scale = _standard(x)
    model = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=200).fit((x - middle) / scale, y > 0)
    return lambda ask: model.predict_proba((ask - middle) / scale)[:, 1]


def _regression(x: NDArray[Any], y: NDArray[Any], family: str, seed: int) -> Any:
    """A function from features to the mean of a number: ridge regression, or small trees."""
    import numpy as np

    if family == "trees":
        return _trees(x, y, "regression", seed)
    middle, scale = _standard(x)
    z = (x - middle) / scale
    slopes = np.linalg.solve(z.T @ z + np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return lambda ask: y.mean() + (ask - middle) / scale @ slopes


def _trees(x: NDArray[Any], y: NDArray[Any], objective: str, seed: int) -> Any:
    import lightgbm

    settings = {
        "objective": objective,
        "num_leaves": 8,
        "learning_rate": 0.05,
        "min_data_in_leaf": 40,
        "lambda_l2": 5.0,
        "seed": seed,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    model = lightgbm.train(settings, lightgbm.Dataset(x, y, params={"verbosity": -1}), num_boost_round=150)
    return model.predict


def _standard(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    deviation = x.std(axis=0)
    return x.mean(axis=0), np.where(deviation > 1e-12, deviation, 1.0)
