"""One-time links."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections

from regulars_server.team import links
from regulars_server.team.errors import LinkUnusable
from regulars_server.team.models import OneTimeLink, User
from regulars_server.team.roles import Role

if TYPE_CHECKING:
    from django.test import Client

db = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


def token_of(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[1]


def invited() -> User:
    return User.objects.create_user("ben@example.com", None, role=Role.SUPPORT)


@db
class TestLink:
    def test_lies_in_the_database_as_a_hash_only(self) -> None:
        token = token_of(links.one_time_link(invited(), NOW))
        assert len(token) >= 43
        assert not any(token in str(row) for row in OneTimeLink.objects.values_list())

    def test_sets_a_password_once(self) -> None:
        ben = invited()
        token = token_of(links.one_time_link(ben, NOW))
        links.use_link(token=token, password=PASSWORD, now=NOW)
        ben.refresh_from_db()
        assert ben.check_password(PASSWORD)
        with pytest.raises(LinkUnusable):
            links.use_link(token=token, password="another password", now=NOW)
        ben.refresh_from_db()
        assert ben.check_password(PASSWORD)

    def test_ends_after_48_hours(self) -> None:
        token = token_of(links.one_time_link(invited(), NOW))
        assert links.usable(token, now=NOW + timedelta(hours=47, minutes=59)) is not None
        with pytest.raises(LinkUnusable):
            links.use_link(token=token, password=PASSWORD, now=NOW + timedelta(hours=48))

    def test_ends_when_a_newer_one_is_made(self) -> None:
        ben = invited()
        old, new = (token_of(links.one_time_link(ben, NOW)) for _ in range(2))
        assert links.usable(old, now=NOW) is None
        assert links.usable(new, now=NOW) is not None

    def test_of_a_deactivated_member_does_nothing(self) -> None:
        token = token_of(links.one_time_link(invited(), NOW))
        User.objects.update(is_active=False)
        with pytest.raises(LinkUnusable):
            links.use_link(token=token, password=PASSWORD, now=NOW)

    def test_survives_a_weak_password(self) -> None:
        token = token_of(links.one_time_link(invited(), NOW))
        with pytest.raises(ValidationError):
            links.use_link(token=token, password="password", now=NOW)
        assert links.usable(token, now=NOW) is not None

    def test_ends_the_sessions_of_its_member(self, client: Client) -> None:
        ben = invited()
        client.force_login(ben)
        assert client.get("/account/").status_code == 200
        links.use_link(token=token_of(links.one_time_link(ben, NOW)), password=PASSWORD, now=NOW)
        assert client.get("/account/")["Location"].startswith("/sign-in/")


@db
class TestFirstOwnerLink:
    def test_makes_the_first_owner_and_no_second_one(self) -> None:
        token = token_of(links.first_owner_link(now=NOW) or "")
        owner = links.use_link(token=token, password=PASSWORD, email="Eva@Example.com ", name="Eva", now=NOW)
        assert (owner.email, owner.role, User.objects.count()) == ("eva@example.com", Role.OWNER, 1)
        assert links.first_owner_link(now=NOW) is None

    def test_is_given_anew_until_it_was_used(self) -> None:
        old, new = (token_of(links.first_owner_link(now=NOW) or "") for _ in range(2))
        assert links.usable(old, now=NOW) is None
        assert links.usable(new, now=NOW) is not None

    def test_takes_no_address_that_is_in_use(self) -> None:
        invited()
        token = token_of(links.first_owner_link(now=NOW) or "")
        with pytest.raises(ValidationError):
            links.use_link(token=token, password=PASSWORD, email="ben@example.com", now=NOW)


@pytest.mark.django_db(databases=["default", "audit"], transaction=True)
class TestAtTheSameMoment:
    def test_one_of_many_succeeds(self) -> None:
        token = token_of(links.one_time_link(invited(), NOW))
        done: list[str] = []
        ready = threading.Barrier(6)

        def use(number: int) -> None:
            ready.wait()
            try:
                links.use_link(token=token, password=f"{PASSWORD} {number}", now=NOW)
                done.append(f"{PASSWORD} {number}")
            except LinkUnusable:
                pass
            finally:
                connections.close_all()

        threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 1
        assert User.objects.get().check_password(done[0])


@db
class TestPage:
    def test_sets_the_password_and_signs_in(self, client: Client) -> None:
        address = links.one_time_link(invited(), datetime.now(UTC)).removeprefix(settings.CONFIG.public_url)
        assert client.get(address).status_code == 200
        assert OneTimeLink.objects.get().used_at is None
        assert client.post(address, {"password": PASSWORD, "again": "other"}).status_code == 422
        answer = client.post(address, {"password": PASSWORD, "again": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert client.session["_auth_user_id"] == str(User.objects.get().pk)
        assert client.get(address).status_code == 410

    def test_asks_the_first_owner_for_an_address(self, client: Client) -> None:
        address = (links.first_owner_link(now=datetime.now(UTC)) or "").removeprefix(settings.CONFIG.public_url)
        asked = {"password": PASSWORD, "again": PASSWORD, "name": "Eva"}
        assert client.post(address, asked | {"email": "no address"}).status_code == 422
        assert client.post(address, asked | {"email": "eva@example.com"}).status_code == 302
        assert User.objects.get().role == Role.OWNER

    def test_of_an_unknown_token_says_so(self, client: Client) -> None:
        assert client.get(f"/start/{'x' * 43}/").status_code == 410
