"""The worker's parts, static files, and child processes on their own."""

from __future__ import annotations

import gzip
import os
import sys
import time
from datetime import UTC, datetime

import psutil
import pytest

from regulars_server.running.children import Child
from regulars_server.running.parts import Part
from regulars_server.running.static_files import StaticFiles

pytestmark = pytest.mark.suite


class TestPart:
    def test_that_fails_waits_longer_each_time_and_says_so(self) -> None:
        def work(now: datetime) -> bool:
            assert now.tzinfo is UTC
            raise ValueError("anna@example.com")

        part = Part("loading", 1.0, work)
        pauses = []
        for _ in range(8):
            part.run()
            pauses.append(round(part.due - time.monotonic()))
        assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
        assert part.last["failure"]["times"] == 8
        assert part.last["failure"]["code"] == "ValueError"
        assert "anna" not in str(part.last)

    def test_that_works_again_is_on_time_again(self) -> None:
        outcomes = iter([ValueError("x"), False])

        def work(_: datetime) -> bool:
            outcome = next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        part = Part("loading", 5.0, work)
        part.run()
        part.run()
        assert "failure" not in part.last
        assert part.failures == 0
        assert 4 < part.due - time.monotonic() <= 5

    def test_with_more_to_do_is_due_at_once(self) -> None:
        part = Part("loading", 60.0, lambda _: True)
        part.run()
        assert part.is_due(time.monotonic())


class TestStaticFiles:
    @staticmethod
    def ask(path, method="GET", **headers):
        said = {}

        def start_response(status, given):
            said.update(status=int(status[:3]), headers=dict(given))

        application = StaticFiles(lambda _environ, start: [start("200 OK", []), b"page"][1:], "/static/")
        body = b"".join(application({"PATH_INFO": path, "REQUEST_METHOD": method, **headers}, start_response))
        return said["status"], said["headers"], body

    def test_come_whole_and_packed(self) -> None:
        status, headers, body = self.ask("/static/django_htmx/htmx-2.min.js")
        _, packed_headers, packed = self.ask("/static/django_htmx/htmx-2.min.js", HTTP_ACCEPT_ENCODING="gzip, br")
        assert (status, headers["Content-Type"]) == (200, "application/javascript; charset=utf-8")
        assert packed_headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed) == body
        assert headers["Cache-Control"] == "public, no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"

    def test_are_not_sent_again_when_they_did_not_change(self) -> None:
        tag = self.ask("/static/django_htmx/htmx-2.min.js")[1]["ETag"]
        status, _, body = self.ask("/static/django_htmx/htmx-2.min.js", HTTP_IF_NONE_MATCH=tag)
        assert (status, body) == (304, b"")

    @pytest.mark.parametrize(
        "path", ["", "../settings.py", "/etc/passwd", "django_htmx/../../settings.py", "nothing.css", "django_htmx", "a\x00b"]
    )
    def test_are_all_that_is_found(self, path) -> None:
        assert self.ask(f"/static/{path}")[0] == 404

    def test_are_only_read(self) -> None:
        assert self.ask("/static/django_htmx/htmx-2.min.js", "POST")[0] == 405

    def test_let_pages_through(self) -> None:
        assert self.ask("/customers/")[2] == b"page"


def child(*command, grace_seconds=5.0, tmp_path):
    return Child("it", [sys.executable, "-c", *command], environment=dict(os.environ), folder=tmp_path, grace_seconds=grace_seconds)


class TestChild:
    def test_that_dies_is_started_again_after_a_wait(self, tmp_path) -> None:
        it = child("import time; time.sleep(60)", tmp_path=tmp_path)
        it.start()
        first = it.pid
        psutil.Process(first).kill()
        it.process.wait()
        assert it.look_after() == "it ended (SIGKILL); starting it again in 0.5 s."
        assert it.look_after() is None
        assert it.pid is None
        time.sleep(0.55)
        it.look_after()
        assert it.pid not in {None, first}
        assert it.starts == 2
        it.ask_to_end()
        assert it.wait_for_end()

    def test_that_does_not_listen_is_stopped_with_what_it_started(self, tmp_path) -> None:
        program = (
            "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "p = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid)); open('ready', 'w'); p.wait()"
        )
        it = child(program, grace_seconds=0.2, tmp_path=tmp_path)
        it.start()
        deadline = time.monotonic() + 10
        while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        grandchild = psutil.Process(int((tmp_path / "pid").read_text()))
        it.ask_to_end()
        assert not it.wait_for_end()
        psutil.wait_procs([grandchild], timeout=5)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
