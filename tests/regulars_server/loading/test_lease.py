"""One loader at a time."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest

from regulars_server.loading import lease as leases, ticking
from regulars_server.loading.errors import LeaseLost, LeaseTaken
from regulars_server.loading.models import Batch
from regulars_server.loading.public import take_lease, tick
from tests.regulars_server.loading.calls import NOW, send, track


@pytest.mark.django_db(databases=["default", "audit"])
class TestTheLeaseOnSqlite:
    def test_is_held_by_one_and_free_when_its_holder_is_gone(self, inbox):
        send(inbox, track("Tea Drunk", "m1"))
        held = take_lease()
        with pytest.raises(LeaseTaken):
            take_lease(wait_seconds=0.1)
        with pytest.raises(LeaseTaken):
            tick(NOW)
        assert tick(NOW, lease=held).events == 1
        held.release()
        take_lease().release()

    def test_ends_with_the_process(self, inbox):
        from django.conf import settings

        if settings.CONFIG.uses_postgres:
            return
        path = settings.CONFIG.run / "loader.lock"
        script = f"import fcntl, os, time; fcntl.flock(os.open({str(path)!r}, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX); print(1, flush=True); time.sleep(60)"
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(LeaseTaken):
                take_lease()
            process.kill()
            process.wait()
        take_lease().release()

    def test_that_somebody_else_had_meanwhile_is_noticed_before_anything_is_recorded(self, inbox, monkeypatch):
        send(inbox, track("Tea Drunk", "m1"))
        position = ticking._position
        answers = iter([0, 7])
        monkeypatch.setattr(ticking, "_position", lambda: next(answers))
        with pytest.raises(LeaseLost):
            tick(NOW)
        monkeypatch.setattr(ticking, "_position", position)
        assert Batch.objects.count() == 0
        assert tick(NOW).events == 1


@pytest.mark.suite
class TestTheLeaseOnPostgresql:
    def test_is_held_by_one_and_lost_with_its_connection(self, postgres_url, settings):
        from dataclasses import replace

        settings.CONFIG = replace(settings.CONFIG, database_url=postgres_url)
        held = leases.take()
        with pytest.raises(LeaseTaken):
            leases.take(wait_seconds=0.1)
        held.check()
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = %s", (leases._KEY,))
        second = leases.take(wait_seconds=5)
        with pytest.raises(LeaseLost):
            held.check()
        second.check()
        second.release()
        held.release()
        for _ in range(20):
            leases.take().release()
