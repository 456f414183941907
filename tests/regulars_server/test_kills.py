"""The whole chain under SIGKILL: what was acknowledged is in the tables once, whatever died and when."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.regulars_server.installations import REPOSITORY, Installed

KILLED_LOADER = REPOSITORY / "tests/regulars_server/loading/killed_loader.py"
READ = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "regulars_server.settings"
django.setup()
from tests.regulars_server.loading.killed_loader import load
load()
from regulars_server.loading.models import HotRow, Quarantined
from regulars_server.loading.workspace import workspace
from tests.regulars_server.loading.calls import table
print(json.dumps({"events": table("select row_key, count(*) from events group by 1"),
    "orders": table("select order_id, count(*), min(amount_minor) from orders_in_force group by 1"),
    "loads": workspace().load_counts().loads, "folded": len(list(workspace().folder.glob("loads/folded/*.parquet"))),
    "quarantined": Quarantined.objects.count()}))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def installed(request, tmp_path) -> Installed:
    """An installation that is ready to be started, on either database."""
    if request.param == "sqlite":
        return Installed(tmp_path / "data").prepare()
    return Installed(tmp_path / "data", request.getfixturevalue("postgres_url")).prepare()


def write_key(installed: Installed) -> str:
    script = "import os, django, json; os.environ['DJANGO_SETTINGS_MODULE'] = 'regulars_server.settings'; django.setup()\n"
    script += "from regulars_server.intake.public import sources; print(json.dumps(sources()[0].write_key))"
    path = installed.folder.parent / "key.py"
    path.write_text(script)
    return str(installed.python(str(path)))


@pytest.mark.suite
class TestTheLoader:
    def test_killed_at_every_named_step_of_a_load_loses_nothing_and_doubles_nothing(self, installed):
        self.check(installed.python(str(KILLED_LOADER), "0"))

    @pytest.mark.slow
    def test_killed_at_every_touch_of_a_file(self, installed):
        found = installed.python(str(KILLED_LOADER), "5")
        assert found["died"] >= 30
        self.check(found)

    def check(self, found: dict[str, Any]) -> None:
        assert sorted(found["events"]) == sorted([f"event#{sent}", 1] for sent in found["sent"])
        assert {(count, amount) for _, count, amount in found["orders"]} == {(1, 1200)}
        assert len(found["orders"]) * 3 == len(found["sent"])
        assert found["identifies"] == [[len(found["orders"])]]
        assert (found["waiting"], found["staged"], found["twice"]) == (0, 0, [[0]])


class Sender(threading.Thread):
    """Sends as an SDK does: what was not acknowledged is sent again with the same ids."""

    def __init__(self, installed: Installed, key: str, name: str) -> None:
        super().__init__(daemon=True)
        self.address = f"http://127.0.0.1:{installed.port}/v1/batch"
        self.key, self.name_ = key, name
        self.acknowledged: set[str] = set()
        self.tried: set[str] = set()
        self.ending = threading.Event()

    def run(self) -> None:
        number = 0
        with httpx.Client(timeout=20, trust_env=False) as client:
            while not self.ending.is_set():
                ids = [f"{self.name_}/{number}/{place}" for place in range(20)]
                order = {"order_id": f"{self.name_}-{number}", "revenue": 10, "currency": "EUR"}
                batch = [{"type": "track", "event": "Tea Drunk", "messageId": one, "userId": f"u{number % 7}"} for one in ids[1:]]
                batch.append({"type": "track", "event": "Order Completed", "messageId": ids[0], "userId": "u", "properties": order})
                self.tried.update(ids)
                while not self.ending.is_set():
                    try:
                        answer = client.post(self.address, content=json.dumps({"batch": batch}), auth=(self.key, ""))
                    except httpx.HTTPError:
                        time.sleep(0.05)
                        continue
                    if answer.status_code == 200:
                        self.acknowledged.update(ids)
                        break
                    assert answer.status_code in {429, 502, 503}, answer.text
                    time.sleep(0.05)
                number += 1


def run_and_kill(installed: Installed, kills: int, seed: int) -> tuple[set[str], set[str]]:
    """Send under load while intake and loader are killed in turn at random moments, and whoever tidies; acknowledged ids and tried ones."""
    chance = random.Random(seed)
    key = write_key(installed)
    modules = {"door": "regulars_server.intake.door", "loader": "regulars_server.loading.alone"}
    modules["tidier"] = "tests.regulars_server.tidying_always"
    running = {name: installed.start(module) for name, module in modules.items()}
    senders = [Sender(installed, key, f"s{number}") for number in range(3)]
    for sender in senders:
        sender.start()
    try:
        deadline = time.monotonic() + 120
        while not any(sender.acknowledged for sender in senders):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for turn in range(kills):
            time.sleep(chance.uniform(0.1, 2.5))
            for name in (("loader", "door")[turn % 2], *["tidier"][: turn % 5 == 1]):
                assert running[name].poll() is None, name
                running[name].send_signal(signal.SIGKILL)
                running[name].wait(60)
                running[name].stderr.close()
                running[name] = installed.start(modules[name])
        before = sum(len(sender.acknowledged) for sender in senders)
        deadline = time.monotonic() + 120
        while sum(len(sender.acknowledged) for sender in senders) <= before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(60)
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            process.communicate(timeout=120)
    return set().union(*(s.acknowledged for s in senders)), set().union(*(s.tried for s in senders))


@pytest.mark.suite
class TestIntakeAndLoaderUnderLoad:
    def test_killed_three_times_keep_every_acknowledged_event_once(self, installed):
        self.check(installed, kills=3)

    @pytest.mark.slow
    def test_killed_fifty_times_keep_every_acknowledged_event_once(self, installed):
        self.check(installed, kills=50)

    def check(self, installed: Installed, kills: int) -> None:
        acknowledged, tried = run_and_kill(installed, kills, seed=kills)
        path = installed.folder.parent / "read.py"
        path.write_text(READ)
        found: Any = installed.python(str(path))
        counts = {key.removeprefix("event#"): count for key, count in found["events"]}
        assert len(acknowledged) > 20 * kills
        assert acknowledged - set(counts) == set(), "lost"
        assert {key: count for key, count in counts.items() if count != 1} == {}, "counted twice"
        assert set(counts) <= tried
        assert {(count, amount) for _, count, amount in found["orders"]} == {(1, 1000)}
        assert found["quarantined"] == 0
        assert found["loads"] > 0
        assert found["folded"] or found["loads"] == 1
        assert isinstance(installed.folder, Path)
