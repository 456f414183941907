"""Named building blocks of queries, and the session that creates them as of an instant."""

from regulars.relations import activity, base, costs, customers, experience, orders
from regulars.relations.session import Session

__all__ = ["Session", "activity", "base", "costs", "customers", "experience", "orders"]
