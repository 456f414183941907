"""Nasty and random companies get an answer or a reason, whatever the horizon."""

import numpy as np
import pytest

from regulars.metrics.estimates import REASONS, Undefined
from regulars.predictions import churn
from regulars.predictions.churn import ChurnAudit
from tests.companies.nasty import RULES, nasty
from tests.companies.random import Company
from tests.regulars.predictions.churn.test_leaks import session_over


def answered(tables, rules, as_of=None):
    with session_over(tables, rules, as_of) as session:
        for horizon in (7, 30, 400):
            model, audit = churn.fit(session, horizon_days=horizon), churn.audit_churn(session, horizon_days=horizon)
            assert isinstance(audit, ChurnAudit | Undefined)
            if isinstance(model, Undefined):
                assert model.reason in REASONS
                continue
            now = churn.take(session, session.as_of_day, horizon)
            risk, rows = model.risk(now), np.flatnonzero(model.applies(now))
            assert ((risk >= 0) & (risk <= 1)).all()
            if len(rows):
                assert np.allclose(sum(model.reasons(now, rows).values()) + model.baseline(now), model.raw(now, rows))


@pytest.mark.suite
class TestEveryCompany:
    @pytest.mark.parametrize("churn_by", ["inactive", "cancelled"])
    def test_that_is_nasty_gets_an_answer_or_a_reason(self, churn_by):
        answered(nasty(), {**RULES, "churn_by": churn_by})

    @pytest.mark.parametrize("seed", [0, 1, 3])
    def test_of_chance_gets_an_answer_or_a_reason(self, seed):
        made = Company(seed)
        answered(made.tables, made.rules, made.as_of)
