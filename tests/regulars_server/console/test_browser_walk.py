"""Every page in a real browser, of an installation that runs: wide and narrow, English and German, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest
from django.urls import URLPattern, get_resolver

from tests.regulars_server.console.filled import send, today, write_orders
from tests.regulars_server.running.conftest import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.suite
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PASSWORD = "correct horse battery staple"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
RUN_AXE = """(rules) => axe.run(rules.length ? {runOnly: {type: "rule", values: rules}} : {}).then((found) => found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.target + " " + node.failureSummary).join(" | ")))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MUST = {
    "/", "/customers/", "/customers/{reference}/", "/customers/{reference}/merge/", "/data/", "/data/new/", "/data/sources/website/",
    "/data/live/", "/data/quarantine/", "/data/quality/", "/data/plans/", "/data/plans/website/", "/data/plans/website/learn/",
    "/data/suggestions/", "/import/", "/team/", "/audit/", "/keys/", "/account/",
}  # fmt: skip
"""Pages that the walk must find among the addresses."""


class Company:
    """A running installation with a filled workspace, and a browser in which its owner is signed in."""

    def __init__(self, shop: Installation, browser: Browser) -> None:
        self.shop = shop
        self.address = shop.address
        self.state = self._sign_in(browser)
        self.browser = browser
        self.reference = self._reference()

    def _sign_in(self, browser: Browser) -> Any:
        link = re.search(r"http://\S+/start/\S+", self.shop.output)
        assert link is not None
        context = browser.new_context()
        page = context.new_page()
        page.goto(link.group())
        for name, value in (("email", "owner@post.example"), ("password", PASSWORD), ("again", PASSWORD)):
            page.fill(f"main input[name={name}]", value)
        page.click("main button")
        page.wait_for_url(f"{self.address}/")
        state = context.storage_state()
        context.close()
        return state

    def context(self, language: str = "en", **options: Any) -> BrowserContext:
        made = self.browser.new_context(storage_state=self.state, reduced_motion="reduce", **options)
        made.add_cookies([{"name": "regulars_language", "value": language, "url": self.address}])
        made.add_init_script(AXE)
        return made

    def _reference(self) -> str:
        rows = self.shop.rows("SELECT reference FROM profiles_identity WHERE identity = 'customer-001'")
        return rows[0][0]

    def pages(self) -> list[str]:
        """The addresses that answer GET with a whole page."""
        context = self.context()
        found = []
        for address in sorted(_addresses(get_resolver().url_patterns, "/")):
            path = address.format(reference=self.reference, slug="website") if "{" in address else address
            answer = context.request.get(self.address + path, max_redirects=0)
            if answer.status == 200 and "text/html" in answer.headers["content-type"] and "<html" in answer.text():
                found.append(path)
        context.close()
        return found


def _addresses(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if not isinstance(pattern, URLPattern):
            yield from _addresses(pattern.url_patterns, prefix + route)
        elif set(re.findall(r"\{(\w+)\}", prefix + route)) <= {"reference", "slug"}:
            yield prefix + route


@pytest.fixture(scope="module")
def company(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("walk")
    now = today()
    shop = Installation(folder / "shop")
    shop.run("import", str(write_orders(folder / "orders.csv", now)), "--currency", "EUR")
    try:
        shop.start()
        send(shop.address, shop.write_key(), now)
        shop.wait_until(lambda: shop.rows("SELECT count(*) FROM profiles_suggestion") != [(0,)])
        serving = shop.folder / "server" / "serving"
        shop.wait_until(lambda: (serving / "customers.duckdb").exists() and (serving / "overview.json").exists())
        yield Company(shop, browser)
    finally:
        shop.destroy()


def _listen(page: Page) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


class TestEveryPage:
    @pytest.mark.parametrize(("language", "first"), [("en", "light"), ("de", "dark")])
    def test_is_fit_to_be_seen(self, company: Company, language: str, first: str) -> None:
        """Loaded wide or narrow in one scheme and turned to the other: nothing in the console, no overflow, nothing serious for axe."""
        pages = company.pages()
        assert {one.format(reference=company.reference) for one in MUST} - set(pages) == set()
        sizes = (WIDE, NARROW) if language == "en" else (NARROW, WIDE)
        context = company.context(language, viewport=sizes[0], color_scheme=first)
        page = context.new_page()
        said, faults = _listen(page), []
        for path in pages:
            page.goto(company.address + path)
            if page.get_attribute("html", "lang") != language:
                faults.append(f"{path}: not in {language}")
            faults += [f"{path}: {one}" for one in page.evaluate(RUN_AXE, [])]
            faults += [f"{path}: {size['width']} px too narrow by {over}" for size in sizes if (over := _overflow(page, size))]
            page.emulate_media(color_scheme="dark" if first == "light" else "light")
            faults += [f"{path}, turned: {one}" for one in page.evaluate(RUN_AXE, ["color-contrast", "summary-name", "target-size"])]
            page.emulate_media(color_scheme=first)
            page.set_viewport_size(sizes[0])
            faults += [f"{path}: {one}" for one in said]
            said.clear()
        context.close()
        assert faults == []

    @pytest.mark.parametrize("path", ["/sign-in/", "/no-such-page/"])
    def test_is_so_for_who_is_signed_out_too(self, company: Company, browser: Browser, path: str) -> None:
        context = browser.new_context(viewport=NARROW, locale="de-DE")
        context.add_init_script(AXE)
        page = context.new_page()
        page.goto(company.address + path)
        assert page.get_attribute("html", "lang") == "de"
        assert page.evaluate(RUN_AXE, []) == []
        assert _overflow(page, NARROW) == 0
        context.close()


def _overflow(page: Page, size: dict[str, int]) -> int:
    page.set_viewport_size(size)
    return int(page.evaluate(OVERFLOW))


class TestWorking:
    def test_live_events_appear_by_themselves(self, company: Company) -> None:
        context = company.context()
        page = context.new_page()
        said = _listen(page)
        page.goto(f"{company.address}/data/live/")
        assert company.shop.send("walked-by") == 200
        page.wait_for_selector("#live > li:first-child strong:text-is('Seen')", timeout=60_000)
        assert said == []
        context.close()

    def test_a_timeline_is_filtered_in_place(self, company: Company) -> None:
        context = company.context("de")
        page = context.new_page()
        said = _listen(page)
        page.goto(f"{company.address}/customers/{company.reference}/")
        page.click("#timeline >> text=Bestellungen")
        page.wait_for_selector("#timeline a[aria-current]:text-is('Bestellungen')")
        assert set(page.locator("#timeline .timeline strong").all_inner_texts()) <= {"Bestellung", "Erstattung"}
        assert said == []
        context.close()

    def test_the_keyboard_comes_to_the_content_first(self, company: Company) -> None:
        context = company.context()
        page = context.new_page()
        page.goto(f"{company.address}/data/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        context.close()

    def test_the_language_is_switched_and_one_signs_out(self, company: Company) -> None:
        context = company.context()
        page = context.new_page()
        page.goto(f"{company.address}/data/quality/")
        page.click("details.member summary")
        page.click("button[name=language][value=de]")
        page.wait_for_selector("h1:text-is('Qualität')")
        page.click("details.member summary")
        page.keyboard.press("Escape")
        assert page.get_attribute("details.member", "open") is None
        context.close()

    def test_a_key_is_shown_when_it_is_asked_for(self, company: Company) -> None:
        context = company.context()
        page = context.new_page()
        page.goto(f"{company.address}/data/sources/website/")
        key = company.shop.write_key()
        assert key not in page.content()
        page.click("text=Show the key")
        page.wait_for_selector("#write-key")
        assert page.inner_text("#write-key") == key
        context.close()
