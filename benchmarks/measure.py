"""Runs a piece of work in a process of its own and says what it took: seconds, CPU seconds, peak memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_mib: float

    def __str__(self) -> str:
        return f"{self.seconds:8.2f} s  {self.cpu_seconds:8.2f} CPU s  {self.peak_mib:8,.0f} MiB"


def run(script: str, *arguments: str) -> tuple[Taken, dict[str, Any]]:
    """Run a script of this folder once: what its process took, and what it printed last (JSON)."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{script} {' '.join(arguments)} failed with {process.returncode}")
    lines = said.strip().splitlines()
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), json.loads(lines[-1]) if lines else {}


# -- inside a measured process ------------------------------------------------------------------------------------------------


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def spend(work: Callable[[], Any], runs: int, file: str = "") -> None:
    """Do `work` several times and print what the first and the quickest took; its answer (Arrow) goes to `file`."""
    taken = []
    for _turn in range(runs):
        answer = None
        wall, cpu = time.perf_counter(), cpu_seconds()
        answer = work()
        taken.append((cpu_seconds() - cpu, time.perf_counter() - wall))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if file:
        import pyarrow.parquet as pq

        pq.write_table(answer, file)
    best = min(taken)
    print(json.dumps({"cpu_seconds": best[0], "seconds": best[1], "first_cpu_seconds": taken[0][0], "peak_mib": peak}))


def stored(workspace: str) -> tuple[dict[str, list[str]], int]:
    """The Parquet files of each table, and as-of as days since 1970."""
    import regulars

    shop = regulars.open(workspace)
    with shop.session() as session:
        day = (session.as_of_day - type(session.as_of_day)(1970, 1, 1)).days
    paths = shop.snapshot().paths
    return {table: list(files) for table, files in paths.items()}, day
