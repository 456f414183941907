"""`regulars up`: the processes of an installation, started, watched, started again, and ended in order."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.errors import WorkspaceLocked
from regulars.warehouse.files import read_json, write_json
from regulars.warehouse.lock import Lock
from regulars_server.running.children import Child
from regulars_server.running.environment import environment_of
from regulars_server.running.errors import AddressTaken, AlreadyRunning, StartFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from regulars_server.config import Config

READY_SECONDS = 90.0
"""How long the start may take until it is said that it does."""
BIND_SECONDS = 10.0
"""How long the address may still be held by processes of an earlier `up` that are about to end."""


@contextlib.contextmanager
def alone(config: Config, what: str) -> Iterator[None]:
    """Hold the installation: no second `regulars up`, restore or upgrade meanwhile. Raises `AlreadyRunning`, which names the holder."""
    config.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = Lock.take(config.run / "up.lock", what=what, wait_seconds=0)
    except WorkspaceLocked as locked:
        who = locked.details.get("holder") or {}
        address = ""
        with contextlib.suppress(OSError, ValueError):
            address = f" at {read_json(config.running_file)['address']}"
        raise AlreadyRunning(
            f"Process {who.get('pid', '?')} has been busy with {who.get('what', 'this workspace')}{address} since {who.get('since', '?')}.",
            expected=f"no other `regulars up`, `restore` or `upgrade` on {config.workspace}",
            remedy=f"End it first (kill {who.get('pid', 'PID')}), or use it: see `regulars doctor`.",
            details={"holder": who, "workspace": str(config.workspace)},
        ) from None
    with lock:
        yield


def prepared(config: Config, backups: Path | None = None) -> dict[str, Any]:
    """What `running.preparing` answers, run in a process of its own so that this one stays small."""
    return _in_own_process(config, [str(backups)] if backups else [])


def workspace_made(config: Config) -> bool:
    """Make the workspace where there is none; says whether it did."""
    return not (config.workspace / "workspace.json").is_file() and bool(_in_own_process(config, ["--workspace"])["made"])


def _in_own_process(config: Config, arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "regulars_server.running.preparing", *arguments]
    done = subprocess.run(command, env=environment_of(config), check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    last = done.stdout.strip().rpartition("\n")[2]
    if not last.startswith("{"):
        raise StartFailed(
            f"Making the installation ready failed (exit code {done.returncode}).",
            expected="a workspace and databases that can be used",
            remedy="See the message above; `regulars doctor` may say more.",
        )
    answer: dict[str, Any] = json.loads(last)
    if refused := answer.get("refused"):
        raise _as_refusal(refused)
    return answer


def _as_refusal(refused: dict[str, Any]) -> Exception:
    """The refusal of the other process as one of this one, code and all."""
    from regulars import errors
    from regulars_server.running import errors as own

    kinds = [kind for module in (errors, own) for kind in vars(module).values() if isinstance(kind, type)]
    kind = next((kind for kind in kinds if getattr(kind, "code", None) == refused["code"]), StartFailed)
    return kind(refused["received"], expected=refused["expected"], remedy=refused["remedy"], details=refused["details"])


def listening(config: Config) -> socket.socket:
    """The socket that the door is given. Raises `AddressTaken`."""
    deadline = time.monotonic() + BIND_SECONDS
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    while True:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((config.host, config.port))
            opened.listen(1024)
        except OSError as error:
            opened.close()
            if time.monotonic() < deadline and error.errno == 98:
                time.sleep(0.25)
                continue
            raise AddressTaken(
                f"{config.host}:{config.port} cannot be listened at: {error.strerror}.",
                expected="an address of this machine that no other program listens at",
                remedy="End the other program, or choose another address with REGULARS_LISTEN=127.0.0.1:PORT.",
            ) from None
        return opened


class Supervisor:
    """Holds the children of one `regulars up`. `say` prints a line."""

    def __init__(self, config: Config, listener: socket.socket, say: Callable[[str], None]) -> None:
        self._config = config
        self._listener = listener
        self._say = say
        self._started_at = datetime.now(UTC)
        self._ending = False
        module = [sys.executable, "-m"]
        shared: dict[str, Any] = {"environment": environment_of(config), "folder": config.run}
        door = str(listener.fileno())
        self.intake = Child(
            "intake",
            [*module, "regulars_server.intake.door", "--fd", door],
            grace_seconds=30,
            descriptors=[listener.fileno()],
            **shared,
        )
        self.web = Child("web", [*module, "regulars_server.running.web"], grace_seconds=30, **shared)
        self.worker = Child("worker", [*module, "regulars_server.running.worker"], grace_seconds=90, **shared)
        self.children = (self.web, self.intake, self.worker)

    def run(self, ready: Callable[[], None]) -> None:
        """Start everything, call `ready` when the whole installation answers, watch until SIGTERM, SIGINT or SIGHUP, end everything."""
        with self._signals() as bell:
            try:
                for child in self.children:
                    child.start()
                self._watch(bell, ready)
            finally:
                self._end()

    def _watch(self, bell: int, ready: Callable[[], None]) -> None:
        was_ready, slow = False, time.monotonic() + READY_SECONDS
        noted: list[Any] = []
        while not self._ending:
            for child in self.children:
                if said := child.look_after():
                    self._say(said)
            now = [(child.pid, child.starts) for child in self.children]
            if now != noted:
                noted = now
                self._note()
            if not was_ready and self._answers():
                was_ready = True
                ready()
            elif not was_ready and time.monotonic() > slow:
                slow = float("inf")
                self._say(f"Not ready after {READY_SECONDS:.0f} s; still trying. See the messages above.")
            select.select([bell], [], [], 0.5 if was_ready else 0.2)
            with contextlib.suppress(BlockingIOError):
                os.read(bell, 1024)

    def _answers(self) -> bool:
        """Whether the pages and the intake answer, through the one door."""
        return all(child.is_alive for child in self.children) and status(self._config, "/health/") == 200 and _takes(self._config)

    def _end(self) -> None:
        """The door first, so that nothing more comes in; then worker and web finish what they have begun."""
        self._say("Ending: finishing what was begun.")
        for group in ((self.intake,), (self.worker, self.web)):
            for child in group:
                child.ask_to_end()
            for child in group:
                if not child.wait_for_end():
                    self._say(
                        f"{child.name} did not end in {child.grace_seconds:g} s and was stopped; nothing that was acknowledged is lost."
                    )
        self._listener.close()
        self._config.running_file.unlink(missing_ok=True)

    def _note(self) -> None:
        children = {child.name: {"pid": child.pid, "starts": child.starts} for child in self.children}
        addresses = {"address": self._config.public_url, "listen": [self._config.host, self._config.port]}
        noted = {"pid": os.getpid(), "started_at": self._started_at, **addresses, "children": children}
        write_json(self._config.running_file, noted, mode=0o600)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)

        def end(*_: object) -> None:
            self._ending = True

        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, end) for number in wanted}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        old = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)


def status(config: Config, path: str, method: str = "GET") -> int:
    """The status of an answer; 0 where there is none. Asked as whoever uses the public address would."""
    from urllib.parse import urlsplit

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(host, config.port, timeout=5)
    try:
        connection.request(method, path, headers={"Host": urlsplit(config.public_url).netloc})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0
    else:
        return answer.status
    finally:
        connection.close()


def _takes(config: Config) -> bool:
    """Whether the intake answers: what is not sent to it it refuses, without counting it as somebody's request."""
    return 0 < status(config, "/v1/batch") < 500
