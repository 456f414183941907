"""The whole way on a synthetic company: predicted, kept, read again, replayed as of an earlier week, predicted once more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulars.predictions import store
from regulars.predictions.listing import listing
from regulars.synthetic import Company, Shop, fill
from regulars.workspace import Workspace

pytestmark = pytest.mark.suite

SHARED = (
    "customer_id",
    "light",
    "light_by_score",
    "light_rule",
    "health_score",
    "churn_risk",
    "clv_minor",
    "clv_low_minor",
    "clv_high_minor",
)
SHARED += ("p_alive", "expected_orders", "money_at_risk_minor")


def rows(predictions):
    return predictions.table.select(SHARED).sort_by("customer_id").to_pylist()


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A workspace with a run of the week before and one of the last day; and the two answers."""
    workspace = Workspace.create(tmp_path_factory.mktemp("company") / "shop", currency="EUR")
    fill(workspace, Company(customers=500, months=18, seed=11, shop=Shop()))
    with workspace.session() as session:
        week_before = session.as_of_day - timedelta(days=8)  # a date stands for its end
    earlier = workspace.predict(as_of=week_before)
    return workspace, earlier, workspace.predict()


class TestAWholeRun:
    def test_is_read_again_as_it_was_predicted(self, company):
        workspace, _earlier, last = company
        kept = workspace.predictions()
        assert kept.as_of == last.as_of
        assert rows(kept) == rows(last)
        assert kept.versions == {kind: model.version for kind, model in last.models.items()}

    def test_gives_the_same_sentences(self, company):
        workspace, _earlier, last = company
        kept = workspace.predictions()
        ids = [row["customer_id"] for row in rows(last) if row["light"] != "lapsed"][:100]
        assert [[str(r) for r in own] for own in kept.why(ids)] == [[str(r) for r in own] for own in last.why(ids)]
        assert any(kept.why(ids))

    def test_lists_in_the_same_order(self, company):
        workspace, _earlier, last = company
        kept = workspace.predictions()
        for sort in ("money_at_risk", "risk", "value", "score"):
            mine, theirs = (listing(told, lights=("red", "amber"), top=20, sort=sort).column("customer_id") for told in (kept, last))
            assert mine == theirs

    def test_is_what_the_facts_say_as_of_its_week(self, company):
        workspace, earlier, last = company
        for run in (earlier, last):
            facts = {row["customer_id"]: row for row in workspace.facts(as_of=run.as_of).to_pylist()}
            told = {row["customer_id"]: row for row in rows(run)}
            assert {who: facts[who]["light"] for who in told} == {who: row["light"] for who, row in told.items()}
            assert {row["predicted_on"] for row in facts.values()} == {run.day - timedelta(days=1)}

    def test_is_what_the_metrics_sum(self, company):
        workspace, _earlier, last = company
        told = rows(last)
        lights = [row["light"] for row in told]
        (share,) = workspace.metric("red_share")
        assert share.value == pytest.approx(lights.count("red") / sum(lights.count(light) for light in ("red", "amber", "green")))
        (at_risk,) = workspace.metric("revenue_at_risk")
        money = sum(row["money_at_risk_minor"] or 0 for row in told if row["light"] in ("red", "amber"))
        assert at_risk.value == pytest.approx(money / 100)
        (value,) = workspace.metric("clv_predicted")
        known = [row["clv_minor"] for row in told if row["clv_minor"] is not None]
        assert value.value == pytest.approx(sum(known) / len(known) / 100)

    def test_never_reads_what_was_predicted_before(self, company):
        """Facts hold the kept predictions now; a run that learned from them would differ from the one that had none."""
        workspace, earlier, _last = company
        again = workspace.predict(as_of=earlier.day - timedelta(days=1), keep=False)
        assert rows(again) == rows(earlier)
        assert {kind: model.version for kind, model in again.models.items()} == {
            kind: model.version for kind, model in earlier.models.items()
        }

    def test_keeps_models_that_name_no_customer(self, company):
        workspace, _earlier, last = company
        ids = last.table.column("customer_id").to_pylist()
        text = b"\n".join(content for model in store.list_models(workspace.folder / "models") for content in model.files().values())
        assert len(store.list_models(workspace.folder / "models")) >= 3
        assert [who for who in ids if f'"{who}"'.encode() in text] == []
