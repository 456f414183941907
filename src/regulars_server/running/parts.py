"""The worker's parts: what is done again and again, how often, and what it does when it fails."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.errors import RegularsError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("regulars.worker")
LONGEST_PAUSE = 60.0
"""A part that fails is tried again after twice its interval, then four times, and so on up to this."""


@dataclass
class Part:
    """One thing the worker does. `work(now)` says whether there may be more to do at once."""

    name: str
    every_seconds: float
    work: Callable[[datetime], bool]
    due: float = 0.0
    failures: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    def is_due(self, clock: float) -> bool:
        return clock >= self.due

    def run(self) -> None:
        """Do it once. A failure is logged and noted; it stops neither the worker nor the other parts."""
        began = time.monotonic()
        more = False
        self.last["busy_since"] = datetime.now(UTC).isoformat()
        try:
            more = self.work(datetime.now(UTC))
        except Exception as fault:  # noqa: BLE001 - one part's fault is not the others'
            self._failed(fault)
        else:
            if self.failures:
                log.warning("%s works again", self.name)
            self.failures = 0
            self.last["done_at"] = datetime.now(UTC).isoformat()
            self.last.pop("failure", None)
        took = time.monotonic() - began
        self.last.pop("busy_since", None)
        self.last["seconds"] = round(took, 4)
        pause = min(self.every_seconds * 2**self.failures, max(LONGEST_PAUSE, self.every_seconds)) if self.failures else self.every_seconds
        self.due = time.monotonic() + (0.0 if more else pause)

    def _failed(self, fault: Exception) -> None:
        self.failures += 1
        code = fault.code if isinstance(fault, RegularsError) else type(fault).__name__
        self.last["failure"] = {"code": code, "at": datetime.now(UTC).isoformat(), "times": self.failures}
        if self.failures == 1 or self.failures % 20 == 0:
            log.error("%s failed (%s times in a row)", self.name, self.failures, exc_info=fault)
