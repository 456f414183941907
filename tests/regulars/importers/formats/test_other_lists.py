"""Subscriptions, tickets, surveys, messages, points, costs, customers, companies, rates, events: small lists, every row looked at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.suite


class TestSubscriptions:
    SPANS = "subscription_id,account_id,start_date,end_date,mrr,plan\nS1,A,2025-01-01,2025-06-01,100,pro\nS2,A,2025-02-01,2026-06-01,50,pro\nS3,B,2025-03-01,,20,basic\n"

    def test_a_span_is_a_start_and_an_end(self, shop):
        report = shop.load("s.csv", self.SPANS)
        assert (report.format, report.imported, report.money[0].imported) == ("subscriptions", 3, 17000)
        assert shop.rows(
            "subscriptions", "subscription_id, change, mrr_before_minor, mrr_after_minor, identity_id, effective_at::date::varchar", "all"
        ) == [
            ("S1", "cancel", 10000, 0, "A", "2025-05-31"),
            ("S1", "start", 0, 10000, "A", "2024-12-31"),
            ("S2", "start", 0, 5000, "A", "2025-01-31"),
            ("S3", "start", 0, 2000, "B", "2025-02-28"),
        ]

    def test_an_end_that_lies_ahead_comes_with_an_import_after_it(self, shop):
        shop.load("s.csv", self.SPANS)
        later = shop.load("s.csv", self.SPANS, now=datetime(2026, 7, 1, tzinfo=UTC))
        assert (later.replaced, later.imported, later.already_there) == (1, 1, 2)
        assert shop.rows("subscriptions", "subscription_id, change", "subscription_id, change")[2:4] == [("S2", "cancel"), ("S2", "start")]

    def test_a_list_of_changes_comes_as_it_is(self, shop):
        text = "subscription_id,customer_id,date,change,mrr_before,mrr\nS1,7,2025-01-01,started,0,10\nS1,7,2025-02-01,upgrade,10,30\nS1,7,2025-03-01,churned,30,0\nS1,7,2025-04-01,exploded,0,0\n"
        report = shop.load("s.csv", text)
        assert report.quarantined == {"bad_value": 1}
        assert shop.rows("subscriptions", "change, mrr_before_minor, mrr_after_minor", "occurred_at") == [
            ("start", 0, 1000),
            ("upgrade", 1000, 3000),
            ("cancel", 3000, 0),
        ]

    def test_an_end_before_the_start_is_set_aside(self, shop):
        assert shop.load("s.csv", "subscription_id,customer_id,start,end,mrr\nS1,7,2025-02-01,2025-01-01,10\n").quarantined == {
            "ends_before_start": 1
        }


class TestTickets:
    def test_a_case_is_its_steps(self, shop):
        text = "ticket_id,customer_id,created_at,first_response_time_minutes,closed_at,satisfaction_score,priority\nT1,7,2025-03-01 10:00,30,2025-03-02 10:00,4,high\nT2,8,2025-03-01 10:00,,,,low\n"
        report = shop.load("t.csv", text)
        assert (report.format, report.imported) == ("tickets", 2)
        assert shop.rows(
            "tickets", "ticket_id, step, occurred_at::varchar, score, scale_min, scale_max", "ticket_id, occurred_at, step"
        ) == [
            ("T1", "opened", "2025-03-01 09:00:00", None, None, None),
            ("T1", "replied", "2025-03-01 09:30:00", None, None, None),
            ("T1", "closed", "2025-03-02 09:00:00", None, None, None),
            ("T1", "rated", "2025-03-02 09:00:00", 4.0, 1.0, 5.0),
            ("T2", "opened", "2025-03-01 09:00:00", None, None, None),
        ]

    def test_a_case_that_went_on_replaces_itself(self, shop):
        shop.load("a.csv", "ticket_id,customer_id,opened_at,closed_at,priority\nT1,7,2025-03-01,,low\n")
        shop.load("b.csv", "ticket_id,customer_id,opened_at,closed_at,priority\nT1,7,2025-03-01,2025-03-05,low\n")
        assert shop.rows("tickets", "step", "1") == [("closed",), ("opened",)]


class TestSurveyAnswers:
    def test_the_column_says_what_is_measured(self, shop):
        report = shop.load("n.csv", "customer_id,date,nps,comment\n7,2025-03-01,9,good\n8,2025-03-01,11,\n9,2025-03-01,,\n")
        assert (report.format, report.quarantined) == ("survey_answers", {"missing_value": 1, "off_scale": 1})
        assert shop.rows("responses", "measure, score, scale_min, scale_max, text, state") == [("nps", 9.0, 0.0, 10.0, "good", "answered")]

    @pytest.mark.parametrize(
        ("scores", "scale"), [("1 5", (1, 5)), ("0 10", (0, 10)), ("2 7", (1, 7)), ("1 10", (1, 10)), ("0 87", (0, 100))]
    )
    def test_a_rating_has_the_usual_scale_that_holds_it(self, shop, scores, scale):
        rows = "".join(f"{i},2025-03-01,{s}\n" for i, s in enumerate(scores.split()))
        shop.load("r.csv", "response_id,date,rating\n" + rows)
        assert shop.rows("responses", "distinct scale_min, scale_max") == [scale]


class TestMessages:
    def test_steps_have_one_name_each(self, shop):
        text = "message_id,recipient,event,timestamp,campaign\nM1,A@b.c,Delivered,2025-03-01T10:00:00Z,spring\nM1,A@b.c,open,2025-03-01T11:00:00Z,spring\nM1,A@b.c,danced,2025-03-01T11:00:00Z,spring\n"
        report = shop.load("m.csv", text)
        assert (report.format, report.quarantined) == ("messages", {"bad_value": 1})
        assert shop.rows("messages", "message_id, step, channel, identity_id", "occurred_at") == [
            ("M1", "delivered", "email", "a@b.c"),
            ("M1", "opened", "email", "a@b.c"),
        ]


class TestPoints:
    def test_what_is_spent_is_negative(self, shop):
        text = "id,customer_id,date,type,points\n1,7,2025-03-01,earned,100\n2,7,2025-03-02,redeem,30\n3,7,2025-03-03,,-5\n4,,2025-03-03,earn,5\n"
        report = shop.load("p.csv", text)
        assert (report.format, report.quarantined) == ("points", {"missing_value": 1})
        assert shop.rows("points", "entry, points", "occurred_at") == [("earn", 100), ("redeem", -30), ("redeem", -5)]


class TestCosts:
    def test_the_last_day_of_a_period_belongs_to_it(self, shop):
        text = "start_date,end_date,channel,spend,kind,purpose\n2025-03-01,2025-03-31,Search,100,media,acquisition\n2025-03-01,2025-03-31,,50,wages,\n2025-03-01,,x,1,magic,\n"
        report = shop.load("c.csv", text)
        assert (report.format, report.quarantined) == ("costs", {"bad_value": 1})
        assert shop.rows("costs", "channel, kind, purpose, paid, amount_minor, starts_on::varchar, ends_on::varchar", "kind") == [
            ("Search", "media", "acquisition", True, 10000, "2025-03-01", "2025-04-01"),
            (None, "wages", "acquisition", False, 5000, "2025-03-01", "2025-04-01"),
        ]


class TestCustomers:
    def test_what_nobody_asked_for_becomes_a_trait(self, shop):
        report = shop.load(
            "c.csv",
            "customer_id,Email,First Name,Last Name,Signup Date,Country,Shoe size\n7,A@B.c,Ada,L,2025-01-01,FR,39\n,,Nobody,,2025-01-01,,\n",
        )
        assert (report.format, report.quarantined) == ("customers", {"missing_value": 1})
        assert shop.rows("customers", "identity_id, email, name, country, traits") == [("7", "a@b.c", "Ada L", "FR", '{"Shoe size": "39"}')]
        assert shop.rows("identities", "identity_id, customer_id") == [("a@b.c", "7")]

    def test_an_address_with_two_owners_is_left_alone(self, shop):
        report = shop.load("c.csv", "customer_id,email,country\n7,a@b.c,FR\n8,a@b.c,FR\n")
        assert shop.rows("identities") == []
        assert "belong to several customers" in " ".join(report.notes)


class TestAccounts:
    def test_a_company_is_a_customer_where_nobody_is_named(self, shop):
        report = shop.load("a.csv", "account_id,account_name,industry,seats\nA1,Acme,Tools,7\n")
        assert report.format == "accounts"
        assert shop.rows("accounts", "account_id, identity_id, name, industry, seats") == [("A1", "A1", "Acme", "Tools", 7)]
        assert shop.rows("customers", "identity_id, name") == [("A1", "Acme")]


class TestExchangeRates:
    def test_a_rate_is_above_zero(self, shop):
        report = shop.load("r.csv", "date,currency,to_currency,rate\n2025-03-01,usd,EUR,0.92\n2025-03-01,GBP,EUR,0\n")
        assert (report.format, report.quarantined) == ("exchange_rates", {"bad_number": 1})
        assert shop.rows("exchange_rates", "on_date::varchar, currency, to_currency, rate") == [("2025-03-01", "USD", "EUR", 0.92)]


class TestEvents:
    def test_a_visitor_becomes_known(self, shop):
        text = "anonymous_id,user_id,event,timestamp,page\nv1,,Product Viewed,2025-03-01T10:00:00Z,/tea\nv1,7,Signed In,2025-03-01T11:00:00Z,\n"
        report = shop.load("e.csv", text)
        assert report.format == "events"
        assert shop.rows("events", "identity_id, name, properties", "occurred_at") == [
            ("v1", "Product Viewed", '{"page": "/tea"}'),
            ("7", "Signed In", None),
        ]
        assert shop.rows("identities", "identity_id, customer_id") == [("v1", "7")]
