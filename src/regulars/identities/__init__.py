"""Which traces belong to whom: identifiers, the graph that joins them, and the append-only identity map that is written from it."""

from regulars.identities.identifiers import Identifier, identify
from regulars.identities.merging import merge, unmerge
from regulars.warehouse.identity_map import customer_of, map_rows

__all__ = ["Identifier", "customer_of", "identify", "map_rows", "merge", "unmerge"]
