"""When the serving file is built anew."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings

from regulars_server.jobs.models import Job
from regulars_server.running.serving_builds import ServingBuilds
from regulars_server.serving.public import PREDICT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Builds(ServingBuilds):
    """Starts a process that does nothing in place of one that builds."""

    started = 0

    def _start(self) -> None:
        self._seen = self._loads_changed_at()
        self._wanted, self._at_once = False, False
        self.started += 1
        self._child = subprocess.Popen([sys.executable, "-S", "-c", ""])

    def pass_a_turn(self) -> int:
        """Look after it until what it started has ended; says how many were started by now."""
        self.look_after(NOW)
        if self._child is not None:
            self._child.wait()
            self.look_after(NOW)
        return self.started


@pytest.mark.django_db(databases=["default", "audit"])
class TestTheNextBuild:
    def test_waits_where_the_data_changed_and_follows_at_once_on_predictions(self) -> None:
        builds = Builds(settings.CONFIG)
        assert builds.pass_a_turn() == 1
        builds.data_changed()
        assert builds.pass_a_turn() == 1
        job = Job.objects.create(kind=PREDICT, created_at=NOW, created_by="system")
        assert builds.pass_a_turn() == 1
        Job.objects.update(state=Job.DONE)
        assert builds.pass_a_turn() == 2
        Job.objects.create(kind=PREDICT, created_at=NOW, created_by="system")
        builds.data_changed()
        assert [builds.pass_a_turn() for _ in range(3)] == [2, 2, 2]
        Job.objects.exclude(pk=job.pk).update(state=Job.FAILED)
        assert builds.pass_a_turn() == 2

    def test_follows_also_on_predictions_that_a_build_under_way_does_not_know(self) -> None:
        builds = Builds(settings.CONFIG)
        builds.look_after(NOW)
        Job.objects.create(kind=PREDICT, created_at=NOW, created_by="system", state=Job.DONE)
        assert [builds.pass_a_turn() for _ in range(3)] == [1, 2, 2]
