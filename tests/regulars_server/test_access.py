"""Every address of the web process, with every role and signed out: what its view is marked with is what happens."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, path
from django.urls.converters import get_converters

from regulars_server.team.access import needs
from regulars_server.team.models import User
from regulars_server.team.roles import ROLES, Permission, Role
from tests.regulars_server import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator

db = pytest.mark.django_db(databases=["default", "audit"])

EXAMPLES: dict[str, Any] = {
    "folder": "none",
    "job_id": 1,
    "key_id": 1,
    "name": "none",
    "reference": "aaaaaaaaaaaaaaaa",
    "slug": "website",
    "token": "x" * 43,
    "user_id": 1,
}
"""A value for each argument that an address takes; an argument that is not here fails, so that no address is left out."""
OPEN = {"health", "language", "sign-in", "sign-out", "start"}
"""The addresses that anybody may call."""


@dataclass(frozen=True)
class Route:
    """An address as it would be called, and what its view is marked with."""

    name: str
    address: str
    view: Any

    def needs(self, method: str = "get") -> tuple[Permission, ...] | None:
        if self.view.needs is None:
            return None
        return self.view.needs if method == "get" else self.view.needs_to_change


def routes() -> list[Route]:
    return list(_routes(get_resolver().url_patterns, "/"))


def _routes(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield Route(pattern.name or "", prefix + _filled(pattern), pattern.callback)
        else:
            yield from _routes(pattern.url_patterns, prefix + _filled(pattern))


def _filled(pattern: Any) -> str:
    text = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = next((kind for kind, known in get_converters().items() if known is converter), "str")
        text = text.replace(f"<{kind}:{name}>", str(EXAMPLES[name])).replace(f"<{name}>", str(EXAMPLES[name]))
    assert "<" not in text, text
    return text


def browsers(**options: Any) -> dict[Role | None, Client]:
    """A browser for each role, and one that is signed out."""
    found: dict[Role | None, Client] = {None: Client(raise_request_exception=False, **options)}
    for role in Role:
        found[role] = Client(raise_request_exception=False, **options)
        found[role].force_login(User.objects.create_user(f"{role.value}@example.com", None, role=role))
    return found


def expected(route: Route, role: Role | None, method: str) -> str:
    needed = route.needs(method)
    if needed is None:
        return "in"
    if role is None:
        return "sign in"
    return "in" if set(needed) <= ROLES[role] else "out"


def happened(answer: Any) -> str:
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next="):
        return "sign in"
    if answer.status_code == 403:
        return "out"
    if answer.streaming:
        b"".join(answer.streaming_content)
    return "in" if answer.status_code < 500 else f"error {answer.status_code}"


class TestEveryRoute:
    def test_is_marked_with_what_it_needs(self) -> None:
        assert len(routes()) > 20
        assert [route.address for route in routes() if not hasattr(route.view, "needs")] == []
        assert [route.address for route in routes() if route.needs() == ()] == []

    def test_is_open_only_where_it_is_listed(self) -> None:
        assert {route.name for route in routes() if route.needs() is None} == OPEN

    def test_has_a_name_of_its_own(self) -> None:
        names = [route.name for route in routes()]
        assert "" not in names
        assert len(names) == len(set(names))


@db
@pytest.mark.suite
class TestWalk:
    def test_lets_in_whom_the_table_of_roles_lets_in(self) -> None:
        by_role = browsers()
        wrong = [
            (route.address, role, method, expected(route, role, method), found)
            for route in routes()
            for role, browser in by_role.items()
            for method in ("get", "post")
            if route.name != "sign-out" and (found := happened(getattr(browser, method)(route.address))) != expected(route, role, method)
        ]
        assert not wrong, wrong

    def test_refuses_every_post_without_the_token_against_forgery(self) -> None:
        by_role = browsers(enforce_csrf_checks=True)
        wrong = [
            (route.address, role)
            for route in routes()
            for role, browser in by_role.items()
            if happened(browser.post(route.address, {"email": "a@example.com", "password": "x"}))
            not in {"out", None if role else "sign in"}
        ]
        assert not wrong, wrong

    def test_finds_protection_on_every_answer(self) -> None:
        browser = browsers()[Role.OWNER]
        for route in [*routes(), Route("none", "/no/such/page/", None)]:
            answer = browser.get(route.address)
            policy = answer["Content-Security-Policy"]
            assert "unsafe" not in policy, route
            assert "default-src 'self'" in policy, route
            assert answer["X-Frame-Options"] == "DENY", route
            assert answer["X-Content-Type-Options"] == "nosniff", route
            assert answer["Referrer-Policy"] == "same-origin", route
            assert answer["Cross-Origin-Opener-Policy"] == "same-origin", route
            assert "no-store" in answer["Cache-Control"] or "private" in answer["Cache-Control"], route

    def test_changes_nothing_by_looking(self) -> None:
        from django.apps import apps

        browser = browsers()[Role.OWNER]

        def state() -> dict[str, list[Any]]:
            leaves = {"AuditNote", "AuditEntry", "Session", "User"}
            return {
                model.__name__: sorted(map(repr, model.objects.values_list()))
                for model in apps.get_models()
                if model.__module__.startswith("regulars_server") and model.__name__ not in leaves
            }

        before = state()
        for route in routes():
            browser.get(route.address)
        assert state() == before


@pytest.mark.django_db(databases=["default", "audit"], transaction=True)
@pytest.mark.suite
class TestCanary:
    """A person whose every personal field holds a canary, and who of the team gets to see one."""

    def test_reaches_nobody_who_is_barred_from_persons_and_everybody_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(EXAMPLES, "reference", canaries.fill())
        by_role = browsers()
        barred, owner = by_role[Role.NO_PERSONAL_DATA], by_role[Role.OWNER]
        said = dict(_everything(barred))
        assert len(said) > 12
        wrong = [
            (address, text[hit.start() - 60 : hit.end() + 20]) for address, text in said.items() if (hit := canaries.SOUGHT.search(text))
        ]
        assert not wrong, wrong

        # So that the search above can fail: where an owner meets the canary.
        shown = {address for address, text in _everything(owner) if canaries.SOUGHT.search(text)}
        profile = f"/customers/{EXAMPLES['reference']}/"
        assert shown >= {"/customers/", "/customers/export.csv", profile, "/data/live/", "/data/quarantine/"}


def _everything(browser: Client) -> Iterator[tuple[str, str]]:
    """What every address answers to being asked and being sent nothing, and every page that those link to, with headers."""
    waiting = [route.address for route in routes() if route.name not in {"sign-in", "sign-out", "language"}]
    seen = set(waiting)
    for address in waiting:
        for method in ("get", "post") if "?" not in address else ("get",):
            answer = getattr(browser, method)(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            text = f"{dict(answer.items())} {body.decode('utf-8', 'replace')}"
            yield (address if method == "get" else f"{address} (POST)"), text
            for link in re.findall(r'(?:href|hx-get)="(/[^"#]*|\?[^"#]*)"', text):
                target = html.unescape(link if link.startswith("/") else address.partition("?")[0] + link)
                if target not in seen and not target.startswith("/static/") and len(seen) < 400:
                    seen.add(target)
                    waiting.append(target)


def unmarked(request: Any) -> HttpResponse:
    del request
    return HttpResponse("inside")


def failing(request: Any) -> HttpResponse:
    raise RuntimeError(f"canary-in-an-error canary@example.com {request.path}")


failing.needs = None


@needs()
def marked_with_nothing(request: Any) -> HttpResponse:
    del request
    return HttpResponse("inside")


urlpatterns = [path("unmarked/", unmarked), path("nothing/", marked_with_nothing), path("failing/", failing)]


@db
@pytest.mark.urls(__name__)
class TestViewWithoutAMark:
    @pytest.mark.parametrize("address", ["/unmarked/", "/nothing/"])
    def test_is_shut_for_everybody(self, address: str) -> None:
        for role, browser in browsers().items():
            answer = browser.get(address)
            assert (answer.status_code, b"inside" in answer.content) == (302 if role is None else 403, False)


@db
@pytest.mark.urls(__name__)
class TestErrorPage:
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_tells_no_details(self) -> None:
        answer = Client(raise_request_exception=False).get("/failing/")
        assert answer.status_code == 500
        assert b"anary" not in answer.content
        assert b"Traceback" not in answer.content
        assert "Content-Security-Policy" in answer

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1:80@evil.example"])
    def test_answers_a_foreign_host(self, host: str) -> None:
        answer = Client().get("/failing/", headers={"host": host})
        assert answer.status_code == 400
        assert b"evil" not in answer.content

    def test_for_htmx_sends_to_the_sign_in_page(self) -> None:
        answer = Client().get("/unmarked/", headers={"HX-Request": "true"})
        assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in/")


@db
class TestOddRequests:
    def test_are_refused_without_an_error(self) -> None:
        browser = browsers()[Role.OWNER]
        for address in ("/sign-in/?next=%00", "/audit/?actor=%00a", "/customers/%00/", f"/team/{10**30}/role/", f"/keys/{10**30}/revoke/"):
            assert browser.get(address).status_code in {400, 404, 405}, address
        for address, said in {
            "/sign-in/": {"email": "a\0@example.com", "password": "\0"},
            "/team/invite/": {"email": "a" * 300 + "@example.com", "role": "support\0"},
            "/account/profile/": {"name": "x\0" * 500, "language": "de"},
            "/keys/create/": {"name": "\0", "scopes": ["\0"]},
            f"/team/{10**18}/role/": {"role": "x" * 5000},
        }.items():
            assert browser.post(address, said).status_code in {302, 422}, address
