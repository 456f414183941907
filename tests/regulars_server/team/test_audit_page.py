"""The page of the audit log."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from regulars_server.shared.audit import deliver, record_change
from regulars_server.shared.audit_reading import PAGE
from regulars_server.shared.models import AuditEntry
from regulars_server.team.models import User
from regulars_server.team.roles import Role

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
START = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def owner(client: Client) -> User:
    user = User.objects.create_user("owner@example.com", None, role=Role.OWNER)
    client.force_login(user)
    return user


def fill(count: int) -> None:
    for number in range(count):
        action = "customer.merged" if number % 2 else "source.made"
        record_change(
            actor=f"user {number % 3}", action=action, now=START + timedelta(hours=number), subjects=[f"ref{number}"], details={"n": "=1+1"}
        )
    deliver()


def rows(text: str) -> int:
    return text.count('<tr><td class="nowrap" data-head=')


class TestPageOfTheLog:
    def test_says_who_did_what_in_the_language_of_the_reader(self, client: Client, owner: User) -> None:
        record_change(actor=owner.actor, action="source.created", now=START, subjects=["website"])
        deliver()
        text = client.get("/audit/", headers={"accept-language": "de"}).content.decode()
        assert f'title="{owner.actor}">{owner.name or owner.email}</td>' in text
        assert 'title="source.created">Quelle angelegt</td>' in text

    def test_says_when_to_the_second(self, client: Client, owner: User) -> None:
        record_change(actor="system", action="source.created", now=START.replace(hour=11, minute=5, second=7))
        deliver()
        assert ":05:07</time>" in client.get("/audit/").content.decode()

    def test_finds_the_tries_of_who_has_no_account(self, client: Client, owner: User) -> None:
        fill(3)
        client.post("/sign-in/", {"email": "nobody@example.com", "password": "guess"})
        record_change(actor="unknown", action="member.sign_in_failed", now=START)
        deliver()
        assert '<option value="unknown">unknown account</option>' in client.get("/audit/").content.decode()
        found = client.get("/audit/", {"actor": "unknown"}, headers={"accept-language": "de"}).content.decode()
        assert '<option value="unknown" selected>unbekanntes Konto</option>' in found
        assert rows(found) == found.count('title="member.sign_in_failed"') > 0

    def test_shows_the_newest_first_a_page_at_a_time(self, client: Client, owner: User) -> None:
        fill(PAGE + 7)
        first = client.get("/audit/").content.decode()
        assert (rows(first), f"ref{PAGE + 6}" in first) == (PAGE, True)
        second = client.get("/audit/", {"before": AuditEntry.objects.order_by("-id")[PAGE - 1].pk}).content.decode()
        assert (rows(second), "Older entries" in second) == (7, False)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"actor": "user 1"}, 10),
            ({"action": "source.made"}, 15),
            ({"subject": "ref1"}, 1),
            ({"subject": "ref%"}, 0),
            ({"subject": "ref_"}, 0),
            ({"first": "2026-11-21"}, 6),
            ({"last": "2026-11-20"}, 24),
            ({"first": "nonsense", "before": "x"}, 30),
            ({"actor": "user 1", "action": "customer.merged"}, 5),
            ({"actor": "' OR 1=1 --"}, 0),
        ],
    )
    def test_filters(self, client: Client, owner: User, query: dict[str, str], expected: int) -> None:
        fill(30)
        assert rows(client.get("/audit/", query).content.decode()) == expected

    def test_says_whether_the_chain_is_whole(self, client: Client, owner: User) -> None:
        fill(3)
        assert "The chain is whole" in client.get("/audit/?check").content.decode()
        last = AuditEntry.objects.order_by("-id")[0].pk
        connections["audit"].cursor().execute("UPDATE shared_auditentry SET actor = 'x' WHERE id = %s", [last])
        assert f"broken at entry {last}" in client.get("/audit/?check").content.decode()


class TestExport:
    def test_gives_all_that_match_and_nothing_that_a_spreadsheet_runs(self, client: Client, owner: User) -> None:
        fill(5)
        record_change(actor="=cmd()", action="source.made", now=START)
        deliver()
        answer = client.get("/audit/export.csv", {"action": "source.made"})
        found = list(csv.reader(answer.getvalue().decode().splitlines()))
        assert len(found) == 1 + 4
        assert [cell for row in found for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
        deliver()
        entry = AuditEntry.objects.order_by("-id")[0]
        assert (entry.actor, entry.action, entry.details) == (
            owner.actor,
            "audit.exported",
            {"query": {"action": "source.made"}, "count": 4},
        )
