"""What the reviews of both real shops say about predictions, held against the rows."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.suite

COLOURS = ("■\u00a0red", "▲\u00a0amber", "●\u00a0green")


def number(text):
    return float(re.sub(r"[^\d.−-]", "", text).replace("−", "-"))


def section(review, key):
    return next(s for s in review.sections if s.key == key)


def table(review, key, title):
    return next(b for b in section(review, key).blocks if b.kind == "table" and b.title.startswith(title)).grid


def figure(review, key, name):
    return next(b.figure for b in section(review, key).blocks if b.kind == "chart" and b.figure.key == name)


@pytest.fixture(params=["cdnow", "online_retail"])
def shop(request):
    return request.getfixturevalue(request.param)


class TestAtRisk:
    def test_ranks_the_call_list_by_money_and_gives_each_a_light_and_a_reason(self, shop):
        rows = table(shop, "at_risk", "Whom to call").rows
        money = [number(row[5]) for row in rows]
        assert money == sorted(money, reverse=True)
        assert len(rows) == 15
        assert all(row[2] in COLOURS[:2] and row[6] for row in rows)

    def test_has_money_that_is_risk_times_value_if_they_stay(self, shop):
        for row in table(shop, "at_risk", "Whom to call").rows:
            assert number(row[5]) == pytest.approx(number(row[3]) / 100 * number(row[4]), rel=0.03)

    def test_draws_every_customer_once(self, shop):
        counted = sum(number(row[1]) for row in figure(shop, "at_risk", "at-risk-map").table.rows)
        lit = sum(number(row[1]) for row in figure(shop, "lights", "lights-figure").table.rows if row[0] in COLOURS)
        assert counted == lit


class TestLights:
    def test_add_up_to_the_customers_there_are(self, cdnow):
        counts = {row[0]: number(row[1]) for row in figure(cdnow, "lights", "lights-figure").table.rows}
        # 3,301 active customers on 1998-06-30, of 23,502 who bought; 68 have zero-value orders only.
        assert sum(counts[colour] for colour in COLOURS) + counts["○\u00a0new"] == 3301
        assert counts["–\u00a0lapsed"] == 23502 - 3301
        assert counts["?\u00a0unknown"] == 68

    def test_name_the_inputs_that_are_missing(self, shop):
        assert any("left out: product usage, relationship, advocacy, sentiment" in note for note in section(shop, "lights").notes)


class TestHeld:
    def test_shows_that_reds_left_more_often_than_ambers_and_these_more_often_than_greens(self, shop):
        red, amber, green = (number(row[3]) for row in figure(shop, "held", "held-lights").table.rows)
        assert red > amber > green
        assert red >= 50 > green

    def test_counts_as_many_leavers_as_the_shares_say(self, shop):
        for row in figure(shop, "held", "held-lights").table.rows:
            assert number(row[3]) == pytest.approx(100 * number(row[2]) / number(row[1]), abs=0.51)

    def test_says_which_model_is_in_use_beside_simpler_ones(self, shop):
        names = [row[0] for row in table(shop, "held", "The model").rows]
        assert sum("(in use)" in name for name in names) == 1
        assert "Days since the last order or activity alone" in names


class TestForecast:
    def test_widens_with_the_days_ahead_and_holds_what_is_expected(self, shop):
        for name in ("ahead-orders", "ahead-active", "ahead-revenue_minor"):
            rows = [row for row in figure(shop, "forecast", name).table.rows if " to " in row[2]]
            assert len(rows) == 3
            for row in rows:
                low, high = (number(end) for end in row[2].split(" to "))
                assert low <= number(row[1]) <= high
