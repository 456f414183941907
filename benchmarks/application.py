"""The application on a company of a given size: pages and timelines beside a null page, memory of all processes.

Usage: application.py WORKSPACE SECONDS. Starts `regulars up` there, waits for the serving file, becomes owner, and reads a listed set of addresses with
four clients at once. Prints JSON: milliseconds by address, PSS by process, and how long the serving file took to build.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 4
PASSWORD = "a long benchmark password"
ADDRESSES = {
    "null page": "/health/",
    "overview": "/",
    "customers": "/customers/",
    "customers, red": "/customers/?light=red",
    "customers, by value": "/customers/?sort=-value",
    "customers, page 50": "/customers/?page=50",
    "customers, search": "/customers/?q=c1234",
    "data": "/data/",
    "live view": "/data/live/",
    "quarantine": "/data/quarantine/",
    "quality": "/data/quality/",
    "import": "/import/",
}
"""What is read; one customer's page and timeline come beside it."""


@contextmanager
def running(workspace: str) -> Iterator[tuple[subprocess.Popen[str], str, str | None]]:
    """`regulars up` on a free port: the process, its address, and the one-time link where nobody can sign in yet."""
    command = [str(Path(sys.executable).with_name("regulars")), "--workspace", workspace, "up"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "REGULARS_LISTEN": "127.0.0.1:0"})
    assert process.stdout is not None
    address, link = "", None
    try:
        for line in process.stdout:
            if found := re.match(r"ready: (\S+)", line):
                address = found[1]
            if found := re.search(r"\S+/start/\S+/", line):
                link = found[0]
            if "Ctrl-C" in line:
                break
        yield process, address, link
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def sign_in(address: str, link: str | None) -> httpx.Client:
    """A client of the owner's, with a session."""
    client = httpx.Client(base_url=address, timeout=60, follow_redirects=True)
    page = client.get(link or "/sign-in/")
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken)" value="([^"]+)"', page.text))
    person = {"email": "owner@example.com", "name": "Owner", "password": PASSWORD, "again": PASSWORD}
    client.post(str(page.url), data={**fields, **person}, headers={"Referer": str(page.url)}).raise_for_status()
    return client


def wait_for_customers(client: httpx.Client, seconds: float) -> str:
    """Until the list of customers is there; the address of the first one."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := re.search(r'href="(/customers/[a-z0-9]{8,}/)"', client.get("/customers/").text):
            return found[1]
        time.sleep(2)
    raise SystemExit("the serving file was not built in time")


def measure(client: httpx.Client, addresses: dict[str, str], seconds: float) -> dict[str, dict[str, float]]:
    """Four clients read the addresses in turn; the first reading of each is not counted."""
    for path in addresses.values():
        client.get(path).raise_for_status()
    taken: dict[str, list[float]] = {name: [] for name in addresses}
    until = time.monotonic() + seconds

    def read(offset: int) -> None:
        own = httpx.Client(base_url=client.base_url, cookies=client.cookies, timeout=60, follow_redirects=True)
        names = list(addresses)
        turn = offset
        while time.monotonic() < until:
            name = names[turn % len(names)]
            start = time.perf_counter()
            own.get(addresses[name]).raise_for_status()
            taken[name].append(1000 * (time.perf_counter() - start))
            turn += 1

    threads = [threading.Thread(target=read, args=(3 * i,)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: {"p50": quantile(times, 0.5), "p95": quantile(times, 0.95), "n": len(times)} for name, times in taken.items() if times}


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def memory(process: subprocess.Popen[str]) -> dict[str, float]:
    """MiB of PSS by process, and their sum."""
    found: dict[str, float] = {}
    for member in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        try:
            name = " ".join(part for part in member.cmdline()[1:4] if not part.startswith("-"))[-60:] or member.name()
            found[f"{member.pid} {name}"] = member.memory_full_info().pss / (1 << 20)
        except psutil.NoSuchProcess:
            continue
    return {**found, "all": sum(found.values())}


def main(workspace: str, seconds: str) -> None:
    """All of it."""
    with running(workspace) as (process, address, link):
        client = sign_in(address, link)
        start = time.perf_counter()
        peak: dict[str, float] = {"all": 0.0}
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(2):
                now = memory(process)
                peak = max(peak, now, key=lambda m: m["all"])

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            customer = wait_for_customers(client, 1800)
            built = time.perf_counter() - start
            building_peak, peak = peak, {"all": 0.0}
            pages = measure(client, {**ADDRESSES, "customer": customer, "timeline": f"{customer}timeline/"}, float(seconds))
        finally:
            done.set()
            watcher.join()
        said: dict[str, Any] = {"built_seconds": built, "building_mib": building_peak, "serving_mib": peak, "milliseconds": pages}
        print(json.dumps(said))


main(*sys.argv[1:])
