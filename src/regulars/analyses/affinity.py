"""Affinity: which products are bought together?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ibis import _

from regulars.analyses.catalogue import refuse_below_one
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, table_of

if TYPE_CHECKING:
    from regulars.relations.session import Session

MEANINGS = {
    "product_a": "the product whose id sorts first",
    "product_b": "the product whose id sorts second",
    "together": "kept orders that hold both",
    "support": "share of all kept orders with goods that hold both",
    "orders_a": "popularity baseline: kept orders that hold a",
    "orders_b": "popularity baseline: kept orders that hold b",
    "confidence_a_b": "share of the orders with a that hold b too",
    "confidence_b_a": "share of the orders with b that hold a too",
    "lift": "how many times as often together as two products of this popularity would be by chance",
    "baskets": "kept orders with goods",
    "products": "products on them",
    "share": "share of all kept orders with goods that hold it",
}


@declare(
    title="Bought together",
    question="Which products are bought in the same order, and is it more often than their popularity alone explains?",
    parameters={"min_orders": "a pair counts when at least so many orders hold both", "top": "how many pairs to give"},
    needs=("orders", "order_lines"),
    in_money=False,
)
def affinity(session: Session, *, min_orders: int = 5, top: int = 100) -> AnalysisResult:
    """Pairs of goods in one kept order, most frequent first, with the popularity of each beside.

    Presence counts, not quantity. support = together / baskets; confidence a to b = together / orders of a; lift = together x baskets / (orders of
    a x orders of b). Exact: products in fewer than `min_orders` orders cannot be in a pair and are left out before pairs are counted.
    """
    refuse_below_one("min_orders", min_orders)
    refuse_below_one("top", top)
    t = session.tables()
    whole = t.baskets.agg(baskets=t.baskets.order_id.nunique().cast("int64"), products=t.baskets.product_id.nunique().cast("int64"))
    size = session.run(whole)
    baskets = int(size.column("baskets").to_pylist()[0])
    pairs = session.run(_pairs(session, min_orders, top, baskets))
    tables = {
        "pairs": table_of(session, pairs, f"Products bought together in at least {min_orders} orders", MEANINGS),
        "popular": table_of(session, session.run(_popular(session, top, baskets)), "Products by number of orders", MEANINGS),
        "summary": table_of(session, size, "Orders and products compared", MEANINGS),
    }
    return AnalysisResult(name="affinity", title="Bought together", tables=tables)


def _counts(session: Session) -> Any:
    baskets = session.tables().baskets
    return baskets.group_by("product_id").agg(orders=baskets.count().cast("int64"))


def _named(session: Session, rows: Any, column: str, name: str) -> Any:
    names = session.tables().products.select(**{f"of_{column}": "product_id", name: "product_name"})
    return rows.left_join(names, rows[column] == names[f"of_{column}"]).drop(f"of_{column}")


def _popular(session: Session, top: int, baskets: int) -> Any:
    rows = _counts(session).order_by(_.orders.desc(), _.product_id).limit(top)
    rows = rows.mutate(share=rows.orders.cast("float64") / float(baskets or 1))
    return (
        _named(session, rows, "product_id", "name").select("product_id", "name", "orders", "share").order_by(_.orders.desc(), _.product_id)
    )


def _pairs(session: Session, min_orders: int, top: int, baskets: int) -> Any:
    often = _counts(session).filter(_.orders >= min_orders)
    left = session.tables().baskets.semi_join(often, "product_id")
    right = left.rename(other_order="order_id", other_product="product_id").view()
    both = left.inner_join(right, [left.order_id == right.other_order, left.product_id < right.other_product])
    pairs = both.group_by(product_a="product_id", product_b="other_product").agg(together=_.count().cast("int64"))
    pairs = pairs.filter(_.together >= min_orders).order_by(_.together.desc(), _.product_a, _.product_b).limit(top)
    for side in ("a", "b"):
        counts = _counts(session).rename({f"counted_{side}": "product_id", f"orders_{side}": "orders"})
        pairs = pairs.inner_join(counts, pairs[f"product_{side}"] == counts[f"counted_{side}"]).drop(f"counted_{side}")
        pairs = _named(session, pairs, f"product_{side}", f"name_{side}")
    together, a, b = (pairs[name].cast("float64") for name in ("together", "orders_a", "orders_b"))
    pairs = pairs.mutate(
        support=together / float(baskets or 1),
        confidence_a_b=together / a,
        confidence_b_a=together / b,
        lift=together * float(baskets) / (a * b),
    )
    columns = (
        "product_a",
        "name_a",
        "product_b",
        "name_b",
        "together",
        "support",
        "orders_a",
        "orders_b",
        "confidence_a_b",
        "confidence_b_a",
        "lift",
    )
    return pairs.select(*columns).order_by(_.together.desc(), _.product_a, _.product_b)
