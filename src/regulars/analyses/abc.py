"""ABC: which few items make most of the revenue, and which many make little?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.catalogue import refuse_unless
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, table_of
from regulars.relations.base import total

if TYPE_CHECKING:
    from regulars.relations.session import Session

ITEMS = ("products", "customers")
MEASURES = ("revenue", "orders", "quantity", "margin")
LIMITS = (("A", 0.80), ("B", 0.95))
MEANINGS = {
    "item": "product or customer",
    "name": "latest name of the product",
    "value_minor": "what the items are ranked by",
    "value": "what the items are ranked by",
    "share": "its share of the sum over all items",
    "cumulative_share": "share of this item and all before it",
    "class": "A while the share before the item is below 80 %, B below 95 %, else C; C where the value is not above zero",
    "items": "items in the class",
    "item_share": "their share of all items",
}


@declare(
    title="ABC",
    question="Which products (or customers) make up 80 % of the revenue, which the next 15 %, and which the rest?",
    parameters={"of": "products or customers", "measure": "revenue, orders, quantity or margin"},
)
def abc(session: Session, *, of: str = "products", measure: str = "revenue") -> AnalysisResult:
    """Items in descending order of the measure (ties by id), classed A, B and C by the cumulative share before each.

    Products are those on goods lines of kept orders: revenue is the lines' amount before later refunds, orders the number of orders that hold the
    product, margin amount less quantity x unit cost over lines whose cost is known. Customers are buyers: revenue is customer value (net of
    refunds and returns), orders their kept orders, quantity and margin those of their goods lines.
    """
    refuse_unless(of in ITEMS, "of", of, " or ".join(ITEMS))
    refuse_unless(measure in MEASURES, "measure", measure, ", ".join(MEASURES))
    from_lines = of == "products" or measure in ("quantity", "margin")
    if from_lines and not session.has_rows("order_lines"):
        return AnalysisResult(name="abc", title="ABC", tables={}, notes=(Note("no_data", {"needs": "order_lines"}),))
    ranked = session.run(_ranked(session, of, measure))
    if not ranked.num_rows:
        return AnalysisResult(name="abc", title="ABC", tables={}, notes=(Note("no_data", {"needs": f"{of} with {measure}"}),))
    value = "value_minor" if measure in ("revenue", "margin") else "value"
    items, classes = _classed(ranked, value)
    tables = {
        "items": table_of(session, items, f"{of.capitalize()} by {measure}", MEANINGS),
        "classes": table_of(session, classes, f"Classes of {of} by {measure}", MEANINGS),
    }
    return AnalysisResult(name="abc", title="ABC", tables=tables)


def _ranked(session: Session, of: str, measure: str) -> Any:
    import ibis

    t = session.tables()
    if of == "customers" and measure in ("revenue", "orders"):
        rows = t.buyers.select(item="customer_id", value="value_minor" if measure == "revenue" else "orders")
        return rows.mutate(name=ibis.null("string")).order_by(rows.value.desc(), rows.item)
    lines = t.goods_lines.mutate(item=t.goods_lines[{"products": "product_id", "customers": "customer_id"}[of]])
    lines = lines.filter(lines.item.notnull())
    if measure == "margin":
        lines = lines.filter(lines.unit_cost_minor.notnull())
    value = {
        "revenue": total(lines.amount_minor),
        "orders": lines.order_id.nunique().cast("int64"),
        "quantity": lines.quantity.sum(),
        "margin": (lines.amount_minor.cast("float64") - lines.quantity * lines.unit_cost_minor).sum(),
    }[measure]
    rows = lines.group_by("item").agg(value=value)
    if of == "products":
        names = t.products.select(named="product_id", name="product_name")
        rows = rows.left_join(names, rows.item == names.named).drop("named")
    else:
        rows = rows.mutate(name=ibis.null("string"))
    return rows.order_by(_.value.desc(), _.item)


def _classed(ranked: pa.Table, value: str) -> tuple[pa.Table, pa.Table]:
    import numpy as np

    values = ranked.column("value").to_numpy()
    running = np.cumsum(values)
    everything = float(running[-1])
    shares = values / everything if everything > 0 else np.zeros(len(values))
    reached = running / everything if everything > 0 else np.zeros(len(values))
    before = np.concatenate([[0.0], reached[:-1]])
    letters = np.where(before < LIMITS[0][1], "A", np.where(before < LIMITS[1][1], "B", "C"))
    letters[(values <= 0) | (everything <= 0)] = "C"
    items = pa.table(
        {
            "item": ranked.column("item"),
            "name": ranked.column("name"),
            value: ranked.column("value"),
            "share": pa.array(shares, pa.float64()),
            "cumulative_share": pa.array(reached, pa.float64()),
            "class": pa.array(letters.tolist(), pa.string()),
        }
    )
    names = ["A", "B", "C"]
    counts = [int((letters == name).sum()) for name in names]
    sums = [values[letters == name].sum().item() for name in names]
    classes = {
        "class": names,
        "items": counts,
        "item_share": [count / len(values) for count in counts],
        value: pa.array(sums, ranked.schema.field("value").type),
        "share": [amount / everything if everything > 0 else None for amount in sums],
    }
    return items, pa.table(classes)
