"""The worker's loop over its parts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connections

from regulars_server.running.parts import Part
from regulars_server.running.worker import Worker

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db(databases=["default", "audit"], transaction=True)


class TestWorker:
    def test_goes_on_with_new_connections_where_a_part_failed(self) -> None:
        found_open: list[bool] = []

        def work(_: datetime) -> bool:
            found_open.append(connections["default"].connection is not None)
            connections["default"].ensure_connection()
            if len(found_open) == 1:
                raise ValueError
            if len(found_open) == 3:
                worker.end()
            return False

        def run() -> None:
            try:
                worker.run()
            finally:
                connections.close_all()

        worker = Worker(settings.CONFIG, [Part("loading", 0.01, work)])
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(20)
        assert found_open == [False, False, True]
