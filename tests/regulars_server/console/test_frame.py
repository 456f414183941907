"""The frame of every page: navigation, language, error pages, the house look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from regulars.reports.theme import PALETTE

TEMPLATES = sorted(Path(settings.HERE).rglob("templates/**/*.html"))
LOOK = Path(finders.find("console/console.css")).read_text("utf-8")


@pytest.mark.django_db(databases=["default", "audit"])
class TestNavigation:
    def test_shows_the_pages_that_the_role_may_open(self, as_role) -> None:
        page = as_role("support").get("/account/").content.decode()
        assert 'href="/customers/"' in page
        assert 'href="/data/"' not in page
        assert 'href="/audit/"' not in page

    def test_marks_the_page_that_one_is_on(self, as_role) -> None:
        page = as_role("owner").get("/data/").content.decode()
        assert re.search(r'href="/data/" aria-current="page"', page)

    def test_signs_out_by_post(self, as_role) -> None:
        page = as_role("owner").get("/account/").content.decode()
        assert '<form method="post" action="/sign-out/">' in page


@pytest.mark.django_db(databases=["default", "audit"])
class TestLanguage:
    def test_is_kept_in_a_cookie_and_goes_back(self, client) -> None:
        answer = client.post("/language/", {"language": "de", "next": "/sign-in/?next=/data/"})
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/data/")
        page = client.get("/sign-in/").content.decode()
        assert '<html lang="de">' in page
        assert "Anmelden" in page

    @pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", "/\\evil.test", ""])
    def test_leads_nowhere_else(self, client, elsewhere) -> None:
        assert client.post("/language/", {"language": "de", "next": elsewhere})["Location"] == "/"

    def test_ignores_a_language_that_is_not_there(self, client) -> None:
        assert settings.LANGUAGE_COOKIE_NAME not in client.post("/language/", {"language": "xx", "next": "/"}).cookies

    def test_does_not_change_by_get(self, client) -> None:
        assert client.get("/language/?language=de").status_code == 405

    def test_needs_the_form_s_token(self) -> None:
        assert Client(enforce_csrf_checks=True).post("/language/", {"language": "de"}).status_code == 403


@pytest.mark.django_db(databases=["default", "audit"])
class TestErrorPages:
    def test_are_in_the_house_look_and_say_what_to_do(self, as_role) -> None:
        support = as_role("support")
        shut, gone = support.get("/data/"), support.get("/no-such-page/")
        assert (shut.status_code, gone.status_code) == (403, 404)
        for answer in (shut, gone):
            assert "console/console.css" in answer.content.decode()
            assert 'href="/"' in answer.content.decode()

    @pytest.mark.parametrize("code", [400, 500])
    def test_need_no_request(self, code) -> None:
        with translation.override("de"):
            assert "<h1>" in render_to_string(f"{code}.html")

    def test_tell_of_an_old_form(self) -> None:
        answer = Client(enforce_csrf_checks=True).post("/language/", {"language": "de"})
        assert b"The form is too old" in answer.content


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
    def test_hold_nothing_that_the_policy_forbids(self, path) -> None:
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|hx-on|hx-vals=.js:", text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"""(?:src|href)=["']https?://""", text)

    def test_can_all_be_read(self) -> None:
        for path in TEMPLATES:
            engines["django"].from_string(path.read_text("utf-8"))


class TestHead:
    PAGE = "{% extends 'console/plain.html' %}{% block title %}A title{% endblock %}{% block content %}CONTENT{% endblock %}"

    def _page(self, content: str) -> str:
        return engines["django"].from_string(self.PAGE.replace("CONTENT", content)).render({})

    def test_is_the_title_where_the_page_has_none_of_its_own(self) -> None:
        assert '<div class="page-head"><h1>A title</h1></div>' in self._page("<p>Text</p>")

    def test_is_never_there_twice(self) -> None:
        page = self._page("<h1>Mine</h1>")
        assert page.count("<h1") == 1
        assert "<title>A title" in page

    def test_escapes_what_stands_in_the_title(self) -> None:
        text = self.PAGE.replace("A title", "{{ name }}").replace("CONTENT", "x")
        assert "<h1>&lt;b&gt;</h1>" in engines["django"].from_string(text).render({"name": "<b>"})


class TestLook:
    def test_has_the_colours_of_the_review(self) -> None:
        light, dark = LOOK.split("prefers-color-scheme: dark", 1)
        for name, pair in PALETTE.items():
            assert f"--{name}: {pair[0]};" in light
            assert f"--{name}: {pair[1]};" in dark

    def test_tells_lights_apart_by_shape(self) -> None:
        marks = re.findall(r'\.light-(\w+)::before \{ content: "(.)";', LOOK)
        assert len(marks) == len({mark for _, mark in marks}) == 6

    def test_rests_for_who_wants_no_motion(self) -> None:
        outside = re.sub(r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", LOOK, flags=re.DOTALL)
        assert "transition" not in outside
        assert "animation" not in outside
