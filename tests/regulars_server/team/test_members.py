"""Members: inviting, roles, deactivating, and who may do it to whom."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from regulars_server.shared.models import AuditNote, DomainEvent
from regulars_server.team import members
from regulars_server.team.errors import MemberRefused
from regulars_server.team.keys import create_key, key_from
from regulars_server.team.models import OneTimeLink, User
from regulars_server.team.roles import ROLES, Permission, Role
from regulars_server.team.wording import PERMISSION_NAMES, ROLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

db = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def member(role: Role, name: str = "") -> User:
    return User.objects.create_user(f"{name or role.value}@example.com", "correct horse battery", role=role)


@pytest.fixture
def owner() -> User:
    return member(Role.OWNER)


def changes() -> list[Callable[..., object]]:
    return [
        lambda user, actor: members.change_role(user_id=user.pk, role=Role.SUPPORT, actor=actor, now=NOW),
        lambda user, actor: members.deactivate(user_id=user.pk, actor=actor, now=NOW),
        lambda user, actor: members.new_link(user_id=user.pk, actor=actor, now=NOW),
    ]


@db
class TestInvite:
    def test_makes_an_account_that_waits_for_its_link(self, owner: User) -> None:
        user, link = members.invite(email="Ben@Example.com", role=Role.ANALYST, actor=owner, now=NOW, name="Ben")
        assert (user.email, user.role, user.has_usable_password()) == ("ben@example.com", Role.ANALYST, False)
        assert link.startswith(f"{settings.CONFIG.public_url}/start/")
        assert {note.action for note in AuditNote.objects.all()} == {"member.invited", "member.link_made"}
        assert DomainEvent.objects.get(name="member.invited").payload == {"user": user.pk, "role": "analyst"}
        assert "ben@" not in str(list(AuditNote.objects.values_list()) + list(DomainEvent.objects.values_list()))

    def test_refuses_an_address_that_is_none_or_taken(self, owner: User) -> None:
        for email in ("nothing", owner.email.upper()):
            with pytest.raises(MemberRefused):
                members.invite(email=email, role=Role.ANALYST, actor=owner, now=NOW)
        assert User.objects.count() == 1

    def test_by_an_administrator_makes_no_owner(self) -> None:
        with pytest.raises(MemberRefused):
            members.invite(email="x@example.com", role=Role.OWNER, actor=member(Role.ADMIN), now=NOW)


@db
class TestChange:
    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.OWNER, Role.ADMIN}))
    def test_is_refused_to_who_may_not_manage(self, role: Role) -> None:
        actor, other = member(role, "actor"), member(Role.READ_ONLY, "other")
        for change in changes():
            with pytest.raises(MemberRefused):
                change(other, actor)
        with pytest.raises(MemberRefused):
            members.invite(email="x@example.com", role=Role.READ_ONLY, actor=actor, now=NOW)

    def test_of_an_owner_by_an_administrator_is_refused(self, owner: User) -> None:
        admin = member(Role.ADMIN)
        member(Role.OWNER, "second")
        for change in changes():
            with pytest.raises(MemberRefused, match="Only an owner"):
                change(owner, admin)
        assert OneTimeLink.objects.count() == 0

    def test_of_the_last_owner_is_refused(self, owner: User) -> None:
        waiting, _ = members.invite(email="w@example.com", role=Role.OWNER, actor=owner, now=NOW)
        for change in changes()[:2]:
            with pytest.raises(MemberRefused, match="last owner"):
                change(owner, owner)
        members.deactivate(user_id=waiting.pk, actor=owner, now=NOW)
        owner.refresh_from_db()
        assert (owner.role, owner.is_active) == (Role.OWNER, True)

    def test_ends_the_sessions_of_the_member_at_once(self, owner: User) -> None:
        for change in changes()[:2]:
            user = member(Role.ANALYST, f"a{User.objects.count()}")
            browser = Client()
            browser.force_login(user)
            assert browser.get("/account/").status_code == 200
            change(user, owner)
            assert browser.get("/account/")["Location"].startswith("/sign-in/")

    def test_to_the_role_that_is_there_changes_nothing(self, owner: User) -> None:
        user = member(Role.SUPPORT)
        members.change_role(user_id=user.pk, role=Role.SUPPORT, actor=owner, now=NOW)
        user.refresh_from_db()
        assert (user.sessions_ended, AuditNote.objects.count()) == (0, 0)


@db
class TestDeactivate:
    def test_ends_links_and_keys_too(self, owner: User) -> None:
        admin = member(Role.ADMIN)
        _, text = create_key(name="robot", scopes=[Permission.SEE_NUMBERS], actor=admin, now=NOW)
        members.new_link(user_id=admin.pk, actor=owner, now=NOW)
        members.deactivate(user_id=admin.pk, actor=owner, now=NOW)
        assert key_from(f"Bearer {text}", now=NOW) is None
        assert OneTimeLink.objects.get().withdrawn_at == NOW
        members.activate(user_id=admin.pk, actor=owner, now=NOW)
        assert key_from(f"Bearer {text}", now=NOW) is None


@pytest.mark.django_db(databases=["default", "audit"], transaction=True)
class TestAtTheSameMoment:
    def test_two_owners_who_remove_each_other_leave_one(self) -> None:
        pair = [member(Role.OWNER, "one"), member(Role.OWNER, "two")]
        ready = threading.Barrier(2)

        def remove(actor: User, other: User) -> None:
            ready.wait()
            try:
                members.deactivate(user_id=other.pk, actor=actor, now=NOW)
            except MemberRefused:
                pass
            finally:
                connections.close_all()

        threads = [threading.Thread(target=remove, args=order) for order in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert User.objects.filter(is_active=True).count() == 1


@db
class TestPage:
    def test_shows_the_members_and_the_table_of_roles_in_words(self, client: Client, owner: User) -> None:
        client.force_login(owner)
        page = client.get("/team/").content.decode()
        assert owner.email in page
        for words in [*ROLE_NAMES.values(), *PERMISSION_NAMES.values()]:
            assert str(words) in page
        assert page.count("<td>yes</td>") == sum(len(held) for held in ROLES.values())

    def test_invites_and_shows_the_link_once(self, client: Client, owner: User) -> None:
        client.force_login(owner)
        answer = client.post("/team/invite/", {"email": "ben@example.com", "role": "support", "name": "Ben"})
        assert "/start/" in answer.content.decode()
        assert "/start/" not in client.get("/team/").content.decode()
        assert client.post("/team/invite/", {"email": "ben@example.com", "role": "support"}).status_code == 422

    def test_changes_members(self, client: Client, owner: User) -> None:
        client.force_login(owner)
        user = member(Role.SUPPORT)
        assert client.post(f"/team/{user.pk}/role/", {"role": "analyst"}).status_code == 302
        assert client.post(f"/team/{user.pk}/deactivate/").status_code == 302
        assert client.post(f"/team/{user.pk}/link/").status_code == 422
        assert client.post(f"/team/{user.pk}/activate/").status_code == 302
        assert "/start/" in client.post(f"/team/{user.pk}/link/").content.decode()
        assert client.post(f"/team/{owner.pk}/deactivate/").status_code == 422
        assert client.post(f"/team/{owner.pk}/role/", {"role": "nonsense"}).status_code == 422
        assert client.post("/team/999/role/", {"role": "analyst"}).status_code == 422
        user.refresh_from_db()
        assert (user.role, user.is_active) == ("analyst", True)


class TestWording:
    def test_has_words_for_every_role_and_permission(self) -> None:
        assert list(ROLE_NAMES) == list(Role)
        assert list(PERMISSION_NAMES) == list(Permission)
