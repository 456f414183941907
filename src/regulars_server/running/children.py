"""A child process that is started, watched, started again when it dies, and ends with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_SECONDS = 60.0
"""Whoever ran this long and then dies is started again without waiting longer than the first time."""


def die_with(parent: int, signal_number: int = signal.SIGTERM) -> None:
    """Ask the kernel to end this process when `parent`, its parent, ends however it ends. Linux only; elsewhere nothing is asked."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class Child:
    """One process of the installation."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        grace_seconds: float,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.grace_seconds = grace_seconds
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._descriptors = tuple(descriptors)
        self._wait = FIRST_WAIT
        self._started_at = 0.0
        self._next_start = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id, while it runs."""
        return self.process.pid if self.is_alive and self.process else None

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches only the parent, which ends all in order."""
        parent = os.getpid()
        self.process = subprocess.Popen(  # noqa: S603 - our own modules
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=self._descriptors,
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - the parent has one thread
        )
        self.starts += 1
        self._started_at = time.monotonic()

    def look_after(self) -> str | None:
        """Start it again when it has died and its waiting time is over; what there is to say, if anything."""
        if self.process is None or self.is_alive:
            return None
        now = time.monotonic()
        if self._started_at:
            lived = now - self._started_at
            self._wait = FIRST_WAIT if lived > STEADY_SECONDS else self._wait
            self._next_start, self._started_at = now + self._wait, 0.0
            said = f"{self.name} ended ({_how(self.process.returncode)}); starting it again in {self._wait:g} s."
            self._wait = min(self._wait * 2, LONGEST_WAIT)
            self._end_group()
            return said
        if now >= self._next_start:
            self.start()
        return None

    def ask_to_end(self) -> None:
        """Ask for a clean end."""
        if self.is_alive and self.process:
            self.process.terminate()

    def wait_for_end(self) -> bool:
        """Wait for the clean end that was asked for, and force it when it takes too long; says whether it was clean."""
        if self.process is None:
            return True
        try:
            self.process.wait(self.grace_seconds)
        except subprocess.TimeoutExpired:
            self._end_group()
            self.process.wait()
            return False
        self._end_group()
        return True

    def _end_group(self) -> None:
        """What the process started itself does not outlive it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
