"""What the models say, by adding up over a fine grid of a buyer's own rates: Gauss-Legendre on logarithms, and nothing of the library."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import betaln, gammaln

legendre = lru_cache(np.polynomial.legendre.leggauss)


def panels(*edges: tuple[float, float, int]) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights, panel by panel: from, to, how many."""
    rules = [(low, high, *legendre(points)) for low, high, points in edges if high > low]
    points = [(low + high) / 2 + (high - low) / 2 * nodes for low, high, nodes, _ in rules]
    return np.concatenate(points), np.concatenate([(high - low) / 2 * weights for low, high, _, weights in rules])


def rates(shape: float, scale: float, x: int, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of a rate ~ Gamma(shape, scale), and their weights times rate^x; in the logarithm, finer where the weight is."""
    low = np.log((shape + x) / (scale + 2000)) - 6
    logs, width = panels((low - 45 / (shape + x), low, 60), (low, most, 320))
    density = np.exp(shape * np.log(scale) + (shape + x) * logs - np.exp(logs) * scale - gammaln(shape))
    return np.exp(logs), density * width


def chances(a: float, b: float, x: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points p ~ Beta(a, b), 1 - p, and their weights; in log(p / (1 - p)), finer where x orders put the weight."""
    middle, behind = np.log(a / (b + x)), b + max(x - 1, 0)
    y, width = panels(
        (middle - 12 - 45 / a, middle - 12, 60), (middle - 12, middle + 8, 240), (middle + 8, middle + 8 + max(45 / behind - 5, 0), 60)
    )
    log_p, log_q = -np.logaddexp(0, -y), -np.logaddexp(0, y)
    return np.exp(log_p), np.exp(log_q), np.exp(a * log_p + b * log_q - betaln(a, b)) * width


@dataclass
class Answers:
    """Of one history."""

    likelihood: float
    alive: float
    orders: float
    staying: float
    no_order: float


def bg_nbd(parameters: tuple[float, ...], x: int, recency: int, age: int, days: float) -> Answers:
    """BG/NBD."""
    r, alpha, a, b = parameters
    rate, of_rate = rates(r, alpha, x, np.log(40 * (r + x + 1) / (alpha + recency)))
    p, q, of_p = chances(a, b, x)
    rate, weight = rate[:, None], of_rate[:, None] * of_p[None, :]
    here = weight * q**x * np.exp(-rate * age)
    gone = weight * p * q ** (x - 1) * np.exp(-rate * recency) if x else 0 * weight
    all_, alive = here.sum() + gone.sum(), here.sum()
    with np.errstate(invalid="ignore"):
        ahead = np.where(p > 1e-12, -np.expm1(-rate * p * days) / np.maximum(p, 1e-300), rate * days)
    return Answers(
        all_,
        alive / all_,
        (here * ahead).sum() / all_,
        days * (here * rate).sum() / alive,
        1 - (here * -np.expm1(-rate * days)).sum() / all_,
    )


def pareto_nbd(parameters: tuple[float, ...], x: int, recency: int, age: int, days: float) -> Answers:
    """Pareto/NBD."""
    r, alpha, s, beta = parameters
    rate, of_rate = rates(r, alpha, x, np.log(40 * (r + x + 1) / (alpha + recency)))
    drop, of_drop = rates(s, beta, 0, np.log(40 * (s + 1) / beta))
    rate, drop, weight = rate[:, None], drop[None, :], of_rate[:, None] * of_drop[None, :]
    both = rate + drop
    here = weight * np.exp(-both * age)
    gone = weight * drop / both * (np.exp(-both * recency) - np.exp(-both * age))
    all_, alive = here.sum() + gone.sum(), here.sum()
    ahead = rate * -np.expm1(-drop * days) / drop
    ordering = rate / both * -np.expm1(-both * days)
    return Answers(all_, alive / all_, (here * ahead).sum() / all_, days * (here * rate).sum() / alive, 1 - (here * ordering).sum() / all_)


def bg_nbd_counts(parameters: tuple[float, ...], days: float, most: int) -> list[float]:
    """P(n orders of a new buyer within `days`) for n below `most`."""
    r, alpha, a, b = parameters
    rate, of_rate = rates(r, alpha, 0, np.log(40 * (r + 1) / alpha))
    p, q, of_p = chances(a, b, 0)
    weight = of_rate[:, None] * of_p[None, :]
    poisson = [np.exp(n * np.log(rate * days) - rate * days - gammaln(n + 1))[:, None] for n in range(most)]
    shares = []
    for n in range(most):
        share = poisson[n] * q**n
        if n:
            share = share + (1 - sum(poisson[:n])) * p * q ** (n - 1)
        shares.append(float((weight * share).sum()))
    return shares


def pareto_nbd_counts(parameters: tuple[float, ...], days: float, most: int) -> list[float]:
    """The same in Pareto/NBD: a buyer drops out on a day y, and orders until then."""
    r, alpha, s, beta = parameters
    y, step = np.linspace(0, days, 400_001, retstep=True)
    shares = []
    for n in range(most):
        until = np.exp(gammaln(r + n) - gammaln(r) - gammaln(n + 1) + r * np.log(alpha / (alpha + y))) * (y / (alpha + y)) ** n
        gone = s / beta * (beta / (beta + y)) ** (s + 1) * until
        shares.append(float((gone.sum() - (gone[0] + gone[-1]) / 2) * step + until[-1] * (beta / (beta + days)) ** s))
    return shares
