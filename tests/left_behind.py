"""Fails the test that leaves behind what another one would find: which of them sees it depends on the order and on the number of processes."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Generator

GRACE_SECONDS = 20
"""A thread or a process that was told to end may still be about it."""
TASKS = Path("/proc/self/task")
OURS = ("REGULARS_", "DJANGO_", "PYTHON", "PG", "TZ", "LANG", "LC_", "HOME", "PATH", "TMP", "NO_COLOR", "COLUMNS")
"""Environment variables that a test could find; libraries set some of their own when they are imported."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class LeftBehind:
    """Compares the process after a test with the process before it. Fixtures that live longer than a test may leave what they like."""

    def pytest_collection_finish(self) -> None:
        self.first = self.before = surroundings()
        self.running = running()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        before, already = surroundings(), running()
        made = yield
        self.before = self.before | changed(before, surroundings())
        self.running |= running() - already
        return made

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        yield
        after = surroundings()
        # The end of a longer fixture, too, leaves things as they were in the beginning.
        left = {name: value for name, value in changed(self.before, after).items() if value != self.first.get(name)}
        still = self._still_running()
        self.before, self.running = after, self.running | still
        if left or still:
            said = [f"{name} is {value!r}" for name, value in left.items()] + [str(one) for one in still]
            pytest.fail(f"{item.nodeid} leaves behind what other tests find:\n" + "\n".join(said), pytrace=False)

    def _still_running(self) -> set[Any]:
        deadline = time.monotonic() + GRACE_SECONDS
        while left := running() - self.running:
            if time.monotonic() > deadline:
                return left
            time.sleep(0.01)
        return set()


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What became another, or came, or (None) went."""
    return {name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def surroundings() -> dict[str, Any]:
    """What every test of this process stands on."""
    found = {f"${name}": value for name, value in os.environ.items() if name.startswith(OURS)}
    found |= {f"setting {name}": value for name, value in vars(settings._wrapped).items() if name.isupper()}
    signals = tuple(signal.getsignal(number) for number in SIGNALS)
    return found | {"current folder": Path.cwd(), "level of the log": logging.getLogger().level, "signal handlers": signals}


def running() -> set[threading.Thread | psutil.Process]:
    """Threads that somebody has to end, and children of this process that have not ended; of these none where the system does not say."""
    found: set[threading.Thread | psutil.Process] = {thread for thread in threading.enumerate() if not thread.daemon}
    for task in TASKS.glob("*/children"):
        with suppress(OSError, psutil.NoSuchProcess):
            children = [psutil.Process(int(number)) for number in task.read_text().split()]
            found.update(child for child in children if child.status() != psutil.STATUS_ZOMBIE)
    return found
