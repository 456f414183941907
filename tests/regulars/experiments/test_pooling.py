"""Pooling against published meta-analyses and brute force."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from regulars.experiments.declare import Experiment, two_arms
from regulars.experiments.lift import Sample, difference
from regulars.experiments.pooling import dersimonian_laird, paule_mandel, pool, read_pool
from regulars.metrics.estimates import Undefined
from tests.builders import company

# Colditz et al. (1994), JAMA 271: thirteen trials of the BCG vaccine; cases and others among vaccinated and not vaccinated.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761), (180, 1361, 372, 1079),
    (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197),
    (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip


def log_risk_ratios():
    values = [math.log((a / (a + b)) / (c / (c + d))) for a, b, c, d in BCG]
    squares = [1 / a - 1 / (a + b) + 1 / c - 1 / (c + d) for a, b, c, d in BCG]
    return values, squares


class TestPool:
    def test_by_dersimonian_and_laird_equals_metafor_on_bcg(self):
        """metafor: tau^2 = .3088, estimate -.7141, I^2 = 92.12 %, Q = 152.2330."""
        values, squares = log_risk_ratios()
        found = pool(values, np.sqrt(squares).tolist(), between="dersimonian_laird")
        assert found.tau_squared == pytest.approx(0.3088, abs=5e-5)
        assert found.effect.value == pytest.approx(-0.7141, abs=5e-5)
        assert found.q == pytest.approx(152.2330, abs=5e-4)
        assert found.i_squared == pytest.approx(0.9212, abs=5e-5)

    def test_by_paule_and_mandel_equals_metafor_on_bcg(self):
        """metafor: tau^2 = .3181."""
        values, squares = log_risk_ratios()
        assert paule_mandel(values, squares) == pytest.approx(0.3181, abs=5e-5)
        assert dersimonian_laird(values, squares) == pytest.approx(0.3088, abs=5e-5)

    def test_has_the_interval_of_hartung_and_knapp(self):
        values, squares = log_risk_ratios()
        found = pool(values, np.sqrt(squares).tolist())
        y, w = np.array(values), 1 / (np.array(squares) + found.tau_squared)
        mean = np.average(y, weights=w)
        error = np.sqrt(np.average((y - mean) ** 2, weights=w) / 12)
        assert found.effect.standard_error == pytest.approx(max(error, w.sum() ** -0.5))
        assert found.effect.low == pytest.approx(mean - stats.t.ppf(0.975, 12) * found.effect.standard_error)

    def test_is_never_narrower_than_chance_within_experiments_allows(self):
        found = pool([0.1, 0.1, 0.1], [0.02, 0.02, 0.02])
        assert found.effect.standard_error == pytest.approx(0.02 / math.sqrt(3))

    def test_is_undefined_for_less_than_two(self):
        assert pool([], []) == Undefined("no_data")
        assert pool([0.1], [0.1]) == Undefined("one_study")
        assert pool([0.1, 0.2], [0.1, 0.0]) == Undefined("all_alike")

    @pytest.mark.suite
    def test_covers_the_mean_effect(self):
        random = np.random.default_rng(5)
        hits = 0
        for _run in range(1000):
            errors = random.uniform(0.5, 2, 6)
            values = 1 + random.normal(0, 1, 6) + random.normal(0, errors)
            found = pool(values.tolist(), errors.tolist())
            hits += found.effect.low <= 1 <= found.effect.high
        assert 0.93 <= hits / 1000 <= 0.985


def two_campaigns():
    """Spring and autumn, a hundred customers each, twenty in both; who is treated and even-numbered buys."""
    orders, assignments = [], []
    for name, begin, people in (("spring", date(2024, 3, 1), range(100)), ("autumn", date(2024, 9, 1), range(80, 180))):
        for who in people:
            treated = who % 4 < 2
            assignments.append(
                {"at": begin.isoformat(), "customer": f"c{who}", "experiment": name, "arm": "treatment" if treated else "control"}
            )
            if who % (2 if treated else 5) == 0:
                orders.append({"at": (begin + timedelta(days=3)).isoformat(), "customer": f"c{who}", "amount": 1000 + 10 * who})
    orders.append({"at": "2024-01-01", "customer": "c0", "amount": 500})
    orders.append({"at": "2024-12-31", "customer": "c1", "amount": 500})
    return company(orders=orders, assignments=assignments, currency="EUR"), orders, assignments


def declared(name, pool="mails"):
    return Experiment(name=name, arms=two_arms(), pool=pool, days=28)


class TestReadPool:
    def test_counts_each_customer_in_the_first_experiment_only(self):
        session, orders, assignments = two_campaigns()
        with session:
            found = read_pool(session, "mails", [declared("spring"), declared("autumn")])
        bought = {(o["customer"], o["at"][:7]) for o in orders}
        seen, samples = set(), {}
        for name, month in (("spring", "2024-03"), ("autumn", "2024-09")):
            arms = {"treatment": [], "control": []}
            for row in assignments:
                if row["experiment"] == name and row["customer"] not in seen:
                    arms[row["arm"]].append(float((row["customer"], month) in bought))
            seen |= {row["customer"] for row in assignments if row["experiment"] == name}
            samples[name] = difference(*(Sample.of_values(np.array(arms[arm])) for arm in ("treatment", "control")))
            assert found.each[name]["conversion"].value == pytest.approx(samples[name].value)
        assert next(n for n in found.notes if n.code == "in_several").values == {"customers": 20}
        assert next(n for n in found.notes if n.code == "pooled").values == {"studies": 2, "customers": 180}
        expected = pool([s.value for s in samples.values()], [s.standard_error for s in samples.values()])
        assert found.pooled["conversion"].effect.value == pytest.approx(expected.effect.value)

    def test_leaves_out_who_did_not_declare_the_pool(self):
        session, _orders, _assignments = two_campaigns()
        with session:
            found = read_pool(session, "mails", [declared("spring"), declared("autumn", pool=None)])
        assert set(found.each) == {"spring"}
        assert found.pooled["conversion"] == Undefined("one_study")
        assert "not_pooled" in {note.code for note in found.notes}

    def test_says_the_same_in_words_and_as_plain_values(self):
        session, _orders, _assignments = two_campaigns()
        with session:
            found = read_pool(session, "mails", [declared("spring"), declared("autumn")])
        assert "conversion:" in found.text()
        assert found.as_dict()["pooled"]["margin"] == {"undefined": "no_data"}
        assert found.as_dict()["experiments"]["spring"]["revenue"]["value"] == pytest.approx(found.each["spring"]["revenue"].value)
