"""The serving file says what the tables say."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from regulars_server.serving.building import build_here
from regulars_server.serving.customer_rows import FACTS
from regulars_server.serving.layout import FILE
from regulars_server.serving.public import CustomerQuery, customer, customer_id_of, customers
from regulars_server.serving.timeline_rows import TELLINGS
from regulars_server.shared.references import reference_of
from tests.regulars_server.serving.conftest import NOW
from tests.regulars_server.serving.installed import CANARY, add, install

pytestmark = pytest.mark.suite


def stored(workspace, table):
    """Rows of a table as they lie in its files, and which of them are in force: without any of the code under test."""
    rows = [row for path in sorted((workspace.folder / "tables" / table).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    gone = set()
    for path in (workspace.folder / "tables" / "supersessions").glob("*.parquet"):
        for row in pq.read_table(path).to_pylist():
            if row["table_name"] == table:
                gone.add((row["superseded_key"], row["superseded_source"], row["superseded_load_id"]))
    return [row for row in rows if (row["row_key"], row["source"], row["load_id"]) not in gone]


class TestCustomers:
    def test_are_the_facts(self, workspace, built) -> None:
        facts = {row["customer_id"]: row for row in workspace.facts(as_of=built.as_of).to_arrow().to_pylist()}
        rows = {row["customer_id"]: row for row in (customer(one) for one in facts)}
        assert len(facts) == built.customers == 40
        for one, row in rows.items():
            assert {name: row[name] for name in FACTS} == {name: facts[one][name] for name in FACTS}

    def test_bear_their_reference(self, built) -> None:
        assert customer("c007")["reference"] == reference_of("c007")
        assert customer_id_of(reference_of("c007")) == "c007"
        assert customer_id_of(reference_of("nobody")) is None

    def test_have_the_latest_name_and_the_latest_number_that_is_known(self, built) -> None:
        row = customer("c001")
        assert row["name"] == f"{CANARY} Person 1 v1"
        assert row["phone"] == f"+49 30 {CANARY} 1"

    def test_of_an_erased_and_rebuilt_company_are_gone(self, workspace, built) -> None:
        workspace.erase("c001")
        build_here(workspace, NOW)
        assert customer("c001") is None
        assert not any(CANARY + " Person 1 " in str(row["name"]) for row in customers(CustomerQuery(limit=100)).rows)


class TestPredictions:
    def test_are_those_kept_last_with_their_intervals(self, workspace, built) -> None:
        kept = [("clv_minor", 900.0, 400.0, 1500.0), ("churn_risk", 0.4, 0.3, 0.5), ("light", 1.0, None, None)]
        for turn, factor in enumerate((2.0, 1.0)):
            rows = [
                {
                    "at": "2026-05-01T00:00:00",
                    "row_key": f"{turn}/{name}/c007",
                    "customer": "c007",
                    "name": name,
                    "value": value * factor,
                    "low": low and low * factor,
                    "high": high and high * factor,
                    "reasons": f'["{turn}"]' if name == "light" else None,
                    "model_version": "m",
                }
                for name, value, low, high in kept
            ]
            add(workspace, {"predictions": rows})
        build_here(workspace, NOW)
        row = customer("c007")
        assert (row["clv_minor"], row["clv_low_minor"], row["clv_high_minor"]) == (900.0, 400.0, 1500.0)
        assert (row["churn_risk"], row["churn_risk_low"], row["churn_risk_high"]) == (0.4, 0.3, 0.5)
        assert row["reasons"] == ["1"]
        assert customer("c008")["clv_low_minor"] is None


class TestTimelineRows:
    def test_hold_every_row_in_force_that_is_somebodys(self, workspace, built) -> None:
        expected = sum(row["identity_id"] is not None for telling in TELLINGS for row in stored(workspace, telling.table))
        assert built.entries == expected > 300


class TestBuild:
    def test_of_an_empty_workspace_is_nothing(self, settings, tmp_path) -> None:
        workspace = install(settings, tmp_path, tables={})
        assert build_here(workspace, NOW) is None
        assert customers(CustomerQuery()) is None

    def test_is_as_of_the_latest_row_of_a_day_that_has_not_ended(self, settings, tmp_path) -> None:
        workspace = install(settings, tmp_path, tables={"orders": [{"at": "2026-10-31T09:00:00", "customer": "ann", "amount": 100}]})
        add(workspace, {"orders": [{"at": "2026-11-01T10:00:00", "customer": "ben", "amount": 100, "row_key": "x"}]})
        now = datetime.now(UTC)
        built = build_here(workspace, now)
        assert built.customers == 2
        assert built.as_of >= datetime(2026, 11, 1, 10, tzinfo=UTC)

    def test_leaves_the_old_file_alone_when_it_fails(self, workspace, built, monkeypatch) -> None:
        before = (workspace.folder / "server" / "serving" / FILE).read_bytes()

        def fail(*_args):
            raise OSError("full")

        monkeypatch.setattr("regulars_server.serving.customer_rows.write", fail)
        with pytest.raises(OSError, match="full"):
            build_here(workspace, NOW)
        assert (workspace.folder / "server" / "serving" / FILE).read_bytes() == before
        assert not list((workspace.folder / "server" / "serving").glob("building-*"))

    def test_counts_accounts_where_these_are_the_customers(self, settings, tmp_path) -> None:
        rows = [{"at": "2026-03-01", "customer": f"p{i}", "account_id": f"acme{i % 2}", "amount": 100, "row_key": f"{i}"} for i in range(6)]
        accounts = [{"at": "2026-03-01", "customer": None, "account_id": "acme1", "name": "Acme One", "row_key": "a1"}]
        workspace = install(settings, tmp_path, tables={"orders": rows, "accounts": accounts}, customer_unit="account")
        build_here(workspace, NOW)
        assert customer("acme1")["name"] == "Acme One"
        assert customer("acme1")["orders"] == 3
