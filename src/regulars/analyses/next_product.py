"""Next product: what may each customer want next, and is the guess better than naming what sells best?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.catalogue import refuse_below_one
from regulars.analyses.declare import declare
from regulars.analyses.item_cosine import METHODS, Basis, Purchases, basis_of, ranked
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics.estimates import Z, wilson
from regulars.periods import day_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.relations.session import Session

ENOUGH = 20
"""Customers who bought in the held-out days, from which methods are compared."""
MOST_CHECKED = 20_000
"""Customers compared at most, evenly spread."""
MEANINGS = {
    "customer_id": "customer",
    "rank": "1 is the first suggestion",
    "product_id": "product suggested",
    "name": "its latest name",
    "score": "by the method used; comparable within a customer only",
    "near_product_id": "of what the customer bought, the product whose buyers are most alike",
    "near_name": "its latest name",
    "method": "popularity: what most customers bought; cosine: what customers of the same products bought; blend: half of each",
    "customers": "customers with something to find in the held-out days",
    "hit_share": "share of them who bought at least one of the k products named",
    "hit_low": "lower limit of its 95 % interval",
    "hit_high": "upper limit",
    "recall": "of what they bought then, the share that was named, mean over customers",
    "recall_low": "lower limit of its 95 % interval",
    "recall_high": "upper limit",
    "used": "whether the suggestions are made by this method",
    "buyers": "customers who bought it",
    "share": "their share of all customers with a product that counts",
    "again_after_days": "days after which it may be suggested again to who has it; empty where it is not",
}


@declare(
    title="Next product",
    question="What may each customer want next, and does the guess beat naming what sells best?",
    parameters={
        "k": "how many products to name for each customer",
        "min_customers": "a product, and a pair of products, counts with at least so many customers",
        "holdout_days": "the last days of the data, on which the methods are compared",
        "customers": "for how many customers to give suggestions, the latest buyers first",
    },
    needs=("orders", "order_lines"),
    in_money=False,
)
def next_product(session: Session, *, k: int = 10, min_customers: int = 5, holdout_days: int = 60, customers: int = 1000) -> AnalysisResult:
    """Products to suggest by cosines between products' customers, the popularity baseline beside, and by whichever did better on later days.

    cosine(a, b) = customers who bought both / sqrt(customers of a x customers of b), over kept orders; a customer's score of a product is the sum of
    cosines with what they bought, and where it is 0 (or equal) popularity decides. What a customer has is not suggested, unless a fifth of its
    buyers buy it again and the customer's last purchase lies at least the product's median gap back. Check: methods learn from the days before the
    last `holdout_days` and name k products for everybody; hit = one of them was bought then, recall = share of what was bought then (of what could
    be named) that was named. The method with the highest recall is used; popularity unless another is above it.
    """
    for what, value in (("k", k), ("min_customers", min_customers), ("holdout_days", holdout_days), ("customers", customers)):
        refuse_below_one(what, value)
    rows, ids = _purchases(session)
    now = day_number(session.as_of_day) + (0 if session.as_of_is_midnight else 1)
    basis = basis_of(rows, min_customers)
    if basis.size < 2:
        return AnalysisResult(
            name="next_product", title="Next product", tables={}, notes=(Note("few_products", {"min_customers": min_customers}),)
        )
    checked, used, notes = _compared(rows, now - holdout_days, k, min_customers, holdout_days)
    names = _names(session)
    suggested = _suggested(basis, rows, ids, names, used, now, k, customers)
    tables = {
        "suggestions": table_of(session, suggested, f"What to suggest next, by {used}", MEANINGS),
        "check": table_of(
            session, checked, f"The first {k} named before the last {holdout_days} days, and what was bought in them", MEANINGS
        ),
        "popular": table_of(session, _popular(basis, ids[1], names, k), "Popularity baseline: products by customers", MEANINGS),
    }
    return AnalysisResult(name="next_product", title="Next product", tables=tables, notes=notes)


def _purchases(session: Session) -> tuple[Purchases, tuple[list[str], list[str]]]:
    """All purchases as numbers, and the ids of customers and products by number."""
    import ibis
    import numpy as np

    t = session.tables()
    days = t.product_days
    buyers = days.select(numbered_customer="customer_id").distinct()
    buyers = buyers.mutate(customer=ibis.row_number().over(order_by="numbered_customer").cast("int64"))
    products = t.product_numbers.select(numbered_product="product_id", product="number")
    rows = days.inner_join(buyers, days.customer_id == buyers.numbered_customer)
    rows = rows.inner_join(products, rows.product_id == products.numbered_product).select("customer", "product", "local_day")
    found = session.run(rows)
    customer, product, day = (found.column(name).to_numpy() for name in ("customer", "product", "local_day"))
    order = np.lexsort((day, product, customer))
    who = session.run(buyers.order_by("customer")).column("numbered_customer").to_pylist()
    what = session.run(products.order_by("product")).column("numbered_product").to_pylist()
    return Purchases(customer[order], product[order], day[order]), (who, what)


def _names(session: Session) -> dict[str, str | None]:
    rows = session.run(session.tables().products.select("product_id", "product_name")).to_pylist()
    return {row["product_id"]: row["product_name"] for row in rows}


def _compared(rows: Purchases, cut: int, k: int, min_customers: int, days: int) -> tuple[pa.Table, str, tuple[Note, ...]]:
    """Hits and recall of each method after `cut`, the method to use, and what to know of it."""
    import numpy as np

    hits = {method: np.zeros(0) for method in METHODS}
    recalls = {method: np.zeros(0) for method in METHODS}
    basis = basis_of(rows.before(cut), min_customers)
    wanted, here = _later(basis, rows.from_day(cut))
    for chunk, open_, found in ranked(basis, here, cut, k) if basis.size else ():
        targets = (wanted[chunk].toarray() > 0) & open_
        some = targets.any(axis=1)
        for method, (places, _scores) in found.items():
            named = np.take_along_axis(targets, np.maximum(places, 0), axis=1) & (places >= 0)
            right = named.sum(axis=1)[some]
            hits[method] = np.append(hits[method], right > 0)
            recalls[method] = np.append(recalls[method], right / targets.sum(axis=1)[some])
    n = len(recalls["popularity"])
    means = {method: float(own.mean()) if n else 0.0 for method, own in recalls.items()}
    best = max(("cosine", "blend"), key=lambda method: round(means[method], 9))
    if n < ENOUGH:
        return _scored(hits, recalls, "popularity"), "popularity", (Note("few_to_judge", {"customers": n, "days": days}),)
    if round(means[best], 9) > round(means["popularity"], 9):
        return _scored(hits, recalls, best), best, ()
    return _scored(hits, recalls, "popularity"), "popularity", (Note("popularity_used", {"method": best.capitalize()}),)


def _later(basis: Basis, rows: Purchases) -> tuple[Any, NDArray[Any]]:
    """Which products of the basis its customers bought in `rows`, by customer and place, and the customers who bought any, at most so many."""
    import numpy as np
    from scipy import sparse

    place = {int(product): at for at, product in enumerate(basis.products)}
    column = np.array([place.get(int(product), -1) for product in rows.product], dtype=np.int64)
    row = np.searchsorted(basis.customers, rows.customer)
    known = column >= 0
    known[known] = row[known] < len(basis.customers)
    known[known] = basis.customers[row[known]] == rows.customer[known]
    ones = np.ones(int(known.sum()))
    wanted = sparse.csr_matrix((ones, (row[known], column[known])), shape=basis.bought.shape)
    here = np.unique(row[known])
    return wanted, here[:: len(here) // MOST_CHECKED + 1]


def _scored(hits: dict[str, NDArray[Any]], recalls: dict[str, NDArray[Any]], used: str) -> pa.Table:
    rows = []
    for method in METHODS:
        n = len(hits[method])
        row: dict[str, Any] = {"method": method, "customers": n, "used": method == used}
        if n:
            hit = float(hits[method].sum())
            row["hit_share"] = hit / n
            row["hit_low"], row["hit_high"] = wilson(hit, n)
            row["recall"] = mean = float(recalls[method].mean())
        if n > 1:
            half = Z * float(recalls[method].std(ddof=1)) / n**0.5
            row["recall_low"], row["recall_high"] = max(0.0, mean - half), min(1.0, mean + half)
        rows.append(row)
    numbers = ("hit_share", "hit_low", "hit_high", "recall", "recall_low", "recall_high")
    columns = {"method": pa.string(), "customers": pa.int64(), **dict.fromkeys(numbers, pa.float64()), "used": pa.bool_()}
    return rows_table(rows, columns)


def _suggested(
    basis: Basis, rows: Purchases, ids: tuple[list[str], list[str]], names: dict[str, str | None], used: str, now: int, k: int, most: int
) -> pa.Table:
    import numpy as np

    last = np.zeros(len(ids[0]), dtype=np.int64)
    np.maximum.at(last, rows.customer, rows.day)
    latest = np.lexsort((basis.customers, -last[basis.customers]))[:most]
    found: list[dict[str, Any]] = []
    for chunk, _open, by_method in ranked(basis, latest, now, k):
        places, scores = by_method[used]
        for i, row in enumerate(chunk):
            own = basis.bought[row].indices
            for rank, (place, score) in enumerate(zip(places[i], scores[i], strict=True), start=1):
                if place < 0:
                    break
                product = ids[1][basis.products[place]]
                near = None if used == "popularity" else _nearest(basis, ids[1], own, place)
                found.append(
                    {
                        "customer_id": ids[0][basis.customers[row]],
                        "rank": rank,
                        "product_id": product,
                        "name": names.get(product),
                        "score": float(score),
                        "near_product_id": near,
                        "near_name": names.get(near) if near is not None else None,
                    }
                )
    texts = ("near_product_id", "near_name")
    columns = {"customer_id": pa.string(), "rank": pa.int64(), "product_id": pa.string(), "name": pa.string(), "score": pa.float64()}
    return rows_table(found, columns | dict.fromkeys(texts, pa.string()))


def _nearest(basis: Basis, ids: list[str], own: NDArray[Any], place: int) -> str | None:
    import numpy as np

    own = np.sort(own)
    cosines = basis.cosines[place, own].toarray().ravel().round(9)
    return ids[basis.products[own[int(cosines.argmax())]]] if cosines.max(initial=0.0) > 0 else None


def _popular(basis: Basis, ids: list[str], names: dict[str, str | None], k: int) -> pa.Table:
    import math

    found = [
        {
            "product_id": ids[basis.products[place]],
            "name": names.get(ids[basis.products[place]]),
            "buyers": int(basis.buyers[place]),
            "share": float(basis.buyers[place]) / len(basis.customers),
            "again_after_days": None if math.isinf(basis.wait[place]) else float(basis.wait[place]),
        }
        for place in range(min(max(k, 100), basis.size))
    ]
    columns = {
        "product_id": pa.string(),
        "name": pa.string(),
        "buyers": pa.int64(),
        "share": pa.float64(),
        "again_after_days": pa.float64(),
    }
    return rows_table(found, columns)
