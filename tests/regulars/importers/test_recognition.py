from __future__ import annotations

import pytest

from regulars.importers import fields, recognise
from regulars.importers.formats import FORMATS
from regulars.importers.recognition import bind, signature
from regulars.tables import TABLES


class TestRecognise:
    @pytest.mark.parametrize(
        ("header", "name"),
        [
            ("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country", "uci_online_retail"),
            ("customer_id,date,number_of_cds,dollar_value", "transactions"),
            ("Customer ID,Order ID,Order Date,Total", "transactions"),
            ("email,created_at,total,status", "transactions"),
            ("id,Created date (UTC),Amount,Currency,Captured,Customer Email", "stripe_payments"),
            ("id,Email,Name,Created (UTC),Delinquent", "stripe_customers"),
            ("customer_id,name,country", "customers"),
            ("email,signup_date,source", "customers"),
            ("date,channel,cost", "costs"),
            ("user_id,event_name,event_time", "events"),
            ("ticket_id,created_at,resolved_at,requester", "tickets"),
            ("subscription_id,customer_id,started_at,cancelled_at,mrr", "subscriptions"),
            ("user_id,survey_date,nps_score", "survey_answers"),
            ("customer_id,points,date,type", "points"),
        ],
    )
    def test_knows_a_file_by_its_header(self, header, name):
        assert recognise(header.split(",")).name == name
        assert recognise([h.upper() for h in header.split(",")] if "_" in header else header.split(",")).name == name

    def test_a_mapping_overrules_and_is_enough(self):
        bound = bind(["wer", "wann", "was", "date"], {"wer": "customer_id", "wann": "date", "was": "amount", "date": "ignore"})
        assert (bound.format.name, dict(bound.columns)) == ("transactions", {"customer_id": 0, "date": 1, "amount": 2})

    def test_the_order_of_columns_does_not_matter_to_what_was_said(self):
        assert signature(["A b", "c"]) == signature(["C", "a_b"])


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
class TestEveryFormat:
    def test_is_declared_whole(self, fmt):
        names = [f.name for f in fmt.fields]
        assert len(names) == len(set(names))
        assert {name for group in fmt.needs for name in group} | set(fmt.marks) <= set(names)
        assert {fmt.anchor, *fmt.tables} <= set(TABLES)
        assert fmt.anchor in fmt.tables
        assert all(f.meaning and f.name == f.name.lower() for f in fmt.fields)
        assert fmt.unlisted_to in {None, *names}

    def test_its_fields_can_be_looked_up(self, fmt):
        assert set(fields()[fmt.name]) == {f.name for f in fmt.fields}

    def test_its_file_bears_its_name(self, fmt, repository):
        assert (repository / "src" / "regulars" / "importers" / "formats" / f"{fmt.name}.py").exists()

    def test_its_own_field_names_are_a_header_that_it_recognises(self, fmt):
        assert bind([f.name for f in fmt.fields], format_name=fmt.name).format is fmt
