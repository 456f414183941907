"""Points of a person: what the ledger of the library's tables adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from regulars.relations import Session


class PointsBalance(NamedTuple):
    """Points that are there to spend; where more were spent than are there, as after an un-merge, the rest is debt."""

    points: int

    @property
    def debt(self) -> int:
        """How many points are owed; 0 where none are."""
        return max(0, -self.points)


def points_balance(session: Session, customer_id: str) -> PointsBalance:
    """The points of a customer before the session's as-of: of all rows of the ledger that are the customer's by then."""
    from ibis import _

    from regulars.relations.base import in_force, total, with_customers

    tables = session.tables()
    owned = with_customers(tables, in_force(tables, "points")).filter(_.customer_id == customer_id)
    found = session.run(owned.group_by("customer_id").agg(points=total(_.points))).to_pylist()
    return PointsBalance(int(found[0]["points"]) if found else 0)
