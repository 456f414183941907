"""`regulars predict`, `customers` and `audit` as a person uses them."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest

from regulars.cli.app import run
from regulars.predictions.health import Reason
from regulars.results import TableResult
from regulars.workspace import Workspace
from tests.regulars.predictions.said import ORDERS, customer, kept, said

WHY = {"ben": [Reason("silent_longer_than_usual", "silent", {"days": 74, "usual": 31})]}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A workspace as the commands find it; they need no --workspace."""
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    workspace = Workspace.create(tmp_path / "shop", currency="EUR")
    workspace.import_file(file)
    monkeypatch.setenv("REGULARS_WORKSPACE", str(workspace.folder))
    return workspace


@pytest.fixture
def reckoned(monkeypatch):
    """The models' answer, made up; counts how often they were asked."""
    asked = []
    people = (
        customer("anna", "amber", money_at_risk_minor=700, churn_risk=0.4, health_score=50.0),
        customer("ben", "red", money_at_risk_minor=1234, churn_risk=0.6, health_score=20.0, clv_minor=None),
        customer("carla", "lapsed", money_at_risk_minor=None, churn_risk=0.9, health_score=None),
    )

    def predict(session, *, log=None, progress=None):
        asked.append(log)
        if progress is not None:
            progress("thinking")
        return said(f"{session.as_of:%Y-%m-%d}", *people, reasons=WHY)

    monkeypatch.setattr("regulars.predictions.predicting.predict", predict)
    return asked


def answered(capsys, *arguments, code=0):
    assert run(list(arguments)) == code
    return capsys.readouterr()


class TestPredict:
    def test_keeps_and_says_what_it_found(self, shop, reckoned, capsys):
        text = answered(capsys, "predict").out
        load = shop.loads()[-1]
        assert load.source == "predictions"
        assert f"Kept as the load {load.load_id}" in text
        assert "3 customers, as of 2024-05-21 00:00 UTC" in text
        assert [line.split() for line in text.splitlines() if line.startswith(("amber", "red", "lapsed"))] == [
            ["amber", "1"],
            ["red", "1"],
            ["lapsed", "1"],
        ]
        assert "who leaves: Version c1." in text

    def test_keeps_nothing_when_told_so(self, shop, reckoned, capsys):
        assert "Nothing was kept" in answered(capsys, "predict", "--no-keep").out
        assert [load.source for load in shop.loads()] == ["transactions"]
        assert not (shop.folder / "models").exists()

    def test_says_the_same_as_json(self, shop, reckoned, capsys):
        told = json.loads(answered(capsys, "predict", "--format", "json").out)
        assert told["lights"] == {"amber": 1, "red": 1, "lapsed": 1}
        assert told["models"]["value"]["version"] == "v1"
        assert told["load"] == shop.loads()[-1].load_id

    def test_names_its_own_load_beside_a_server_that_loads(self, shop, reckoned, capsys, monkeypatch):
        keep = Workspace._keep

        def keep_and_load(workspace, *given):
            keep(workspace, *given)
            with workspace.stage(source="tracking", alone=False) as load:
                load.commit({}, [])

        monkeypatch.setattr(Workspace, "_keep", keep_and_load)
        told = json.loads(answered(capsys, "predict", "--format", "json").out)
        assert [load.source for load in shop.loads()] == ["transactions", "predictions", "tracking"]
        assert told["load"] == shop.loads()[1].load_id

    def test_gives_the_lights_of_earlier_runs_to_the_next(self, shop, reckoned, capsys):
        kept(shop, said("2024-05-14", customer("anna", "amber")))
        answered(capsys, "predict")
        assert reckoned[0].column("light_by_score").to_pylist() == ["amber"]

    def test_that_is_interrupted_leaves_nothing(self, shop, reckoned, capsys, monkeypatch):
        def stopped(*_arguments, **_more):
            raise KeyboardInterrupt

        monkeypatch.setattr("regulars.warehouse.loads.Load.add", stopped)
        with pytest.raises(KeyboardInterrupt):
            shop.predict()
        assert len(shop.loads()) == 1
        assert list((shop.folder / "staging").iterdir()) == []

    def test_of_an_empty_workspace_is_refused(self, tmp_path, capsys):
        Workspace.create(tmp_path / "empty")
        assert "(data.none)" in answered(capsys, "predict", "--workspace", str(tmp_path / "empty"), code=2).err


@pytest.mark.suite
class TestCustomers:
    def test_lists_what_was_kept(self, shop, reckoned, capsys):
        answered(capsys, "predict")
        text = answered(capsys, "customers", "--light", "red", "--light", "amber", "--why").out
        assert len(reckoned) == 1
        assert "and kept." in text.splitlines()[0]
        assert [line.split() for line in text.splitlines()[3:6]] == [
            ["1.", "ben", "red", "20", "60", "%", "12.34"],
            ["No", "order", "for", "74", "days;", "usually", "every", "31."],
            ["2.", "anna", "amber", "50", "40", "%", "7.00", "50.00"],
        ]
        assert "2 customers are red or amber; at risk with them: 19.34 EUR." in text

    def test_reckons_where_nothing_was_kept_and_says_so(self, shop, reckoned, capsys):
        text = answered(capsys, "customers").out
        assert "reckoned now and not kept" in text
        assert len(shop.loads()) == 1
        assert text.splitlines()[-1] == "3 customers; at risk with them: 19.34 EUR."

    def test_ranks_by_what_is_asked(self, shop, reckoned, capsys):
        def order(*arguments):
            rows = json.loads(answered(capsys, "customers", "--format", "json", *arguments).out)
            return [row["customer_id"] for row in rows]

        assert order() == ["ben", "anna", "carla"]
        assert order("--sort", "risk") == ["carla", "ben", "anna"]
        assert order("--sort", "value") == ["anna", "carla", "ben"]
        assert order("--sort", "score", "--top", "2") == ["ben", "anna"]

    def test_writes_sentences_into_a_sheet(self, shop, reckoned, capsys):
        answer = answered(capsys, "customers", "--light", "red", "--why", "--format", "csv")
        (row,) = csv.DictReader(io.StringIO(answer.out))
        assert row["why"] == "No order for 74 days; usually every 31."
        assert "not kept" in answer.err

    def test_says_when_nobody_has_the_light(self, shop, reckoned, capsys):
        assert "No customer is green." in answered(capsys, "customers", "--light", "green").out

    def test_writes_to_a_file(self, shop, reckoned, capsys, tmp_path):
        answered(capsys, "customers", "--out", str(tmp_path / "list.txt"))
        assert "ben" in (tmp_path / "list.txt").read_text()

    @pytest.mark.parametrize("arguments", [("--light", "pink"), ("--sort", "shoes"), ("--top", "0")])
    def test_refuses_what_does_not_exist(self, shop, arguments, capsys):
        assert arguments[0] in answered(capsys, "customers", *arguments, code=2).err


@pytest.fixture
def audited(monkeypatch):
    """An audit of lights, made up."""

    class Made:
        def __init__(self, session):
            rows = [
                {"as_of": "2024-02-20", "light": "red", "n": 10, "leavers": 9, "left_share": 0.9, "brier": 0.08884},
                {"as_of": "2024-02-20", "light": "green", "n": 40, "leavers": 4, "left_share": 0.1, "brier": None},
            ]
            self.tables = {
                name: TableResult(table=pa.Table.from_pylist(rows), title=name, as_of=session.as_of) for name in ("lights", "together")
            }
            self.withheld = ("green",)

    monkeypatch.setattr("regulars.predictions.health.audit.audit_lights", lambda session, **_options: Made(session))


@pytest.mark.suite
class TestAudit:
    def test_answers_in_a_sentence_before_the_tables(self, shop, audited, capsys):
        text = answered(capsys, "audit", "lights").out
        assert text.splitlines()[0] == (
            "The lights of 2024-02-20, set by what was known then: of 10 who were red 9 left (90.0 %), of 40 who were green 4 left (10.0 %)."
        )
        assert "90.0 %" in text.split("\nlights\n")[1]
        assert " 0.0888" in text.split("\nlights\n")[1]
        assert text.splitlines()[-1].startswith("Note: Half or more of those who were green")

    def test_gives_one_table_as_csv(self, shop, audited, capsys):
        text = answered(capsys, "audit", "lights", "--format", "csv", "--table", "lights").out
        assert [row["leavers"] for row in csv.DictReader(io.StringIO(text))] == ["9", "4"]
        assert "(argument.refused)" in answered(capsys, "audit", "lights", "--format", "csv", code=2).err
        assert "(argument.refused)" in answered(capsys, "audit", "lights", "--table", "shoes", code=2).err

    def test_says_all_as_json(self, shop, audited, capsys):
        told = json.loads(answered(capsys, "audit", "lights", "--format", "json").out)
        assert set(told) == {"audit", "answer", "tables", "notes"}

    def test_takes_days_to_learn_from_for_churn_only(self, shop, capsys):
        assert "(argument.refused)" in answered(capsys, "audit", "clv", "--train", "2024-01-01", code=2).err

    def test_of_a_history_too_short_says_so(self, shop, capsys):
        assert "nothing to compare yet" in answered(capsys, "audit", "churn").out

    def test_of_value_says_what_was_expected_and_what_came(self, shop, capsys):
        text = answered(capsys, "audit", "clv").out
        assert text.startswith("On 2024-02-21, 2 customers were expected to bring ")
        assert "EUR in 90 days, and brought 5.50 EUR" in text

    def test_of_what_does_not_exist_is_refused(self, shop, capsys):
        assert "shoes" in answered(capsys, "audit", "shoes", code=2).err
