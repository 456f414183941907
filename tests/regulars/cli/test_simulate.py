"""`regulars simulate`: what it makes, what it prints, what it refuses, and that it leaves nothing half done."""

from __future__ import annotations

import json

import pytest

import regulars
from regulars.cli.app import run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "company"


def simulate(folder, *arguments, code=0):
    assert run(["simulate", "--workspace", str(folder), *arguments]) == code


class TestSimulate:
    @pytest.mark.parametrize("kind", ["shop", "saas", "purchases"])
    def test_makes_a_workspace_and_says_what_is_in_it(self, folder, kind, capsys):
        simulate(folder, "--customers", "120", "--months", "12", "--seed", "3", "--kind", kind)
        text = capsys.readouterr().out
        (load,) = regulars.open(folder).loads()
        for table, count in load.rows.items():
            assert f"{table} " in text
            assert f" {count:,}\n" in text
        assert "What is true of it" in text

    def test_prints_json(self, folder, capsys):
        simulate(folder, "--customers", "50", "--months", "6", "--format", "json")
        answer = json.loads(capsys.readouterr().out)
        assert answer["rows"]["customers"] == 50
        assert answer["truth"]["shop"]["complaint_odds"] == 4.0

    def test_says_what_is_true_later_too(self, folder, capsys):
        simulate(folder, "--customers", "50", "--months", "6", "--seed", "9")
        capsys.readouterr()
        simulate(folder, "--truth")
        assert json.loads(capsys.readouterr().out)["seed"] == 9


class TestRefusal:
    def test_of_a_workspace_that_holds_rows_changes_nothing(self, folder, capsys):
        simulate(folder, "--customers", "50", "--months", "6")
        before = regulars.open(folder).loads()
        simulate(folder, "--customers", "60", "--months", "6", code=2)
        assert "(workspace.not_empty)" in capsys.readouterr().err
        assert regulars.open(folder).loads() == before

    def test_of_an_impossible_company_leaves_no_workspace(self, folder, capsys):
        simulate(folder, "--customers", "0", code=2)
        assert "(argument.refused)" in capsys.readouterr().err
        assert not folder.exists()

    def test_of_the_truth_about_a_real_shop(self, tmp_path, folder, capsys):
        file = tmp_path / "orders.csv"
        file.write_text("customer,date,amount\nanna,2024-01-05,10.00\n")
        assert run(["--workspace", str(folder), "import", str(file), "--currency", "EUR"]) == 0
        simulate(folder, "--truth", code=2)
        assert "(data.none)" in capsys.readouterr().err


class TestInterruption:
    @pytest.fixture
    def interrupted(self, monkeypatch):
        def stop(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr("regulars.synthetic.company.history", stop)

    def test_leaves_no_workspace(self, folder, interrupted, capsys):
        simulate(folder, "--customers", "50", code=130)
        assert "Stopped" in capsys.readouterr().err
        assert not folder.exists()

    def test_leaves_a_workspace_that_was_there(self, folder, interrupted):
        regulars.open(folder, time_zone="Europe/Berlin")
        simulate(folder, "--customers", "50", code=130)
        workspace = regulars.open(folder)
        assert workspace.loads() == []
        assert workspace.settings.time_zone == "Europe/Berlin"
        assert workspace.settings.currency is None
