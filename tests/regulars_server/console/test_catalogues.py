"""The German catalogue holds everything that the application says."""

from __future__ import annotations

import gettext
import re
from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from regulars_server.console.templatetags import shown
from tests.regulars_server.console import messages

NAMES = re.compile(r"%\((\w+)\)s")


class TestCatalogue:
    def test_has_german_words_for_everything_that_is_said_and_nothing_else(self) -> None:
        there = {messages.key_of(message) for message in messages.catalogue() if message.id}
        said = set(messages.said())
        assert sorted(said - there) == [], "run: make messages"
        assert sorted(there - said) == [], "run: make messages"
        assert messages.missing(messages.catalogue()) == []

    def test_has_nothing_uncertain(self) -> None:
        assert [message.id for message in messages.catalogue() if message.id and message.fuzzy] == []

    def test_is_compiled_as_it_stands(self) -> None:
        with messages.MO.open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        for message in messages.catalogue():
            key = messages.key_of(message)
            if key.plural:
                assert [compiled.ngettext(*key, n) for n in (1, 2)] == list(message.string)
            elif key.text:
                assert compiled.gettext(key.text) == message.string

    def test_keeps_the_values_in_every_sentence(self) -> None:
        for message in messages.catalogue():
            key = messages.key_of(message)
            for text in message.string if isinstance(message.string, list | tuple) else [message.string]:
                if key.text:
                    assert set(NAMES.findall(text)) <= set(NAMES.findall(key.text + (key.plural or ""))), key.text
                    assert set(NAMES.findall(key.plural or key.text)) == set(NAMES.findall(message.string[-1] if key.plural else text))


class TestExtraction:
    def test_finds_texts_in_code(self) -> None:
        source = 'a = _("one")\nb = ngettext("%(n)s two", "%(n)s twos", n)\nc = gettext(name)\n'
        assert list(messages.in_python(source)) == [("one", None), ("%(n)s two", "%(n)s twos")]

    def test_finds_texts_in_templates(self) -> None:
        source = "{% load i18n %}{% if x %}{% translate 'one' %}{% endif %}{% blocktranslate count n=x %}a {{ n }}{% plural %}b {{ n }}{% endblocktranslate %}"
        assert list(messages.in_template(source)) == [("one", None), ("a %(n)s", "b %(n)s")]


NOON = datetime(2026, 11, 3, 12, 5, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


class TestNotation:
    @pytest.mark.parametrize(
        ("shown_as", "english", "german"),
        [
            (lambda: shown.count(12345), "12,345", "12.345"),
            (lambda: shown.amount(123456, "EUR"), "1,234.56 EUR", "1.234,56 EUR"),
            (lambda: shown.amount(980, "JPY"), "980 JPY", "980 JPY"),
            (lambda: shown.percent(0.0612), "6.1 %", "6,1 %"),
            (lambda: shown.day(date(2026, 11, 3)), "3 Nov 2026", "3. Nov. 2026"),
            (lambda: shown.day("2026-11-03"), "3 Nov 2026", "3. Nov. 2026"),
            (lambda: shown.instant(NOON), "3 Nov 2026, 12:05", "3. Nov. 2026, 12:05"),
            (lambda: shown.instant(NOON.timestamp() * 1e6), "3 Nov 2026, 12:05", "3. Nov. 2026, 12:05"),
            (lambda: shown.duration(7200), "2 hours", "2 Stunden"),
            (lambda: shown.duration(90_000), "1 day", "1 Tag"),
            (
                lambda: str(shown.light("amber")),
                '<span class="light light-amber">amber</span>',
                '<span class="light light-amber">gelb</span>',
            ),
            (lambda: shown.percent(None), "–", "–"),
        ],
    )
    def test_is_that_of_the_language(self, shown_as, english, german) -> None:
        with translation.override("en"):
            assert plain(shown_as()) == english
        with translation.override("de"):
            assert plain(shown_as()) == german
