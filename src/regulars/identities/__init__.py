"""Which traces belong to whom: the append-only identity map and the rules that write it."""

from regulars.identities.merging import merge, unmerge
from regulars.warehouse.identity_map import customer_of, map_rows

__all__ = ["customer_of", "map_rows", "merge", "unmerge"]
