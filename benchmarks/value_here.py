"""Fit, P(alive), expected orders of a year and the value of 12 months, by Regulars. Usage: value_here.py BUYERS RUNS."""

from __future__ import annotations

import json
import resource
import sys
import time

from measure import cpu_seconds
from regulars.predictions.clv import Histories, fit
from value_buyers import buyers


def main(count: int, runs: int) -> None:
    """Print what the quickest run took, and what it found."""
    parts = buyers(count)
    taken = []
    for _turn in range(runs):
        wall, cpu = time.perf_counter(), cpu_seconds()
        histories = Histories(*parts)
        model = fit(histories)
        fitted = time.perf_counter() - wall
        alive = model.probability_alive(histories)
        orders = model.expected_orders(histories, 365)
        value = model.value(histories, months=12, annual_rate=0.1)
        taken.append((time.perf_counter() - wall, cpu_seconds() - cpu, fitted))
    best = min(taken)
    said = {"seconds": best[0], "cpu_seconds": best[1], "fit_seconds": best[2], "first_seconds": taken[0][0]}
    said |= {"alive": float(alive.sum()), "orders": float(orders.sum()), "value": float(value.sum()), **model.purchases.as_dict()}
    print(json.dumps(said | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
