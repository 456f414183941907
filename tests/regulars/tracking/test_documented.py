"""docs/server/tracking.md names every code and every event that becomes more than an event, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from regulars.tracking.makers import MAKERS
from regulars.tracking.reading import MAX_EVENT_BYTES
from regulars.tracking.wire import MAX_DEPTH

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "server" / "tracking.md").read_text(encoding="utf-8")


class TestPage:
    def test_names_every_code_and_no_other(self, page: str, repository: Path) -> None:
        sources = [path.read_text(encoding="utf-8") for path in (repository / "src" / "regulars" / "tracking").rglob("*.py")]
        raised = {code for text in sources for code in re.findall(r"Refusal\(\s*\"(\w+)\"", text)} | {
            "bad_properties",
            "bad_traits",
            "fault",
        }
        table = page.split("| code `tracking.` |", 1)[1].split("\n\n", 1)[0]
        assert set(re.findall(r"`(\w+)`", table)) == raised

    def test_names_every_event_that_is_more_than_one(self, page: str) -> None:
        table = page.split("| event | goes to |", 1)[1].split("\n\n", 1)[0]
        named = set()
        for cell in (line.split("|")[1] for line in table.splitlines() if line.count("|") > 3):
            for group in cell.split(";"):
                names = [name.strip() for name in group.split(",")]
                stem = re.match(r"(Live Chat Conversation|Push Notification|\w+) ?", names[0])
                named |= set(names) | {f"{stem.group(1)} {name}" for name in names if stem} | {f"Live Chat {name}" for name in names}
        assert [name for name in MAKERS if name not in named] == []

    def test_says_the_limits(self, page: str) -> None:
        assert f"{MAX_EVENT_BYTES // 1024} KiB a call, {MAX_DEPTH} levels of nesting" in page
