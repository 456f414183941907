"""Replenishment: after how many days is a product bought again, and who is due?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.catalogue import refuse_below_one
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.periods import day_number, day_of
from regulars.relations.base import flag, ratio, total

if TYPE_CHECKING:
    from regulars.relations.session import Session

OWN_FROM = 3
"""Gaps from which a customer's own rhythm with a product counts at all."""
WEIGHT = 5.0
"""As many gaps as the product's median stands for beside the customer's own."""
QUARTILES = {"q1_days": 0.25, "median_days": 0.5, "q3_days": 0.75}
METHODS = ("own mean", "product median", "shrunk")
MEANINGS = {
    "product_id": "product",
    "name": "its latest name",
    "buyers": "customers who bought it",
    "repeat_buyers": "customers who bought it on two days or more",
    "repeat_share": "repeat buyers / buyers",
    "gaps": "gaps in days between consecutive purchases of the product by the same customer",
    "q1_days": "lower quartile of the gaps",
    "median_days": "median of the gaps",
    "q3_days": "upper quartile of the gaps",
    "customer_id": "customer",
    "last_on": "day of the customer's latest purchase of the product",
    "own_mean_days": "mean of the customer's own gaps, where there are 3 or more",
    "expected_days": "(n x own mean + 5 x product median) / (n + 5) with n >= 3 own gaps, else the product median",
    "from_on": "last day + expected days x lower quartile / median: a quarter of the gaps is shorter",
    "to_on": "last day + expected days x upper quartile / median: a quarter of the gaps is longer",
    "state": "upcoming before the window, due in it, overdue after it",
    "overdue": "whether the window had passed as of as-of",
    "pairs": "pairs of a customer and a product",
    "method": "how the last gap was foretold",
    "mae_days": "mean absolute error in days",
    "inside_share": "share of last gaps inside the window; half is what the quartiles promise",
}


@declare(
    title="Replenishment",
    question="Which products are bought again after a usual time, and which customers are due for them?",
    parameters={
        "min_gaps": "a product counts with at least so many gaps between purchases of it by the same customer",
        "min_times": "a customer counts for a product when it was bought on at least so many days",
        "top": "how many products and due customers to give",
    },
    needs=("orders", "order_lines"),
    in_money=False,
)
def replenishment(session: Session, *, min_gaps: int = 10, min_times: int = 2, top: int = 500) -> AnalysisResult:
    """Gaps between purchases of the same product by the same customer: quartiles by product, and a window by customer in which the next is due.

    A purchase day is a local day with a goods line of the product in a kept order; a gap lies between consecutive ones. Quartiles are taken
    between neighbours by straight line. Expected days = (n x own mean + 5 x product median) / (n + 5) where the customer has n >= 3 gaps, else the
    product median; the window runs from last day + floor(expected x q1 / median + 1/2) to last day + floor(expected x q3 / median + 1/2). Only gaps
    that have ended are seen: customers who never bought again are in `buyers`, not in the gaps. Check: the last gap of every pair with 3 earlier
    ones, foretold from those and from the product's other gaps that are not such last ones.
    """
    for what, value in (("min_gaps", min_gaps), ("min_times", min_times), ("top", top)):
        refuse_below_one(what, value)
    products = session.run(_products(session, min_gaps, top))
    if not products.num_rows:
        return AnalysisResult(name="replenishment", title="Replenishment", tables={}, notes=(Note("no_gaps", {"min_gaps": min_gaps}),))
    expected = _expected(_pairs(session, min_times), _gap_quartiles(_gaps(session), min_gaps))
    windows = _windows(session, expected)
    counts = session.run(windows.group_by("state").agg(pairs=_.count().cast("int64"), customers=_.customer_id.nunique().cast("int64")))
    checked, notes = _check(session, min_gaps)
    tables = {
        "products": table_of(session, products, f"Products with at least {min_gaps} repeat gaps", MEANINGS),
        "due": table_of(
            session,
            _due(session, windows, top),
            "Who is due for what: in the window, past it, before it; the best known rhythm first",
            MEANINGS,
        ),
        "states": table_of(session, _in_turn(counts), "Customers and products by state", MEANINGS),
        "check": table_of(session, checked, "Last gaps foretold from the gaps before them", MEANINGS),
    }
    return AnalysisResult(name="replenishment", title="Replenishment", tables=tables, notes=notes)


def _gaps(session: Session) -> Any:
    days = session.tables().product_days
    return days.filter(days.previous_day.notnull()).mutate(gap=days.local_day - days.previous_day)


def _gap_quartiles(gaps: Any, min_gaps: int) -> Any:
    """Per product with enough of `gaps`: their number and quartiles."""
    import ibis

    order = ["gap", "customer_id", "local_day"]
    placed = gaps.mutate(
        place=ibis.row_number().over(group_by="product_id", order_by=order).cast("float64"),
        last_place=gaps.count().over(group_by="product_id").cast("float64") - 1.0,
    )
    # Between two neighbours a quartile takes of each the more the nearer it lies: 1 less the distance, and of all others nothing.
    away = {name: (placed.place - placed.last_place * share).abs() for name, share in QUARTILES.items()}
    parts = {name: placed.gap.cast("float64") * (off < 1.0).ifelse(1.0 - off, 0.0) for name, off in away.items()}
    each = placed.group_by("product_id").agg(gaps=placed.count().cast("int64"), **{name: part.sum() for name, part in parts.items()})
    return each.filter(each.gaps >= min_gaps)


def _products(session: Session, min_gaps: int, top: int) -> Any:
    each = _pairs(session, 1)
    bought = each.group_by("product_id").agg(buyers=_.count().cast("int64"), repeat_buyers=total(flag(each.n > 0)))
    bought = bought.rename(bought_product="product_id")
    rows = _gap_quartiles(_gaps(session), min_gaps)
    rows = rows.inner_join(bought, rows.product_id == bought.bought_product).drop("bought_product")
    names = session.tables().products.select(named="product_id", name="product_name")
    rows = rows.left_join(names, rows.product_id == names.named)
    rows = rows.mutate(repeat_share=ratio(rows.repeat_buyers, rows.buyers))
    rows = rows.select("product_id", "name", "buyers", "repeat_buyers", "repeat_share", "gaps", *QUARTILES)
    return rows.order_by(_.gaps.desc(), _.product_id).limit(top)


def _pairs(session: Session, min_times: int) -> Any:
    """One row per customer and product bought on enough days: its n gaps, their sum, and the last day."""
    days = session.tables().product_days
    gap = days.previous_day.isnull().ifelse(0, days.local_day - days.previous_day)
    pairs = days.group_by("customer_id", "product_id").agg(
        n=total(flag(days.previous_day.notnull())), gap_sum=total(gap), last_day=days.local_day.max()
    )
    return pairs.filter(pairs.n >= min_times - 1)


def _expected(pairs: Any, quartiles: Any) -> Any:
    """`pairs` of products with enough gaps: what their own rhythm and the product's say about the next gap."""
    import ibis

    quartiles = quartiles.select(of_product="product_id", **{name: name for name in QUARTILES})
    rows = pairs.inner_join(quartiles, pairs.product_id == quartiles.of_product).drop("of_product")
    own = rows.n >= OWN_FROM
    n, sums = rows.n.cast("float64"), rows.gap_sum.cast("float64")
    shrunk = (sums + WEIGHT * rows.median_days) / (n + WEIGHT)
    rows = rows.mutate(
        own_mean_days=own.ifelse(sums / n.nullif(0.0), ibis.null("float64")), expected_days=own.ifelse(shrunk, rows.median_days)
    )
    edges = {
        name: (rows.expected_days * rows[quartile] / rows.median_days + 0.5).floor().cast("int64")
        for name, quartile in (("from_days", "q1_days"), ("to_days", "q3_days"))
    }
    return rows.mutate(**edges)


def _windows(session: Session, rows: Any) -> Any:
    import ibis

    now = ibis.literal(day_number(session.as_of_day), "int64")
    rows = rows.mutate(from_day=rows.last_day + rows.from_days, to_day=rows.last_day + rows.to_days)
    return rows.mutate(
        turn=(rows.from_day > now).ifelse(2, (rows.to_day < now).ifelse(1, 0)).cast("int64"),
        state=(rows.from_day > now).ifelse("upcoming", (rows.to_day < now).ifelse("overdue", "due")),
        # Due: who is nearest to the end of the window. Overdue: who passed it last. Upcoming: who enters it next.
        away=(rows.from_day > now).ifelse(rows.from_day - now, (rows.to_day < now).ifelse(now - rows.to_day, rows.to_day - now)),
    )


def _due(session: Session, windows: Any, top: int) -> pa.Table:
    windows = windows.order_by(windows.turn, windows.n.desc(), windows.away, windows.customer_id, windows.product_id).limit(top)
    names = session.tables().products.select(named="product_id", name="product_name")
    rows = windows.left_join(names, windows.product_id == names.named).order_by(_.turn, _.n.desc(), _.away, _.customer_id, _.product_id)
    columns = {
        "customer_id": pa.string(),
        "product_id": pa.string(),
        "name": pa.string(),
        "state": pa.string(),
        "last_on": pa.date32(),
        "from_on": pa.date32(),
        "to_on": pa.date32(),
        "expected_days": pa.float64(),
        "own_mean_days": pa.float64(),
        "median_days": pa.float64(),
        "gaps": pa.int64(),
        "overdue": pa.bool_(),
    }
    found = [
        {
            **{name: row[name] for name in ("customer_id", "product_id", "name", "state", "expected_days", "own_mean_days", "median_days")},
            "last_on": day_of(row["last_day"]),
            "from_on": day_of(row["from_day"]),
            "to_on": day_of(row["to_day"]),
            "gaps": row["n"],
            "overdue": row["state"] == "overdue",
        }
        for row in session.run(rows).to_pylist()
    ]
    return rows_table(found, columns)


def _in_turn(counts: pa.Table) -> pa.Table:
    found = {row["state"]: row for row in counts.to_pylist()}
    columns = {"state": pa.string(), "pairs": pa.int64(), "customers": pa.int64()}
    return rows_table([found.get(state, {"state": state, "pairs": 0, "customers": 0}) for state in ("due", "overdue", "upcoming")], columns)


def _check(session: Session, min_gaps: int) -> tuple[pa.Table, tuple[Note, ...]]:
    """How well each method would have foretold the last gaps, from what lay before."""
    gaps = _gaps(session)
    lasts = _pairs(session, OWN_FROM + 2).select("n", "gap_sum", last_buyer="customer_id", last_product="product_id", last_day="last_day")
    on = [gaps.customer_id == lasts.last_buyer, gaps.product_id == lasts.last_product, gaps.local_day == lasts.last_day]
    before = gaps.anti_join(lasts, on)
    tested = gaps.inner_join(lasts, on).select("customer_id", "product_id", "gap", "last_day", n=_.n - 1, gap_sum=_.gap_sum - _.gap)
    rows = _expected(tested, _gap_quartiles(before, min_gaps))
    gap = rows.gap.cast("float64")
    errors = {"own": (rows.own_mean_days - gap).abs(), "median": (rows.median_days - gap).abs(), "shrunk": (rows.expected_days - gap).abs()}
    inside = flag((rows.gap >= rows.from_days) & (rows.gap <= rows.to_days))
    sums = session.run(
        rows.agg(pairs=rows.count().cast("int64"), inside=total(inside.fill_null(0)), **{name: e.sum() for name, e in errors.items()})
    ).to_pylist()[0]
    n = sums["pairs"]
    found = [
        {
            "method": method,
            "pairs": n,
            "mae_days": sums[name] / n if n else None,
            "inside_share": sums["inside"] / n if n and name == "shrunk" else None,
        }
        for method, name in zip(METHODS, errors, strict=True)
    ]
    notes = () if n >= 30 else (Note("few_gaps", {"pairs": n}),)
    columns = {"method": pa.string(), "pairs": pa.int64(), "mae_days": pa.float64(), "inside_share": pa.float64()}
    return rows_table(found, columns), notes
