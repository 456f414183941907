"""A long timeline, stretch by stretch."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from regulars_server.console.customer import timeline
from regulars_server.serving.building import build_here
from regulars_server.serving.reading import close
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import install

pytestmark = [pytest.mark.suite, pytest.mark.django_db(databases=["default", "audit"])]
START = datetime(2026, 1, 1)
ORDERS, EVENTS = 130, 170


@pytest.fixture
def buyer(settings, tmp_path):
    """Somebody of many orders with lines, and of many events, and somebody else."""
    tables = {"orders": [], "order_lines": [], "events": []}
    for n in range(ORDERS):
        row = {"at": (START + timedelta(hours=n)).isoformat(), "customer": "buyer", "order": f"o{n}", "amount": 100 + n}
        tables["orders"].append({**row, "row_key": f"o{n}"})
        tables["order_lines"] += [{**row, "row_key": f"l{n}-{line}"} for line in range(4)]
    for n in range(EVENTS):
        at = (START + timedelta(hours=n, minutes=5)).isoformat()
        tables["events"].append({"at": at, "customer": "buyer", "name": f"Seen {n}", "properties": "{}", "row_key": f"e{n}"})
    tables["events"].append({"at": START.isoformat(), "customer": "other", "name": "Other", "properties": "{}", "row_key": "other"})
    build_here(install(settings, tmp_path, tables=tables), NOW)
    yield ("buyer",)
    close()


def walked(identities, group):
    """All stretches, as the buttons lead from one to the next."""
    stretches, before, last_day = [], "", ""
    while True:
        page = timeline.page(identities, group=group, before=before, last_day=last_day)
        stretches.append(page.entries)
        before, last_day = page.older, page.last_day
        if not before:
            return stretches


class TestStretches:
    @pytest.mark.parametrize(("group", "many"), [("", ORDERS + EVENTS), ("orders", ORDERS), ("events", EVENTS), ("points", 0)])
    def test_have_everything_once_the_latest_first(self, buyer, group, many) -> None:
        stretches = walked(buyer, group)
        entries = [entry for stretch in stretches for entry in stretch]
        assert len(entries) == many
        assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
        assert all(len(stretch) == timeline.PAGE for stretch in stretches[:-1])
        assert {len(entry.lines) for entry in entries if entry.group == "orders"} <= {4}

    def test_say_each_day_once(self, buyer) -> None:
        said = [entry.first_of_day for stretch in walked(buyer, "") for entry in stretch if entry.first_of_day]
        assert len(said) == len(set(said)) == 8
