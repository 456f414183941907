"""Concentration: how much of the value comes from how few customers?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, table_of

if TYPE_CHECKING:
    from regulars.relations.session import Session

MEANINGS = {
    "top_percent": "the highest so many per cent of customers, rounded up to whole customers",
    "customers": "how many these are",
    "value_minor": "net value of their kept orders over all data",
    "share": "their share of the value of all customers",
    "gini": "0: all are worth the same; towards 1: one customer is worth everything",
}


@declare(title="Concentration", question="What share of the value comes from the top per cent of customers?")
def concentration(session: Session) -> AnalysisResult:
    """Share of net value of kept orders over all data that the top 1 to 100 % of buyers hold, and the Gini coefficient.

    Customers in descending order of value (ties by customer_id), the top p % being ceil(p x n / 100). Gini = 2 x sum(i x v_i) / (n x sum v) -
    (n + 1) / n with values in ascending order and i from 1.
    """
    buyers = session.tables().buyers
    rows = session.run(buyers.select("customer_id", "kept_minor"))
    if not rows.num_rows:
        return AnalysisResult(
            name="concentration", title="Concentration", tables={}, notes=(Note("no_data", {"needs": "orders of known customers"}),)
        )
    shares, whole = _shares(rows.column("kept_minor").to_numpy())
    tables = {
        "shares": table_of(session, shares, "Share of value by top customers", MEANINGS),
        "summary": table_of(session, whole, "Inequality of customer value", MEANINGS),
    }
    return AnalysisResult(name="concentration", title="Concentration", tables=tables)


def _shares(values: Any) -> tuple[pa.Table, pa.Table]:
    import numpy as np

    ordered = np.sort(values)[::-1]
    n, everything = len(ordered), int(ordered.sum())
    running = np.cumsum(ordered)
    percents = list(range(1, 101))
    counts = [-(-percent * n // 100) for percent in percents]
    held = [int(running[count - 1]) for count in counts]
    ranks = np.arange(n, 0, -1, dtype=np.float64)
    gini = 2.0 * float(np.dot(ranks, ordered.astype(np.float64))) / (n * float(everything)) - (n + 1) / n
    shares = pa.table({"top_percent": percents, "customers": counts, "value_minor": held, "share": [minor / everything for minor in held]})
    return shares, pa.table({"customers": [n], "value_minor": [everything], "gini": [gini]})
