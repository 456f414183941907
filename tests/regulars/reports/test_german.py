"""The German catalogue says what the English one says."""

from __future__ import annotations

import re
import string
from datetime import date

import pytest

from regulars.predictions.health import words
from regulars.predictions.health.reasons import Reason
from regulars.reports.german import GERMAN
from regulars.reports.german.reason_words import GERMAN_REASONS, NOUNS, german_reason
from regulars.reports.language import Amount, Language, sentence
from regulars.reports.words import ENGLISH

SAME = {
    "cohorts.row", "kpi.compared", "kpi.was", "kpi.window_month", "kpi.compared_score", "kpi.compared_percent", "affinity.names",
    "slipped.no_gap", "appendix.symbol", "rfm.segment", "rfm.name.Champions",
}  # fmt: skip
"""Codes whose words are the same in both languages."""


def _fields(text: str) -> list[tuple[str, str]]:
    return sorted((name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name is not None)


class TestCatalogue:
    def test_has_the_codes_of_the_english_one(self):
        assert sorted(GERMAN.catalogue) == sorted(ENGLISH.catalogue)

    def test_has_the_same_parameters_in_the_same_forms(self):
        assert [code for code, text in ENGLISH.catalogue.items() if _fields(text) != _fields(GERMAN.catalogue[code])] == []

    def test_has_words_of_its_own(self):
        assert {code for code, text in ENGLISH.catalogue.items() if GERMAN.catalogue[code] == text} == SAME

    def test_has_no_english_left(self):
        english = re.compile(r"\b(the|of|and|customers?|orders?|with|from|week|light|by)\b")
        assert {code for code, text in GERMAN.catalogue.items() if english.search(re.sub(r"\{[^}]*\}", "", text))} == {
            "finding.churn_up.action"
        }

    def test_claims_no_cause(self):
        said = " ".join(
            text for code, text in GERMAN.catalogue.items() if not code.startswith(("slipped.lead", "page.made", "second.young"))
        )
        assert not re.search(r"\b(weil|wegen|verursacht|dank|infolge|deshalb)\b", said)

    def test_says_the_headline(self):
        said = GERMAN.say(sentence("headline.active", opening=3610, closing=3301, lapsed=948, share=0.43, month=date(1998, 6, 1)))
        expected = "Aktive Kunden 3.610 → 3.301 im Juni 1998; 948 sind verstummt, und üblich ist die Rückkehr von vier von zehn."
        assert said.replace("\N{NO-BREAK SPACE}", " ") == expected


class TestNotation:
    def test_writes_days_money_and_shares_as_germans_do(self):
        assert GERMAN.day(date(2026, 11, 3)).replace("\N{NO-BREAK SPACE}", " ") == "3. Nov. 2026"
        assert GERMAN.amount(Amount(2500315.63, "EUR"), "short") == "2,50\N{NARROW NO-BREAK SPACE}Mio.\N{NO-BREAK SPACE}EUR"
        assert GERMAN.percent(0.0612) == "6,1\N{NARROW NO-BREAK SPACE}%"

    def test_leaves_the_english_notation_alone(self):
        assert ENGLISH.day(date(2026, 11, 3)).replace("\N{NO-BREAK SPACE}", " ") == "3 Nov 2026"
        assert isinstance(GERMAN, Language)


class TestReasons:
    def test_have_the_codes_and_numbers_of_the_english_ones(self):
        names = {code: [name for name, _ in _fields(text)] for code, text in words.TEXTS.items()}
        assert {code: [name for name, _ in _fields(text)] for code, text in GERMAN_REASONS.texts.items()} == names
        assert sorted(GERMAN_REASONS.inputs) == sorted(words.INPUT_WORDS)

    def test_have_nouns_with_a_singular(self):
        forms = {form for text in GERMAN_REASONS.texts.values() for _, form in _fields(text)} - {"", "money", "percent"}
        assert forms == set(NOUNS)

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            (Reason("x", "silent", {"days": 74, "usual": 31.0}), "Seit 74 Tagen keine Bestellung; sonst alle 31."),
            (Reason("x", "last_order", {"days": 1}), "Vor 1 Tag bestellt."),
            (Reason("x", "orders_lately", {"recent": 1, "usual": 2.25}), "1 Bestellung in den letzten 90 Tagen; sonst 2,2."),
            (Reason("x", "order_value", {"value": 1250, "others": 123456}, "EUR"), "12,50\xa0EUR je Bestellung; andere 1.234,56\xa0EUR."),
            (Reason("x", "changed_light", {"before": "amber", "on": "2026-11-03"}), "War am 2026-11-03 gelb."),
        ],
    )
    def test_are_said_in_german(self, reason, said):
        assert german_reason(reason) == said
