"""When the serving file is built anew."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings

from regulars.workspace import Workspace
from regulars_server.config import Config
from regulars_server.jobs.models import Job
from regulars_server.running.serving_builds import ServingBuilds
from regulars_server.serving.public import PREDICT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Builds(ServingBuilds):
    """Starts a process that does nothing in place of one that builds."""

    started = 0

    def _start(self) -> None:
        self._note_state()
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


@pytest.mark.suite
class TestAChangeFromOutside:
    def test_is_one_of_rows_and_not_of_files_that_were_merged(self, tmp_path) -> None:
        shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR", time_zone="UTC")
        builds = ServingBuilds(Config.from_environment({"REGULARS_WORKSPACE": str(shop.folder)}))
        file = tmp_path / "orders.csv"
        for number in range(2):
            file.write_text(f"order_id,customer_id,date,amount\n{number},c1,2026-11-20,10\n")
            shop.import_file(file)
            assert builds._changed_from_outside()
            builds._note_state()
            assert not builds._changed_from_outside()
        before = builds._written_at()
        shop.compact()
        assert builds._written_at() != before
        assert not builds._changed_from_outside()
        shop.undo(shop.loads()[-1].load_id)
        assert builds._changed_from_outside()
        builds._note_state()
        shop.erase("c1")
        assert builds._changed_from_outside()
