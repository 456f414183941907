from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from regulars.predictions.health.inputs import INPUTS, PARTS, Scale, place_among, read, score, yardsticks
from regulars.settings import HEALTH_WEIGHTS
from tests.regulars.predictions.health.people import REGULAR, source


def one(person, *, risk=0.25, scale=None, by_account=False):
    """The inputs and parts of one customer; None where missing."""
    found = read(source(person), np.array([risk]), scale or Scale(), by_account=by_account)
    return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in found.items()}


class TestEngagement:
    def test_halves_with_every_usual_gap_that_an_order_is_late(self):
        assert one({**REGULAR, "days_since_order": 31})["engagement"] == 100.0
        assert one({**REGULAR, "days_since_order": 62})["engagement"] == pytest.approx(50.0)
        assert one({**REGULAR, "days_since_order": 93})["engagement"] == pytest.approx(25.0)

    def test_compares_a_customer_without_a_rhythm_with_the_gaps_of_others(self):
        scale = Scale(gaps=tuple(np.linspace(0, 100, 101).tolist()))
        person = {**REGULAR, "gaps": 1, "usual_gap_days": 5.0, "days_since_order": 30}
        assert one(person, scale=scale)["engagement"] == pytest.approx(100 * (1 - 30.5 / 101))
        assert one(person)["engagement"] is None

    def test_is_also_the_share_of_e_mails_opened(self):
        person = {"messages_180d": 10, "messages_engaged_180d": 4}
        assert one(person)["engagement"] == pytest.approx(40.0)
        assert one({**person, "messages_180d": 2, "messages_engaged_180d": 2})["engagement"] is None
        both = one({**REGULAR, **person})
        assert both["engagement"] == pytest.approx((both["order_rhythm"] + both["e_mail_reaction"]) / 2)


USER = {"last_event_on": 3, "use_days_30d": 4, "use_days_90d": 20, "users_30d": 2, "account_seats": 8, "features_90d": 3}


class TestProductUsage:
    def test_has_three_parts(self):
        found = one(USER, scale=Scale(features=6.0), by_account=True)
        # 16 days of use in the 60 days before are 8 in 30.
        assert found["usage_frequency"] == pytest.approx(50.0)
        assert found["usage_users"] == pytest.approx(25.0)
        assert found["usage_breadth"] == pytest.approx(50.0)
        assert found["product_usage"] == pytest.approx((50 + 25 + 50) / 3)

    def test_leaves_out_users_of_a_person_and_of_an_account_with_one_seat(self):
        assert one(USER)["usage_users"] is None
        assert one({**USER, "account_seats": 1}, by_account=True)["usage_users"] is None

    def test_takes_seats_from_subscription_or_members_where_the_account_says_none(self):
        person = {**USER, "account_seats": None}
        assert one({**person, "seats": 4}, by_account=True)["usage_users"] == pytest.approx(50.0)
        assert one({**person, "members": 20.0}, by_account=True)["usage_users"] == pytest.approx(10.0)

    def test_is_missing_for_whoever_never_used_it(self):
        assert one(REGULAR)["product_usage"] is None


class TestTheOtherInputs:
    def test_count_people_of_an_account_and_more_support_cases_than_usual(self):
        found = one({"people_180d": 2, "account_seats": 5}, by_account=True)
        assert found["relationship"] == pytest.approx(200 / 3)
        # Two cases in the 180 days before are one in 90; three now are two more than usual.
        assert one({"tickets": 5, "tickets_90d": 3, "tenure_days": 270})["relationship"] == pytest.approx(50.0)

    def test_take_the_recommendation_while_it_is_fresh(self):
        assert one({"nps_score": 7.0, "last_nps_on": 365})["advocacy"] == 70.0
        assert one({"nps_score": 7.0, "last_nps_on": 366})["advocacy"] is None

    def test_average_what_is_known_of_sentiment(self):
        assert one({"satisfaction": 0.75})["sentiment"] == 75.0
        assert one({"polarity_90d": -0.5})["sentiment"] == 25.0
        assert one({"satisfaction": 0.75, "polarity_90d": -0.5, "health_rating": 80.0})["sentiment"] == pytest.approx(60.0)

    def test_put_even_earnings_and_spending_in_the_middle(self):
        assert one({"customer_roi": 1.0})["customer_roi"] == 50.0
        # Requirements M-27: spends 3, earns 20.
        assert one({"customer_roi": 20 / 3})["customer_roi"] == pytest.approx(100 * 20 / 23)
        assert one({"customer_roi": -2.0})["customer_roi"] == 0.0

    def test_turn_the_risk_round(self):
        assert one({}, risk=0.25)["churn_risk"] == 75.0


class TestYardsticks:
    def test_need_twenty_customers(self):
        assert yardsticks(source(*[REGULAR] * 19)).gaps == ()
        assert yardsticks(source(*[REGULAR] * 20)).gaps == (31.0,) * 101

    def test_place_ties_in_the_middle(self):
        assert place_among(np.array([5.0]), (5.0,) * 100).tolist() == [0.5]

    def test_come_back_from_plain_values(self):
        scale = yardsticks(source(*[REGULAR] * 20))
        assert Scale.from_dict(scale.as_dict()) == scale


values = st.one_of(st.just(float("nan")), st.floats(0, 100))


class TestScore:
    @given(st.lists(values, min_size=len(INPUTS), max_size=len(INPUTS)))
    @settings(max_examples=200)
    def test_lies_between_the_lowest_and_the_highest_input_known(self, drawn):
        known = [x for x in drawn if not np.isnan(x)]
        found = score({name: np.array([x]) for name, x in zip(INPUTS, drawn, strict=True)}, HEALTH_WEIGHTS)[0]
        weight = sum(HEALTH_WEIGHTS[name] for name, x in zip(INPUTS, drawn, strict=True) if not np.isnan(x))
        assert np.isnan(found) == (weight < 0.25 - 1e-9)
        if not np.isnan(found):
            assert min(known) - 1e-9 <= found <= max(known) + 1e-9

    @given(st.lists(st.floats(1, 100), min_size=len(INPUTS), max_size=len(INPUTS)), st.integers(1, len(INPUTS) - 1))
    @settings(max_examples=100)
    def test_never_takes_a_missing_input_for_zero(self, drawn, without):
        """The missing input gets what the others say: the score is that of the same customer with the missing input at the others' mean."""
        full = {name: np.array([x]) for name, x in zip(INPUTS, drawn, strict=True)}
        name = INPUTS[without]
        missing = score({**full, name: np.array([np.nan])}, HEALTH_WEIGHTS)[0]
        zero = score({**full, name: np.array([0.0])}, HEALTH_WEIGHTS)[0]
        same = score({**full, name: np.array([missing])}, HEALTH_WEIGHTS)[0]
        assert missing > zero
        assert missing == pytest.approx(same)

    def test_of_an_input_without_weight_is_not_moved_by_it(self):
        weights = {**HEALTH_WEIGHTS, "advocacy": 0.0}
        inputs = {"churn_risk": np.array([80.0]), "advocacy": np.array([0.0])}
        assert score(inputs, weights).tolist() == pytest.approx([80.0])

    def test_is_missing_where_nothing_is_known(self):
        assert np.isnan(score({name: np.array([np.nan]) for name in INPUTS}, HEALTH_WEIGHTS)).all()


def test_every_input_but_the_risk_has_parts():
    assert set(PARTS) == set(INPUTS) - {"churn_risk"}
