"""Answers: scores depend on the customer's own inclination to leave, and on complaints, as planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from regulars.synthetic import truth
from tests.regulars.synthetic.conftest import frames_of, quiet_shop


def expected_score(mean, spread):
    """The mean of a normal score that is rounded and clipped to 0 to 10: a sum over the eleven answers."""
    edges = np.concatenate([[-np.inf], np.arange(0.5, 10, 1), [np.inf]])
    chances = np.diff(norm.cdf((edges[:, None] - np.asarray(mean)[None, :]) / spread), axis=0)
    return np.arange(11) @ chances


@pytest.fixture(scope="module")
def shop():
    return quiet_shop(6_000, shop={"complaint_share": 0.15}, months=24, seed=51, answer_share=0.3)


@pytest.fixture(scope="module")
def answers(shop):
    tables = frames_of(shop)
    dropout = truth(shop).customers.to_pandas().set_index("customer_id").dropout
    responses = tables["responses"]
    complained = set(tables["tickets"].ticket_id.str.removeprefix("t-"))
    order = responses.response_id.str.removeprefix("r-")
    return responses.assign(dropout=dropout.reindex(responses.identity_id).to_numpy(), complained=order.isin(complained))


class TestScores:
    @pytest.mark.parametrize("complained", [False, True])
    @pytest.mark.parametrize("inclined", [False, True])
    def test_depend_on_experience_as_planted(self, shop, answers, complained, inclined):
        some = answers[(answers.state == "answered") & (answers.complained == complained) & ((answers.dropout > 0.3) == inclined)]
        planted = shop.shop
        mean = planted.score_base + planted.score_of_dropout * some.dropout + planted.score_of_complaint * complained
        assert some.shape[0] > 80
        error = some.score.std() / np.sqrt(some.shape[0])
        assert some.score.mean() == pytest.approx(expected_score(mean, planted.score_spread).mean(), abs=3 * error)

    def test_come_after_an_invitation(self, answers):
        at = answers.pivot_table(index="response_id", columns="state", values="occurred_at", aggfunc="first")
        assert at.invited.notna().all()
        assert (at.answered.dropna() > at.invited[at.answered.notna()]).all()

    def test_are_given_less_often_by_who_is_inclined_to_leave(self, answers):
        inclined = answers.dropout > 0.5
        replied = [
            (answers.state[group] == "answered").sum() / (answers.state[group] == "invited").sum() for group in (inclined, ~inclined)
        ]
        assert replied[0] < replied[1] - 0.04
