"""The German catalogue says what the English one says."""

from __future__ import annotations

import ast
import re
import string
from datetime import date
from pathlib import Path

import pytest

from regulars import metrics
from regulars.predictions.health import words
from regulars.predictions.health.lights import RULES
from regulars.predictions.health.reasons import CODE_OF_PART, Reason
from regulars.predictions.health.telling import TOLD
from regulars.reports import charts
from regulars.reports.drawing import draw
from regulars.reports.german import GERMAN
from regulars.reports.german.reason_words import GERMAN_REASONS, NOUNS
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


ENGLISH_WORDS = re.compile(r"\b(the|of|and|number|sum|customers?|orders?|with|from|by|nobody|are|value|in)\b")


class TestCards:
    def test_are_there_for_every_metric_of_the_review(self):
        shown = {code.removeprefix("kpi.") for code in ENGLISH.catalogue if code.startswith("kpi.")} & set(metrics.catalogue())
        assert set(GERMAN.cards) == shown

    @pytest.mark.parametrize("name", sorted(GERMAN.cards))
    def test_say_what_the_english_ones_say(self, name):
        card, said = metrics.catalogue()[name].card, GERMAN.cards[name]
        assert list(said.symbols) == list(card.symbols)
        assert re.findall(r"\b[A-Z]\b", said.formula) == re.findall(r"\b[A-Z]\b", card.formula)
        assert said.question.endswith("?")
        kept = re.compile(r"\b(inactive_after_days|renewal_grace_days|per_year)\b")
        text = " ".join([said.question, said.formula, *said.symbols.values(), said.undefined_when])
        assert not re.search(ENGLISH_WORDS.pattern.replace("|in)", ")"), kept.sub("", text))

    def test_are_those_of_the_metric_in_english(self):
        card = metrics.catalogue()["churn_rate"].card
        assert ENGLISH.card(card) is card
        assert GERMAN.card(card).question.startswith("Welcher Anteil der Kunden")


class TestAxes:
    def test_leave_the_thousands_in_the_texts_of_a_chart(self):
        rows = [{"label": str(i), "value": v, "text": GERMAN.short(v), "complete": True} for i, v in enumerate((9110.0, 6735.0))]
        drawn = draw("x", lambda size: charts.level(rows, size), language=GERMAN, title="t", description="d")[0]
        assert ">9.110<" in drawn
        assert ">6.735<" in drawn

    def test_write_numbers_as_germans_do(self):
        rows = [{"label": str(i), "value": v, "text": "", "peak": False} for i, v in enumerate((0.0, 0.4))]
        german = draw("x", lambda size: charts.columns(rows, size), language=GERMAN, title="t", description="d")[0]
        english = draw("x", lambda size: charts.columns(rows, size), language=ENGLISH, title="t", description="d")[0]
        assert ">0,2<" in german
        assert ">0.2<" not in german
        assert ">0.2<" in english

    def test_shorten_thousands_and_millions_in_the_language(self):
        def axis(language, top):
            rows = [{"label": str(i), "value": v, "text": "", "peak": False} for i, v in enumerate((0.0, top))]
            return draw("x", lambda size: charts.columns(rows, size), language=language, title="t", description="d")[0]

        assert ">20\N{NARROW NO-BREAK SPACE}Tsd.<" in axis(GERMAN, 40_000)
        assert ">1,5\N{NARROW NO-BREAK SPACE}Mio.<" in axis(GERMAN, 3_000_000) or ">2\N{NARROW NO-BREAK SPACE}Mio.<" in axis(
            GERMAN, 4_000_000
        )
        assert ">20\N{NARROW NO-BREAK SPACE}k<" in axis(ENGLISH, 40_000)


def _reasons_of_quarantine() -> set[str]:
    """Every reason for which a row of a file can be set aside, found in the sources of the importers."""
    import regulars.importers

    found: set[str] = set()
    for path in Path(regulars.importers.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mark" and len(node.args) > 2:
                found.add(ast.unparse(node.args[1]).removeprefix("f").strip("'"))
            elif isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[0], ast.Call | ast.Name):
                reason = node.elts[1]
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                    found.add(reason.value)
            elif isinstance(node, ast.JoinedStr | ast.Constant):
                found |= set(re.findall(r"select _row, '(\w+)'", ast.unparse(node).replace("\\'", "'")))
            elif (
                isinstance(node, ast.List)
                and [type(one) for one in node.elts] == [ast.Constant]
                and str(node.elts[0].value).endswith("_row")
            ):
                found.add(node.elts[0].value)
    both = {name for name in found if "{what}" in name}
    return {name for name in found - both if name != "reason"} | {
        name.replace("{what}", what) for name in both for what in ("amount", "number")
    }


class TestQuarantine:
    def test_has_words_for_every_reason_of_a_row(self):
        known = {code.removeprefix("quarantined.") for code in GERMAN.catalogue if code.startswith("quarantined.")}
        assert _reasons_of_quarantine() == known
        assert GERMAN.quarantine_reason("bad_date") == "ein Datum ist nicht lesbar"


class TestReasons:
    def test_have_a_title_each(self):
        codes = {*TOLD, *CODE_OF_PART.values(), *RULES}
        assert sorted(code for code in codes if f"reason.{code}" not in GERMAN.catalogue) == []
        assert GERMAN.reason_title("orders_slowing") == "Bestellungen werden seltener"

    def test_have_the_codes_and_numbers_of_the_english_ones(self):
        names = {code: [name for name, _ in _fields(text)] for code, text in words.TEXTS.items()}
        assert {code: [name for name, _ in _fields(text)] for code, text in GERMAN_REASONS.texts.items()} == names
        assert sorted(GERMAN_REASONS.inputs) == sorted(words.INPUT_WORDS)

    def test_have_nouns_with_a_singular(self):
        forms = {form for text in GERMAN_REASONS.texts.values() for _, form in _fields(text)} - {"", "money", "percent", "date"}
        assert forms == set(NOUNS)

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            (Reason("x", "silent", {"days": 74, "usual": 31.0}), "Seit 74 Tagen keine Bestellung; sonst alle 31."),
            (Reason("x", "last_order", {"days": 1}), "Vor 1 Tag bestellt."),
            (Reason("x", "orders_lately", {"recent": 1, "usual": 2.25}), "1 Bestellung in den letzten 90 Tagen; sonst 2,2."),
            (Reason("x", "order_value", {"value": 1250, "others": 123456}, "EUR"), "12,50\xa0EUR je Bestellung; andere 1.234,56\xa0EUR."),
            (Reason("x", "changed_light", {"before": "amber", "on": "2026-11-03"}), "War am 3.\xa0Nov.\xa02026 gelb."),
        ],
    )
    def test_are_said_in_german(self, reason, said):
        assert GERMAN.reason(reason) == said
