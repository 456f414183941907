from __future__ import annotations

import pytest

from regulars.predictions.health.lights import RED_RULES, RULES
from regulars.predictions.health.rules import holds
from regulars.settings import LIGHT_RULES
from tests.regulars.predictions.health.people import ACCOUNTS, REGULAR, lights, source

ACCOUNT = {**REGULAR, "account_seats": 10, "last_event_on": 2, "users_30d": 5, "people_180d": 4}


def rules_of(person, *others, by_account=False, **limits):
    found = holds(source(person, *others), {**LIGHT_RULES, **limits}, by_account=by_account)
    return [name for name in RULES if found[name][0]]


class TestRedRules:
    def test_hold_while_a_complaint_is_open_and_for_thirty_days_after(self):
        assert rules_of({"complaints_open": 1}) == ["complaint_open"]
        assert rules_of({"complaint_resolved_on": 29}) == ["complaint_recent"]
        assert rules_of({"complaint_resolved_on": 30}) == []
        assert rules_of({"complaint_resolved_on": 9}, complaint_days=0) == []

    def test_hold_for_ninety_days_of_dissatisfaction(self):
        assert rules_of({"dissatisfied_on": 90}) == ["dissatisfied"]
        assert rules_of({"dissatisfied_on": 91}) == []
        assert rules_of({"dissatisfied_on": 1}, dissatisfied_days=0) == []

    def test_make_a_healthy_customer_red_whatever_the_score(self):
        assert lights({**REGULAR, "complaints_open": 1}, {**REGULAR, "dissatisfied_on": 5}, REGULAR) == ["red", "red", "green"]


class TestAmberRules:
    def test_of_use_need_events_of_use(self):
        assert rules_of({"last_event_on": 31}) == ["no_use"]
        assert rules_of({"last_event_on": 30}) == []
        assert rules_of(REGULAR) == []
        assert rules_of({"last_event_on": 31}, no_use_days=60) == []
        assert rules_of({"last_event_on": 31}, no_use_days=0) == []

    def test_see_a_subscriber_who_never_began(self):
        begun = {"subscriptions": 1, "subscribed_since_on": 40}
        assert rules_of(begun, {"last_event_on": 2}) == ["no_use"]
        assert rules_of({**begun, "subscribed_since_on": 20}, {"last_event_on": 2}) == []
        assert rules_of(begun) == [], "nobody's use is known here"

    def test_of_silence_need_e_mails_that_arrive(self):
        mailed = {"messages_180d": 5, "first_message_on": 300}
        assert rules_of(mailed) == ["dormant"]
        assert rules_of({**mailed, "last_engaged_on": 183}) == ["dormant"]
        assert rules_of({**mailed, "last_engaged_on": 182}) == []
        assert rules_of({**mailed, "first_message_on": 100}) == []
        assert rules_of({**mailed, "messages_180d": 0}) == []
        assert rules_of(mailed, dormant_days=365) == []
        assert rules_of(mailed, dormant_days=0) == []

    def test_of_accounts_need_more_than_one_seat(self):
        assert rules_of(ACCOUNT, by_account=True) == []
        assert rules_of({**ACCOUNT, "users_30d": 2}, by_account=True) == ["few_users"]
        assert rules_of({**ACCOUNT, "people_180d": 1}, by_account=True) == ["single_contact"]
        for alone in ({"account_seats": 1}, {"account_seats": None}):
            assert rules_of({**ACCOUNT, "users_30d": 0, "people_180d": 1, **alone}, by_account=True) == []
        assert rules_of({**ACCOUNT, "users_30d": 0, "people_180d": 1}) == [], "customers are people"

    def test_let_a_text_model_alone_reach_amber_only(self):
        assert rules_of({"polarity_90d": -1.0}) == ["texts_negative"]
        assert rules_of({"polarity_90d": -0.25}) == []
        assert lights({**REGULAR, "polarity_90d": -1.0}, risk=0.0) == ["amber"]

    @pytest.mark.parametrize(
        "sign",
        [
            {"last_event_on": 31},
            {"messages_180d": 5, "messages_engaged_180d": 0, "first_message_on": 300},
            {"account_seats": 10, "people_180d": 1},
            {"account_seats": 10, "people_180d": 4, "last_event_on": 2, "users_30d": 1},
        ],
    )
    def test_make_a_healthy_customer_amber_and_leave_a_red_one_red(self, sign):
        assert lights({**REGULAR, **sign}, risk=0.0, settings=ACCOUNTS) == ["amber"]
        assert lights({**REGULAR, "days_since_order": 90, **sign}, risk=0.95, settings=ACCOUNTS) == ["red"]


class TestTheOrderOfRules:
    def test_puts_red_ones_first(self):
        assert RULES[: len(RED_RULES)] == RED_RULES

    def test_names_the_strongest(self):
        person = {**REGULAR, "complaint_resolved_on": 3, "dissatisfied_on": 3, "last_event_on": 50}
        assert rules_of(person) == ["complaint_recent", "dissatisfied", "no_use"]
