"""What the jobs of imports do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from regulars.errors import WorkspaceLocked
from regulars_server.imports import work


class TestUndo:
    def test_waits_for_whoever_has_the_tables(self, monkeypatch) -> None:
        asked, told = [], []

        class Busy:
            def undo(self, load_id):
                asked.append(load_id)
                if len(asked) < 3:
                    raise WorkspaceLocked("tidying", expected="", remedy="")
                return SimpleNamespace(load_id=load_id, rows={"orders": 2})

        monkeypatch.setattr(work.Workspace, "open", lambda _: Busy())
        monkeypatch.setattr(work, "PAUSE_SECONDS", 0)
        job = SimpleNamespace(arguments={"load": "1"})
        assert work.undo(job, lambda *said: told.append(said[1])) == {"load": "1", "rows": 2}
        assert told == ["undoing", "waiting", "waiting"]
        monkeypatch.setattr(work, "TRIES", 2)
        asked.clear()
        with pytest.raises(WorkspaceLocked):
            work.undo(job, lambda *_: None)
