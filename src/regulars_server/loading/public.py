"""What other apps use of the loader."""

from regulars_server.loading.adopting import unjoined_loads
from regulars_server.loading.contracts import Flushed, HotCall, QuarantinedCall, SourceQuality, Ticked
from regulars_server.loading.errors import LeaseLost, LeaseTaken, ReplayRefused
from regulars_server.loading.flushing import flush, recover
from regulars_server.loading.hot import flushed_batch, hot, live, orders_since, prune
from regulars_server.loading.judging import OFF_PLAN
from regulars_server.loading.lease import Lease, take as take_lease
from regulars_server.loading.plans import learn_plan, plan_of, save_plan
from regulars_server.loading.quality import quality
from regulars_server.loading.quarantine import dismiss, quarantine, quarantine_counts, quarantined, replay
from regulars_server.loading.ticking import tick

__all__ = [
    "OFF_PLAN",
    "Flushed",
    "HotCall",
    "Lease",
    "LeaseLost",
    "LeaseTaken",
    "QuarantinedCall",
    "ReplayRefused",
    "SourceQuality",
    "Ticked",
    "dismiss",
    "flush",
    "flushed_batch",
    "hot",
    "learn_plan",
    "live",
    "orders_since",
    "plan_of",
    "prune",
    "quality",
    "quarantine",
    "quarantine_counts",
    "quarantined",
    "recover",
    "replay",
    "save_plan",
    "take_lease",
    "tick",
    "unjoined_loads",
]
