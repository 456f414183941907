"""What other apps use of this one."""

from regulars.identities.spans import FOREVER
from regulars_server.profiles.contracts import (
    AdoptedRow,
    Evidence,
    Found,
    Observation,
    PendingMapRow,
    PendingMove,
    Preview,
    Profile,
    ProfileAccount,
    ProfileIdentity,
    ProfileNote,
    ProfileTrait,
    Resolved,
    Suggested,
)
from regulars_server.profiles.deciding import dismiss, merge, preview_merge, preview_unmerge, unmerge
from regulars_server.profiles.noting import add_note
from regulars_server.profiles.pending import mark_written, pending_map_rows, pending_reattributions
from regulars_server.profiles.points import PointsBalance, points_balance
from regulars_server.profiles.renewing import renew
from regulars_server.profiles.resolving import adopt, resolve
from regulars_server.profiles.selectors import (
    customer_by_reference,
    customer_of,
    customers_of,
    find,
    identities_of,
    members_of,
    names_of,
    notes,
    profile,
    profile_of,
    why,
)
from regulars_server.profiles.suggested import suggestion_count, suggestions
from regulars_server.profiles.suggested_by_files import suggest_from_files

__all__ = [
    "FOREVER",
    "AdoptedRow",
    "Evidence",
    "Found",
    "Observation",
    "PendingMapRow",
    "PendingMove",
    "PointsBalance",
    "Preview",
    "Profile",
    "ProfileAccount",
    "ProfileIdentity",
    "ProfileNote",
    "ProfileTrait",
    "Resolved",
    "Suggested",
    "add_note",
    "adopt",
    "customer_by_reference",
    "customer_of",
    "customers_of",
    "dismiss",
    "find",
    "identities_of",
    "mark_written",
    "members_of",
    "merge",
    "names_of",
    "notes",
    "pending_map_rows",
    "pending_reattributions",
    "points_balance",
    "preview_merge",
    "preview_unmerge",
    "profile",
    "profile_of",
    "renew",
    "resolve",
    "suggest_from_files",
    "suggestion_count",
    "suggestions",
    "unmerge",
    "why",
]
