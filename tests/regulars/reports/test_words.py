"""The catalogue of sentences."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import regulars.reports
from regulars.reports.language import Amount, Language, sentence
from regulars.reports.words import ENGLISH

SOURCES = [path.read_text("utf-8") for path in Path(regulars.reports.__file__).parent.rglob("*.py") if path.name != "words.py"]
TEMPLATE = (Path(regulars.reports.__file__).parent / "templates" / "review.html.jinja").read_text("utf-8")
CODE = re.compile(r'\b(?:say|sentence)\(\s*"([a-z_]+\.[A-Za-z_0-9. ]+)"|words\["([^".]+\.[^"]+)"\]')


class TestCatalogue:
    def test_has_every_sentence_that_the_sections_say(self):
        said = {a or b for source in [*SOURCES, TEMPLATE] for a, b in CODE.findall(source)}
        assert len(said) > 100
        assert sorted(said - set(ENGLISH.catalogue)) == []

    def test_has_formats_that_the_language_knows(self):
        for code, words in ENGLISH.catalogue.items():
            for _, name, form, _ in string.Formatter().parse(words):
                if name is not None and form:
                    assert callable(getattr(Language, form.split(" ")[0], None)), code

    def test_claims_no_cause(self):
        # "because this file will be forwarded" gives a reason for what we do, not for what customers do.
        words = " ".join(words for code, words in ENGLISH.catalogue.items() if not code.startswith(("slipped.lead", "page.made")))
        assert not re.search(r"\b(because|due to|caused|causes|led to|thanks to|as a result)\b", words)

    def test_says_the_example_of_the_headline(self):
        from datetime import date

        said = sentence("headline.active", opening=3610, closing=3301, lapsed=948, share=0.43, month=date(1998, 6, 1))
        assert ENGLISH.say(said).replace("\N{NO-BREAK SPACE}", " ") == (
            "Active customers 3,610 → 3,301 in June 1998; of the 948 who went quiet, four in ten usually come back."
        )

    def test_raises_for_an_unknown_code(self):
        with pytest.raises(KeyError):
            ENGLISH.say("no.such.code")


class TestLanguage:
    GERMAN = Language(
        code="de",
        catalogue={"one": "{n:number 1} und {m:amount}"},
        months=ENGLISH.months,
        long_months=ENGLISH.long_months,
        weekdays=ENGLISH.weekdays,
        number_words=ENGLISH.number_words,
        thousands=".",
        decimal=",",
    )

    def test_writes_numbers_in_its_own_notation(self):
        said = self.GERMAN.say("one", n=1234.56, m=Amount(9876.0, "EUR"))
        assert said == "1.234,6 und 9.876\N{NO-BREAK SPACE}EUR"

    @pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (-0.4, "0"), (-1.0, "−1"), (1234567.0, "1,234,567")])
    def test_writes_whole_numbers(self, value, shown):
        assert ENGLISH.count(value) == shown

    def test_shows_yen_without_decimals(self):
        assert ENGLISH.amount(Amount(980.0, "JPY")) == "980\N{NO-BREAK SPACE}JPY"
