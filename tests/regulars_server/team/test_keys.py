"""API keys."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from regulars_server.shared.models import AuditNote
from regulars_server.shared.public import write_tx
from regulars_server.team import keys, members
from regulars_server.team.errors import KeyRefused
from regulars_server.team.models import ApiKey, User
from regulars_server.team.roles import Permission, Role

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def admin() -> User:
    return User.objects.create_user("admin@example.com", None, role=Role.ADMIN)


def make(admin: User, *scopes: Permission) -> str:
    return keys.create_key(name="robot", scopes=scopes or [Permission.SEE_NUMBERS], actor=admin, now=NOW)[1]


class TestCreate:
    def test_keeps_a_hash_only(self, admin: User) -> None:
        text = make(admin)
        assert len(text) > 50
        assert text.split("_", 2)[2] not in str(list(ApiKey.objects.values_list()) + list(AuditNote.objects.values_list()))

    def test_refuses_what_its_maker_may_not(self, admin: User) -> None:
        support = User.objects.create_user("s@example.com", None, role=Role.SUPPORT)
        for actor, scopes in (
            (admin, [Permission.MANAGE_OWNERS]),
            (admin, [Permission.MANAGE_TEAM]),
            (admin, ["nonsense"]),
            (admin, []),
            (support, [Permission.SEE_NUMBERS]),
        ):
            with pytest.raises(KeyRefused):
                keys.create_key(name="robot", scopes=scopes, actor=actor, now=NOW)
        with pytest.raises(KeyRefused):
            keys.create_key(name=" ", scopes=[Permission.SEE_NUMBERS], actor=admin, now=NOW)
        assert ApiKey.objects.count() == 0

    @pytest.mark.django_db(databases=["default", "audit"], transaction=True)
    def test_refuses_whom_somebody_deactivates_at_this_moment(self, admin: User) -> None:
        owner = User.objects.create_user("owner@example.com", None, role=Role.OWNER)
        refused: list[str] = []

        def ask() -> None:
            try:
                make(User.objects.get(pk=admin.pk))
            except KeyRefused as refusal:
                refused.append(refusal.code)
            finally:
                connections.close_all()

        asking = threading.Thread(target=ask)
        with write_tx():
            members.deactivate(user_id=admin.pk, actor=owner, now=NOW)
            asking.start()
            asking.join(0.5)
        asking.join()
        assert refused == ["team.key_refused"]
        assert not ApiKey.objects.exists()


class TestKeyFrom:
    def test_opens_what_its_scopes_say(self, admin: User) -> None:
        key = keys.key_from(f"Bearer {make(admin, Permission.SEE_NUMBERS, Permission.EXPORT)}", now=NOW)
        assert key is not None
        assert (key.may(Permission.EXPORT), key.may("people.see"), key.actor) == (True, False, f"key {ApiKey.objects.get().pk}")

    def test_takes_nothing_else(self, admin: User) -> None:
        text = make(admin)
        prefix = ApiKey.objects.get().prefix
        for header in (
            "",
            "Bearer",
            f"Basic {text}",
            text,
            f"Bearer {text}x",
            f"Bearer {text[:-1]}",
            f"Bearer rk_{prefix}_",
            "Bearer rk_00000000_x",
            "Bearer a_b_c",
        ):
            assert keys.key_from(header, now=NOW) is None

    def test_may_no_more_than_its_maker_now(self, admin: User) -> None:
        text = make(admin)
        User.objects.update(role=Role.SUPPORT)
        key = keys.key_from(f"Bearer {text}", now=NOW)
        assert key is not None
        assert key.scopes == frozenset()
        User.objects.update(is_active=False)
        assert keys.key_from(f"Bearer {text}", now=NOW) is None

    def test_notes_when_it_was_used_every_few_minutes(self, admin: User) -> None:
        text = make(admin)
        for minutes, noted in ((0, 0), (4, 0), (6, 6)):
            keys.key_from(f"Bearer {text}", now=NOW + timedelta(minutes=minutes))
            assert ApiKey.objects.get().last_used_at == NOW + timedelta(minutes=noted)

    def test_knows_no_revoked_one(self, admin: User) -> None:
        text = make(admin)
        for _ in range(2):
            keys.revoke_key(key_id=ApiKey.objects.get().pk, actor=admin, now=NOW)
        assert keys.key_from(f"Bearer {text}", now=NOW) is None
        assert AuditNote.objects.filter(action="key.revoked").count() == 1


class TestPage:
    def test_shows_a_new_key_once_and_revokes_it(self, client: Client, admin: User) -> None:
        client.force_login(admin)
        made = client.post("/keys/create/", {"name": "robot", "scopes": ["numbers.see"]}).content.decode()
        key = ApiKey.objects.get()
        assert f"rk_{key.prefix}_" in made
        page = client.get("/keys/").content.decode()
        assert f"rk_{key.prefix}" in page
        assert f"rk_{key.prefix}_" not in page
        assert client.post(f"/keys/{key.pk}/revoke/").status_code == 302
        assert client.post("/keys/999/revoke/").status_code == 422
        assert client.post("/keys/create/", {"name": "robot", "scopes": ["owners.manage"]}).status_code == 422
        key.refresh_from_db()
        assert key.revoked_at is not None
