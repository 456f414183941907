"""Sources: made, switched, given new keys, each with its line in the audit log and an event."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from regulars.errors import RegularsError, SourceRefused, SourceUnknown
from regulars_server.intake import public
from regulars_server.intake.door.known_sources import _COLUMNS, _known
from regulars_server.shared.models import AuditNote, DomainEvent

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make(**said: Any) -> Any:
    return public.create_source(**{"slug": "shop", "name": "Shop", "kind": "server", "actor": "user 1", "now": NOW} | said)


def told() -> list[tuple[str, Any]]:
    assert list(AuditNote.objects.order_by("id").values_list("action", "subjects")) == [
        (event.name, [event.payload["source"]]) for event in DomainEvent.objects.order_by("id")
    ]
    return list(DomainEvent.objects.order_by("id").values_list("name", "payload"))


class TestCreateSource:
    def test_makes_one_with_a_key_of_its_own(self) -> None:
        first, second = make(), make(slug="app", kind="browser", allowed_origins=["https://Shop.example/"], ip="none", remember_days=3)
        assert first.write_key != second.write_key
        assert len(first.write_key) >= 32
        assert (second.allowed_origins, second.ip, second.remember_days) == (["https://shop.example"], "none", 3)
        assert [source.slug for source in public.sources()] == ["shop", "app"]
        assert public.source("app") == second
        assert told() == [
            ("source.created", {"source": "shop", "kind": "server"}),
            ("source.created", {"source": "app", "kind": "browser"}),
        ]

    @pytest.mark.parametrize(
        "said",
        [
            {"slug": "Bad Slug"},
            {"slug": ""},
            {"slug": "a" * 61},
            {"name": "  "},
            {"kind": "ftp"},
            {"kind": "stripe"},
            {"ip": "some"},
            {"remember_days": 0},
            {"allowed_origins": ["shop.example"]},
            {"allowed_origins": ["https://shop.example/path"]},
            {"allowed_origins": ["javascript:alert(1)"]},
        ],
    )
    def test_refuses_what_cannot_be_one(self, said: dict[str, Any]) -> None:
        with pytest.raises(SourceRefused):
            make(**said)
        assert public.sources() == []
        assert told() == []

    def test_refuses_a_slug_that_is_taken(self) -> None:
        make()
        with pytest.raises(SourceRefused, match="taken"):
            make()
        assert len(public.sources()) == 1


@pytest.mark.django_db(databases=["default", "audit"], transaction=True)
class TestAtTheSameMoment:
    def test_one_slug_is_given_once_and_the_others_are_refused(self) -> None:
        found = at_once(lambda number: make(name=f"Shop {number}").name)
        assert sorted(found) == [public.source("shop").name, *["source.refused"] * 3]
        assert DomainEvent.objects.count() == 1

    def test_the_first_source_of_an_installation_is_made_once(self) -> None:
        assert at_once(lambda _: public.ensure_default_source(NOW).slug) == ["website"] * 4
        assert DomainEvent.objects.count() == 1


def at_once(work: Callable[[int], str]) -> list[str]:
    """What each of four threads gave back, or the code of its refusal."""
    ready, found = threading.Barrier(4), []

    def run(number: int) -> None:
        ready.wait()
        try:
            found.append(work(number))
        except RegularsError as refusal:
            found.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class TestEnsureDefaultSource:
    def test_makes_the_first_source_and_only_that(self) -> None:
        made = public.ensure_default_source(NOW)
        assert (made.slug, made.kind, made.enabled) == ("website", "browser", True)
        assert public.ensure_default_source(NOW) == made
        assert len(told()) == 1

    def test_makes_none_beside_others(self) -> None:
        other = make()
        assert public.ensure_default_source(NOW) == other


class TestSwitch:
    def test_says_it_once(self) -> None:
        make()
        for enabled in (False, False, True):
            public.switch(slug="shop", enabled=enabled, actor="user 1", now=NOW)
            assert public.source("shop").enabled is enabled
        assert [name for name, _ in told()] == ["source.created", "source.switched_off", "source.switched_on"]

    def test_of_an_unknown_source_is_refused(self) -> None:
        with pytest.raises(SourceUnknown):
            public.switch(slug="shop", enabled=True, actor="user 1", now=NOW)


class TestRotateKey:
    def test_leaves_the_key_before_for_a_day(self) -> None:
        before = make().write_key
        after = public.rotate_key(slug="shop", actor="user 1", now=NOW)
        assert after.write_key != before
        assert (after.previous_key, after.previous_until) == (before, NOW + timedelta(days=1))
        assert all("key" not in str(payload) or before not in str(payload) for _, payload in told())

    def test_shuts_it_at_once_when_so_asked(self) -> None:
        make()
        after = public.rotate_key(slug="shop", actor="user 1", now=NOW, overlap=timedelta(0))
        assert (after.previous_key, after.previous_until) == ("", None)


class TestConfigure:
    def test_changes_what_is_said_and_nothing_else(self) -> None:
        made = make()
        public.configure(slug="shop", actor="user 1", now=NOW, name="New", ip="full", allowed_origins=["https://a.example"])
        changed = public.source("shop")
        assert (changed.name, changed.ip, changed.allowed_origins) == ("New", "full", ["https://a.example"])
        assert (changed.write_key, changed.remember_days) == (made.write_key, 30)
        assert told()[-1] == ("source.configured", {"source": "shop", "changed": ["allowed_origins", "ip", "name"]})

    def test_refuses_what_cannot_be(self) -> None:
        make()
        with pytest.raises(SourceRefused):
            public.configure(slug="shop", actor="user 1", now=NOW, remember_days=1000)
        assert public.source("shop").remember_days == 30


class TestDoor:
    def test_reads_what_the_services_write(self) -> None:
        from django.db import connection

        make(allowed_origins=["https://a.example"])
        public.rotate_key(slug="shop", actor="user 1", now=datetime.now(UTC))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_COLUMNS} FROM intake_source")
            (known,) = [_known(row) for row in cursor.fetchall()]
        stored = public.source("shop")
        assert known.keys == (stored.write_key, stored.previous_key)
        assert (known.slug, known.kind, known.enabled, known.allowed_origins) == ("shop", "server", True, {"https://a.example"})
