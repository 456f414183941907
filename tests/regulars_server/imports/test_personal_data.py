"""What uploads do with a person who is erased."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from django.conf import settings

from regulars_server.imports import services
from regulars_server.imports.errors import UploadRefused
from regulars_server.imports.models import Upload
from regulars_server.imports.public import Received, take_in
from regulars_server.shared.public import holdings

pytestmark = pytest.mark.django_db(databases=["default", "audit"])
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANNA = frozenset({"anna@shop.eu"})


def put(number: int, text: str) -> str:
    token = f"{number:032x}"
    settings.CONFIG.uploads.mkdir(parents=True, exist_ok=True)
    (settings.CONFIG.uploads / token).write_text(text)
    return token


@pytest.fixture(autouse=True)
def _no_files():
    yield
    for path in settings.CONFIG.uploads.iterdir():
        path.unlink()


class TestErasure:
    def test_deletes_the_oldest_of_many_files_that_wait(self):
        for number in range(103):
            token = put(number, "customer\n" + ("anna@shop.eu" if number == 0 else "other"))
            take_in(Received(token, "a.csv", 1), actor="user 1", now=NOW)
        assert holdings()["folder:server/uploads"].erase(ANNA) == 1
        assert Upload.objects.exclude(removed_at=None).count() == 1
        assert len(list(settings.CONFIG.uploads.iterdir())) == 102

    def test_deletes_a_file_that_a_process_left_when_it_died(self):
        token, other = put(1, "customer\nANNA@shop.eu"), put(2, "customer\nother")
        for one in (token, other):
            take_in(Received(one, "a.csv", 1), actor="user 1", now=NOW)
        Upload.objects.update(removed_at=NOW)
        assert holdings()["folder:server/uploads"].erase(ANNA) == 1
        assert [path.name for path in settings.CONFIG.uploads.iterdir()] == [other]

    def test_deletes_packed_files_that_break_off(self):
        token = f"{1:032x}"
        settings.CONFIG.uploads.mkdir(parents=True, exist_ok=True)
        packed = gzip.compress(b"customer\n" + b"\n".join(b"%d" % n for n in range(20_000)))
        for cut in (packed[: len(packed) // 2], packed[:-9], packed[:12], packed[:-8] + b"12345678"):
            (settings.CONFIG.uploads / token).write_bytes(cut)
            assert holdings()["folder:server/uploads"].erase(ANNA) == 1
        (settings.CONFIG.uploads / token).write_bytes(packed)
        assert holdings()["folder:server/uploads"].erase(ANNA) == 0

    def test_leaves_no_upload_without_a_file(self):
        token = put(1, "PAR1 of which only a part has arrived")
        assert holdings()["folder:server/uploads"].erase(ANNA) == 1
        with pytest.raises(UploadRefused, match="deleted while it arrived"):
            take_in(Received(token, "a.parquet", 1), actor="user 1", now=NOW)
        assert not Upload.objects.exists()

    def test_of_an_upload_that_was_just_entered_throws_it_away(self, monkeypatch):
        token = put(1, "customer\nanna@shop.eu")
        found = services.files()
        monkeypatch.setattr(services, "files", lambda: entered() or found)

        def entered():
            take_in(Received(token, "a.csv", 1), actor="user 1", now=NOW)

        assert holdings()["folder:server/uploads"].erase(ANNA) == 1
        assert Upload.objects.get().removed_at is not None
