"""The application on a company of a given size: pages and timelines beside a null page, memory of all processes.

Usage: application.py WORKSPACE SECONDS. Starts `regulars up` on the same files in a folder of its own, waits until all is built, becomes owner, and
reads a listed set of addresses with four clients at once, one of them of a customer who was merged just now and of whom events came just now.
Prints JSON: milliseconds by address, CPU milliseconds a page of the pages' process and of the door, PSS by process while building and while serving,
and when the list, the joined orders and the overview were there.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from measure import run

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = 4
PASSWORD = "a long benchmark password"
ADDRESSES = {
    "null page": "/health/",
    "overview": "/",
    "customers": "/customers/",
    "customers, red": "/customers/?light=red",
    "customers, by revenue": "/customers/?sort=revenue",
    "customers, page 50": "/customers/?sort=revenue&from=2450",
    "customers, search": "/customers/?q=c1234",
    "customers, another search": "/customers/?q=cNNNN",
    "data": "/data/",
    "live view": "/data/live/",
    "quarantine": "/data/quarantine/",
    "quality": "/data/quality/",
    "import": "/import/",
}
"""What is read; one customer's page and timeline come beside it. NNNN is another number each time."""


@contextmanager
def running(workspace: str) -> Iterator[tuple[subprocess.Popen[str], str, str | None]]:
    """`regulars up` on a free port: the process, its address, and the one-time link where nobody can sign in yet."""
    command = [str(Path(sys.executable).with_name("regulars")), "--workspace", workspace, "up"]
    # At every size as at the largest: nothing is predicted unasked.
    environment = {**os.environ, "REGULARS_LISTEN": "127.0.0.1:0", "REGULARS_PREDICT_UP_TO": "0"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
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
        dice = random.Random(offset)
        own = httpx.Client(base_url=client.base_url, cookies=client.cookies, timeout=60, follow_redirects=True)
        names = list(addresses)
        turn = offset
        while time.monotonic() < until:
            name = names[turn % len(names)]
            path = addresses[name].replace("NNNN", str(dice.randrange(1000, 10_000)))
            start = time.perf_counter()
            own.get(path).raise_for_status()
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


def spent(process: subprocess.Popen[str]) -> dict[str, float]:
    """CPU seconds of the pages' and of the door's processes so far."""
    found = {"web": 0.0, "door": 0.0}
    for member in psutil.Process(process.pid).children(recursive=True):
        try:
            command, times = " ".join(member.cmdline()), member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        for name in found:
            found[name] += sum(times[:2]) if command.endswith(f".{name}") or f".{name} " in command else 0.0
    return found


@contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[dict[str, float]]:
    """The most that all processes together hold meanwhile, looked at every two seconds."""
    peak: dict[str, float] = {"all": 0.0}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(2):
            now = memory(process)
            if now["all"] > peak["all"]:
                peak.clear()
                peak.update(now)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


@contextmanager
def beside(workspace: str) -> Iterator[str]:
    """An installation with the same files in a folder of its own, so that the workspace stays as it is."""
    with tempfile.TemporaryDirectory(prefix=".application-", dir=Path(workspace).absolute().parent) as place:
        folder = Path(place) / "data"
        # Files of a workspace are written once and replaced whole, so that two may share them.
        shutil.copytree(workspace, folder, copy_function=os.link, ignore=shutil.ignore_patterns("server"))
        yield str(folder)


def wait_until_joined(workspace: str, seconds: float) -> None:
    """Until the orders of the company's load are noted, so that nothing is left to do."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with closing(sqlite3.connect(f"file:{workspace}/server/regulars.db?mode=ro", uri=True)) as database:
            if database.execute("select count(*) from loading_adoptedload where is_whole").fetchone()[0]:
                return
        time.sleep(1)
    raise SystemExit("the company's orders were not joined in time")


def wait_for_overview(workspace: str, seconds: float) -> None:
    """Until the build has ended with its overview."""
    until = time.monotonic() + seconds
    while not (Path(workspace) / "server" / "serving" / "overview.json").exists():
        time.sleep(1)
        if time.monotonic() > until:
            raise SystemExit("the overview was not built in time")
    time.sleep(5)


def main(workspace: str, seconds: str) -> None:
    """All of it."""
    with beside(workspace) as folder, running(folder) as (process, address, link):
        start = time.perf_counter()
        with closing(sign_in(address, link)) as client:
            with watched(process) as building:
                wait_for_customers(client, 3000)
                listed = time.perf_counter() - start
                wait_until_joined(folder, 3000)
                joined = time.perf_counter() - start
                wait_for_overview(folder, 3000)
                whole = time.perf_counter() - start
            with watched(process) as serving:
                _, timelines = run("timelines.py", folder, address, "5")
                customer = f"/customers/{timelines.pop('merged')}/"
                own = {"customer": customer, "timeline": f"{customer}timeline/", "timeline, orders": f"{customer}timeline/?kind=orders"}
                before = spent(process)
                pages = measure(client, {**ADDRESSES, **own}, float(seconds))
                asked = sum(page["n"] for page in pages.values())
                cpu = {name: 1000 * (total - before[name]) / asked for name, total in spent(process).items()}
        said: dict[str, Any] = {
            "listed_seconds": listed,
            "joined_seconds": joined,
            "overview_seconds": whole,
            "building_mib": building,
            "serving_mib": serving,
            "milliseconds": pages,
            "cpu_milliseconds_a_page": cpu,
            **timelines,
        }
        print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
