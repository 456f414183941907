"""A software company with planted accounts: each has one thing wrong with it, and its light and first reason say so."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from regulars.predictions.health import assess, freeze, observe
from tests.builders import company

TODAY = date(2024, 6, 1)
PEOPLE = ("u1", "u2", "u3", "u4", "u5")

PLANTED = {
    "healthy": ("green", None),
    "asleep": ("amber", "no_use"),
    "lonely": ("amber", "single_contact"),
    "empty": ("amber", "few_users"),
    "single": ("green", None),
    "angry": ("red", "complaint_open"),
    "calmed": ("red", "complaint_recent"),
    "forgiving": ("green", None),
    "detractor": ("red", "dissatisfied"),
    "convinced": ("green", None),
    "grumpy": ("amber", "texts_negative"),
    "unread": ("amber", "dormant"),
    "gone": ("lapsed", "lapsed"),
}
"""Account: its light, and the code of the first reason of those that have a rule."""


def day(days):
    return (TODAY - timedelta(days=days)).isoformat()


def tables():
    accounts, subscriptions, events, tickets, responses, messages = [], [], [], [], [], []
    for who in PLANTED:
        accounts.append(
            {"at": day(400), "account_id": who, "seats": {"single": 1, "lonely": 3}.get(who, 8), "traits": json.dumps({"customer_roi": 3})}
        )
        subscriptions.append({"subscription": who, "customer": f"{who}-u1", "account_id": who, "at": day(400), "mrr": 90_000})
        users = {"single": 1, "lonely": 1, "empty": 1}.get(who, 5)
        for k in range(0, 120, 3):
            if who == "asleep" and k < 40:
                continue
            name = ("Report Made", "File Shared")[k % 2]
            events += [{"at": day(k + 1), "customer": f"{who}-{u}", "account_id": who, "name": name} for u in PEOPLE[:users]]
        if who == "empty":
            tickets += [case(who, f"{u} asks", "opened", 100, person=u) for u in PEOPLE] + [
                case(who, f"{u} asks", "resolved", 99) for u in PEOPLE
            ]
    subscriptions.append({"subscription": "gone", "customer": "gone-u1", "account_id": "gone", "at": day(20), "change": "cancel"})
    tickets += [case("angry", "t1", "opened", 9, topic="complaint")]
    tickets += [case("calmed", "t2", "opened", 50, topic="complaint"), case("calmed", "t2", "resolved", 12)]
    tickets += [case("forgiving", "t3", "opened", 150, priority="urgent"), case("forgiving", "t3", "closed", 40)]
    responses += [answer("detractor", 30, "nps", 4.0), answer("convinced", 30, "nps", 2.0), answer("convinced", 10, "nps", 9.0)]
    responses += [{**answer("grumpy", 10, None, None), "polarity": -0.8}]
    messages += [
        {"at": day(k), "customer": "unread-u1", "account_id": "unread", "message_id": f"m{k}", "step": "delivered"}
        for k in range(1, 300, 30)
    ]
    return {
        "accounts": accounts,
        "subscriptions": subscriptions,
        "events": events,
        "tickets": tickets,
        "responses": responses,
        "messages": messages,
    }


def case(who, ticket, step, days, person="u1", **more):
    return {"at": day(days), "customer": f"{who}-{person}", "account_id": who, "ticket_id": f"{who} {ticket}", "step": step, **more}


def answer(who, days, measure, score):
    scale = {"scale_min": 0.0, "scale_max": 10.0} if measure else {}
    return {
        "at": day(days),
        "customer": f"{who}-u2",
        "account_id": who,
        "response_id": f"{who} {days}",
        "measure": measure,
        "score": score,
        **scale,
    }


@pytest.fixture(scope="module")
def found():
    rules = {"customer_unit": "account", "meaningful_events": ("Report Made", "File Shared"), "horizon_days": 90}
    with company(**tables(), as_of=TODAY - timedelta(days=1), **rules) as session:
        now = observe(session, session.as_of_day, 90)
        risk = np.full(now.facts.num_rows, 0.05)
        standards = freeze(now, risk, settings=session.settings, by_cancellation=session.by_cancellation)
        return assess([now], [risk], settings=session.settings, standards=standards, by_cancellation=session.by_cancellation)


@pytest.mark.suite
class TestPlantedAccounts:
    @pytest.mark.parametrize("who", PLANTED)
    def test_have_the_light_that_was_planted(self, who, found):
        light, code = PLANTED[who]
        (row,) = found.rows_of([who])
        assert found.table.column("light")[int(row)].as_py() == light, [str(r) for r in found.why([row])[0]]
        if code:
            assert found.why([row])[0][0].code == code

    def test_are_lit_and_not_their_people(self, found):
        assert sorted(found.table.column("customer_id").to_pylist()) == sorted(PLANTED)

    def test_have_all_three_parts_of_usage_but_no_order_rhythm(self, found):
        row = found.table.to_pylist()[found.rows_of(["healthy"])[0]]
        assert row["input_usage_users"] == pytest.approx(100 * 5 / 8)
        assert row["input_usage_frequency"] == 100.0
        assert row["input_customer_roi"] == 75.0
        assert row["input_engagement"] is None
        assert found.inputs_known()["engagement"] == 1, "the one that gets e-mails"
