"""Signing in and out through the real pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from regulars_server.shared.models import AuditNote
from regulars_server.team import tries
from regulars_server.team.errors import TooManyTries
from regulars_server.team.models import User
from regulars_server.team.roles import Role
from regulars_server.team.signing_in import sign_in
from regulars_server.team.views import signing_in

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.com", PASSWORD, role=Role.ANALYST)


def post(client: Client, **said: str):
    return client.post("/sign-in/", {"email": "ana@example.com", "password": PASSWORD, **said})


class TestHealth:
    def test_says_ok_and_nothing_else(self, client: Client) -> None:
        answer = client.get("/health/")
        assert (answer.status_code, answer.content) == (200, b"ok\n")
        assert client.head("/health/").status_code == 200


class TestSignIn:
    def test_lets_the_right_password_in_under_a_new_session_key(self, client: Client, ana: User) -> None:
        before = client.session
        before["planted"] = "by somebody else"
        before.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = before.session_key
        answer = post(client)
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert client.session.session_key != before.session_key
        assert not type(client.session)().exists(before.session_key)
        ana.refresh_from_db()
        assert ana.last_login is not None
        assert AuditNote.objects.get(action="member.signed_in").actor == ana.actor

    def test_takes_the_address_in_any_case(self, client: Client, ana: User) -> None:
        assert post(client, email=" ANA@Example.com").status_code == 302

    @pytest.mark.parametrize("wrong", ["unknown", "password", "deactivated", "no password yet"])
    def test_answers_the_same_whatever_is_wrong(self, client: Client, ana: User, wrong: str) -> None:
        said = {"email": "ben@example.com"} if wrong == "unknown" else {}
        if wrong == "password":
            said["password"] = "something else"
        if wrong == "deactivated":
            User.objects.update(is_active=False)
        if wrong == "no password yet":
            ana.set_password(None)
            ana.save()
        answer = post(client, **said)
        assert answer.status_code == 422
        text = re.sub(r'value="[^"]*"', "", answer.content.decode())
        reference = Client().post("/sign-in/", {"email": "nobody@example.com", "password": "nothing"})
        assert text == re.sub(r'value="[^"]*"', "", reference.content.decode())
        assert settings.SESSION_COOKIE_NAME not in client.cookies

    @pytest.mark.parametrize("known", [True, False])
    def test_hashes_once_whether_the_account_is_known_or_not(self, ana: User, known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """Scrypt takes nearly all the time; what is counted here cannot be measured steadily on a busy machine."""
        from django.contrib.auth.hashers import ScryptPasswordHasher

        calls = []
        real = ScryptPasswordHasher.encode
        monkeypatch.setattr(ScryptPasswordHasher, "encode", lambda *args, **kwargs: calls.append(1) or real(*args, **kwargs))
        with pytest.raises(Exception, match="do not belong together"):
            sign_in(email=ana.email if known else "nobody@example.com", password="wrong", address="10.0.0.1", now=NOW)
        assert len(calls) == 1

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "http:evil",
            "/\t/evil.example",
        ],
    )
    def test_sends_nobody_elsewhere(self, client: Client, ana: User, elsewhere: str) -> None:
        assert post(client, next=elsewhere)["Location"] == "/"
        assert '<input type="hidden" name="next" value="/">' in client.get("/sign-in/", {"next": elsewhere}).content.decode()

    def test_goes_on_to_the_page_that_was_asked_for(self, client: Client, ana: User) -> None:
        assert post(client, next="/customers/?page=2")["Location"] == "/customers/?page=2"

    def test_refuses_a_post_without_the_token_against_forgery(self, ana: User) -> None:
        assert post(Client(enforce_csrf_checks=True)).status_code == 403


class TestTries:
    def test_are_limited_for_an_account_from_everywhere_known_or_not(self, ana: User) -> None:
        for email in (ana.email, "nobody@example.com"):
            for n in range(tries.PER_ACCOUNT):
                tries.count_try(email=email, address=f"10.0.0.{n}", now=NOW)
            with pytest.raises(TooManyTries):
                tries.count_try(email=email.upper(), address="10.0.1.1", now=NOW)
            tries.count_try(email=email, address="10.0.1.1", now=NOW + tries.WINDOW)

    def test_are_limited_for_an_address_over_all_accounts(self) -> None:
        for n in range(tries.PER_ADDRESS):
            tries.count_try(email=f"{n}@example.com", address="10.0.0.1", now=NOW)
        with pytest.raises(TooManyTries):
            tries.count_try(email="other@example.com", address="10.0.0.1", now=NOW)
        tries.count_try(email="other@example.com", address="10.0.0.2", now=NOW)

    def test_start_anew_after_the_right_password(self, ana: User) -> None:
        for _ in range(3):
            for _ in range(tries.PER_ACCOUNT - 1):
                tries.count_try(email=ana.email, address="10.0.0.1", now=NOW)
            tries.forget_tries(ana.email)

    def test_that_are_too_many_are_told_when_to_come_back(self, client: Client, ana: User) -> None:
        for _ in range(tries.PER_ACCOUNT):
            tries.count_try(email=ana.email, address="10.0.0.1", now=datetime.now(UTC))
        answer = post(client)
        assert (answer.status_code, answer["Retry-After"]) == (429, "900")
        assert not client.session.get("_auth_user_id")

    def test_of_strangers_shut_no_browser_out_that_entered_before(self, client: Client, ana: User) -> None:
        assert post(client).status_code == 302
        cookie = client.cookies[signing_in.MARK]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/sign-in/")
        client.post("/sign-out/")
        for _ in range(tries.PER_ACCOUNT):
            tries.count_try(email=ana.email, address="10.0.0.1", now=datetime.now(UTC))
        assert post(Client()).status_code == 429
        assert post(client).status_code == 302
        for _ in range(tries.PER_ACCOUNT):
            post(client, password="guessed")
        assert post(client).status_code == 429

    def test_count_for_their_account_whatever_mark_is_made_up_or_of_another(self, ana: User) -> None:
        for n, mark in enumerate(["", "made up", tries.mark_of("ben@example.com"), tries.mark_of(ana.email)[:-1], "a:b:c"] * 2):
            tries.count_try(email=ana.email, address=f"10.0.0.{n}", now=NOW, mark=mark)
        with pytest.raises(TooManyTries):
            tries.count_try(email=ana.email, address="10.0.1.1", now=NOW)

    def test_of_an_address_that_has_to_wait_shut_nobody_out(self, ana: User) -> None:
        for n in range(tries.PER_ADDRESS):
            tries.count_try(email=f"{n}@example.com", address="10.0.0.1", now=NOW)
        for _ in range(tries.PER_ACCOUNT + 1):
            with pytest.raises(TooManyTries):
                tries.count_try(email=ana.email, address="10.0.0.1", now=NOW)
        tries.count_try(email=ana.email, address="10.0.0.2", now=NOW)

    def test_are_limited_for_a_network_of_ipv6(self) -> None:
        for n in range(tries.PER_ADDRESS):
            tries.count_try(email=f"{n}@example.com", address=f"2001:db8:1:2::{n:x}", now=NOW)
        with pytest.raises(TooManyTries):
            tries.count_try(email="other@example.com", address="2001:db8:1:2:ffff::1", now=NOW)
        tries.count_try(email="other@example.com", address="2001:db8:1:3::1", now=NOW)

    def test_leave_no_address_behind_and_expire(self, ana: User) -> None:
        tries.count_try(email=ana.email, address="10.0.0.1", now=NOW)
        assert not any("ana" in str(row) or "10.0" in str(row) for row in tries.Tries.objects.values_list())
        assert tries.expire_tries(NOW + timedelta(minutes=14)) == 0
        assert tries.expire_tries(NOW + timedelta(minutes=15)) == 2


class TestSignOut:
    def test_ends_the_session(self, client: Client, ana: User) -> None:
        client.force_login(ana)
        key = client.session.session_key
        assert client.post("/sign-out/")["Location"] == "/sign-in/"
        assert not type(client.session)().exists(key)

    def test_is_not_done_by_following_a_link(self, client: Client, ana: User) -> None:
        client.force_login(ana)
        assert client.get("/sign-out/").status_code == 405
        assert "_auth_user_id" in client.session
