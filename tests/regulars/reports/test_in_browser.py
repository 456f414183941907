"""The reviews of both real shops in a real browser: every chart is drawn, nothing is loaded from outside, no error, no sideways scrolling."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.suite

LEAST_FIGURES = 9
DRAWN = """() => [...document.querySelectorAll('figure')].map(figure => {
  const seen = [...figure.querySelectorAll('svg.chart')].filter(svg => svg.getBoundingClientRect().width > 0);
  const marks = seen.map(svg => [...svg.querySelectorAll('path, line, circle, text')].filter(m => {
    const box = m.getBBox(); return box.width + box.height > 0 }).length);
  const boxes = seen.map(svg => svg.getBoundingClientRect()).map(b => [b.width, b.height, b.right]);
  return {id: figure.id, marks, boxes, titles: seen.every(svg => svg.querySelector('title').textContent && svg.querySelector('desc').textContent),
          rows: figure.querySelectorAll('details tbody tr').length}
})"""


@pytest.fixture(params=["cdnow", "online_retail"])
def file(request, tmp_path):
    return request.getfixturevalue(request.param).write(tmp_path / "review.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
class TestInBrowser:
    def test_draws_every_chart_loads_nothing_logs_nothing_and_never_scrolls_sideways(self, browser, file, width, scheme):
        asked, logged = [], []
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: logged.append(message.text))
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.goto(file.as_uri())
        figures = page.evaluate(DRAWN)
        assert len(figures) >= LEAST_FIGURES
        for figure in figures:
            assert figure["marks"], f"{figure['id']} has no chart at this width"
            assert min(figure["marks"]) >= 5, f"{figure['id']} is empty"
            assert all(w > 100 and h > 40 and right <= width for w, h, right in figure["boxes"]), figure
            assert figure["titles"], f"{figure['id']} has no title or description"
            assert figure["rows"], f"{figure['id']} has no table"
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert logged == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


class TestColours:
    def test_follow_the_scheme_of_the_reader(self, browser, cdnow, tmp_path):
        path = cdnow.write(tmp_path / "review.html")
        found = {}
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.goto(path.as_uri())
            found[scheme] = (
                page.evaluate("getComputedStyle(document.body).backgroundColor"),
                page.evaluate("getComputedStyle(document.querySelector('svg .f-blue')).fill"),
            )
            page.close()
        assert found["light"][0] != found["dark"][0]
        assert found["light"][1] != found["dark"][1]

    def test_are_light_on_paper_whatever_the_scheme(self, browser, cdnow, tmp_path):
        path = cdnow.write(tmp_path / "review.html")
        page = browser.new_page(color_scheme="dark")
        page.goto(path.as_uri())
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('svg.wide')).display") == "block"
        page.close()
