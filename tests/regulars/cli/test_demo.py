"""`regulars demo`: the real shop and the made-up one, and that a second call makes nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import regulars
from regulars.cli import demo_command
from regulars.cli.app import run

LAST_MONTH = datetime.now(UTC).replace(day=1) - timedelta(days=1)
"""The made-up shop ends yesterday, so the month that ended last is the last one of its review."""


@pytest.mark.parametrize(
    ("company", "printed"),
    [
        pytest.param("cdnow", "June 1998", marks=pytest.mark.slow, id="cdnow"),
        pytest.param("synthetic", f"{LAST_MONTH:%B %Y}", marks=pytest.mark.suite, id="synthetic"),
    ],
)
class TestDemo:
    def test_makes_a_workspace_once_and_writes_its_review(self, company, printed, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(demo_command, "SYNTHETIC_CUSTOMERS", 300)
        for _ in range(2):
            assert run(["demo", "--company", company, "--folder", str(tmp_path / "demo")]) == 0
        assert printed in capsys.readouterr().out
        loads = regulars.open(tmp_path / "demo").loads()
        assert sum(load.rows.get("orders", 0) for load in loads) == loads[0].rows["orders"] > 300
        assert (tmp_path / "retention-review.html").stat().st_size > 50_000
