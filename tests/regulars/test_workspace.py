"""A workspace: one business in one folder."""

from __future__ import annotations

import json

import pytest

import regulars
from regulars.errors import ArgumentRefused, NoWorkspace, SettingRefused, WorkspaceUnreadable
from regulars.workspace import Workspace


class TestCreate:
    def test_makes_a_folder_that_opens(self, tmp_path):
        shop = Workspace.create(tmp_path / "deep" / "shop", currency="EUR", time_zone="Europe/Berlin")
        again = Workspace.open(str(shop.folder))
        assert again.settings == shop.settings
        assert (again.settings.name, again.settings.currency, again.settings.time_zone) == ("shop", "EUR", "Europe/Berlin")
        assert again.loads() == []
        assert again.folder.is_absolute()

    def test_gives_each_workspace_a_secret_that_only_its_owner_reads(self, tmp_path):
        secrets = [(Workspace.create(tmp_path / name).folder / "secret.key") for name in ("a", "b")]
        assert secrets[0].read_bytes() != secrets[1].read_bytes()
        assert {len(s.read_bytes()) for s in secrets} == {32}
        assert {s.stat().st_mode & 0o777 for s in secrets} == {0o600}

    def test_takes_an_empty_folder_but_none_with_something_in_it(self, tmp_path):
        (tmp_path / "empty").mkdir()
        Workspace.create(tmp_path / "empty")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "letter.txt").write_text("dear")
        for folder in ("full", "full/letter.txt", "empty"):
            with pytest.raises(ArgumentRefused, match="not an empty folder"):
                Workspace.create(tmp_path / folder)
        assert [p.name for p in (tmp_path / "full").iterdir()] == ["letter.txt"]

    def test_writes_nothing_when_a_setting_is_refused(self, tmp_path):
        with pytest.raises(SettingRefused):
            Workspace.create(tmp_path / "shop", currency="euro")
        assert not (tmp_path / "shop").exists()


class TestOpen:
    def test_refuses_where_there_is_none_and_makes_none(self, tmp_path):
        for folder in ("missing", "."):
            with pytest.raises(NoWorkspace, match="There is no workspace") as refused:
                Workspace.open(tmp_path / folder)
            assert "regulars init" in refused.value.remedy
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("content", "said"),
        [("{", "damaged"), ('{"format": 99, "settings": {}}', "format 99"), ("[]", "format None"), ('"x"', "format None")],
    )
    def test_refuses_a_damaged_or_foreign_one(self, tmp_path, content, said):
        (tmp_path / "workspace.json").write_text(content)
        with pytest.raises(WorkspaceUnreadable, match=said):
            Workspace.open(tmp_path)


class TestChangeSettings:
    def test_is_kept(self, tmp_path):
        shop = Workspace.create(tmp_path / "shop")
        shop.change_settings(currency="USD", targets={"churn_rate": 0.05})
        assert shop.settings.currency == "USD"
        assert Workspace.open(shop.folder).settings == shop.settings

    def test_does_not_undo_what_another_process_changed(self, tmp_path):
        shop = Workspace.create(tmp_path / "shop")
        Workspace.open(shop.folder).change_settings(currency="USD")
        shop.change_settings(inactive_after_days=30)
        assert (shop.settings.currency, shop.settings.inactive_after_days) == ("USD", 30)

    def test_changes_nothing_when_refused(self, tmp_path):
        shop = Workspace.create(tmp_path / "shop")
        before = (shop.folder / "workspace.json").read_text()
        with pytest.raises(SettingRefused):
            shop.change_settings(currency="USD", horizon_days=-1)
        assert (shop.folder / "workspace.json").read_text() == before
        assert json.loads(before)["settings"]["currency"] is None


class TestAsk:
    def test_asks_again_where_an_erasure_removed_files_while_they_were_read(self, tmp_path):
        file = tmp_path / "orders.csv"
        file.write_text("customer,date,amount\nanna,2024-01-05,10.00\nben,2024-02-05,20.00\n")
        shop = regulars.open(tmp_path / "shop")
        shop.import_file(file, currency="EUR")
        asked = []

        def question(session):
            asked.append(session)
            if len(asked) == 1:
                regulars.open(tmp_path / "shop").erase("anna")
            return sorted(session.kept("order_rows")["customer_id"].to_pylist())

        answer = shop.ask(question)
        assert len(asked) == 2
        assert "ben" in answer
        assert "anna" not in answer
