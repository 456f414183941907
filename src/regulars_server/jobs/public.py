"""What other apps use of this one."""

from regulars_server.jobs.kinds import register_kind
from regulars_server.jobs.models import Job
from regulars_server.jobs.progress import Cancelled, Progress
from regulars_server.jobs.queue import cancel, enqueue, job, latest
from regulars_server.jobs.supervising import run_pending, stop

__all__ = ["Cancelled", "Job", "Progress", "cancel", "enqueue", "job", "latest", "register_kind", "run_pending", "stop"]
