"""Every sentence of the library and of the application that can reach a page is said in the reader's language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from regulars.errors import ArgumentRefused, ColumnsAmbiguous, CurrencyUnknown
from regulars.importers.formats import FORMATS
from regulars.importers.recognition import bind
from regulars.tracking.plan import Plan
from regulars.tracking.reading import read
from regulars_server.console import refusals
from regulars_server.console.data.words import why
from regulars_server.console.spoken import SENTENCES, calls, files, spoken
from regulars_server.loading.public import OFF_PLAN
from tests.regulars_server.console.refused import SRC, _texts, templates

ENGLISH = re.compile(r"\b(the|of|and|is|are|not|with|from|no|your|again|column|file)\b")


def _bare(text: str) -> str:
    return re.sub(r"%\(\w+\)s", "{}", text)


def _german(text: str) -> str:
    with translation.override("de"):
        return spoken(text).replace("\xa0", " ")


class TestRefusals:
    def test_are_all_known(self) -> None:
        known = {_bare(text) for text in SENTENCES}
        assert sorted(f"{one.place}: {one.text}" for one in templates() if one.text not in known) == []

    def test_are_all_still_in_the_sources(self) -> None:
        kept_with_jobs = {"There was not enough memory.", "Its process died {} times.", "See the worker's log."}
        events = {
            "the event '{}': the schema is no object",
            "the event '{}': x-on-violation is neither mark nor quarantine",
            "the event '{}': {}",
        }
        said = {one.text for one in templates()} | kept_with_jobs | events
        assert sorted(text for text in refusals_of_the_catalogue() if _bare(text) not in said) == []

    def test_say_on_a_page_nothing_of_a_command_line(self) -> None:
        assert sorted(page for page in SENTENCES.values() if re.search(r"--[a-z]|\bcommand\b", page) and "COLUMN=nps" not in page) == []

    def test_are_german_with_the_figures_in_it(self) -> None:
        refusal = CurrencyUnknown(
            "3f0c2a9d8b7e6f5a4b3c2d1e.csv holds money in 'Betrag', and nothing says in which currency.",
            expected="a column with the currency, or a currency for the whole file; it is never guessed",
            remedy="Say it: --currency EUR (or another ISO 4217 code).",
        )
        with translation.override("de"):
            assert refusals.words(refusal) == (
                "Die Spalte „Betrag“ enthält Geld, und nirgends steht, in welcher Währung. Erwartet: eine Spalte mit der Währung oder eine "
                "Währung für die ganze Datei; geraten wird sie nie. Geben Sie die Währung unten an, etwa EUR."
            )
        with translation.override("en"):
            assert refusals.words(refusal).endswith("Give the currency below, such as EUR.")

    def test_of_a_real_file_is_german_to_the_end(self) -> None:
        with pytest.raises(ColumnsAmbiguous) as refused:
            bind(("email", "Email", "date", "amount"), {}, "transactions")
        with translation.override("de"):
            said = refusals.words(refused.value)
        assert said.startswith("Erkannt als eine Liste von Verkäufen, aber 2 Spalten können")
        assert not ENGLISH.search(said)

    def test_of_a_setting_names_the_value(self) -> None:
        refusal = ArgumentRefused("The setting currency was given as 'XXXX'.", expected="", remedy="Give another value.")
        with translation.override("de"):
            assert refusals.words(refusal) == "Für currency wurde 'XXXX' angegeben. Geben Sie einen anderen Wert an."

    def test_joins_fields_with_the_words_of_the_language(self) -> None:
        said = _german("for the nearest, survey answers, there is no column for answered_at; nps or csat")
        assert said == "für das ähnlichste, Umfrageantworten, noch eine Spalte für answered_at; nps oder csat"

    def test_names_no_file_of_ours(self) -> None:
        said = _german("Zk3vT8aQmB1nX0pL5dR7sWqYhU2eJ4gC: it is no complete Parquet file (bad magic).")
        assert said == "Die Datei: sie ist keine vollständige Parquet-Datei (bad magic)."

    def test_of_an_unforeseen_fault_says_where_to_look(self) -> None:
        with translation.override("de"):
            said = refusals.in_parts({"code": "job.fault", "received": "KeyError"})
        assert said["received"] == "Etwas Unvorhergesehenes ist schiefgegangen (KeyError)."
        assert said["remedy"] == "Das Protokoll des Servers sagt mehr."

    def test_unknown_one_stays_as_it_is(self) -> None:
        assert _german("Something nobody has said before.") == "Something nobody has said before."


def refusals_of_the_catalogue() -> set[str]:
    from regulars_server.console.spoken.refusals import REFUSALS

    return set(REFUSALS)


def _explanations() -> set[str]:
    """Why a call can be refused or departs from its plan, found in the sources."""
    found: set[str] = set()
    for path in [*(SRC / "regulars/tracking").rglob("*.py"), *(SRC / "regulars_server/loading").glob("judging.py")]:
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal" and len(node.args) == 2:
                found |= _texts(node.args[1])
            elif isinstance(node, ast.keyword) and node.arg == "explanation":
                found |= _texts(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_refused" and len(node.args) == 3:
                found |= _texts(node.args[2])
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr) and path.name == "violations.py":
                found |= _texts(node.value)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_LIMITS":
                found |= {"{} " + value.value for value in node.value.values}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Verdict":
                found |= {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and " " in str(one.value)}
    return {text for text in found if text.strip("{}. []") and text != "{} {}"}


class TestCalls:
    def test_have_words_for_every_explanation(self) -> None:
        known = {_bare(text) for text in calls.CALLS} | {_bare(text) for text in calls.KINDS}
        ends_elsewhere = {"the name of the event is {}"}
        assert sorted(_explanations() - known - ends_elsewhere) == []
        assert {"the name of the event is missing", "the name of the event is {}, not a text"} <= known

    def test_that_are_refused_say_why_in_german(self) -> None:
        reading = read(b'{"type": "track", "event": 7, "userId": "u"}', kind="track", received_at=0, source="s", key="k")
        assert _german(reading.refused[0].explanation) == "der Name des Ereignisses ist eine Zahl, kein Text"

    @pytest.mark.parametrize("sentence", sorted(text for text in calls.CALLS if "; " in text))
    def test_that_have_a_stop_in_their_sentence_say_it_whole_in_german(self, sentence: str) -> None:
        values = {"count": "200", "most": "100", "size": "300", "field": "userId"}
        with translation.override("de"):
            assert why(sentence % values, "call.too_large") == translation.gettext(sentence) % values != sentence % values

    def test_that_depart_from_the_plan_say_how_in_german(self) -> None:
        schema = {"type": "object", "required": ["order_id"], "properties": {"price": {"type": ["number", "null"]}}}
        plan = Plan({"events": {"Order Completed": schema}})
        body = b'{"event": "Order Completed", "userId": "u", "properties": {"price": "many"}}'
        [call] = read(body, kind="track", received_at=0, source="s", key="k").calls
        with translation.override("de"):
            said = why("; ".join(plan.check(call)), OFF_PLAN)
        assert sorted(said.split("; ")) == ["order_id fehlt", "price ist ein Text, nicht eine Zahl oder null"]


class TestFiles:
    def test_have_words_for_every_format_and_meaning(self) -> None:
        assert {one.title for one in FORMATS.values()} == set(files.FORMATS)
        assert {field.meaning for one in FORMATS.values() for field in one.fields} == set(files.MEANINGS)

    def test_have_words_for_every_note(self) -> None:
        known = {_bare(text) for text in files.NOTES}
        everything = frozenset(field.name for one in FORMATS.values() for field in one.fields)
        some = [everything, frozenset(), everything - {"net_sales", "tax"}, everything - {"measure"}, frozenset({"quantity"})]
        said = {note for one in FORMATS.values() for bound in some for note in one.notes(bound)}
        assert sorted(said - known) == []
        assert len(said) >= 10

    def test_are_named_in_german(self) -> None:
        assert _german("a Shopify orders export") == "ein Bestellexport von Shopify"
        assert _german("the customer's id") == "Kundennummer"
        assert _german("1,204 e-mail addresses or phone numbers belong to several customers of the file; they were left apart").startswith(
            "1.204 "
        )
