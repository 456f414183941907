"""The same as value_here.py by `lifetimes`, as its documentation does it. Usage: value_in_lifetimes.py BUYERS RUNS."""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

from measure import cpu_seconds
from value_buyers import buyers

warnings.simplefilter("ignore")

import pandas  # noqa: E402
from lifetimes import BetaGeoFitter, GammaGammaFitter  # noqa: E402


def main(count: int, runs: int) -> None:
    """Print what the quickest run took, and what it found."""
    frequency, recency, age, mean = buyers(count)
    table = pandas.DataFrame({"frequency": frequency, "recency": recency, "T": age, "mean": mean})
    taken = []
    for _turn in range(runs):
        wall, cpu = time.perf_counter(), cpu_seconds()
        orders_model = BetaGeoFitter().fit(table.frequency, table.recency, table["T"])
        again = table[table.frequency > 0]
        spend_model = GammaGammaFitter().fit(again.frequency, again["mean"])
        fitted = time.perf_counter() - wall
        columns = table.frequency, table.recency, table["T"]
        alive = orders_model.conditional_probability_alive(*columns)
        orders = orders_model.conditional_expected_number_of_purchases_up_to_time(365, *columns)
        value = spend_model.customer_lifetime_value(
            orders_model, *columns, table["mean"], time=12, discount_rate=1.1 ** (1 / 12) - 1, freq="D"
        )
        taken.append((time.perf_counter() - wall, cpu_seconds() - cpu, fitted))
    best = min(taken)
    said = {"seconds": best[0], "cpu_seconds": best[1], "fit_seconds": best[2]}
    said |= {"alive": float(alive.sum()), "orders": float(orders.sum()), "value": float(value.sum()), **orders_model.params_.to_dict()}
    print(json.dumps(said | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
