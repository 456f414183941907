"""The pages of imports: a file goes in, is looked into, rehearsed, imported and taken out again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from regulars.warehouse import ledger
from regulars.warehouse.changes import Places
from regulars_server.imports import services
from regulars_server.imports.models import Upload
from regulars_server.imports.personal_data import erase, export
from regulars_server.intake.door.front import _MAY
from regulars_server.jobs import public as jobs
from regulars_server.jobs.queue import claim
from regulars_server.jobs.runner import run
from tests.regulars_server.serving.installed import install

pytestmark = [pytest.mark.django_db(databases=["default", "audit"]), pytest.mark.suite]
ORDERS = b"order,customer,date,amount\n" + b"".join(
    b"o%d,person%d@example.com,2026-01-%02d,10.50\n" % (i, i % 7, 1 + i % 28) for i in range(30)
)


@pytest.fixture
def workspace(settings, tmp_path):
    return install(settings, tmp_path, tables={})


@pytest.fixture
def member(request, as_role):
    request.getfixturevalue("workspace")
    return as_role("analyst")


def send(browser, content=ORDERS, name="orders.csv"):
    return browser.post("/import/upload/", {"file": SimpleUploadedFile(name, content)}, follow=True)


def work():
    """Do what waits, here."""
    while (job := claim(timezone.now())) is not None:
        run(job)


def held(settings):
    return [path for path in settings.CONFIG.uploads.iterdir() if path.is_file()]


class TestWhoMayBringAFile:
    """What the door asks before it lets a file through."""

    def test_is_told_by_the_answer_to_options(self, member, as_role) -> None:
        supporter = as_role("support")
        for path in ("/import/", "/import/upload/"):
            assert member.options(path).status_code in _MAY
            for other, said in ((Client(), {}), (supporter, {}), (member, {"headers": {"host": "elsewhere.example"}})):
                assert other.options(path, **said).status_code not in _MAY
        assert member.options("/import/nothing/of/the/kind/").status_code not in _MAY


class TestImport:
    def test_goes_from_the_file_to_the_tables_and_back(self, member, workspace, settings) -> None:
        page = send(member).content.decode()
        assert "person1@example.com" in page
        upload = Upload.objects.get()
        said = {"format": "", "currency": "eur", "time_zone": ""}
        for place, (column, field) in enumerate(
            (("order", "order_id"), ("customer", "customer_id"), ("date", "date"), ("amount", "amount"))
        ):
            said |= {f"column-{place}": column, f"field-{place}": field, f"was-{place}": field}
        member.post(f"/import/{upload.token}/meaning/", said)
        assert "Waiting for its turn" in member.get(f"/import/{upload.token}/").content.decode()
        work()
        page = member.get(f"/import/{upload.token}/").content.decode()
        assert "What would happen" in page, page
        assert "Every row and all money is accounted for" in page
        assert not workspace.loads()
        member.post(f"/import/{upload.token}/run/")
        member.post(f"/import/{upload.token}/run/")
        work()
        (load,) = workspace.loads()
        assert load.rows["orders"] == 30
        assert held(settings) == []
        page = member.get("/import/").content.decode()
        assert "orders.csv" in page
        for second in range(500):
            tracked = workspace.new_load_id(load.loaded_at + timedelta(seconds=second + 1))
            record = {"load_id": tracked, "loaded_at": load.loaded_at.isoformat(), "source": "tracking"}
            (workspace.folder / "loads" / f"{tracked}.json").write_text(json.dumps(record))
        assert "orders.csv" in member.get("/import/").content.decode()
        ledger.fold(Places(workspace.folder), workspace.load_marks())
        assert "orders.csv" in member.get("/import/").content.decode()
        member.post(f"/import/loads/{load.load_id}/undo/")
        work()
        assert workspace.loads()[0].undone
        assert jobs.latest(services.IMPORT).result["imported"] == 30

    def test_job_holds_nothing_of_the_file(self, member) -> None:
        send(member)
        services.start_import(Upload.objects.get(), actor="user 1", now=timezone.now())
        work()
        told = repr([(job.arguments, job.result, job.failure) for job in jobs.Job.objects.all()])
        assert "person" not in told
        assert "orders.csv" not in told

    def test_that_cannot_be_done_says_why(self, member) -> None:
        send(member, b"colour,shape\nred,round\n")
        upload = Upload.objects.get()
        assert "Not recognised" in member.get(f"/import/{upload.token}/").content.decode()
        member.post(f"/import/{upload.token}/run/")
        work()
        assert "It did not work" in member.get(f"/import/{upload.token}/").content.decode()


class TestUpload:
    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\x.csv", "a\x00b.csv", "x" * 400 + ".csv"])
    def test_cannot_leave_its_folder(self, member, settings, name) -> None:
        send(member, name=name)
        (path,) = held(settings)
        assert len(path.name) == 32
        assert "/" not in Upload.objects.get().name

    def test_larger_than_allowed_is_refused_and_gone(self, member, settings) -> None:
        settings.REGULARS_LARGEST_UPLOAD = 1000
        assert "too large" in send(member, b"x" * 100_000).content.decode()
        assert held(settings) == []
        assert not Upload.objects.exists()

    def test_of_a_kind_that_is_not_read_is_refused_and_gone(self, member, settings) -> None:
        send(member, b"\x7fELF\x00\x00")
        assert held(settings) == []
        assert not Upload.objects.exists()

    @pytest.mark.parametrize("content", [b"", None])
    def test_of_nothing_says_so(self, member, settings, content) -> None:
        answer = member.post("/import/upload/", {} if content is None else {"file": SimpleUploadedFile("a.csv", content)}, follow=True)
        assert answer.status_code == 200
        assert held(settings) == []

    def test_without_the_forms_token_is_refused(self, workspace, settings, django_user_model) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(django_user_model.objects.create_user("a@example.com", None, role="owner"))
        assert send(browser).status_code == 403
        assert not Upload.objects.exists()
        assert held(settings) == []

    @pytest.mark.parametrize("role", ["support", "read_only", "no_personal_data"])
    def test_by_who_may_not_import_is_refused_before_it_is_read(self, workspace, as_role, settings, role) -> None:
        assert send(as_role(role)).status_code == 403
        assert held(settings) == []

    def test_is_deleted_after_a_day(self, member, settings) -> None:
        send(member)
        assert services.expire(datetime.now(UTC) + timedelta(hours=23)) == 0
        assert services.expire(datetime.now(UTC) + timedelta(hours=25)) == 1
        assert held(settings) == []

    def test_that_names_an_erased_person_is_deleted(self, member, settings) -> None:
        send(member)
        assert list(export(frozenset({"nobody@example.com"}))) == []
        assert len(list(export(frozenset({"PERSON3@example.com"})))) == 1
        assert erase(frozenset({"nobody@example.com"})) == 0
        assert erase(frozenset({"person3@example.com"})) == 1
        assert held(settings) == []
