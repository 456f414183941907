"""RFM: who bought lately, often and for much?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, rows_table, table_of
from regulars.analyses.rfm_names import SEGMENT_OF, SEGMENTS
from regulars.periods import day_number

if TYPE_CHECKING:
    from regulars.relations.session import Session

MEANINGS = {
    "recency_days": "days from the last order day to as-of; few is good",
    "frequency": "kept orders",
    "monetary_minor": "customer value: net value of kept orders, unlinked returns subtracted",
    "r": "recency score, 5 = most recent",
    "f": "frequency score, 5 = most orders",
    "m": "monetary score, 5 = highest value",
    "segment": "one of the classic eleven names for the triple (r, f, m)",
    "customers": "buyers in the segment",
    "value_minor": "their value",
    "share": "their share of all buyers",
    "value_share": "their share of the value of all buyers",
}


@declare(title="RFM", question="Which customers bought lately, often and for much, and which have fallen silent?")
def rfm(session: Session) -> AnalysisResult:
    """Scores from 1 to 5 of every buyer, and the segment that the triple names.

    Buyers are ranked from worst to best (recency days descending, kept orders ascending, value ascending); equal values share the smallest
    rank; score = floor(5 x rank / n) + 1 with ranks from 0.
    """
    scored = _named(session.run(_scores(session)))
    return AnalysisResult(
        name="rfm",
        title="RFM",
        tables={
            "segments": table_of(session, _segments(scored), "RFM segments", MEANINGS),
            "customers": table_of(session, scored, "RFM scores by customer", MEANINGS),
        },
    )


def _scores(session: Session) -> Any:
    import ibis

    buyers = session.tables().buyers
    as_of_day = ibis.literal(day_number(session.as_of_day), "int64")
    rows = buyers.select(
        "customer_id", "last_day", recency_days=as_of_day - buyers.last_day, frequency=buyers.orders, monetary_minor=buyers.value_minor
    )
    measures = {"r": "last_day", "f": "frequency", "m": "monetary_minor"}
    # The rank of equals is the smallest of their row numbers: ClickHouse miscounts rank() over the frame that Ibis writes.
    places = {
        f"place_{score}": ibis.row_number().over(order_by=[column, "customer_id"]).cast("int64") for score, column in measures.items()
    }
    rows = rows.mutate(**places, size=rows.count().over(ibis.window()).cast("float64"))
    ranks = {score: rows[f"place_{score}"].min().over(group_by=column).cast("float64") for score, column in measures.items()}
    scores = {score: (rank * 5.0 / rows["size"]).floor().cast("int64") + 1 for score, rank in ranks.items()}
    return rows.mutate(**scores).select("customer_id", "recency_days", "frequency", "monetary_minor", "r", "f", "m").order_by("customer_id")


def _named(scored: pa.Table) -> pa.Table:
    import numpy as np

    position = {name: i for i, name in enumerate(SEGMENTS)}
    codes = np.array([position[SEGMENT_OF[r, f, m]] for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)], dtype=np.int32)
    r, f, m = (scored.column(name).to_numpy() for name in ("r", "f", "m"))
    of_row = pa.array(codes[(r - 1) * 25 + (f - 1) * 5 + (m - 1)])
    return scored.append_column("segment", pa.array(SEGMENTS).take(of_row))


def _segments(scored: pa.Table) -> pa.Table:
    sums = scored.group_by("segment").aggregate([("customer_id", "count"), ("monetary_minor", "sum")]).to_pylist()
    found = {row["segment"]: (row["customer_id_count"], row["monetary_minor_sum"]) for row in sums}
    n = scored.num_rows
    value = sum(minor for _count, minor in found.values())
    rows = [
        {
            "segment": name,
            "customers": found[name][0],
            "value_minor": found[name][1],
            "share": found[name][0] / n,
            "value_share": found[name][1] / value if value else None,
        }
        for name in SEGMENTS
        if name in found
    ]
    columns = {
        "segment": pa.string(),
        "customers": pa.int64(),
        "value_minor": pa.int64(),
        "share": pa.float64(),
        "value_share": pa.float64(),
    }
    return rows_table(rows, columns)
