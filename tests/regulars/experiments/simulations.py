"""Experiments whose truth is known, many times over: how often an interval covers it, how often a look gives a false alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regulars.experiments.cuped import adjust
from regulars.experiments.lift import Effect, Sample, difference, relative_difference
from regulars.experiments.sequential import difference_at_any_time
from regulars.experiments.uplift import learn

LOOKS = 30


@dataclass(frozen=True)
class People:
    """What customers are like: buyers' share, spend of a buyer (lognormal, mean 50), and how much of it was foreseeable."""

    share: float
    spread: float = 1.0
    foreseeable: bool = False

    def draw(self, random, size, lift=0.0):
        """Bought (0 or 1), revenue and covariate of `size` customers; `lift` is added to the share of buyers."""
        if self.foreseeable:
            keen = random.gamma(1.0, 1.0, size)  # mean 1: what makes a customer buy now made them buy before
            bought = (random.random(size) < np.minimum(self.share * keen + lift, 1.0)).astype(float)
            worth = np.exp(random.normal(0, 0.5, size))
            covariate = keen * worth * np.exp(random.normal(0, 0.3, size))
            spend = 50 * worth * np.exp(random.normal(-0.125, 0.5, size))
            return bought, bought * spend, covariate
        bought = (random.random(size) < self.share + lift).astype(float)
        spend = 50 * np.exp(random.normal(-(self.spread**2) / 2, self.spread, size))
        return bought, bought * spend, np.full(size, np.nan)


def samples(kind, treatment, control):
    """The two arms as the library reads them; each is (bought, revenue, covariate)."""
    if kind == "conversion":
        return tuple(Sample.of_values(arm[0]) for arm in (treatment, control))
    if kind == "revenue":
        return tuple(Sample.of_values(arm[1]) for arm in (treatment, control))
    return adjust([treatment[1], control[1]], [treatment[2], control[2]]).samples


def coverage(kind, people, size, lift, *, runs, seed, relative=False, missing=0.0):
    """The share of runs in which the 95 % interval of `size` customers per arm holds the true effect of `lift`."""
    random = np.random.default_rng(seed)
    truth = true_effect(kind, people, lift)
    hits = 0
    for _run in range(runs):
        arms = [people.draw(random, size, added) for added in (lift, 0.0)]
        for arm in arms:
            arm[2][random.random(size) < missing] = np.nan
        effect = (relative_difference if relative else difference)(*samples(kind, *arms))
        goal = truth / true_mean(kind, people) if relative else truth
        hits += effect.low <= goal <= effect.high
    return hits / runs


def true_mean(kind, people, lift=0.0):
    """What a customer does on average."""
    bought = people.share + lift
    if kind == "conversion":
        return bought
    return 50 * bought * (np.exp(0.125) if people.foreseeable else 1.0)


def true_effect(kind, people, lift):
    """Treatment less control in truth."""
    return true_mean(kind, people, lift) - true_mean(kind, people)


@dataclass(frozen=True)
class Peeked:
    """Shares of runs: a false alarm at any look by the fixed interval, by the sequence, and at the last look by the fixed interval."""

    naive: float
    any_time: float
    at_end: float


def peek(kind, people, customers, *, runs, seed, lift=0.0):
    """Look thirty times while `customers` (both arms) arrive; an alarm is an interval that does not hold the truth."""
    random = np.random.default_rng(seed)
    truth = true_effect(kind, people, lift)
    ends = np.linspace(0, customers // 2, LOOKS + 1).astype(int)[1:]
    alarms = np.zeros(3)
    for _run in range(runs):
        arms = [people.draw(random, customers // 2, added) for added in (lift, 0.0)]
        alarms += _alarms(looks(kind, arms, ends), truth, customers)
    return Peeked(*(alarms / runs))


def looks(kind, arms, ends):
    """The two arms at each look."""
    if kind == "adjusted":
        return [samples(kind, *([column[:end] for column in arm] for arm in arms)) for end in ends]
    at = 0 if kind == "conversion" else 1
    totals = [(np.cumsum(arm[at])[ends - 1], np.cumsum(arm[at] ** 2)[ends - 1]) for arm in arms]
    return [tuple(Sample.of_sums(int(end), float(t[0][k]), float(t[1][k])) for t in totals) for k, end in enumerate(ends)]


def peek_at_one_batch(customers, *, runs, seed):
    """All are assigned on one day, and their revenue of the days so far is looked at on each of thirty days: A/A."""
    random = np.random.default_rng(seed)
    alarms = np.zeros(3)
    for _run in range(runs):
        rate = random.gamma(0.6, 1 / 40.0, customers)
        worth = np.exp(random.normal(0, 0.6, customers))
        orders = random.poisson(rate[:, None], (customers, LOOKS))
        revenue = np.cumsum(orders * worth[:, None] * 50, axis=1)
        treated = random.permutation(customers) < customers // 2
        halves = [revenue[treated], revenue[~treated]]
        alarms += _alarms([tuple(Sample.of_values(half[:, day]) for half in halves) for day in range(LOOKS)], 0.0, customers)
    return Peeked(*(alarms / runs))


def _alarms(seen, truth, planned):
    fixed = [difference(*pair) for pair in seen]
    sequence = [difference_at_any_time(*pair, planned=planned) for pair in seen]
    return np.array([any(_misses(e, truth) for e in fixed), any(_misses(e, truth) for e in sequence), _misses(fixed[-1], truth)], float)


def _misses(effect, truth):
    return isinstance(effect, Effect) and not effect.low <= truth <= effect.high


def learned_from_nothing(*, runs, customers, seed):
    """The share of experiments without any effect in which responders are said to be learnable."""
    random = np.random.default_rng(seed)
    learned = 0
    for run in range(runs):
        x = random.normal(size=(customers, 5))
        bought = (random.random(customers) < 0.15 + 0.2 * (x[:, 0] > 0.5)).astype(float)
        found = learn(x, bought, random.random(customers) < 0.5, seed=run)
        learned += found.is_learnable
    return learned / runs
