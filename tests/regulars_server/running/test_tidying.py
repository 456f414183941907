"""When tidying starts: when there is something to do, in a process of its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from regulars.warehouse import records
from regulars.warehouse.lock import Lock
from regulars.workspace import Workspace
from regulars_server.config import Config
from regulars_server.running.tidying import AT_LEAST_EVERY, Tidying, TidyingFailedError

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    shop = Workspace.create(tmp_path / "shop", name="Shop", currency="EUR")
    return Config.from_environment({"REGULARS_WORKSPACE": str(shop.folder)})


def turn(tidying: Tidying) -> bool:
    """One look; says whether a process was started, and waits for its end."""
    tidying.look_after(NOW)
    if tidying._child is None:
        return False
    tidying._child.wait(60)
    return True


class TestTidying:
    def test_starts_nothing_where_nothing_is_to_do(self, config: Config) -> None:
        tidying = Tidying(config)
        assert not turn(tidying)
        assert not list((config.workspace / "loads").iterdir())

    @pytest.mark.suite
    def test_folds_and_merges_in_a_process_of_its_own_while_a_load_is_staged(self, config: Config) -> None:
        shop = Workspace.open(config.workspace)
        for second in range(records.FOLD_FROM):
            load_id = shop.new_load_id(NOW - timedelta(days=1, seconds=second))
            (shop.folder / "loads" / f"{load_id}.json").write_text(
                f'{{"load_id": "{load_id}", "loaded_at": "2026-01-01T00:00:00+00:00", "source": "tracking"}}'
            )
        before = shop.loads()
        tidying = Tidying(config)
        with shop.stage(source="tracking", alone=False):
            assert turn(tidying)
        assert not turn(tidying)
        assert [path.name for path in (shop.folder / "loads").glob("*.json")] == []
        assert shop.loads() == before

    @pytest.mark.suite
    def test_comes_every_hour_anyway_and_waits_for_whoever_tidies_already(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        tidying = Tidying(config)
        clock = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: clock + AT_LEAST_EVERY + 1)
        with Lock.take(config.workspace / "locks" / "tidying", what="tidying"):
            assert turn(tidying)
        assert not turn(tidying)

    @pytest.mark.suite
    def test_says_so_where_it_fails(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        tidying = Tidying(config)
        monkeypatch.setattr(tidying, "_is_needed", lambda _: True)
        (config.workspace / "workspace.json").write_text("{")
        assert turn(tidying)
        with pytest.raises(TidyingFailedError):
            tidying.look_after(NOW)
