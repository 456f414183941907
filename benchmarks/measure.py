"""Runs a piece of work in a process of its own and says what it took: seconds, CPU seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_mib: float

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s  {self.cpu_seconds:8.2f} CPU s  {self.peak_mib:8,.0f} MiB"


def run(script: str, *arguments: str) -> Taken:
    """Run a script of this folder once."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, str(HERE / script), *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{script} {' '.join(arguments)} failed with {process.returncode}")
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best_of(times: int, script: str, *arguments: str) -> Taken:
    """The quickest of several runs: on a shared machine the least disturbed one."""
    return min((run(script, *arguments) for _ in range(times)), key=lambda taken: taken.cpu_seconds)
