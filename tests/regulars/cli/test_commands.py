"""The command line as a person uses it: exit codes, formats, refusals without a traceback."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

from regulars.cli.app import all_commands, run
from regulars.workspace import Workspace

ORDERS = """customer,date,amount
anna,2024-01-05,10.00
anna,2024-02-05,20.00
ben,2024-01-20,30.00
ben,2024-05-20,5.50
carla,2024-03-01,40.00
"""
FIELDS = {
    "metric", "window_start", "window_end", "group", "numerator", "denominator", "value", "low", "high", "unit", "currency", "n", "excluded",
    "complete", "undefined", "as_of", "interval_method", "band", "target",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path, capsys):
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    folder = str(tmp_path / "shop")
    assert run(["--workspace", folder, "import", str(file), "--currency", "EUR"]) == 0
    capsys.readouterr()
    return folder


def said(capsys, *arguments, code=0):
    assert run(list(arguments)) == code
    return capsys.readouterr().out


class TestHelp:
    def test_names_every_command(self, capsys):
        text = said(capsys, "--help")
        assert all(f"  {name} " in text for name in all_commands())

    @pytest.mark.parametrize("name", all_commands())
    def test_of_each_command_says_what_it_does(self, name, capsys):
        text = said(capsys, name, "--help")
        assert len(text) > 80
        assert "--workspace PATH" in text

    def test_imports_nothing_heavy(self):
        script = "import sys; from regulars.cli.app import run; run(['--help']); print(sorted(m for m in sys.modules if m in {'ibis', 'duckdb', 'pyarrow', 'altair', 'numpy', 'pandas'}))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip().endswith("[]")


class TestImport:
    def test_makes_the_workspace_and_reconciles(self, tmp_path, capsys):
        file = tmp_path / "orders.csv"
        file.write_text(ORDERS)
        text = said(capsys, "import", str(file), "--currency", "EUR", "--workspace", str(tmp_path / "new"))
        assert "5" in text
        assert "105.50" in text

    def test_again_changes_nothing(self, shop, tmp_path, capsys):
        report = json.loads(
            said(capsys, "--workspace", shop, "import", str(tmp_path / "orders.csv"), "--currency", "EUR", "--format", "json")
        )
        before = json.loads(said(capsys, "--workspace", shop, "tables", "orders", "--format", "json"))
        assert len(before) == 5
        assert json.dumps(report).count("already_there") >= 1

    def test_dry_run_leaves_no_trace(self, tmp_path, capsys):
        file = tmp_path / "orders.csv"
        file.write_text(ORDERS)
        said(capsys, "--workspace", str(tmp_path / "dry"), "import", str(file), "--currency", "EUR", "--dry-run")
        assert not (tmp_path / "dry").exists()

    def test_refused_leaves_no_new_workspace(self, tmp_path, capsys):
        file = tmp_path / "orders.csv"
        file.write_text(ORDERS)
        assert run(["--workspace", str(tmp_path / "none"), "import", str(file)]) == 2
        assert "(money.currency_unknown)" in capsys.readouterr().err
        assert not (tmp_path / "none").exists()

    def test_undo_takes_a_load_out_again(self, shop, capsys):
        (load,) = json.loads(said(capsys, "--workspace", shop, "loads", "--format", "json"))
        said(capsys, "--workspace", shop, "import", "--undo", load["load_id"])
        assert json.loads(said(capsys, "--workspace", shop, "tables", "orders", "--format", "json")) == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["import", "missing.csv"], "file.missing"),
            (["import"], "argument.refused"),
            (["metrics", "run", "churn"], "name.unknown"),
            (["metrics", "run", "revenue", "--by", "decade"], "argument.refused"),
            (["metrics", "run", "revenue", "--from", "yesterday"], "argument.refused"),
            (["metrics", "run", "revenue", "--group-by", "shoe_size"], "name.unknown"),
            (["metrics", "run", "revenue", "--from", "2024-02-01", "--to", "2024-01-01"], "argument.refused"),
            (["analyse", "horoscope"], "name.unknown"),
            (["settings", "inactive_after_days=0"], "setting.refused"),
            (["tables", "tabels"], "name.unknown"),
            (["import", "--undo", "no-such-load"], "load.unknown"),
        ],
    )
    def test_say_what_came_and_what_to_do_and_end_with_2(self, shop, arguments, code, capsys):
        assert run(["--workspace", shop, *arguments]) == 2
        text = capsys.readouterr().err
        assert f"({code})" in text
        assert "Traceback" not in text

    def test_no_workspace(self, tmp_path, capsys):
        assert run(["--workspace", str(tmp_path / "none"), "metrics", "run", "revenue"]) == 2
        assert "(workspace.missing)" in capsys.readouterr().err

    def test_our_own_fault_ends_with_1_and_no_traceback(self, shop, capsys, monkeypatch):
        monkeypatch.setattr("regulars.workspace.Workspace.loads", lambda *_, **__: 1 / 0)
        assert run(["--workspace", shop, "loads"]) == 1
        text = capsys.readouterr().err
        assert "ZeroDivisionError" in text
        assert "Traceback" not in text

    def test_debug_shows_the_traceback(self, shop, monkeypatch):
        monkeypatch.setattr("regulars.workspace.Workspace.loads", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(["--workspace", shop, "--debug", "loads"])


class TestLoads:
    def test_lists_the_latest_and_all_when_asked(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr("regulars.cli.loads_command.SHOWN", 2)
        workspace = Workspace.create(tmp_path / "many")
        for _ in range(3):
            with workspace.stage(source="csv") as load:
                load.commit({}, [])
        ids = [load.load_id for load in workspace.loads()]
        few, every = (said(capsys, "--workspace", str(workspace.folder), "loads", *more) for more in ([], ["--all"]))
        assert [[load_id in text for load_id in ids] for text in (few, every)] == [[False, True, True], [True, True, True]]
        assert "--all" in few
        assert len(json.loads(said(capsys, "--workspace", str(workspace.folder), "loads", "--format", "json"))) == 3


class TestMetrics:
    def test_run_as_json_has_the_public_fields(self, shop, capsys):
        rows = json.loads(said(capsys, "--workspace", shop, "metrics", "run", "revenue", "orders", "--by", "month", "--format", "json"))
        assert len(rows) == 10
        assert all(set(row) >= FIELDS for row in rows)
        assert [r["value"] for r in rows if r["metric"] == "revenue"] == [40.0, 20.0, 40.0, 0.0, 5.5]
        assert {r["currency"] for r in rows if r["metric"] == "revenue"} == {"EUR"}

    def test_run_as_csv(self, shop, capsys):
        text = said(capsys, "--workspace", shop, "metrics", "run", "average_order_value", "--format", "csv")
        (row,) = csv.DictReader(io.StringIO(text))
        assert float(row["value"]) == pytest.approx(105.5 / 5)

    def test_run_as_parquet(self, shop, tmp_path, capsys):
        import pyarrow.parquet as pq

        said(capsys, "--workspace", shop, "metrics", "run", "revenue", "--format", "parquet", "--out", str(tmp_path / "r.parquet"))
        assert pq.read_table(tmp_path / "r.parquet")["value"].to_pylist() == [105.5]

    def test_run_as_table_says_the_as_of(self, shop, capsys):
        text = said(capsys, "--workspace", shop, "metrics", "run", "churn_rate")
        assert "As of 2024-05-21 00:00 UTC" in text

    def test_sql_is_the_whole_chain_and_runs(self, shop, capsys):
        text = said(capsys, "--workspace", shop, "metrics", "run", "churn_rate", "--sql")
        assert "create temporary view kept_orders as" in text
        assert text.rstrip().endswith(";")

    def test_rows_behind(self, shop, capsys):
        rows = json.loads(said(capsys, "--workspace", shop, "metrics", "run", "revenue", "--rows", "--format", "json"))
        assert sum(row["numerator"] for row in rows) == 10_550

    def test_as_of_an_earlier_day(self, shop, capsys):
        rows = json.loads(said(capsys, "--workspace", shop, "metrics", "run", "revenue", "--as-of", "2024-01-31", "--format", "json"))
        assert [row["value"] for row in rows] == [40.0]

    def test_list_and_show(self, shop, capsys):
        names = [row["metric"] for row in json.loads(said(capsys, "metrics", "list", "--format", "json"))]
        assert {"revenue", "churn_rate", "nps", "mrr", "clv_simple"} <= set(names)
        for name in names:
            assert "undefined when" in said(capsys, "metrics", "show", name)


class TestTheRest:
    def test_facts(self, shop, capsys):
        rows = json.loads(said(capsys, "--workspace", shop, "facts", "--format", "json"))
        assert sorted(row["customer_id"] for row in rows) == ["anna", "ben", "carla"]

    def test_facts_of_one_customer(self, shop, capsys):
        assert "anna" in said(capsys, "--workspace", shop, "facts", "--customer", "anna")

    def test_analyse(self, shop, capsys):
        assert "cohort" in said(capsys, "--workspace", shop, "analyse", "cohorts")

    def test_tables(self, shop, capsys):
        assert "order_lines" in said(capsys, "--workspace", shop, "tables")
        assert "amount_minor" in said(capsys, "--workspace", shop, "tables", "orders", "--columns")

    def test_doctor_proposes_settings(self, shop, capsys):
        assert "inactive_after_days" in said(capsys, "--workspace", shop, "doctor")

    def test_settings_change_and_show(self, shop, capsys):
        said(capsys, "--workspace", shop, "settings", "inactive_after_days=30", "targets.churn_rate=0.05")
        values = json.loads(said(capsys, "--workspace", shop, "settings", "--format", "json"))
        assert values["inactive_after_days"] == 30
        assert values["targets"] == {"churn_rate": 0.05}

    def test_erase_asks_first(self, shop, capsys, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        assert run(["--workspace", shop, "erase", "anna"]) == 130
        assert len(json.loads(said(capsys, "--workspace", shop, "facts", "--format", "json"))) == 3

    def test_erase_takes_the_person_out(self, shop, capsys):
        said(capsys, "--workspace", shop, "erase", "anna", "--yes")
        rows = json.loads(said(capsys, "--workspace", shop, "facts", "--format", "json"))
        assert "anna" not in {row["customer_id"] for row in rows}
        (revenue,) = json.loads(said(capsys, "--workspace", shop, "metrics", "run", "revenue", "--format", "json"))
        assert revenue["value"] == 105.5

    def test_compact(self, shop, capsys):
        assert "orders" in said(capsys, "--workspace", shop, "compact")

    @pytest.mark.suite
    def test_review_in_german(self, shop, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        said(capsys, "--workspace", shop, "review", "--language", "de", "--no-predictions", "--out", "bericht.html")
        text = (tmp_path / "bericht.html").read_text(encoding="utf-8")
        assert '<html lang="de"' in text
        assert "Welcher Anteil der Kunden, die zu Beginn des Zeitraums aktiv waren, war es an seinem Ende nicht mehr?" in text

    def test_review(self, shop, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "retention-review.html" in said(capsys, "--workspace", shop, "review")
