"""The list of customers as a page and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from django.http import QueryDict
from django.utils.translation import override

from regulars_server.console.customers.asking import asked
from regulars_server.console.customers.exporting import cell
from regulars_server.console.customers.selectors import Row
from regulars_server.console.templatetags.customer_list import light_word, list_row
from regulars_server.serving.building import build_here
from regulars_server.serving.reading import close
from regulars_server.shared.models import AuditEntry, AuditNote
from regulars_server.shared.references import reference_of
from tests.regulars_server.serving.installed import CANARY, company, install, person

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1")
db = pytest.mark.django_db(databases=["default", "audit"])


@pytest.fixture
def shop(settings, tmp_path):
    """A built company, with names that are formulas."""
    tables = company(60)
    for i, formula in enumerate(FORMULAS):
        tables["customers"].append({**person(900 + i, 0), "name": f"{formula} {CANARY}", "row_key": f"formula-{i}"})
    workspace = install(settings, tmp_path, tables=tables)
    build_here(workspace, NOW)
    yield workspace
    close()


@pytest.mark.suite
@db
class TestPage:
    def test_shows_names_and_notes_the_look_without_what_was_searched(self, shop, as_role) -> None:
        page = as_role("support").get("/customers/", {"q": f"{CANARY}.7@"}).content.decode()
        assert "Person 7 " in page
        assert reference_of("c007") in page
        told = repr([(e.action, e.details, e.subjects) for model in (AuditEntry, AuditNote) for e in model.objects.all()])
        assert "customers.listed" in told
        assert CANARY not in told

    @pytest.mark.parametrize(
        "address", ["", "?q=anary", "?sort=name", "?column=reasons&column=country&column=channel", "?from=50", "?q=Person+7"]
    )
    def test_never_says_who_to_a_role_barred_from_it(self, shop, as_role, address) -> None:
        page = as_role("no_personal_data").get(f"/customers/{address}")
        assert page.status_code == 200
        shown = page.content.decode()
        assert CANARY not in shown
        assert not re.search(r"\bc0\d\d\b", shown)
        assert "anon:" not in shown

    def test_for_a_role_barred_from_it_shows_references_and_numbers(self, shop, as_role) -> None:
        page = as_role("no_personal_data").get("/customers/?sort=orders").content.decode()
        assert page.count('class="mono"') == 50
        assert "EUR" in page

    def test_has_further_pages(self, shop, as_role) -> None:
        browser = as_role("owner")
        first = browser.get("/customers/").content.decode()
        assert "from=50" in first
        assert "51 to 68 of 68" in browser.get("/customers/?from=50").content.decode()

    def test_is_only_the_list_where_htmx_asks(self, shop, as_role) -> None:
        part = as_role("owner").get("/customers/?light=unknown", headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "<table" in part

    @pytest.mark.parametrize(
        "address", ["?from=-1&min=x&risk=500&since=2026-99-99&sort=; drop&light=blue&way=x", "?q=%27%22%3C%25_", "?from=9999999999999999"]
    )
    def test_takes_no_harm_from_nonsense(self, shop, as_role, address) -> None:
        answer = as_role("owner").get(f"/customers/{address}")
        assert answer.status_code == 200

    def test_without_data_says_so(self, as_role) -> None:
        assert b"No customers yet" in as_role("owner").get("/customers/").content


@pytest.mark.suite
@db
class TestExport:
    def rows(self, browser, address=""):
        answer = browser.get(f"/customers/export.csv{address}")
        assert answer.status_code == 200
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def test_is_the_whole_list(self, shop, as_role) -> None:
        rows = self.rows(as_role("owner"), "?country=DE")
        assert {row["country"] for row in rows} == {"DE"}
        assert len(self.rows(as_role("admin"))) == 68

    def test_has_no_cell_that_a_spreadsheet_would_reckon(self, shop, as_role) -> None:
        rows = self.rows(as_role("owner"))
        assert sum(row["name"].startswith("'") for row in rows) == len(FORMULAS)
        for row in rows:
            for value in row.values():
                assert not value.lstrip(" ").startswith(("=", "+", "@", "\t", "\r")), row
                assert not value.startswith("-") or float(value) < 0

    def test_is_noted_with_its_count(self, shop, as_role) -> None:
        self.rows(as_role("owner"), f"?q={CANARY}")
        (entry,) = [e for model in (AuditEntry, AuditNote) for e in model.objects.filter(action="customers.exported")]
        assert entry.details["count"] == 68
        assert CANARY not in repr(entry.details)

    @pytest.mark.parametrize("role", ["support", "read_only", "no_personal_data"])
    def test_is_for_who_may_export(self, shop, as_role, role) -> None:
        assert as_role(role).get("/customers/export.csv").status_code == 403


class TestRow:
    ROW = Row(reference="a" * 16, who='<b>"A" & B</b>', contact="<i>", cells=[("light", "red"), ("orders", "<3"), ("channel", "a<b")])

    def test_says_names_and_values_as_they_are(self) -> None:
        shown = list_row(self.ROW, True)
        assert f'<a href="/customers/{"a" * 16}/">&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt;</a>' in shown
        assert '<span class="muted">&lt;i&gt;</span>' in shown
        assert '<td class="number">&lt;3</td><td>a&lt;b</td>' in shown

    def test_for_who_may_not_see_people_has_the_reference_alone(self) -> None:
        assert list_row(self.ROW, False).startswith(f'<tr><td><span class="mono">{"a" * 16}</span></td><td>')

    def test_says_the_light_in_the_readers_language(self) -> None:
        said = {}
        for code in ("en", "de", "en"):
            with override(code):
                said[code] = light_word("red")
        assert said == {"en": '<span class="light light-red">Red</span>', "de": '<span class="light light-red">Rot</span>'}


class TestCell:
    @pytest.mark.parametrize("text", FORMULAS)
    def test_of_a_formula_is_a_text(self, text) -> None:
        assert cell(text) == f"'{text}"

    @pytest.mark.parametrize(("value", "shown"), [(-5, "-5"), (-1.5, "-1.5"), ("Ann", "Ann"), ("a=b", "a=b"), (None, ""), ("", "")])
    def test_of_anything_else_is_as_it_is(self, value, shown) -> None:
        assert cell(value) == shown


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "light=red&light=amber",
            "q=ann&country=DE&sort=orders&way=up&from=100",
            "min=5&max=9&risk=40",
            "since=2026-01-31&silent=2026-02-28",
            "column=light&column=reasons",
        ],
    )
    def test_says_the_query_again(self, text) -> None:
        first = asked(QueryDict(text), people=True)
        assert asked(QueryDict(first.address()[1:]), people=True) == first

    @pytest.mark.parametrize(
        ("text", "currency", "minor", "written"),
        [
            ("12.5", "EUR", 1250, "12.50"),
            ("12,505", "EUR", 1251, "12.51"),
            ("7", "JPY", 7, "7"),
            ("0.5", "KWD", 500, "0.500"),
            ("3", None, 300, "3.00"),
        ],
    )
    def test_takes_sums_as_people_write_them(self, text, currency, minor, written) -> None:
        ask = asked(QueryDict(f"min={text}&max={text}"), people=True, currency=currency)
        assert (ask.query.min_revenue_minor, ask.query.max_revenue_minor) == (minor, minor)
        assert (ask.least_revenue, ask.most_revenue) == (written, written)
        assert dict(ask.parameters())["min"] == written

    def test_may_not_sort_by_name_where_names_may_not_be_seen(self) -> None:
        assert asked(QueryDict("sort=name"), people=False).query.sort == "money_at_risk"
