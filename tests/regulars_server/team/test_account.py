"""One's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from regulars_server.shared.models import AuditNote
from regulars_server.team import tries
from regulars_server.team.models import User
from regulars_server.team.roles import Role

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
OLD, NEW = "correct horse battery", "staple battery horse"


@pytest.fixture
def ana(client: Client) -> User:
    user = User.objects.create_user("ana@example.com", OLD, role=Role.READ_ONLY)
    client.force_login(user)
    return user


def change(client: Client, old: str = OLD, new: str = NEW, again: str = NEW) -> HttpResponse:
    return client.post("/account/password/", {"old": old, "password": new, "again": again})


class TestPassword:
    def test_is_changed_and_ends_all_sessions_but_this_one(self, client: Client, ana: User) -> None:
        other = Client()
        other.force_login(ana)
        before = client.session.session_key
        assert change(client).status_code == 302
        assert client.session.session_key != before
        assert client.get("/account/").status_code == 200
        assert other.get("/account/").status_code == 302
        ana.refresh_from_db()
        assert ana.check_password(NEW)
        assert AuditNote.objects.get().action == "member.password_changed"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"old": "wrong"},
            {"again": "different"},
            {"new": "short", "again": "short"},
            {"new": "ana@example.com", "again": "ana@example.com"},
        ],
    )
    def test_stays_where_something_is_wrong(self, client: Client, ana: User, wrong: dict[str, str]) -> None:
        assert change(client, **wrong).status_code == 422
        ana.refresh_from_db()
        assert ana.check_password(OLD)

    def test_cannot_be_guessed_in_a_session_that_was_left_open(self, client: Client, ana: User) -> None:
        for number in range(tries.PER_ACCOUNT):
            change(client, old=str(number))
        assert change(client).status_code == 422
        ana.refresh_from_db()
        assert ana.check_password(OLD)


class TestProfile:
    def test_takes_name_and_language(self, client: Client, ana: User) -> None:
        answer = client.post("/account/profile/", {"name": " Ana ", "language": "de"})
        assert (answer.status_code, client.cookies["regulars_language"].value) == (302, "de")
        ana.refresh_from_db()
        assert (ana.name, ana.language) == ("Ana", "de")
        assert client.post("/account/profile/", {"name": "Ana", "language": "xx"}).status_code == 422

    def test_comes_back_at_the_next_sign_in(self, ana: User) -> None:
        User.objects.update(language="de")
        browser = Client()
        browser.post("/sign-in/", {"email": ana.email, "password": OLD})
        assert browser.cookies["regulars_language"].value == "de"
