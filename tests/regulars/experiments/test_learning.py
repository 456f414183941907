"""Who responds, from a session: the facts of the day of assignment and nothing later."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from regulars.experiments.declare import Experiment, two_arms
from regulars.experiments.learning import _features, learn
from regulars.experiments.outcomes import outcomes
from tests.builders import company

BEGIN = date(2024, 3, 1)
SPRING = Experiment(name="spring", arms=two_arms(), days=28)


def tables(n, *, later=True):
    """Who bought in February is kept by the treatment, who bought in January only is not moved by it."""
    chance = np.random.default_rng(1)
    orders, assignments = [], []
    for who in range(n):
        recent, treated = who % 2 == 0, who % 4 < 2
        first = date(2024, 2, 20) if recent else date(2024, 1, 5)
        orders.append({"at": first, "customer": f"c{who}", "amount": 1000})
        assignments.append({"at": BEGIN, "customer": f"c{who}", "experiment": "spring", "arm": "treatment" if treated else "control"})
        if later and chance.random() < (0.7 if recent and treated else 0.3):
            orders.append({"at": BEGIN + timedelta(days=who % 20), "customer": f"c{who}", "amount": 2000})
    return {"orders": [*orders, {"at": "2024-05-31", "customer": "other", "amount": 1}], "assignments": assignments}


class TestLearn:
    @pytest.mark.suite
    def test_finds_who_responds(self):
        with company(**tables(1200)) as session:
            found = learn(session, SPRING)
        recent = np.array([int(customer[1:]) % 2 == 0 for customer in found.customers.to_pylist()])
        kinds = np.array(found.found.kinds())
        assert found.found.is_learnable
        assert recent[kinds == "persuadable"].mean() > 0.8  # three fifths, and every second customer responds
        assert "persuadables" in found.text()
        assert found.as_dict()["learnable"] is True

    @pytest.mark.suite
    def test_takes_no_fact_from_after_the_assignment(self):
        with company(**tables(40)) as session:
            seen = outcomes(session, SPRING)
            with_outcomes = _features(session, seen)
        with company(**tables(40, later=False)) as session:
            without = _features(session, outcomes(session, SPRING))
        assert np.array_equal(with_outcomes, without)

    def test_says_why_nothing_is_learned(self):
        with company(**tables(40)) as session:
            assert [note.code for note in learn(session, SPRING).notes] == ["too_few_to_learn"]
            nobody = learn(session, Experiment(name="autumn", arms=two_arms()))
        assert nobody.found is None
        assert "Nobody is assigned to autumn." in nobody.text()
