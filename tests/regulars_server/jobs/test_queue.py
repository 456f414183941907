"""Jobs: claimed by one, started again after a death, cancelled, closed with a reason."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from regulars.errors import ArgumentRefused
from regulars_server.jobs import public as jobs
from regulars_server.jobs.kinds import JobKindUnknown
from regulars_server.jobs.queue import DEAD_AFTER, claim, end, forget_old, release_dead
from regulars_server.jobs.runner import run
from regulars_server.shared.models import AuditNote, DomainEvent

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = NOW + DEAD_AFTER + timedelta(seconds=1)
pytestmark = pytest.mark.django_db(databases=["default", "audit"])


def enter(kind="test.double", **arguments):
    return jobs.enqueue(kind, arguments, actor="user 1", now=NOW)


@pytest.fixture(autouse=True)
def _kinds():
    def refuse(_job, _progress):
        raise ArgumentRefused("It is blue.", expected="red", remedy="Paint it.")

    def break_down(_job, _progress):
        raise RuntimeError("anna@example.com")

    def stop(job, progress):
        jobs.cancel(job.pk, actor="user 1", now=NOW)
        for _ in range(3):
            progress._told_at = -10.0
            progress(0.5, "half")
        pytest.fail("it went on")

    jobs.register_kind("test.double", lambda job, _progress: {"answer": 2 * job.arguments["number"]}, tries=2)
    jobs.register_kind("test.refuse", refuse)
    jobs.register_kind("test.break", break_down)
    jobs.register_kind("test.stop", stop)


class TestQueue:
    def test_gives_the_oldest_first_and_each_once(self) -> None:
        first, second = enter(number=1), enter(number=2)
        assert [claim(NOW).pk, claim(NOW).pk, claim(NOW)] == [first.pk, second.pk, None]

    def test_refuses_a_kind_that_nobody_knows(self) -> None:
        with pytest.raises(JobKindUnknown):
            enter("test.nothing")

    def test_finds_the_latest_of_a_kind(self) -> None:
        enter(number=1)
        latest = enter(number=2)
        enter("test.refuse")
        assert jobs.latest("test.double").pk == latest.pk
        assert jobs.latest("never") is None

    def test_forgets_what_ended_long_ago(self) -> None:
        job = claim_of(enter(number=1))
        end(job, state=jobs.Job.DONE, now=NOW)
        enter(number=2)
        assert forget_old(NOW + timedelta(days=89)) == 0
        assert forget_old(NOW + timedelta(days=91)) == 1


def claim_of(job):
    claimed = claim(NOW)
    assert claimed.pk == job.pk
    return claimed


class TestRun:
    def test_keeps_the_answer_and_tells_of_the_end(self) -> None:
        job = enter(number=21)
        assert run(claim_of(job)) == "done"
        job.refresh_from_db()
        assert (job.state, job.fraction, job.result) == ("done", 1.0, {"answer": 42})
        assert DomainEvent.objects.filter(name="job.done", payload__job=job.pk).exists()

    def test_keeps_a_refusal_with_its_remedy(self) -> None:
        job = enter("test.refuse")
        assert run(claim_of(job)) == "failed"
        job.refresh_from_db()
        assert (job.failure["received"], job.failure["remedy"]) == ("It is blue.", "Paint it.")

    def test_keeps_of_a_fault_its_kind_only(self, caplog) -> None:
        job = enter("test.break")
        assert run(claim_of(job)) == "failed"
        job.refresh_from_db()
        assert job.failure == {"code": "job.fault", "received": "RuntimeError"}

    def test_stops_when_it_is_cancelled(self) -> None:
        job = enter("test.stop")
        assert run(claim_of(job)) == "cancelled"
        job.refresh_from_db()
        assert job.state == "cancelled"

    def test_whose_claim_was_taken_away_closes_nothing(self) -> None:
        job = enter(number=1)
        first = claim_of(job)
        release_dead(LATER)
        second = claim_of(job)
        assert not end(first, state="failed", now=LATER)
        assert end(second, state="done", now=LATER)


class TestDeadProcess:
    def test_gives_its_job_back_until_its_tries_are_over(self) -> None:
        job = enter(number=1)
        claim_of(job)
        assert release_dead(NOW) == 0
        assert release_dead(LATER) == 1
        claim_of(job)
        assert release_dead(LATER) == 1
        job.refresh_from_db()
        assert (job.state, job.failure["code"]) == ("failed", "job.process_died")

    def test_known_to_be_dead_is_not_waited_for(self) -> None:
        job = enter(number=1)
        claimed = claim_of(job)
        assert release_dead(NOW, known_dead=claimed.runner) == 1
        job.refresh_from_db()
        assert job.state == "queued"

    def test_of_a_cancelled_job_ends_it(self) -> None:
        job = enter(number=1)
        claim_of(job)
        jobs.cancel(job.pk, actor="user 1", now=NOW)
        release_dead(LATER)
        job.refresh_from_db()
        assert job.state == "cancelled"


class TestCancel:
    def test_takes_a_waiting_job_out(self) -> None:
        job = enter(number=1)
        assert jobs.cancel(job.pk, actor="user 1", now=NOW)
        assert claim(NOW) is None
        assert not jobs.cancel(job.pk, actor="user 1", now=NOW)
        assert AuditNote.objects.filter(action="job.cancelled").exists()


@pytest.mark.django_db(transaction=True, databases=["default", "audit"])
class TestClaims:
    def test_of_several_at_once_never_get_the_same_job(self) -> None:
        for number in range(12):
            enter(number=number)
        got, guard = [], threading.Lock()

        def work():
            while (job := claim(NOW)) is not None:
                with guard:
                    got.append(job.pk)
            connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == len(set(got)) == 12
