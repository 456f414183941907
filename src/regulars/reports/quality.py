"""How clean the orders are, and how the value of kept orders becomes revenue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.relations.base import flag, total

if TYPE_CHECKING:
    from regulars.relations.session import Session

KINDS = ("purchase", "refund", "cancellation", "adjustment")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuality:
    """Rows and amounts by kind, and the steps from kept orders to revenue, which add up; minor units."""

    kinds: tuple[tuple[str, int, int], ...]
    bridge: tuple[tuple[str, int], ...]


def _one(session: Session, relation: Any, **sums: Any) -> dict[str, int]:
    answer = session.run(relation.agg(**sums)).to_pylist()[0]
    return {name: int(value or 0) for name, value in answer.items()}


def order_quality(session: Session) -> OrderQuality:
    """Counted over all rows before as-of."""
    t = session.tables()
    by_kind = t.order_rows.group_by("kind").agg(rows=t.order_rows.count().cast("int64"), minor=total(t.order_rows.amount_minor))
    kinds = {r["kind"]: (int(r["rows"]), int(r["minor"] or 0)) for r in session.run(by_kind).to_pylist()}
    p = t.purchases
    empty, cancelled = (p.cancelled == 0) & (p.net_minor <= 0), p.cancelled == 1
    bought = _one(
        session,
        p,
        kept=total(((p.cancelled == 0) & (p.net_minor > 0)).ifelse(p.net_minor, 0)),
        empty=total(empty.ifelse(p.net_minor, 0)),
        empty_rows=total(flag(empty)),
        cancelled=total(cancelled.ifelse(p.net_minor, 0)),
        cancelled_rows=total(flag(cancelled)),
        not_kept=total((empty | cancelled).ifelse(p.amount_minor, 0)),
        anonymous=total(p.customer_id.isnull().ifelse(p.amount_minor, 0)),
        anonymous_rows=total(flag(p.customer_id.isnull())),
    )
    u = t.unlinked_returns
    returned = _one(session, u, rows=total(flag(u.unmatched_minor != 0)), minor=total(u.unmatched_minor))
    revenue = sum(minor for _rows, minor in kinds.values())
    steps = {
        "kept": bought["kept"],
        "empty": bought["empty"],
        "cancelled": bought["cancelled"] + kinds.get("cancellation", (0, 0))[1],
        "unlinked": returned["minor"],
        "adjustments": kinds.get("adjustment", (0, 0))[1],
    }
    other = revenue - sum(steps.values())
    shown = [(name, minor) for name, minor in steps.items() if minor or name == "kept"]
    extra = [
        ("not_kept", bought["empty_rows"] + bought["cancelled_rows"], bought["not_kept"]),
        ("anonymous", bought["anonymous_rows"], bought["anonymous"]),
        ("unlinked", returned["rows"], returned["minor"]),
    ]
    return OrderQuality(
        kinds=(*((kind, *kinds[kind]) for kind in KINDS if kind in kinds), *(line for line in extra if line[1])),
        bridge=(*shown, *((("other", other),) if other else ()), ("revenue", revenue)),
    )
