"""Measures the door: acknowledged events per CPU second of its process, and how long senders wait, for single events and batches of 100.

Usage: intake.py [SECONDS [postgresql://...]]. Starts a door of its own on a free port; 32 connections send without a pause. Prints JSON at the end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

import psutil

CONNECTIONS = 32
BATCH = 100
AIMS = {"single": 5_000, "batch": 80_000}
"""Events per CPU second."""
KEY = "benchmark-key"
PADDING = {f"property_{number}": f"value {number} of the event" for number in range(12)}


def event(number: int) -> dict[str, Any]:
    """A call of about 900 bytes, such as a shop sends."""
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"message-{number:012d}",
        "userId": f"user-{number % 5000}",
        "anonymousId": None,
        "timestamp": "2026-11-01T10:00:00.000Z",
        "context": {"library": {"name": "benchmark", "version": "1"}, "page": {"url": "https://shop.example/products/7"}},
        "properties": {"product_id": "7", "price": 19.9, "currency": "EUR", **PADDING},
    }


def request(kind: str) -> bytes:
    """A whole HTTP request."""
    said = event(1) if kind == "single" else {"batch": [event(number) for number in range(BATCH)], "sentAt": "2026-11-01T10:00:00.000Z"}
    body = json.dumps(said).encode()
    head = (
        f"POST /v1/{'track' if kind == 'single' else 'batch'} HTTP/1.1\r\nHost: x\r\nUser-Agent: benchmark\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sender(asyncio.Protocol):
    """A connection that sends the next request as soon as the last one is answered."""

    def __init__(self, whole: bytes, waits: list[float]) -> None:
        self.whole, self.waits = whole, waits
        self.received = b""
        self.done = asyncio.get_running_loop().create_future()
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent_at = time.perf_counter()
        self.transport.write(self.whole)

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one."""
        self.received += data
        if not self.received.endswith(b'{"success":true}'):
            return
        assert self.received.startswith(b"HTTP/1.1 200"), self.received
        self.received = b""
        self.waits.append(time.perf_counter() - self.sent_at)
        if self.stopping:
            self.transport.close()
            self.done.set_result(None)
        else:
            self._send()


async def send(port: int, kind: str, seconds: float) -> list[float]:
    """Send for some seconds from all connections; gives how long each answer took."""
    loop, waits = asyncio.get_running_loop(), []
    whole = request(kind)
    senders = [(await loop.create_connection(lambda: Sender(whole, waits), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for sender in senders:
        sender.stopping = True
    await asyncio.gather(*(sender.done for sender in senders))
    return waits


def make_source() -> None:
    """The table of sources and one source."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    if connection.vendor == "postgresql":
        connection.cursor().execute("CREATE SCHEMA IF NOT EXISTS regulars")
    call_command("migrate", "intake", verbosity=0)
    from django.utils import timezone

    from regulars_server.intake.public import Source

    Source.objects.get_or_create(slug="bench", defaults={"name": "Bench", "kind": "server", "write_key": KEY, "created_at": timezone.now()})
    connection.close()


def wait_for(port: int) -> None:
    """Until the door listens."""
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the door did not open")


def measure(kind: str, port: int, door: psutil.Process, seconds: float) -> dict[str, float]:
    """One run."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(send(port, kind, 0.5))
        before, began = door.cpu_times(), time.perf_counter()
        waits = sorted(runner.run(send(port, kind, seconds)))
        wall = time.perf_counter() - began
    after = door.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    events = len(waits) * (BATCH if kind == "batch" else 1)
    return {
        "events": events,
        "events_per_second": round(events / wall),
        "events_per_cpu_second": round(events / cpu),
        "aim": AIMS[kind],
        "p50_ms": round(waits[len(waits) // 2] * 1e3, 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1e3, 1),
        "memory_mib": round(door.memory_full_info().pss / 2**20),
    }


def main(seconds: float, database_url: str) -> None:
    """Both kinds against one door."""
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        os.environ |= {"REGULARS_WORKSPACE": folder, "REGULARS_DATABASE_URL": database_url, "REGULARS_LISTEN": f"127.0.0.1:{port}"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "regulars_server.settings"
        make_source()
        with subprocess.Popen([sys.executable, "-m", "regulars_server.intake.door"]) as process:
            try:
                wait_for(port)
                door = psutil.Process(process.pid)
                print(json.dumps({kind: measure(kind, port, door, seconds) for kind in AIMS}))
            finally:
                process.terminate()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2] if len(sys.argv) > 2 else "")
