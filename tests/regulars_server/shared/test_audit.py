"""The audit log: complete, chained, unchangeable, without personal values."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections, transaction

from regulars_server.running.preparing import make_schemas
from regulars_server.shared import audit
from regulars_server.shared.audit import COLLAPSE, deliver, first_break, record_change, record_list, record_look
from regulars_server.shared.errors import AuditUnchangeable
from regulars_server.shared.models import AuditEntry, AuditNote
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from pathlib import Path

db = pytest.mark.django_db(databases=["default", "audit"])
real = pytest.mark.django_db(databases=["default", "audit"], transaction=True)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def change(number: int = 0) -> None:
    record_change(actor="user 1", action=f"thing.changed_{number}", now=NOW, subjects=["abc"], details={"to": number})


def change_and_fail() -> None:
    with write_tx():
        change()
        raise ZeroDivisionError


@real
class TestRecordChange:
    def test_reaches_the_log_when_its_transaction_ends(self) -> None:
        with write_tx():
            change()
            assert AuditEntry.objects.count() == 0
        assert AuditEntry.objects.get().action == "thing.changed_0"
        assert AuditNote.objects.count() == 0

    def test_works_outside_a_transaction(self) -> None:
        change()
        assert AuditEntry.objects.count() == 1

    def test_is_undone_with_its_transaction(self) -> None:
        with pytest.raises(ZeroDivisionError):
            change_and_fail()
        change(1)
        assert [entry.action for entry in AuditEntry.objects.all()] == ["thing.changed_1"]

    def test_of_many_threads_makes_one_whole_chain(self) -> None:
        def work(number: int) -> None:
            for turn in range(5):
                change(number * 10 + turn)
            connections.close_all()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deliver()
        assert AuditEntry.objects.count() == len({entry.action for entry in AuditEntry.objects.all()}) == 20
        assert first_break() is None


class Killed(BaseException):
    """Stands for the end of the process at this point: nothing after it runs."""


@real
class TestDeliver:
    @pytest.mark.parametrize("step", ["before the log", "inside the log", "before the notes go"])
    def test_killed_anywhere_loses_none_and_doubles_none(self, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with transaction.atomic(), pytest.MonkeyPatch.context() as quiet:
            quiet.setattr(audit, "deliver", lambda: 0)
            for number in range(3):
                change(number)
        with monkeypatch.context() as patch:
            patch.setattr(audit, "write_tx", dying(step))
            with pytest.raises(Killed):
                deliver()
        deliver()
        assert [entry.action for entry in AuditEntry.objects.all()] == [f"thing.changed_{n}" for n in range(3)]
        assert AuditNote.objects.count() == 0
        assert first_break() is None


def dying(step: str):
    """`write_tx` of a process that is killed at a step."""
    import contextlib

    @contextlib.contextmanager
    def killed(using: str = "default"):
        if (step, using) in {("before the log", "audit"), ("before the notes go", "default")}:
            raise Killed
        with write_tx(using):
            yield
            if (step, using) == ("inside the log", "audit"):
                raise Killed

    return killed


@db
class TestLooks:
    def look(self, minutes: float = 0, actor: str = "user 1", subject: str = "abc") -> None:
        record_look(actor=actor, action="customer.viewed", now=NOW + timedelta(minutes=minutes), subjects=[subject])

    def test_that_repeat_within_15_minutes_are_one_entry(self) -> None:
        for minutes in (0, 1, 14.9):
            self.look(minutes)
        deliver()
        self.look(14.95)
        deliver()
        assert AuditEntry.objects.count() == 1
        self.look(COLLAPSE.seconds / 60)
        deliver()
        assert AuditEntry.objects.count() == 2

    def test_of_others_or_at_others_are_entries_of_their_own(self) -> None:
        self.look()
        self.look(actor="user 2")
        self.look(subject="def")
        assert AuditNote.objects.count() == 3

    def test_ask_the_database_two_short_questions(self, django_assert_max_num_queries) -> None:
        self.look()
        with django_assert_max_num_queries(1, using="default"):
            self.look(1)
        with transaction.atomic("audit"), connections["audit"].cursor() as cursor:
            explain = "EXPLAIN QUERY PLAN"
            if connections["audit"].vendor == "postgresql":
                # An empty table is read as a whole, whatever indexes there are.
                cursor.execute("SET LOCAL enable_seqscan = off")
                explain = "EXPLAIN"
            cursor.execute(f"{explain} SELECT 1 FROM shared_auditentry WHERE look='x' AND at>'2026-11-22'")
            assert "audit_look" in str(cursor.fetchall())

    def test_at_lists_keep_the_query_and_the_count(self) -> None:
        for count in (3, 4):
            record_list(actor="user 1", action="customers.listed", now=NOW, query={"light": "red"}, count=count)
        record_list(actor="user 1", action="customers.listed", now=NOW, query={"light": "green"}, count=5)
        deliver()
        assert [entry.details for entry in AuditEntry.objects.all()] == [
            {"query": {"light": "red"}, "count": 3},
            {"query": {"light": "green"}, "count": 5},
        ]

    def test_keep_nothing_that_was_typed(self) -> None:
        query = {"search": "Canary", "note": "canary@example.com", "phone": "1", "filters": {"name": ["Canary"], "light": "red"}}
        record_list(actor="user 1", action="customers.listed", now=NOW, query=query, count=1)
        record_change(actor="user 1", action="x", now=NOW, subjects=["canary@example.com"], details={"number": "+49 170 123 45 67"})
        deliver()
        said = str(list(AuditEntry.objects.values_list()))
        assert "anary" not in said
        assert "123 45 67" not in said
        assert "'light': 'red'" in said


@db
class TestChain:
    @pytest.mark.parametrize("field", ["actor", "action", "subjects", "details", "at", "pending_id", "look"])
    def test_breaks_where_an_entry_was_changed(self, field: str) -> None:
        for number in range(3):
            change(number)
        deliver()
        second = AuditEntry.objects.all()[1]
        value = "'2026-01-01 00:00:00'" if field == "at" else "'[]'" if field in {"subjects", "details"} else "'x'"
        connections["audit"].cursor().execute(f"UPDATE shared_auditentry SET {field} = {value} WHERE id = {second.pk}")
        assert first_break() == second.pk

    def test_breaks_where_an_entry_was_removed(self) -> None:
        for number in range(3):
            change(number)
        deliver()
        second, third = AuditEntry.objects.all()[1:]
        connections["audit"].cursor().execute(f"DELETE FROM shared_auditentry WHERE id = {second.pk}")
        assert first_break() == third.pk


@db
class TestEntry:
    def test_can_neither_be_changed_nor_removed(self) -> None:
        change()
        deliver()
        entry = AuditEntry.objects.get()
        entry.actor = "user 2"
        for forbidden in (
            entry.save,
            entry.delete,
            AuditEntry.objects.all().delete,
            lambda: AuditEntry.objects.update(actor="user 2"),
            lambda: AuditEntry.objects.bulk_update([entry], ["actor"]),
        ):
            with pytest.raises(AuditUnchangeable):
                forbidden()
        assert AuditEntry.objects.get().actor == "user 1"
        assert first_break() is None

    def test_lies_in_a_database_of_its_own(self) -> None:
        assert AuditEntry._meta.db_table not in connection.introspection.table_names()
        assert AuditEntry._meta.db_table in connections["audit"].introspection.table_names()


PROGRAM = """
import datetime, django
django.setup()
from django.core.management import call_command
from django.db import connections, utils
for name in ("default", "audit"):
    call_command("migrate", database=name, verbosity=0)
from regulars_server.shared.audit import first_break, record_change
from regulars_server.shared.models import AuditEntry
record_change(actor="user 1", action="x", now=datetime.datetime.now(datetime.UTC))
for statement in ("UPDATE shared_auditentry SET actor = 'user 2'", "DELETE FROM shared_auditentry"):
    try:
        connections["audit"].cursor().execute(statement)
    except utils.Error as error:
        assert "only added" in str(error), error
    else:
        raise SystemExit("was not refused: " + statement)
assert AuditEntry.objects.get().actor == "user 1" and first_break() is None
"""


@pytest.mark.suite
class TestGuard:
    """What comes past our code is refused by the database itself."""

    def run(self, folder: Path, **environment: str) -> None:
        given = os.environ | {"DJANGO_SETTINGS_MODULE": "regulars_server.settings", "REGULARS_WORKSPACE": str(folder)} | environment
        run = subprocess.run([sys.executable, "-c", PROGRAM], env=given, check=False, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr

    def test_holds_on_sqlite(self, tmp_path: Path) -> None:
        self.run(tmp_path)

    def test_holds_on_postgresql(self, tmp_path: Path, postgres_url: str) -> None:
        make_schemas(postgres_url)
        self.run(tmp_path, REGULARS_DATABASE_URL=postgres_url)


class TestSaid:
    def test_is_one_line_without_what_was_left_empty(self) -> None:
        entry = AuditEntry(details={"query": {"sort": "value", "light": ["red", "amber"], "country": "", "searched": True}, "count": 0})
        assert entry.said == "sort value · light red, amber · searched yes · count 0"
