import itertools
from datetime import date, timedelta

import pytest

from regulars.metrics.estimates import Undefined
from regulars.predictions import churn
from tests.regulars.predictions.churn.shops import coming_and_going, order_table, session_of


@pytest.fixture(scope="module")
def audit():
    """The audit of a shop of 400."""
    with session_of(orders=coming_and_going()) as session:
        return churn.audit_churn(session)


@pytest.mark.suite
class TestAudit:
    def test_judges_every_snapshot_but_the_first(self, audit):
        days = [row["as_of"] for row in audit.chosen()]
        assert len(days) == 4
        assert all(b - a == timedelta(days=90) for a, b in itertools.pairwise(days))

    def test_holds_every_candidate_against_recency_rule_and_base_rate(self, audit):
        models = {row["model"] for row in audit.scores.to_pylist()}
        assert models >= {"logistic", "recency", "clv", "base rate"}
        for row in audit.scores.to_pylist():
            if row["model"] not in {"recency", "base rate"}:
                assert row["gain_low"] <= row["gain"] <= row["gain_high"]
                assert row["gain_over_base_low"] <= row["gain_over_base"] <= row["gain_over_base_high"]

    def test_has_ten_bins_and_ten_deciles_a_snapshot_and_population(self, audit):
        for table, place in ((audit.reliability, "bin"), (audit.deciles, "decile")):
            rows = [r for r in table.to_pylist() if r["as_of"] == audit.chosen()[-1]["as_of"] and r["population"] == "active"]
            assert [r[place] for r in rows] == list(range(1, 11))
            assert sum(r["n"] for r in rows) == audit.chosen("active")[-1]["n"]
        assert audit.deciles.to_pylist()[9]["captured_share"] == pytest.approx(1.0)

    def test_explains_every_column(self, audit):
        for table in (audit.scores, audit.reliability, audit.deciles, audit.drift):
            assert set(table.meanings) == set(table.columns)
            assert all(table.meanings.values())

    def test_of_a_test_day_alone_learns_from_the_days_before_it(self):
        with session_of(orders=coming_and_going(200)) as session:
            (row,) = churn.audit_churn(session, test=[date(2023, 3, 1)]).chosen()
        assert row["as_of"] == date(2023, 3, 1)

    def test_of_a_short_history_is_undefined(self):
        with session_of(orders=order_table([0, 0, 1], [0, 10, 30], [1, 1, 1])) as session:
            assert churn.audit_churn(session) == Undefined("history_too_short")


@pytest.fixture(scope="module")
def promised(shared_data):
    """The audit on the promised days."""
    import gzip

    import pyarrow.csv as pc

    with gzip.open(shared_data / "cdnow" / "cdnow_master.csv.gz") as file:
        rows = pc.read_csv(file, convert_options=pc.ConvertOptions(column_types={"date": "string", "customer_id": "string"}))
    days = [date(int(d[:4]), int(d[4:6]), int(d[6:])) for d in rows.column("date").to_pylist()]
    zero = date(2022, 1, 1)
    table = order_table([0] * len(days), [(d - zero).days for d in days], [round(100 * a) for a in rows.column("amount").to_pylist()])
    table = table.set_column(table.schema.get_field_index("identity_id"), "identity_id", rows.column("customer_id"))
    with session_of(orders=table, horizon_days=90) as session:
        return churn.audit_churn(session, train=[date(1997, 9, 30), date(1997, 12, 30)], test=[date(1998, 3, 31)])


@pytest.mark.suite
class TestCDNOW:
    """What was promised on kept buyers: train as of 1997-09-30 and 1997-12-30, test as of 1998-03-31, horizon 90 days."""

    def test_holds_over_all_kept_buyers(self, promised):
        (row,) = promised.chosen()
        assert row["n"] == 23_502
        assert row["model"] == "logistic"
        assert row["auc"] >= 0.83
        assert row["brier"] <= 0.092
        assert row["ece"] <= 0.02
        assert row["gain_low"] > 0

    def test_beats_the_recency_rule_among_the_active_too(self, promised):
        (row,) = promised.chosen("active")
        assert row["n"] == 3_817
        assert row["auc"] > 0.71
        assert row["brier"] < 0.215
        assert row["gain_low"] > 0
        assert row["gain_over_base_low"] > 0

    def test_never_ranks_one_time_buyers_as_safest(self, promised):
        (clv,) = [r for r in promised.scores.to_pylist() if r["model"] == "clv" and r["population"] == "all"]
        assert clv["auc"] == pytest.approx(0.830, abs=0.002)
        assert clv["brier"] == pytest.approx(0.0898, abs=0.001)
