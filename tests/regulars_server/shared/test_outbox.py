"""The outbox: what was published is delivered, at least once, and once where it counts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from regulars_server.running.preparing import make_schemas
from regulars_server.shared import outbox
from regulars_server.shared.errors import HandlerRefused
from regulars_server.shared.models import AuditNote, DomainEvent, Handled
from regulars_server.shared.outbox import (
    FIRST_WAIT,
    KEPT,
    LEASE,
    LONGEST_WAIT,
    TRIES,
    Event,
    deliver_events,
    expire_events,
    on,
    publish,
    retry_parked,
)
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

db = pytest.mark.django_db(databases=["default", "audit"])
real = pytest.mark.django_db(databases=["default", "audit"], transaction=True)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_handlers_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_handlers", type(outbox._handlers)(list))


def noting(seen: list[str]) -> Callable[[Event], None]:
    """A handler that leaves a row in the database, so that its effects can be counted."""

    def note(event: Event) -> None:
        seen.append(event.event_id)
        AuditNote.objects.create(note_id=f"{event.event_id}", at=event.at, actor="x", action=event.name)

    return note


@db
class TestDeliver:
    def test_gives_each_event_to_every_handler_of_its_name_in_order(self) -> None:
        first: list[object] = []
        second: list[object] = []

        def one(event: Event) -> None:
            first.append(event.payload["n"])

        def two(event: Event) -> None:
            second.append(event.payload["n"])

        on("thing.made", one)
        on("thing.made", two)
        on("thing.made", two)
        for number in range(5):
            publish("thing.made", {"n": number}, now=NOW)
        publish("thing.other", {}, now=NOW)
        assert deliver_events(NOW) == 6
        assert first == second == [0, 1, 2, 3, 4]
        assert deliver_events(NOW) == 0

    def test_tries_what_failed_again_later_and_parks_it_in_the_end(self) -> None:
        calls: list[datetime] = []
        clock = NOW

        def poison(event: Event) -> None:
            del event
            calls.append(clock)
            raise ValueError("canary@example.com")

        on("thing.made", poison)
        publish("thing.made", {}, now=NOW)
        publish("thing.other", {}, now=NOW)
        for _ in range(1_100):
            deliver_events(clock)
            clock += timedelta(seconds=5)
        waits = [later - earlier for earlier, later in pairwise(calls)]
        assert len(calls) == TRIES
        assert waits == [min(FIRST_WAIT * 2**n, LONGEST_WAIT) for n in range(TRIES - 1)]
        event = DomainEvent.objects.get(name="thing.made")
        assert event.parked_at is not None
        assert "canary" not in event.failure
        assert "ValueError" in event.failure
        assert DomainEvent.objects.get(name="thing.other").delivered_at == NOW
        assert retry_parked(clock) == 1
        deliver_events(clock)
        assert len(calls) == TRIES + 1

    def test_repeats_only_the_handler_that_failed(self) -> None:
        seen: list[str] = []
        failures = [ValueError(), None]

        def sometimes(event: Event) -> None:
            del event
            if failure := failures.pop(0):
                raise failure

        on("thing.made", noting(seen))
        on("thing.made", sometimes)
        publish("thing.made", {}, now=NOW)
        assert deliver_events(NOW) == 0
        assert deliver_events(NOW + FIRST_WAIT) == 1
        assert len(seen) == AuditNote.objects.count() == 1

    def test_undoes_what_a_failed_handler_wrote(self) -> None:
        def half(event: Event) -> None:
            noting([])(event)
            raise ValueError

        on("thing.made", half)
        publish("thing.made", {}, now=NOW)
        deliver_events(NOW)
        assert AuditNote.objects.count() == Handled.objects.count() == 0

    def test_leaves_a_claimed_event_to_its_owner_until_the_lease_ends(self) -> None:
        seen: list[str] = []
        on("thing.made", noting(seen))
        publish("thing.made", {}, now=NOW)
        assert len(outbox._claim(NOW, 10)) == 1
        assert deliver_events(NOW + LEASE - timedelta(seconds=1)) == 0
        assert deliver_events(NOW + LEASE) == 1

    def test_does_nothing_twice_where_two_had_the_same_event(self) -> None:
        seen: list[str] = []
        on("thing.made", noting(seen))
        publish("thing.made", {}, now=NOW)
        slow = outbox._claim(NOW, 10)[0]
        deliver_events(NOW + LEASE)
        assert outbox._call_all(Event(slow.event_id, slow.name, slow.at, slow.payload)) is None
        assert len(seen) == 1

    def test_forgets_events_a_month_after_they_were_delivered(self) -> None:
        on("thing.made", noting([]))
        publish("thing.made", {}, now=NOW)
        deliver_events(NOW)
        publish("thing.made", {}, now=NOW)
        assert expire_events(NOW + KEPT) == 0
        assert expire_events(NOW + KEPT + timedelta(seconds=1)) == 1
        assert (DomainEvent.objects.count(), Handled.objects.count()) == (1, 0)


class TestOn:
    def test_refuses_two_handlers_of_one_name(self) -> None:
        """By its name the outbox knows whether a handler had an event."""
        on("thing.made", noting([]))
        with pytest.raises(HandlerRefused):
            on("thing.made", noting([]))


@real
class TestPublish:
    def test_goes_with_its_transaction(self) -> None:
        with pytest.raises(ZeroDivisionError):
            publish_and_fail()
        assert DomainEvent.objects.count() == 0


def publish_and_fail() -> None:
    with write_tx():
        publish("thing.made", {}, now=NOW)
        raise ZeroDivisionError


@real
class TestSeveral:
    def test_deliver_each_event_once(self) -> None:
        seen: list[str] = []
        on("thing.made", noting(seen))
        for number in range(60):
            publish("thing.made", {"n": number}, now=NOW)

        def work() -> None:
            while deliver_events(NOW, limit=7):
                pass
            connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(Counter(seen).values()) == {1}
        assert AuditNote.objects.count() == DomainEvent.objects.exclude(delivered_at=None).count() == 60


PROGRAM = """
import datetime, sys, threading, time, django
django.setup()
from django.core.management import call_command
from django.db import connections
from regulars_server.shared.errors import HandlerRefused
from regulars_server.shared.models import AuditNote, DomainEvent
from regulars_server.shared.public import deliver_events, on, publish
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
def note(event):
    time.sleep(0.002)
    AuditNote.objects.create(note_id=event.event_id, at=event.at, actor="x", action=event.name)
on("thing.made", note)
if sys.argv[1] == "fill":
    for name in ("default", "audit"):
        call_command("migrate", database=name, verbosity=0)
    for number in range(80):
        publish("thing.made", {"n": number}, now=NOW)
elif sys.argv[1] == "work":
    later = NOW
    while DomainEvent.objects.filter(delivered_at=None).exists():
        deliver_events(later, limit=5)
        later += datetime.timedelta(seconds=30)
        time.sleep(0.01)
else:
    assert AuditNote.objects.count() == DomainEvent.objects.exclude(delivered_at=None).count() == 80, AuditNote.objects.count()
"""


@pytest.mark.suite
class TestKilled:
    """A worker that is killed among its handlers: another one goes on, and every effect is there once."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def environment(self, request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
        given = os.environ | {"DJANGO_SETTINGS_MODULE": "regulars_server.settings", "REGULARS_WORKSPACE": str(tmp_path)}
        if request.param == "sqlite":
            return given
        url = request.getfixturevalue("postgres_url")
        make_schemas(url)
        return given | {"REGULARS_DATABASE_URL": url}

    def test_loses_and_doubles_nothing(self, environment: dict[str, str]) -> None:
        def start(what: str) -> subprocess.Popen[str]:
            return subprocess.Popen([sys.executable, "-c", PROGRAM, what], env=environment, stderr=subprocess.PIPE, text=True)

        with start("fill") as filling:
            assert filling.wait(60) == 0, filling.stderr
        with start("work") as victim, start("work") as other:
            with pytest.raises(subprocess.TimeoutExpired):
                victim.wait(0.6)
            victim.kill()
            assert other.wait(60) == 0, other.stderr.read() if other.stderr else ""
        with start("check") as checking:
            assert checking.wait(60) == 0, checking.stderr.read() if checking.stderr else ""
