"""What other apps use of this one."""

from regulars_server.profiles.contracts import FOREVER, Observation, PendingMapRow, PendingMove, Resolved
from regulars_server.profiles.pending import mark_written, pending_map_rows, pending_reattributions
from regulars_server.profiles.resolving import resolve

__all__ = [
    "FOREVER",
    "Observation",
    "PendingMapRow",
    "PendingMove",
    "Resolved",
    "mark_written",
    "pending_map_rows",
    "pending_reattributions",
    "resolve",
]
