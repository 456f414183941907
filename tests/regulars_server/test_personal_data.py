"""Everything that holds personal data says so, and a person who is erased is nowhere any more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections

from regulars.tables import TABLES
from regulars.workspace import Workspace
from regulars_server.serving.public import build, close
from regulars_server.shared import personal_data, persons
from regulars_server.shared.errors import ErasureUnfinished, HoldingIncomplete
from regulars_server.shared.models import AuditEntry, DomainEvent, Erasure
from regulars_server.shared.public import Holding, erase_person, expire, export_person, holdings, publish, register, resume_erasures
from regulars_server.team.models import User
from regulars_server.team.public import one_time_link
from regulars_server.team.roles import Role
from tests.regulars_server import canaries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = datetime.now(UTC)
real = pytest.mark.django_db(databases=["default", "audit"], transaction=True)


def models() -> set[str]:
    """All models, Django's and the tables between two models included."""
    return {model._meta.label for model in apps.get_models(include_auto_created=True)}


def folders(workspace: Path) -> set[str]:
    """The folders of the workspace, and those within the application's; what is deeper belongs to the one above."""
    found = {path.name for path in workspace.iterdir() if path.is_dir()}
    return found | {f"server/{path.name}" for path in (workspace / "server").iterdir() if path.is_dir()}


def missing(names: Iterable[str]) -> set[str]:
    return set(names) - holdings().keys()


class TestRegistry:
    def test_has_a_holding_for_every_model(self) -> None:
        assert missing(models()) == set()

    def test_has_a_holding_for_every_canonical_table(self) -> None:
        assert missing(f"table:{name}" for name in TABLES) == set()

    def test_has_no_holding_for_what_is_not_there(self) -> None:
        known = models() | {f"table:{name}" for name in TABLES} | {"table:inbox"}
        assert {name for name in holdings() if not name.startswith("folder:")} - known == set()

    def test_fails_where_one_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So that the tests above can fail at all."""
        fewer = dict(personal_data._registry)
        del fewer["team.User"], fewer["table:orders"]
        monkeypatch.setattr(personal_data, "_registry", fewer)
        assert missing(models()) == {"team.User"}
        assert missing(f"table:{name}" for name in TABLES) == {"table:orders"}

    @pytest.mark.parametrize(
        "given", [{}, {"export": list}, {"export": list, "erase": len}, {"erase": len, "kept": "so"}, {"nothing_personal": True}]
    )
    def test_takes_no_holding_that_leaves_something_open(self, given: dict, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(personal_data, "_registry", {})
        with pytest.raises(HoldingIncomplete):
            register(Holding(name="x", holds="names", **given))
        assert holdings() == {}

    def test_says_of_everything_personal_what_it_holds_and_why_it_stays(self) -> None:
        for holding in holdings().values():
            assert holding.holds, holding.name
            assert holding.expire or len(holding.kept) > 5, holding.name


@real
@pytest.mark.suite
class TestWholeRun:
    def test_leaves_no_folder_without_a_holding_and_hands_out_what_it_holds_of_a_person(self) -> None:
        canaries.fill()
        assert missing(f"folder:{name}" for name in folders(settings.CONFIG.workspace)) == set()

        # So that the search for canaries is known to find them.
        files = {name for name, _ in canaries.found_in_files(settings.CONFIG.workspace)}
        for place in ("server/inbox.db", "server/staged/", "server/serving/", "tables/customers/", "tables/orders/", "quarantine/"):
            assert any(name.startswith(place) for name in files), place
        assert {label for label, _ in canaries.found_in_rows()} >= {"loading.HotRow", "loading.Quarantined", "profiles.Identity"}

        found = export_person(canaries.IDENTITIES)
        assert found.keys() >= {"table:orders", "table:customers", "table:events", "table:inbox", "loading.HotRow", "folder:server/serving"}
        assert {row["identity_id"] for row in found["table:orders"]} == {canaries.USER}
        assert "other-" not in json.dumps(found)
        assert json.loads(json.dumps(found)) == found
        assert export_person(["nobody@example.org"]) == {}


@real
@pytest.mark.suite
class TestErasure:
    def test_leaves_the_person_nowhere_and_the_totals_as_they_were(self) -> None:
        reference = canaries.fill()
        customer, before = canaries.customer_id(), orders()
        publish("customer.merged", {"customer_id": customer, "email": canaries.EMAIL}, now=NOW)
        assert erase_person(canaries.IDENTITIES, actor="user 1", now=NOW, customer_id=customer) > 10
        build(NOW)
        assert not (left := list(canaries.found_in_rows())), left
        close_all()
        assert not (left := list(canaries.found_in_files(settings.CONFIG.workspace))), left
        assert export_person([*canaries.IDENTITIES, customer]) == {}
        assert orders() == before

        note = Erasure.objects.get()
        assert (note.reference, note.identities, note.finished_at) == (reference, [], NOW)
        entries = AuditEntry.objects.filter(action__startswith="customer.eras")
        assert [(entry.action, entry.actor, entry.subjects) for entry in entries] == [
            ("customer.erasure_asked", "user 1", [reference]),
            ("customer.erased", "user 1", [reference]),
        ]
        assert DomainEvent.objects.get(name="customer.erased").payload == {"reference": reference}

        erase_person(canaries.IDENTITIES, actor="user 1", now=NOW, customer_id=customer)
        assert orders() == before

    def test_goes_on_after_being_killed_and_where_a_door_was_shut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        canaries.fill()
        for step in (0, 3, 6, 9, 14, 22):
            with monkeypatch.context() as patch:
                kill_at(step, patch)
                with pytest.raises(Killed):
                    resume_erasures(NOW) if step else erase_person(canaries.IDENTITIES, actor="user 1", now=NOW)
            assert Erasure.objects.get().identities == sorted(canaries.IDENTITIES)
        with monkeypatch.context() as patch:
            patch.setattr(personal_data, "_registry", holdings() | {"team.User": replace(holdings()["team.User"], erase=refuse)})
            note = Erasure.objects.get()
            with pytest.raises(ErasureUnfinished, match=r"team\.User \(RuntimeError\)"):
                persons._erase(note, NOW)
            assert resume_erasures(NOW) == 0
        assert resume_erasures(NOW) == 1
        assert Erasure.objects.get().identities == []
        build(NOW)
        assert not (left := list(canaries.found_in_rows())), left
        close_all()
        assert not (left := list(canaries.found_in_files(settings.CONFIG.workspace))), left


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process die before the holding number `step` is asked to erase."""
    left = iter(range(step))

    def dying(holding: Holding) -> Holding:
        real_erase = holding.erase
        if real_erase is None:
            return holding

        def erase(ids: frozenset[str]) -> int:
            if next(left, None) is None:
                raise Killed
            return real_erase(ids)

        return replace(holding, erase=erase)

    patch.setattr(personal_data, "_registry", {name: dying(holding) for name, holding in holdings().items()})


def refuse(ids: frozenset[str]) -> int:
    raise RuntimeError(f"{len(ids)} ids")


def orders() -> list[tuple]:
    """Orders and their amounts by day, in no order."""
    workspace = Workspace.open(settings.CONFIG.workspace)
    paths = list(workspace.snapshot().files("orders"))
    with duckdb.connect() as engine:
        return engine.execute("select occurred_at::date, amount_minor, currency from read_parquet(?) order by all", [paths]).fetchall()


def close_all() -> None:
    """As if the process had ended: what is open holds files back."""
    close()
    connections.close_all()


@real
class TestExpire:
    def test_asks_every_holding_and_goes_on_where_one_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        def fail(now: datetime) -> int:
            raise RuntimeError(now)

        def note(now: datetime) -> int:
            del now
            asked.append("second")
            return 3

        first = Holding(name="a.First", holds="x", nothing_personal=True, expire=fail)
        second = Holding(name="b.Second", holds="x", nothing_personal=True, expire=note)
        monkeypatch.setattr(personal_data, "_registry", {"a.First": first, "b.Second": second})
        assert expire(NOW) == {"b.Second": 3}

    def test_removes_ended_sessions_links_and_tries(self) -> None:
        user = User.objects.create_user("a@example.com", None, role=Role.SUPPORT)
        one_time_link(user, NOW - timedelta(days=40))
        one_time_link(user, NOW - timedelta(days=1))
        Session.objects.create(session_key="old", session_data="x", expire_date=NOW - timedelta(seconds=1))
        Session.objects.create(session_key="new", session_data="x", expire_date=NOW + timedelta(seconds=1))
        gone = expire(NOW)
        assert (gone["team.OneTimeLink"], gone["sessions.Session"]) == (1, 1)
        assert Session.objects.get().session_key == "new"
