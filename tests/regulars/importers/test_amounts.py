from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from regulars.importers.amounts import NumberEvidence, Style, read_number, read_numbers


def style_of(values, separator=","):
    evidence = NumberEvidence()
    evidence.add(pa.array(values))
    return evidence.style(separator)


class TestReadNumber:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1,234.50", "1234.50"), ("$1,234.50", "1234.50"), ("1.234,50 EUR", "1234.50"), ("€ 12,5", "12.5"), ("(3.00)", "-3.00"), ("-$3", "-3"),
            ("$-3", "-3"), ("3.00-", "-3.00"), ("−3.5", "-3.5"), ("1 234,50", "1234.50"), ("1\u00a0234,50\u00a0€", "1234.50"), ("1'234.50", "1234.50"),
            ("12,34,567.00", "1234567.00"), (".5", "0.5"), ("+7", "7"), ("1e3", "1000"), ("0,005", "0.005"), ("CHF 5", "5"), ("1,234,567", "1234567"),
        ],
    )  # fmt: skip
    def test_reads_what_speaks_for_itself(self, text, value):
        assert read_number(text, Style.EITHER)[0] == Decimal(value)

    @pytest.mark.parametrize(
        "text", ["1,234", "1.234", "abc", "1,23,4", "--5", "(5", "1.2.3,4,5", "12 34", "5 5 5", "1e999", "99999999999999999999"]
    )
    def test_does_not_guess(self, text):
        assert read_number(text, Style.EITHER)[0] is None

    @pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "∞"])
    def test_knows_what_is_no_finite_number(self, text):
        assert not read_number(text, Style.POINT)[0].is_finite()

    def test_names_the_currency_it_reads(self):
        assert [read_number(t, Style.EITHER)[1] for t in ("5.00 usd", "€5", "£5", "$5", "5")] == ["USD", "EUR", "GBP", None, None]


class TestReadNumbers:
    @given(st.lists(st.decimals(min_value=-(10**12), max_value=10**12, places=2), min_size=1), st.sampled_from(list("., ")))
    def test_reads_back_what_was_written_in_either_style(self, amounts, group):
        point = [f"{a:,}".replace(",", "" if group == "." else group) for a in amounts]
        comma = [t.translate(str.maketrans({".": ",", ",": "."})) for t in (f"{a:,}" for a in amounts)]
        assert read_numbers(pa.array(point), Style.POINT).values.to_pylist() == amounts
        assert read_numbers(pa.array(comma), Style.COMMA).values.to_pylist() == amounts


class TestNumberEvidence:
    def test_finds_the_style_of_a_column(self):
        assert style_of(["1.50", "1,234"]) is Style.POINT
        assert style_of(["12,50", "1.234"]) is Style.COMMA
        assert style_of(["12,50", "12.50"]) is Style.EITHER
        assert style_of(["1,234"]) is Style.POINT
        assert style_of(["5", ""]) is Style.POINT

    def test_says_when_nothing_settles_it(self):
        assert style_of(["1,234"], separator=";") is None
