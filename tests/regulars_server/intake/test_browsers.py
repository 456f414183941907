"""Browsers at the door: leave from other origins, the snippet, Segment's library, in a real Chromium."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from regulars.errors import SettingRefused
from regulars_server.intake.door.addresses import networks
from tests.regulars_server.intake.conftest import wait_until, web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.regulars_server.intake.conftest import Doors, Installation

Site = "Callable[..., str]"


class Handler(http.server.SimpleHTTPRequestHandler):
    policy = ""

    def end_headers(self) -> None:
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serves a folder of pages from an address of its own, so from another origin than the door."""
    servers = []

    def serve(policy: str = "", /, **pages: str) -> str:
        folder = tmp_path / "site"
        folder.mkdir(exist_ok=True)
        for name, text in pages.items():
            (folder / f"{name}.html").write_text(text)
        handler = type("Policed", (Handler,), {"policy": policy})
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=folder)))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def page_with(address: str, key: str, more: str = "", **data: str) -> str:
    said = "".join(f' data-{name}="{value}"' for name, value in data.items())
    return f'<!doctype html><title>Shop</title>{more}<script async src="{address}/v1/regulars.js" data-key="{key}"{said}></script>'


class TestLeave:
    def test_is_given_to_every_origin_by_default(self, on_sqlite: Installation, doors: Doors) -> None:
        key, address, origin = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite), {"Origin": "https://shop.example"}
        asked = web.options(f"{address}/v1/t", headers=origin | {"Access-Control-Request-Method": "POST"})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == "https://shop.example"
        assert {"authorization", "content-type"} <= {name.strip() for name in asked.headers["access-control-allow-headers"].split(",")}
        told = web.post(f"{address}/v1/t", json={"writeKey": key}, headers=origin)
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, "https://shop.example")
        refused = web.post(f"{address}/v1/t", json={"writeKey": "no"}, headers=origin)
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://shop.example")
        assert "access-control-allow-credentials" not in told.headers

    def test_is_given_to_allowed_origins_only(self, on_sqlite: Installation, doors: Doors) -> None:
        key = on_sqlite.add("web", kind="browser", allowed_origins='["https://shop.example"]')
        address = doors.listen(on_sqlite)
        asked = {"https://shop.example": 204, "https://evil.example": 403, "https://shop.example.evil.example": 403, "null": 403}
        for origin, status in asked.items():
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            assert web.options(f"{address}/v1/b", headers=headers).status_code == status
            sent = web.post(f"{address}/v1/t", content=json.dumps({"writeKey": key}), headers={"Origin": origin})
            assert sent.status_code == (200 if status == 204 else 403)
        assert web.post(f"{address}/v1/t", json={"writeKey": key}).status_code == 200
        assert len(on_sqlite.rows()) == 2


class TestAbout:
    @pytest.mark.parametrize(("how", "kept"), [("cut", {"ip": "127.0.0.0"}), ("full", {"ip": "127.0.0.1"}), ("none", {})])
    def test_keeps_of_the_address_what_the_source_says(self, on_sqlite: Installation, doors: Doors, how: str, kept: dict[str, str]) -> None:
        key = on_sqlite.add("web", kind="browser", ip=how)
        headers = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "Browser/1"}
        web.post(f"{doors.listen(on_sqlite)}/v1/p", json={"writeKey": key, "context": {"consent": {"a": 1}}}, headers=headers)
        (row,) = on_sqlite.rows()
        assert row.about == {**kept, "user_agent": "Browser/1"}
        assert json.loads(row.body)["context"]["consent"] == {"a": 1}

    def test_believes_a_trusted_proxy(self, alone_on_sqlite: Installation, doors: Doors) -> None:
        import dataclasses

        key = alone_on_sqlite.add("web", kind="browser")
        object.__setattr__(
            alone_on_sqlite, "config", dataclasses.replace(alone_on_sqlite.config, trusted_proxies=("127.0.0.0/8", "10.1.1.1"))
        )
        headers = [("X-Forwarded-For", "6.6.6.6, 2001:db8:7:8::9"), ("X-Forwarded-For", "10.1.1.1")]
        web.post(f"{doors.listen(alone_on_sqlite)}/v1/p", json={"writeKey": key}, headers=headers)
        assert alone_on_sqlite.rows()[0].about["ip"] == "2001:db8:7::"

    def test_refuses_proxies_that_are_no_addresses(self) -> None:
        with pytest.raises(SettingRefused, match="proxy"):
            networks(["10.0.0.0/8", "proxy.example"])


class TestSettings:
    def test_point_segments_library_to_the_door(self, on_sqlite: Installation, doors: Doors) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        said = web.get(f"{address}/v1/projects/{key}/settings")
        assert said.headers["access-control-allow-origin"] == "*"
        destination = said.json()["integrations"]["Segment.io"]
        assert f"{destination['protocol']}://{destination['apiHost']}" == f"{address}/v1"
        assert web.get(f"{address}/v1/projects/other/settings").status_code == 404


class TestSnippetFile:
    def test_is_small_and_kept_by_browsers(self, on_sqlite: Installation, doors: Doors) -> None:
        address = doors.listen(on_sqlite)
        said = web.get(f"{address}/v1/regulars.js")
        assert (said.status_code, said.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert len(said.content) < 5000
        assert "max-age" in said.headers["cache-control"]
        again = web.get(f"{address}/v1/regulars.js", headers={"If-None-Match": said.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.suite
class TestSnippet:
    def test_sends_pages_people_and_events_once_under_a_strict_policy(
        self, on_sqlite: Installation, doors: Doors, browser: Browser, site: Callable[..., str]
    ) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        origin = site(f"default-src 'none'; script-src {address}; connect-src {address}", home=page_with(address, key))
        page, said = browser.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{origin}/home.html?utm_source=mail&utm_campaign=may")
        page.wait_for_function("() => window.regulars && window.regulars.track")
        page.evaluate(
            "() => { regulars.consent({email: true}); regulars.identify('u1', {plan: 'pro'}); regulars.track('Signed Up', {n: 1}) }"
        )
        page.evaluate("() => history.pushState({}, '', '/second.html')")
        page.wait_for_timeout(50)
        page.evaluate("() => regulars.track('After')")
        wait_until(lambda: len(on_sqlite.events()) >= 5)
        page.goto(f"{origin}/home.html")
        wait_until(lambda: len(on_sqlite.events()) >= 6)
        page.close()
        events = on_sqlite.events()
        assert [(event["type"], event.get("event"), event["userId"]) for event in events] == [
            ("page", None, None),
            ("identify", None, "u1"),
            ("track", "Signed Up", "u1"),
            ("page", None, "u1"),
            ("track", "After", "u1"),
            ("page", None, "u1"),
        ]
        assert len({event["messageId"] for event in events}) == 6
        assert len({event["anonymousId"] for event in events}) == 1
        assert events[0]["context"]["campaign"] == {"source": "mail", "name": "may"}
        assert events[3]["properties"]["path"] == "/second.html"
        assert events[1]["traits"] == {"plan": "pro"}
        assert "consent" not in events[0]["context"]
        assert events[2]["context"]["consent"] == {"categoryPreferences": {"email": True}}
        assert said == []

    def test_takes_calls_from_before_it_was_there(
        self, on_sqlite: Installation, doors: Doors, browser: Browser, site: Callable[..., str]
    ) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        early = "<script>window.regulars = [['identify', {name: 'A'}], ['track', 'Early']]</script>"
        page = browser.new_page()
        page.goto(site(home=page_with(address, key, early, pages="off")) + "/home.html")
        wait_until(lambda: len(on_sqlite.events()) == 2)
        page.close()
        assert [(event["type"], event.get("traits")) for event in on_sqlite.events()] == [("identify", {"name": "A"}), ("track", None)]

    def test_sends_what_waits_when_the_page_goes(
        self, on_sqlite: Installation, doors: Doors, browser: Browser, site: Callable[..., str]
    ) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        origin = site(home=page_with(address, key, pages="off"), other="<!doctype html>bye")
        page = browser.new_page()
        page.goto(f"{origin}/home.html")
        page.wait_for_function("() => window.regulars && window.regulars.track")
        page.evaluate("() => { for (let i = 0; i < 5; i++) regulars.track('Leaving', {i}); location.href = '/other.html' }")
        page.wait_for_url("**/other.html")
        wait_until(lambda: len(on_sqlite.events()) == 5)
        page.close()
        assert sorted(event["properties"]["i"] for event in on_sqlite.events()) == [0, 1, 2, 3, 4]

    def test_loses_nothing_while_the_door_is_away(
        self, on_sqlite: Installation, doors: Doors, browser: Browser, site: Callable[..., str]
    ) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        context = browser.new_context()
        page = context.new_page()
        origin = site(home=page_with(address, key, pages="off"))
        page.goto(f"{origin}/home.html")
        page.wait_for_function("() => window.regulars && window.regulars.track")
        context.set_offline(True)
        page.evaluate("() => regulars.track('Offline')")
        page.wait_for_timeout(700)
        page.evaluate("() => { dispatchEvent(new Event('pagehide')) }")
        assert on_sqlite.events() == []
        assert page.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('regulars.waiting')).length") == 1
        context.set_offline(False)
        page.goto(f"{origin}/home.html")
        wait_until(lambda: len(on_sqlite.events()) == 1)
        page.wait_for_timeout(700)
        assert page.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('regulars.waiting')).length") == 0
        context.close()
        assert [event["event"] for event in on_sqlite.events()] == ["Offline"]


@pytest.mark.suite
class TestSegmentsLibrary:
    CALLS = (
        "analytics.identify('u1', {email: 'a@b.example'}); analytics.track('Signed Up', {n: 1}); analytics.page('Home');"
        "analytics.group('g1', {plan: 'x'}); analytics.alias('u2', 'u1'); analytics.screen('S');"
    )

    def _check(self, events: list[dict[str, Any]]) -> None:
        assert sorted(event["type"] for event in events) == ["alias", "group", "identify", "page", "screen", "track"]
        assert len({event["messageId"] for event in events}) == 6
        assert {event["anonymousId"] is not None for event in events} == {True}

    def test_sends_everything_once(
        self, installation: Installation, doors: Doors, browser: Browser, site: Callable[..., str], node_sdks: Path
    ) -> None:
        key, address = installation.add("web", kind="browser"), doors.listen(installation)
        start = (
            "<script>const analytics = window.analytics = [];"
            f"analytics._writeKey = '{key}'; analytics._cdn = '{address}'; analytics._loadOptions = {{}};"
            "for (const m of ['identify','track','page','group','alias','screen']) analytics[m] = (...a) => analytics.push([m, ...a]);"
            f'{self.CALLS}</script><script src="standalone.js"></script>'
        )
        origin = site(home=f"<!doctype html><title>Shop</title>{start}")
        self._bring(node_sdks, "standalone.js", site)
        page = browser.new_page()
        page.goto(f"{origin}/home.html")
        wait_until(lambda: len(installation.events()) >= 6)
        page.wait_for_timeout(300)
        page.close()
        self._check(installation.events())
        assert {row.kind for row in installation.rows()} == {"alias", "group", "identify", "page", "screen", "track"}

    def test_sends_batches(
        self, on_sqlite: Installation, doors: Doors, browser: Browser, site: Callable[..., str], node_sdks: Path
    ) -> None:
        key, address = on_sqlite.add("web", kind="browser"), doors.listen(on_sqlite)
        strategy = "{integrations: {'Segment.io': {deliveryStrategy: {strategy: 'batching', config: {size: 4, timeout: 300}}}}}"
        start = (
            f'<script src="index.js"></script><script>const analytics = AnalyticsNext.AnalyticsBrowser.load('
            f"{{writeKey: '{key}', cdnURL: '{address}'}}, {strategy}); {self.CALLS}</script>"
        )
        origin = site(home=f"<!doctype html><title>Shop</title>{start}")
        self._bring(node_sdks, "index.js", site)
        page = browser.new_page()
        page.goto(f"{origin}/home.html")
        wait_until(lambda: len(on_sqlite.events()) >= 6)
        page.close()
        self._check(on_sqlite.events())
        assert {row.kind for row in on_sqlite.rows()} == {"batch"}

    def _bring(self, sdks: Path, name: str, site: Callable[..., str]) -> None:
        (self.folder / name).write_bytes((sdks / "node_modules/@segment/analytics-next/dist/umd" / name).read_bytes())

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "site"
