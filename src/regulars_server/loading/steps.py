"""The named steps of a load: where a test lets the process die."""

from __future__ import annotations

import os
import signal

STEPS = (
    "tick.read",
    "tick.judged",
    "tick.staged",
    "tick.written",
    "tick.recorded",
    "flush.closing",
    "flush.closed",
    "flush.staged",
    "flush.committed",
    "flush.done",
    "flush.removed",
    "flush.cleaned",
)
"""Every step in the order of a load; `.recorded` and `.closed` come right after a commit, `.written` right before it."""

_DIE_AT = os.environ.get("REGULARS_KILL_AT", "")


def reached(step: str) -> None:
    """Say that a step is reached; kills this process when the environment asks for it, as a power cut would."""
    assert step in STEPS, step
    if step == _DIE_AT:
        os.kill(os.getpid(), signal.SIGKILL)
