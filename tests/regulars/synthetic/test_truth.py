"""The truth: one row per customer under the ids of the tables."""

from __future__ import annotations

import pytest

from regulars.synthetic import Company, truth
from tests.regulars.synthetic.conftest import tables_of


class TestTruth:
    @pytest.mark.parametrize(("kind", "table", "column"), [("shop", "customers", "identity_id"), ("saas", "accounts", "account_id")])
    def test_is_of_every_customer(self, kind, table, column):
        company = Company(customers=200, months=12, kind=kind)
        hidden = truth(company)
        assert set(hidden.customers["customer_id"].to_pylist()) == set(tables_of(company)[table][column].to_pylist())
        assert hidden.parameters["kind"] == kind

    def test_of_purchases_names_no_campaign(self):
        assert truth(Company(customers=10, months=6)).campaigns == []
