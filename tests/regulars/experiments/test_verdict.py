"""What may be said of a difference."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import regulars.experiments
from regulars.experiments.lift import Effect
from regulars.experiments.verdict import TEXTS, Finding, verdict
from regulars.metrics.estimates import Undefined


def effect(low, high):
    return Effect(value=(low + high) / 2, low=low, high=high, standard_error=1.0, p_value=0.5)


def said(of, *, fewest=1000, money=False, mismatch=None):
    found = verdict(of, outcome="revenue", arm="mail", control="none", fewest_converters=fewest, money=money, mismatch=mismatch)
    assert str(found)
    return found.code


class TestVerdict:
    def test_follows_the_interval(self):
        assert said(effect(0.1, 0.3)) == "better"
        assert said(effect(-0.3, -0.1)) == "worse"
        assert said(effect(-0.1, 0.3)) == "not_told_apart"

    def test_in_money_needs_a_hundred_converters_in_each_arm(self):
        assert said(effect(0.1, 0.3), fewest=99, money=True) == "too_few_converters"
        assert said(effect(0.1, 0.3), fewest=100, money=True) == "better"
        assert said(effect(0.1, 0.3), fewest=99) == "better"
        assert said(effect(0.1, 0.3), fewest=19) == "too_few_converters"

    def test_is_withheld_where_chance_did_not_divide(self):
        assert said(effect(0.1, 0.3), mismatch=1e-5) == "sample_ratio_mismatch"

    def test_says_why_there_is_no_number(self):
        assert said(Undefined("no_margin")) == "undefined"


class TestTexts:
    def test_are_there_for_every_code_that_is_used_and_no_other(self):
        source = "".join(path.read_text() for path in Path(regulars.experiments.__file__).parent.glob("*.py"))
        used = {code for code in re.findall(r'"([a-z_]+)"', source.split("TEXTS = {")[0] + source.split("\n}\n", 1)[1]) if code in TEXTS}
        assert set(TEXTS) - used == set()

    @pytest.mark.parametrize("code", TEXTS)
    def test_can_be_written_with_the_values_they_name(self, code):
        names = {name for _text, name, spec, _conversion in string.Formatter().parse(TEXTS[code]) if name}
        assert str(Finding(code, dict.fromkeys(names, 0.5)))
        assert Finding(code, dict.fromkeys(names, 0.5)).as_dict()["code"] == code
