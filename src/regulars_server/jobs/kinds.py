"""The kinds of jobs: each app registers its own when it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars_server.jobs.models import Job
    from regulars_server.jobs.progress import Progress

    Work = Callable[[Job, Progress], Mapping[str, Any] | None]


class JobKindUnknown(CallerError):
    """No app knows this kind of job."""

    code = "job.kind_unknown"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: what it does, how often it may be started, and whether several may run at a time."""

    name: str
    work: Work
    tries: int = 3


_kinds: dict[str, Kind] = {}


def register_kind(name: str, work: Work, *, tries: int = 3) -> None:
    """Enter a kind of job. `work(job, progress)` gives back plain values without personal data; started again after a crash, it must do no harm."""
    _kinds[name] = Kind(name, work, tries)


def kind(name: str) -> Kind:
    """The kind of this name; raises `JobKindUnknown`."""
    if name not in _kinds:
        raise JobKindUnknown(f"There is no kind of job '{name}'.", expected=", ".join(sorted(_kinds)) or "none is registered")
    return _kinds[name]
