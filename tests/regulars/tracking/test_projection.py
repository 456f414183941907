"""Calls become rows of the tables, in the tables' columns, keyed as the tables want it."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from regulars.tables import TABLES
from regulars.tracking.makers import MAKERS
from regulars.tracking.names import SPOKEN, VERSION_1
from regulars.tracking.projection import Located, project
from regulars.tracking.subscriptions import KnownSubscription
from tests.regulars.tracking.sending import RECEIVED, micro, one, projected, rows, track


def said(table: str, *calls: Any, **options: Any) -> list[dict[str, Any]]:
    """The rows, with what they say besides the envelope."""
    done = projected(*calls, **options)
    assert done.refused == []
    envelope = {"occurred_at", "recorded_at", "source", "row_key", "row_hash", "identity_id", "account_id"}
    return [{name: value for name, value in row.items() if name not in envelope and value is not None} for row in rows(done, table)]


def codes(*calls: Any, **options: Any) -> list[str]:
    return [refused.code.removeprefix("tracking.") for refused in projected(*calls, **options).refused]


class TestProjection:
    def test_of_everything_fits_the_tables(self) -> None:
        everything = {
            "order_id": "o", "total": 5, "subscription_id": "s", "mrr": 5, "ticket_id": "t", "score": 4, "email_id": "e", "survey_id": "v", "rating": 4,
            "products": [{"product_id": "a", "price": 5}],
        }  # fmt: skip
        calls = [track(name, message_id=f"m{n}", **everything) for n, name in enumerate(MAKERS)]
        calls += [
            one(type="identify", userId="u", traits={"email": "a@b.co"}),
            one(type="group", userId="u", groupId="g", traits={"plan": "pro"}),
        ]
        done = project([Located(call=call, identity_id="u", account_id="g") for call in calls], currency="EUR")
        assert done.refused == []
        assert set(done.tables) == {
            "events",
            "customers",
            "accounts",
            "orders",
            "order_lines",
            "subscriptions",
            "messages",
            "responses",
            "tickets",
        }
        for name, table in done.tables.items():
            TABLES[name].check(table.add_column(5, pa.field("load_id", pa.string()), pa.repeat(pa.scalar("l"), len(table))))
            table.validate(full=True)
            assert len(done.origins[name]) == len(table)

    def test_of_nothing_is_nothing(self) -> None:
        assert project([], currency=None).tables == {}

    def test_leaves_nothing_of_a_refused_call(self) -> None:
        bad = track("Order Completed", message_id="bad", order_id="o", total="x")
        done = projected(track("Tea Drunk"), bad, track("Tea Drunk", message_id="m3"))
        assert [row["row_key"] for row in rows(done, "events")] == ["event#m1", "event#m3"]
        assert done.origins["events"]["call"].to_pylist() == [0, 2]
        assert [(refused.message_id, refused.code, refused.raw) for refused in done.refused] == [
            ("bad", "tracking.bad_amount", bytes(bad.raw))
        ]

    def test_has_made_something_of_every_name_it_maps(self) -> None:
        assert set(MAKERS) <= set(SPOKEN)
        assert set(VERSION_1.values()) <= set(SPOKEN)


class TestEvents:
    def test_keep_their_instant_their_name_and_what_was_said(self) -> None:
        context = {"page": {"path": "/"}, "consent": {"categoryPreferences": {"Advertising": False}}, "ip": "1.2.3.4", "library": {"name": "x"}, "locale": "de-DE",
                   "device": {"type": "ios", "id": "secret"}, "campaign": {}}  # fmt: skip
        call = track("Product Viewed", context=context, product_id=7, price=9.99)
        row = rows(projected(call), "events")[0]
        assert (row["name"], row["product_id"], row["row_key"], row["source"], row["identity_id"]) == (
            "Product Viewed",
            "7",
            "event#m1",
            "web",
            "u1",
        )
        assert json.loads(row["properties"]) == {
            "product_id": 7,
            "price": 9.99,
            "context": {
                "page": {"path": "/"},
                "consent": {"categoryPreferences": {"Advertising": False}},
                "locale": "de-DE",
                "device": {"type": "ios"},
            },
        }
        assert call.occurred_at == micro("2026-03-01T10:00:00Z")
        assert call.received_at == RECEIVED

    def test_without_properties_have_none(self) -> None:
        assert rows(projected(track("Signed In")), "events")[0]["properties"] is None

    def test_are_pages_and_screens_too_and_no_other_calls(self) -> None:
        calls = [
            one(type="page", name="Home"),
            one(type="screen", name="Start"),
            one(type="identify", userId="u"),
            one(type="alias", previousId="a", userId="u"),
        ]
        done = projected(*calls)
        assert [row["name"] for row in rows(done, "events")] == ["Page Viewed", "Screen Viewed"]
        assert set(done.tables) == {"events"}


class TestCustomers:
    def test_hold_what_segments_example_says(self) -> None:
        """The example of an identify call in Segment's specification."""
        traits = {
            "name": "Peter Gibbons",
            "email": "Peter@Example.com",
            "plan": "premium",
            "logins": 5,
            "address": {"street": "6th St", "city": "San Francisco", "country": "USA"},
        }
        (row,) = said("customers", one(type="identify", userId="97980cfea0067", traits=traits))
        assert row.pop("traits") == json.dumps({"plan": "premium", "logins": 5, "address": traits["address"]}, separators=(",", ":"))
        assert row == {"email": "peter@example.com", "name": "Peter Gibbons", "country": "USA"}

    def test_are_versions_that_leave_open_what_they_do_not_say(self) -> None:
        calls = [
            one(type="identify", userId="u", messageId=m, traits=t)
            for m, t in (("a", {"firstName": "Eva", "lastName": "Maler"}), ("b", {"phone": "030"}))
        ]
        assert said("customers", *calls) == [{"name": "Eva Maler"}, {"phone": "030"}]
        assert [row["row_key"] for row in rows(projected(*calls), "customers")] == ["customer#a", "customer#b"]

    def test_name_a_campaign_only_where_it_made_the_person_known(self) -> None:
        call = one(type="identify", userId="u", traits={"email": "a@b.co"}, context={"campaign": {"source": "google", "name": "spring"}})
        assert said("customers", call) == [{"email": "a@b.co"}]
        assert said("customers", call, newcomer=True) == [
            {"email": "a@b.co", "acquisition_channel": "google", "acquisition_campaign": "spring"}
        ]

    def test_are_nobody_without_a_name_a_number_or_an_address(self) -> None:
        assert said("customers", one(type="identify", anonymousId="a", traits={"theme": "dark"})) == []
        assert said("customers", one(type="identify", userId="u")) == []
        assert len(said("customers", one(type="identify", anonymousId="a", traits={"email": "a@b.co"}))) == 1


class TestAccounts:
    def test_hold_what_a_group_call_says(self) -> None:
        """The example of a group call in Segment's specification."""
        traits = {"name": "Initech", "industry": "Technology", "employees": 329, "plan": "enterprise", "total billed": 830, "seats": "40"}
        call = one(type="group", userId="u", groupId="0e8c78ea9d97a7b8185e8632", traits=traits)
        row = rows(projected(call), "accounts")[0]
        assert (row["identity_id"], row["account_id"]) == ("0e8c78ea9d97a7b8185e8632", "0e8c78ea9d97a7b8185e8632")
        assert (row["name"], row["industry"], row["plan"], row["seats"], row["members"]) == (
            "Initech",
            "Technology",
            "enterprise",
            40,
            None,
        )
        assert json.loads(row["traits"]) == {"employees": 329, "total billed": 830}

    def test_have_members_only_as_a_whole_list(self) -> None:
        call = one(type="group", userId="u", groupId="g")
        assert said("accounts", call, members=("u", "v")) == [{"members": '["u", "v"]'}]


class TestSubscriptions:
    def test_keep_a_change_with_the_revenue_before_and_after(self) -> None:
        term = "2026-04-01T00:00:00Z"
        start = track("Subscription Started", "2026-02-01T00:00:00Z", subscription_id="s", plan="pro", mrr=20, seats=2, term_end=term)
        up = track("Subscription Upgraded", "2026-02-05T00:00:00Z", message_id="m2", subscription_id="s", mrr=30, plan="max")
        end = track(
            "Subscription Cancelled", "2026-02-09T00:00:00Z", message_id="m3", subscription_id="s", reason="price", involuntary=False
        )
        found = rows(projected(start, up, end), "subscriptions")
        assert [(row["change"], row["plan"], row["mrr_before_minor"], row["mrr_after_minor"], row["seats"]) for row in found] == [
            ("start", "pro", 0, 2000, 2),
            ("upgrade", "max", 2000, 3000, 2),
            ("cancel", "max", 3000, 0, 2),
        ]
        assert [row["row_key"] for row in found] == ["start m1#s", "upgrade m2#s", "cancel m3#s"]
        assert (found[2]["reason"], found[2]["involuntary"], found[2]["term_end"]) == ("price", False, None)
        assert found[1]["term_end"] is not None

    @pytest.mark.parametrize(
        ("revenue", "minor"),
        [
            ({"mrr": "19.99"}, 1999),
            ({"arr": 120}, 1000),
            ({"amount": 120, "interval": "year"}, 1000),
            ({"price": 10, "interval": "monthly"}, 1000),
            ({"amount": 60, "interval": "months", "interval_count": 3}, 2000),
            ({"amount": 12, "interval": "week"}, 5214),
            ({"mrr": 5, "currency": "JPY"}, 5),
        ],
    )
    def test_reckon_a_months_revenue(self, revenue: dict[str, Any], minor: int) -> None:
        assert said("subscriptions", track("Subscription Started", subscription_id="s", **revenue))[0]["mrr_after_minor"] == minor

    def test_of_no_id_are_one_for_each_customer(self) -> None:
        assert said("subscriptions", track("Subscription Started", mrr=5))[0]["subscription_id"] == "u1"

    def test_that_are_known_need_not_say_their_revenue(self) -> None:
        known = KnownSubscription(subscription_id="s", mrr_minor=900, currency="USD", plan="pro", seats=3, term_end=RECEIVED)
        (row,) = said("subscriptions", track("Subscription Renewed", subscription_id="s"), subscription=known)
        assert (row["mrr_before_minor"], row["mrr_after_minor"], row["currency"], row["plan"]) == (900, 900, "USD", "pro")
        assert codes(track("Subscription Renewed", subscription_id="s")) == ["no_amount"]

    @pytest.mark.parametrize(
        ("said_now", "change"),
        [
            ({"mrr": 20}, "upgrade"),
            ({"mrr": 5}, "downgrade"),
            ({"mrr": 9, "term_end": "2026-09-01"}, "renew"),
            ({"mrr": 9}, None),
            ({}, None),
        ],
    )
    def test_that_were_updated_tell_by_the_revenue_what_changed(self, said_now: dict[str, Any], change: str | None) -> None:
        known = KnownSubscription(subscription_id="s", mrr_minor=900, currency="EUR", term_end=RECEIVED)
        found = said("subscriptions", track("Subscription Updated", subscription_id="s", **said_now), subscription=known)
        assert [row["change"] for row in found] == ([change] if change else [])

    def test_resume_at_what_they_were_paused_at(self) -> None:
        calls = [
            track("Subscription Started", message_id="a", subscription_id="s", mrr=9),
            track("Subscription Paused", message_id="b", subscription_id="s"),
            track("Subscription Resumed", message_id="c", subscription_id="s"),
        ]
        assert [(row["mrr_before_minor"], row["mrr_after_minor"]) for row in said("subscriptions", *calls)] == [
            (0, 900),
            (900, 0),
            (0, 900),
        ]

    def test_are_no_trials(self) -> None:
        assert set(projected(track("Trial Started", plan="pro"), track("Trial Ended")).tables) == {"events"}

    def test_are_refused_for_less_than_nothing(self) -> None:
        assert codes(track("Subscription Started", subscription_id="s", mrr=-1)) == ["negative_amount"]
        assert codes(track("Subscription Started", subscription_id="s", amount=1, interval="moon")) == ["bad_interval"]


class TestMessages:
    def test_are_steps_of_a_persons_copy(self) -> None:
        found = said(
            "messages",
            track("Email Delivered", email_id="e1", campaign_name="spring"),
            track("Email Clicked", message_id="m2", email_id="e1", machine=True),
        )
        assert found == [
            {"message_id": "e1/u1", "step": "delivered", "channel": "email", "campaign": "spring"},
            {"message_id": "e1/u1", "step": "clicked", "channel": "email", "machine": True},
        ]

    @pytest.mark.parametrize(
        ("event", "step"),
        [
            ("Email Opened", "opened"),
            ("Email Bounced", "bounced"),
            ("Email Marked as Spam", "complained"),
            ("Unsubscribed", "unsubscribed"),
            ("Email Sent", "sent"),
        ],
    )
    def test_know_every_step(self, event: str, step: str) -> None:
        assert said("messages", track(event, message_id="m"))[0] == {"message_id": "m", "step": step, "channel": "email"}


class TestResponses:
    @pytest.mark.parametrize(
        ("answer", "measure", "scale"),
        [
            ({"nps": 9}, "nps", (0, 10)),
            ({"measure": "csat", "score": 4}, "csat", (1, 5)),
            ({"measure": "CES", "score": "6"}, "ces", (1, 7)),
            ({"score": 8}, "rating", (1, 10)),
            ({"score": 0}, "rating", (0, 5)),
            ({"measure": "csat", "score": 8, "scale_max": 10}, "csat", (1, 10)),
            ({"text": "fine"}, "other", (1, 5)),
        ],
    )
    def test_hold_an_answer_with_its_scale(self, answer: dict[str, Any], measure: str, scale: tuple[int, int]) -> None:
        (row,) = said("responses", track("Survey Answered", survey_id="v", **answer))
        assert (row["measure"], row["scale_min"], row["scale_max"], row["state"]) == (measure, *scale, "answered")
        assert (row["response_id"], row["question"], row["high_is_good"]) == ("v/u1", measure, True)

    def test_hold_all_answers_of_a_questionnaire(self) -> None:
        answers = [{"question": "again?", "nps": 9}, {"question": "ease", "measure": "ces", "score": 2, "high_is_good": False}]
        done = projected(track("Survey Answered", response_id="r", answers=answers))
        assert [row["row_key"] for row in rows(done, "responses")] == ["answer again?#r", "answer ease#r"]

    @pytest.mark.parametrize(
        ("answer", "code"),
        [({}, "no_answer"), ({"nps": 11}, "off_scale"), ({"nps": "nine"}, "bad_amount"), ({"answers": 5}, "bad_answers")],
    )
    def test_are_refused_with_a_code(self, answer: dict[str, Any], code: str) -> None:
        assert codes(track("Survey Answered", **answer)) == [code]

    def test_know_who_was_asked_and_a_review(self) -> None:
        found = said(
            "responses",
            track("Survey Invited", survey_id="v"),
            track("Product Reviewed", message_id="m2", product_id="p", rating=4, review_body="good"),
        )
        assert [row["state"] for row in found] == ["invited", "answered"]
        assert (found[1]["survey_id"], found[1]["score"], found[1]["text"]) == ("product_review", 4.0, "good")


class TestTickets:
    def test_go_from_opened_to_rated(self) -> None:
        calls = [
            track("Ticket Opened", message_id="a", ticket_id="t", topic="delivery", priority="high", text="where?"),
            track("Ticket Replied", message_id="b", ticket_id="t", handled_by="bot"),
            track("Ticket Rated", message_id="c", ticket_id="t", score=4),
        ]
        done = projected(*calls)
        assert [row["row_key"] for row in rows(done, "tickets")] == ["opened#t", "replied b#t", "rated c#t"]
        opened, replied, rated = said("tickets", *calls)
        assert opened == {"ticket_id": "t", "step": "opened", "topic": "delivery", "priority": "high", "text": "where?"}
        assert replied["handled_by"] == "bot"
        assert (rated["score"], rated["scale_min"], rated["scale_max"]) == (4.0, 1.0, 5.0)

    def test_are_conversations_of_a_live_chat(self) -> None:
        calls = [
            track("Live Chat Conversation Started", conversation_id="c"),
            track("Live Chat Message Received", message_id="m2", conversation_id="c", agent_name="Eva"),
        ]
        found = said("tickets", *calls, track("Live Chat Message Sent", message_id="m3", conversation_id="c"))
        assert [(row["step"], row["channel"], row.get("handled_by")) for row in found] == [
            ("opened", "chat", None),
            ("replied", "chat", "person"),
        ]

    def test_are_refused_without_an_id_or_a_score(self) -> None:
        assert codes(track("Ticket Opened")) == ["no_ticket_id"]
        assert codes(track("Ticket Rated", ticket_id="t")) == ["no_answer"]
