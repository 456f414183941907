"""Models and rows in a workspace: whole or not at all, and gone when they shall be."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from regulars.errors import ErasedMeanwhile, ModelUnknown
from regulars.predictions import store
from regulars.workspace import Workspace
from tests.regulars.predictions.said import Learned, customer, kept, said

WHY = [{"code": "silent_longer_than_usual", "says": "silent", "days": 74, "usual": 31}]


def stored(workspace):
    """All rows of the table, whatever they say."""
    return [row for path in workspace.snapshot().files("predictions") for row in pq.read_table(path).to_pylist()]


def models(workspace):
    return [f"{m.kind}/{m.version}" for m in store.list_models(workspace.folder / "models")]


class TestAModel:
    def test_is_read_as_it_was_written(self, tmp_path):
        store.write_model(tmp_path, "churn", Learned("c1", {"card.json": b"{}", "trees.txt": b"tree"}))
        assert store.read_model(tmp_path, "churn", "c1") == {"card.json": b"{}", "trees.txt": b"tree"}

    def test_that_is_there_already_is_left_alone(self, tmp_path):
        store.write_model(tmp_path, "churn", Learned("c1", {"a": b"first"}))
        store.write_model(tmp_path, "churn", Learned("c1", {"a": b"second"}))
        assert store.read_model(tmp_path, "churn", "c1") == {"a": b"first"}

    def test_that_is_not_there_is_named_with_those_that_are(self, tmp_path):
        store.write_model(tmp_path, "churn", Learned("c1"))
        with pytest.raises(ModelUnknown, match="churn/c1"):
            store.read_model(tmp_path, "churn", "../churn/c1")

    def test_leaves_no_folder_behind_when_the_disk_is_full(self, tmp_path, monkeypatch):
        from regulars.errors import DiskFull

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(store, "_write", full)
        with pytest.raises(DiskFull):
            store.write_model(tmp_path, "churn", Learned("c1"))
        assert list((tmp_path / "churn").iterdir()) == []

    def test_cannot_lie_outside_its_folder(self, tmp_path):
        with pytest.raises(ValueError, match="names of files"):
            store.write_model(tmp_path, "churn", Learned("../c1"))


class TestARun:
    def test_keeps_a_row_for_every_value_that_exists(self, shop):
        reasons = {"ben": WHY}
        (record,) = kept(
            shop, said("2024-05-21", customer("anna"), customer("ben", "red", clv_minor=None, light_rule="dissatisfied"), reasons=reasons)
        )
        rows = {(r["name"], r["identity_id"]): r for r in stored(shop)}
        names = ("churn_risk", "p_alive", "expected_orders", "clv_minor", "money_at_risk_minor", "health_score", "light", "light_by_score")
        assert set(rows) == {(name, who) for name in names for who in ("anna", "ben")} - {("clv_minor", "ben")} | {("light_rule", "ben")}
        assert (rows["churn_risk", "anna"]["value"], rows["churn_risk", "anna"]["low"], rows["churn_risk", "anna"]["high"]) == (
            0.2,
            0.1,
            0.3,
        )
        assert rows["light", "ben"]["value"] == 2.0
        assert json.loads(rows["light", "ben"]["reasons"]) == WHY
        assert json.loads(rows["light_rule", "ben"]["reasons"]) == ["dissatisfied"]
        assert rows["churn_risk", "ben"]["model_version"] == "churn/c1"
        assert rows["money_at_risk_minor", "ben"]["model_version"] == "churn/c1 value/v1"
        assert str(rows["light", "ben"]["occurred_at"]) == "2024-05-20 23:59:59.999999"
        assert rows["light", "ben"]["row_key"] == f"{record.load_id}/light/ben"
        assert record.report["lights"] == {"green": 1, "red": 1}
        assert models(shop) == ["churn/c1", "value/v1"]

    def test_writes_no_number_that_is_not_finite(self, shop):
        kept(shop, said("2024-05-21", customer("anna", churn_risk=math.nan, expected_orders=math.inf, churn_low=math.nan)))
        rows = stored(shop)
        assert {"churn_risk", "expected_orders"} & {row["name"] for row in rows} == set()
        assert all(number is None or math.isfinite(number) for row in rows for number in (row["value"], row["low"], row["high"]))

    def test_of_nobody_is_kept_too(self, shop):
        kept(shop, said("2024-05-21"))
        assert stored(shop) == []
        assert shop.loads()[-1].report["customers"] == 0

    def test_hashes_the_content(self, shop):
        kept(shop, said("2024-05-21", customer("anna"), customer("ben"), customer("carla", churn_high=0.31)))
        by_name = {r["identity_id"]: r["row_hash"] for r in stored(shop) if r["name"] == "churn_risk"}
        assert by_name["anna"] == by_name["ben"] != by_name["carla"]

    def test_tells_how_far_it_is(self, shop):
        from regulars.predictions import rows

        told = []
        with shop.stage(source=rows.SOURCE) as load:
            run = said("2024-05-21", customer("anna"), customer("ben"))
            store.keep(run, load, shop.folder / "models", [], progress=lambda done, whole: told.append((done, whole)))
        assert told[-1] == (20, 20)
        assert told == sorted(told)

    def test_does_not_move_the_day_that_the_data_reach_to(self, shop):
        with shop.session() as session:
            before = session.as_of
        kept(shop, said("2024-05-21", customer("anna")))
        with shop.session() as session:
            assert session.as_of == before

    def test_keeps_accounts_as_accounts(self, shop):
        from regulars.predictions import rows

        with shop.stage(source=rows.SOURCE) as load:
            run = said("2024-05-21", customer("acme"), customer("anna"))
            store.keep(run, load, shop.folder / "models", [], accounts={"acme"})
        found = {(r["identity_id"], r["account_id"]) for r in stored(shop)}
        assert found == {(None, "acme"), ("anna", None)}


@pytest.mark.suite
class TestUndo:
    def test_of_a_run_brings_the_one_before_back(self, shop):
        _first, second = kept(
            shop, said("2024-05-21", customer("anna"), churn="c1"), said("2024-05-21", customer("anna", "red"), churn="c2")
        )
        assert {row["customer_id"]: row["light"] for row in shop.facts().to_pylist()}["anna"] == "red"
        shop.undo(second.load_id)
        assert {row["customer_id"]: row["light"] for row in shop.facts().to_pylist()}["anna"] == "green"

    def test_still_works_after_compaction(self, shop):
        _first, second = kept(shop, said("2024-05-21", customer("anna")), said("2024-05-21", customer("anna", "red")))
        shop.compact()
        assert shop.predictions().table.column("light").to_pylist() == ["red"]
        shop.undo(second.load_id)
        assert shop.predictions().table.column("light").to_pylist() == ["green"]

    def test_lets_the_next_run_remove_its_models(self, shop):
        (first,) = kept(shop, said("2024-05-21", customer("anna"), churn="c1"))
        shop.undo(first.load_id)
        kept(shop, said("2024-05-21", customer("anna"), churn="c2"))
        assert models(shop) == ["churn/c2", "value/v1"]


@pytest.mark.suite
class TestErasing:
    def test_takes_the_person_out_of_the_rows_and_their_reasons(self, shop):
        reasons = {"anna": [{"code": "said", "text": "anna@example.org was unhappy"}], "ben": WHY}
        kept(shop, said("2024-05-21", customer("anna", "red"), customer("ben", "red"), reasons=reasons))
        shop.erase("anna")
        text = json.dumps(stored(shop), default=str)
        assert "anna" not in text
        hers = [row for row in stored(shop) if row["name"] == "light" and row["reasons"] is None]
        assert [row["value"] for row in hers] == [2.0]
        assert hers[0]["identity_id"].startswith("erased-")
        assert json.loads(next(row["reasons"] for row in stored(shop) if row["identity_id"] == "ben" and row["name"] == "light")) == WHY

    def test_keeps_the_totals(self, shop):
        kept(shop, said("2024-05-21", customer("anna", "red"), customer("ben", "red"), customer("carla")))
        names = ("red_share", "revenue_at_risk", "clv_predicted")
        before = [shop.metric(name).values[0].value for name in names]
        shop.erase("anna")
        assert [shop.metric(name).values[0].value for name in names] == before == [pytest.approx(2 / 3), 20.0, 50.0]

    def test_strictly_deletes_the_rows(self, shop):
        kept(shop, said("2024-05-21", customer("anna", "red"), customer("ben", "red")))
        shop.erase("anna", strict=True)
        assert {row["identity_id"] for row in stored(shop)} == {"ben"}

    def test_while_a_run_is_reckoned_keeps_the_run_out(self, shop, monkeypatch):
        def predict(_session, **_more):
            shop.erase("anna")
            return said("2024-05-21", customer("anna"), customer("ben"))

        monkeypatch.setattr("regulars.predictions.predicting.predict", predict)
        with pytest.raises(ErasedMeanwhile):
            shop.predict()
        assert stored(shop) == []
        assert len(shop.loads()) == 1

    def test_leaves_no_trace_in_models_and_reports(self, shop):
        kept(shop, said("2024-05-21", customer("anna", "red")))
        shop.erase("anna")
        text = b"".join(path.read_bytes() for folder in ("models", "loads") for path in (shop.folder / folder).rglob("*.*"))
        assert b"anna" not in text


CHILD = """
import os, signal, sys
from pathlib import Path
from regulars.predictions import store
from regulars.warehouse import changes, loads
from regulars.workspace import Workspace
from tests.regulars.predictions.said import customer, kept, said

owner, name, after = {"writing": (Path, "rename", False), "written": (store, "write_model", True), "rows": (loads.Load, "add", True),
                      "sealed": (changes.Staging, "seal", True)}[sys.argv[2]]
real = getattr(owner, name)

def killed(*args, **more):
    if after:
        real(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, killed)
kept(Workspace.open(sys.argv[1]), said("2024-05-21", customer("anna", "red"), churn="c9"))
"""


@pytest.mark.suite
class TestARunThatIsKilled:
    @pytest.mark.parametrize("step", ["writing", "written", "rows", "sealed"])
    def test_leaves_all_or_nothing_and_the_next_one_cleans_up(self, shop, step, repository):
        child = subprocess.run([sys.executable, "-c", CHILD, str(shop.folder), step], check=False, cwd=repository)
        assert child.returncode == -9
        opened = Workspace.open(shop.folder)
        rows = stored(opened)
        assert len(rows) == (8 if step == "sealed" else 0)
        assert all((opened.folder / "models" / part).is_dir() for row in rows for part in row["model_version"].split())
        kept(opened, said("2024-05-21", customer("anna"), churn="c1"))
        assert models(opened) == ["churn/c1", *(["churn/c9"] if step == "sealed" else []), "value/v1"]
        assert list((opened.folder / "models").rglob(".*")) == []
        assert list((opened.folder / "staging").iterdir()) == []
