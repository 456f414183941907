"""One row per customer as of an instant; columns are declared in small groups, one file each."""

from regulars.facts.catalogue import columns, facts, groups
from regulars.facts.declare import Fact, Group, Kind

__all__ = ["Fact", "Group", "Kind", "columns", "facts", "groups"]
