from __future__ import annotations

import json
import string
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regulars.predictions.churn import REASONS
from regulars.predictions.health import Reason, assess, words
from regulars.predictions.health.inputs import PARTS, Scale
from regulars.predictions.health.lights import RULES
from regulars.predictions.health.reasons import CODE_OF_PART, COVERS
from regulars.predictions.health.telling import TOLD
from tests.regulars.predictions.health.people import ACCOUNTS, DAY, REGULAR, SETTINGS, assessed, snapshot, standards

NORMALS = {"usual_gap_days": 40.0, "days_per_order": 50.0, "average_order_value_minor": 3000.0, "churn_risk": 60.0}


def why(person, *, risk=0.5, logits=None, settings=None, **changes):
    """The sentences of one customer; `logits` are what the churn model says, beside three customers of whom it says nothing."""
    people = [person, REGULAR, REGULAR, REGULAR]
    reasons = None if logits is None else lambda rows: {code: np.where(rows == 0, value, 0.0) for code, value in logits.items()}
    more = {} if settings is None else {"settings": settings}
    found = assessed(
        *people, risk=risk, reasons=reasons, currency="EUR", standards=standards(scale=Scale(normals=NORMALS), **changes), **more
    )
    return [reason.text for reason in found.why([0])[0]]


AMBER = {"green_from": 101.0, "red_below": 0.0}


class TestSentences:
    """Golden texts: what people read."""

    @pytest.mark.parametrize(
        ("logits", "person", "sentence"),
        [
            ("silent_longer_than_usual", {"days_since_order": 74}, "No order for 74 days; usually every 31."),
            (
                "silent_longer_than_usual",
                {"days_since_order": 74, "gaps": 0, "usual_gap_days": None},
                "No order for 74 days; others usually every 40.",
            ),
            ("silent_longer_than_usual", {"days_since_order": None, "last_event_on": 1}, "Last active 1 day ago."),
            ("few_orders", {"orders": 2, "tenure_days": 280}, "2 orders in 280 days; others one every 50."),
            ("orders_slowing", {"orders": 12, "orders_90d": 1, "tenure_days": 420}, "1 order in the last 90 days; usually 3."),
            ("low_spend", {"average_order_value_minor": 1250.0}, "12.50 EUR an order; others 30.00 EUR."),
            (
                "spend_falling",
                {"orders": 4, "orders_90d": 2, "net_90d_minor": 2000, "net_minor": 10_000},
                "10.00 EUR an order in the last 90 days; usually 40.00 EUR.",
            ),
            ("tickets", {"tickets": 5, "tickets_90d": 4}, "4 support cases in the last 90 days; 1 before that."),
            ("unhappy_answers", {"nps_score": 7.0}, "Answered 7 of 10 when asked to recommend."),
            ("usage_falling", {"last_event_on": 3, "use_days_30d": 2, "use_days_90d": 22}, "Used on 2 days of the last 30; usually 10."),
            ("term_ends", {"next_term_end_on": -12}, "The term ends in 12 days."),
            ("returns", {}, "Leaves with a probability of 50 %; others 40 %."),
        ],
    )
    def test_state_the_value_and_the_normal(self, logits, person, sentence):
        assert why({**REGULAR, **person}, logits={logits: 2.0}, **AMBER)[0] == sentence

    @pytest.mark.parametrize(
        ("person", "sentence"),
        [
            ({"complaints_open": 2}, "2 complaints open."),
            ({"complaint_resolved_on": 1}, "Complaint resolved 1 day ago."),
            ({"dissatisfied_on": 12}, "Unhappy answer 12 days ago."),
            ({"last_event_on": 45}, "No use for 45 days."),
            ({"messages_180d": 4, "first_message_on": 400, "last_engaged_on": 200}, "No e-mail opened for 200 days."),
            ({"messages_180d": 4, "first_message_on": 400}, "No e-mail opened; the first came 400 days ago."),
            ({"polarity_90d": -0.5}, "Texts of the last 90 days read as -0.5 on a scale from -1 to 1, by a model."),
            ({"account_seats": 10, "people_180d": 1}, "1 person in contact in the last 180 days."),
            (
                {"account_seats": 10, "people_180d": 3, "users_30d": 2, "last_event_on": 3},
                "2 people of 10 seats used it in the last 30 days.",
            ),
        ],
    )
    def test_of_rules(self, person, sentence):
        assert why({**REGULAR, **person}, risk=0.0, settings=ACCOUNTS)[0] == sentence

    def test_of_customers_without_a_colour(self):
        assert why({"active": True, "orders": 1, "gaps": 0, "tenure_days": 9}) == [
            "First order 9 days ago; half of those who order again do so within 30 days."
        ]
        assert why({"orders": 2, "last_active_on": 200}) == ["No order or activity for 200 days."]
        assert why({"subscribed_since_on": 300, "last_cancelled_on": 20, "last_event_on": 9}) == ["Subscription cancelled 20 days ago."]
        assert why({"subscribed_since_on": 300}) == ["No subscription running."]
        assert why({"active": True}, risk=np.nan) == ["Too little is known for a score."]
        assert why({}) == ["No order or activity yet."]

    def test_of_greens_speak_for_them(self):
        assert why({**REGULAR, "orders": 30}, risk=0.05, logits={"few_orders": -2.0, "silent_longer_than_usual": -1.0}) == [
            "30 orders in 300 days; others one every 50.",
            "Ordered 20 days ago; usually every 31.",
        ]

    def test_of_changes(self):
        def changed(*people, risks):
            shots = [snapshot(person, day=DAY - timedelta(days=7 * (len(people) - 1 - k))) for k, person in enumerate(people)]
            found = assess(shots, [np.array([risk]) for risk in risks], settings=SETTINGS, standards=standards())
            return str(found.changes([0])[0])

        late = {**REGULAR, "days_since_order": 62}
        # (0.4 x 90 + 0.15 x 100) / 0.55 = 93, and (0.4 x 30 + 0.15 x 50) / 0.55 = 35: the risk takes 24 points of 0.55, the rhythm 7.5.
        by_score = changed(REGULAR, late, late, risks=[0.1, 0.7, 0.7])
        assert by_score == "Was green on 27 May 2024; score from 93 to 35 in 14 days, most of it churn risk."
        assert changed(REGULAR, {**REGULAR, "complaints_open": 1}, risks=[0.1, 0.3]) == "Was green on 27 May 2024."
        assert changed(REGULAR, REGULAR, risks=[0.1, 0.1]) == "None"


class TestReasons:
    def test_are_at_most_three_and_the_weightiest_come_first(self):
        person = {**REGULAR, "days_since_order": 90, "orders": 2, "average_order_value_minor": 100.0, "tickets": 2, "tickets_90d": 2}
        logits = {"silent_longer_than_usual": 3.0, "few_orders": 1.0, "low_spend": 2.0, "tickets": 0.5}
        said = why(person, logits=logits, **AMBER)
        assert len(said) == 3
        assert [sentence.split()[0] for sentence in said] == ["No", "1.00", "2"]

    def test_put_rules_before_the_score_and_do_not_repeat_them(self):
        person = {**REGULAR, "last_event_on": 45, "use_days_90d": 2, "days_since_order": 90}
        said = why(person, logits={"usage_falling": 5.0, "silent_longer_than_usual": 1.0}, **AMBER)
        assert said == ["No use for 45 days.", "No order for 90 days; usually every 31."]

    def test_sum_tenure_into_the_number_of_orders(self):
        said = why({**REGULAR, "orders": 2}, logits={"short_tenure": 1.0, "few_orders": 0.5, "silent_longer_than_usual": 0.1}, **AMBER)
        assert said[0] == "2 orders in 300 days; others one every 50."

    def test_are_told_against_the_typical_customer(self):
        """What the model says of everybody is no reason for one."""
        people = [{**REGULAR, "days_since_order": 74}, *[REGULAR] * 8]
        found = assessed(*people, risk=0.5, standards=standards(scale=Scale(normals=NORMALS), **AMBER),
                         reasons=lambda rows: {"silent_longer_than_usual": np.where(rows == 0, 1.0, 0.0), "few_orders": np.full(len(rows), 9.0)})  # fmt: skip
        assert [reason.code for reason in found.why([0])[0]] == ["silent_longer_than_usual"]

    def test_are_plain_values_for_json(self):
        reason = Reason("silent_longer_than_usual", "silent", {"days": 74, "usual": 31})
        assert json.loads(json.dumps(reason.as_dict())) == {"code": "silent_longer_than_usual", "says": "silent", "days": 74, "usual": 31}

    @given(st.integers(0, 100_000))
    @settings(max_examples=60)
    def test_can_always_be_told(self, seed):
        """Whatever is known and missing, every customer with a colour has one to three reasons, and each makes a sentence."""
        random = np.random.default_rng(seed)
        optional = {
            "usual_gap_days": 20.0, "days_since_order": 33, "tenure_days": 200, "average_order_value_minor": 900.0, "refund_share": 0.1, "gaps": 1,
            "discounted_order_share": 0.2, "nps_score": 9.0, "satisfaction": 0.1, "last_event_on": 40, "use_days_90d": 3, "account_seats": 4,
            "tickets": 2, "next_term_end_on": -5, "messages_180d": 4, "first_message_on": 300, "polarity_90d": -0.9, "customer_roi": 0.4,
            "complaints_open": 1, "dissatisfied_on": 4, "health_rating": 10.0, "subscribed_since_on": 90, "features_90d": 2, "orders": 4,
        }  # fmt: skip
        people = [{"active": True, **{k: v for k, v in optional.items() if random.uniform() < 0.4}} for _ in range(6)]
        risks = np.where(random.uniform(size=6) < 0.2, np.nan, random.uniform(size=6))
        logits = {code: random.normal(size=6) for code in REASONS}
        found = assessed(*people, risk=risks, settings=ACCOUNTS, reasons=lambda rows: {c: v[rows] for c, v in logits.items()})
        for light, reasons in zip(found.table.column("light").to_pylist(), found.why(np.arange(6)), strict=True):
            assert (0 if light == "lapsed" else 1) <= len(reasons) <= 3, (light, reasons)
            assert len({r.code for r in reasons}) == len(reasons)
            assert all(r.text and "{" not in r.text and "nan" not in r.text for r in reasons)


class TestTheCatalogue:
    def test_can_tell_every_reason_of_churn_models_and_every_rule(self):
        assert set(REASONS) <= set(TOLD)
        assert set(RULES) <= set(TOLD)
        assert set(CODE_OF_PART.values()) <= set(TOLD)
        assert {part for own in PARTS.values() for part in own} == set(CODE_OF_PART)
        assert set(COVERS) == set(RULES)

    def test_never_claims_a_cause(self):
        said = " ".join(words.TEXTS.values()).lower()
        assert not any(word in said for word in ("because", "due to", "caused", "therefore"))

    def test_has_sentences_with_placeholders_only_where_numbers_belong(self):
        for text in words.TEXTS.values():
            assert text.endswith(".")
            assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text))
