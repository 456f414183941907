from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from regulars.errors import ArgumentRefused
from regulars.predictions.health import LIGHTS, RULES, replay

LETTERS = {"g": "green", "a": "amber", "r": "red", "n": "new", "l": "lapsed", "u": "unknown"}
MONDAY = date(2024, 1, 1)


def log(rows):
    """Rows of (customer, week or day, letter, rule, withheld)."""
    names = ("customer_id", "day", "light_by_score", "light_rule", "withheld")
    kinds = (pa.string(), pa.date32(), pa.string(), pa.string(), pa.string())
    return pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(zip(names, kinds, strict=True))})


def weeks(letters, rules=None, withheld="", apart=7):
    """The lights shown to one customer, a letter per week."""
    rules = rules or [None] * len(letters)
    rows = [
        ("ann", MONDAY + timedelta(days=apart * k), LETTERS[x], rule, withheld)
        for k, (x, rule) in enumerate(zip(letters, rules, strict=True))
    ]
    return "".join(light[0] for light in replay(log(rows)).to_pylist())


class TestAColourByScore:
    def test_is_taken_at_once_where_there_was_none(self):
        assert weeks("r") == "r"
        assert weeks("nlur") == "nlur"

    def test_changes_after_two_agreeing_weeks(self):
        assert weeks("grr") == "ggr"
        assert weeks("grg") == "ggg"
        assert weeks("graag") == "gggaa"
        assert weeks("graa") == "ggga"

    def test_needs_weeks_not_days(self):
        assert weeks("grrrrrrrr", apart=1) == "ggggggggr"

    def test_gives_way_to_new_lapsed_and_unknown_at_once(self):
        assert weeks("gl") == "gl"
        assert weeks("gug") == "gug"


class TestARule:
    def test_is_shown_at_once_and_gone_at_once(self):
        assert weeks("ggg", [None, "complaint_open", None]) == "grg"
        assert weeks("ggg", [None, "no_use", None]) == "gag"

    def test_never_makes_a_light_better(self):
        assert weeks("r", ["no_use"]) == "r"

    def test_lifts_new_only_to_red_and_lapsed_never(self):
        assert weeks("n", ["no_use"]) == "n"
        assert weeks("n", ["dissatisfied"]) == "r"
        assert weeks("l", ["dissatisfied"]) == "l"
        assert weeks("u", ["no_use"]) == "a"


class TestAWithheldColour:
    def test_is_unknown_unless_a_rule_lifts_it(self):
        assert weeks("gg", withheld="green") == "uu"
        assert weeks("gg", [None, "complaint_open"], withheld="green") == "ur"
        assert weeks("ra", withheld="green,red") == "uu"
        assert weeks("raa", withheld="green,red") == "uua"


class TestReplay:
    def test_does_not_mind_the_order_of_rows(self):
        rows = [("ann", MONDAY + timedelta(days=7 * k), LETTERS[x], None, "") for k, x in enumerate("grr")]
        assert replay(log(rows[::-1])).to_pylist() == ["red", "green", "green"]

    def test_of_nothing_is_nothing(self):
        assert replay(log([])).to_pylist() == []

    def test_refuses_two_rows_of_a_customer_on_one_day(self):
        with pytest.raises(ArgumentRefused, match="two rows on one day"):
            replay(log([("ann", MONDAY, "green", None, "")] * 2))


def by_hand(entries, withheld):
    """One customer's weeks once more, one at a time: [(day, letter, rule)] in order."""
    shown, held, seen = [], None, []
    for day, letter, rule in entries:
        before = [past for past in seen if (day - past[0]).days >= 7]
        if letter not in "gar" or held is None or held not in "gar" or (before and before[-1][1] == letter):
            held = letter
        seen.append((day, letter))
        light = "u" if LETTERS[held] in withheld else held
        least = None if rule is None else "r" if rule in ("complaint_open", "complaint_recent", "dissatisfied") else "a"
        if (least and light in "gar" and "gar".index(least) > "gar".index(light)) or (
            least and (light == "u" or (light == "n" and least == "r"))
        ):
            light = least
        shown.append(LETTERS[light])
    return shown


@settings(max_examples=150)
@given(st.lists(st.lists(st.tuples(st.sampled_from("ggaarrnlu"), st.sampled_from([None, None, None, *RULES])), min_size=8, max_size=8), min_size=1, max_size=4),
       st.sampled_from(["", "green", "red", "green,red"]), st.sampled_from([3, 7, 10]))  # fmt: skip
def test_every_customer_is_replayed_as_by_hand(people, withheld, apart):
    days = [MONDAY + timedelta(days=apart * k) for k in range(8)]
    rows = [
        (f"c{who}", day, LETTERS[x], rule, withheld) for who, own in enumerate(people) for day, (x, rule) in zip(days, own, strict=True)
    ]
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    found = replay(log([rows[i] for i in order])).to_pylist()
    lights = dict(zip([(rows[i][0], rows[i][1]) for i in order], found, strict=True))
    for who, own in enumerate(people):
        expected = by_hand([(day, x, rule) for day, (x, rule) in zip(days, own, strict=True)], withheld.split(","))
        assert [lights[f"c{who}", day] for day in days] == expected
    assert set(found) <= set(LIGHTS)
