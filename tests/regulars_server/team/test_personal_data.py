"""What is held of members, and what becomes of it."""

from __future__ import annotations

import pytest

from regulars_server.team.models import User
from regulars_server.team.personal_data import erase_members, export_members
from regulars_server.team.roles import Role

pytestmark = pytest.mark.django_db(databases=["default", "audit"])


class TestMembers:
    def test_are_handed_out_by_their_address(self) -> None:
        User.objects.create_user("ana@example.com", None, role=Role.SUPPORT, name="Ana")
        User.objects.create_user("ben@example.com", None, role=Role.SUPPORT, name="Ben")
        assert [row["name"] for row in export_members(frozenset({"ANA@example.com", "ana"}))] == ["Ana"]

    def test_are_forgotten_when_they_no_longer_work_here(self) -> None:
        user = User.objects.create_user("ana@example.com", "correct horse", role=Role.SUPPORT, name="Ana")
        assert erase_members(frozenset({"ana@example.com"})) == 0
        User.objects.update(is_active=False)
        assert erase_members(frozenset({"ana@example.com"})) == 1
        user.refresh_from_db()
        assert "ana" not in f"{user.email} {user.name}".lower()
        assert not user.check_password("correct horse")
        assert list(export_members(frozenset({"ana@example.com"}))) == []
