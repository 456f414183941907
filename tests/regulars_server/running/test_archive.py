"""A backup file that is damaged is seen before anything of it is used; a copy of SQLite files is of one moment."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import sqlite3
import tarfile

import pytest

from regulars_server.running import archive
from regulars_server.running.errors import BackupRefused, BackupUnreadable
from regulars_server.running.sqlite_copy import SqliteCopy


@pytest.fixture
def whole(tmp_path):
    source = tmp_path / "rows"
    source.write_bytes(bytes(range(256)) * 5000)
    path = tmp_path / "copy.tar"
    with archive.writing(path) as writing:
        writing.add(source, "workspace/tables/rows")
        writing.add_bytes(b"key", "reference.key")
        writing.finish({"version": "0.2.0"})
    return path


def empty(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


class TestArchive:
    def test_gives_back_what_was_put_in(self, whole, tmp_path) -> None:
        folder = empty(tmp_path)
        manifest = archive.unpack(whole, folder)
        assert manifest["version"] == "0.2.0"
        assert (folder / "workspace" / "tables" / "rows").read_bytes() == bytes(range(256)) * 5000
        assert whole.stat().st_mode & 0o077 == 0

    def test_is_not_there_before_it_is_whole(self, tmp_path) -> None:
        with pytest.raises(FileNotFoundError), archive.writing(tmp_path / "copy.tar") as writing:
            writing.add(tmp_path / "missing", "missing")
        assert list(tmp_path.iterdir()) == []

    def test_replaces_no_file(self, whole) -> None:
        before = whole.read_bytes()
        with pytest.raises(BackupRefused), archive.writing(whole):
            pass
        assert whole.read_bytes() == before

    @pytest.mark.parametrize("at", [600, 700_000, 1_281_000])
    def test_with_another_byte_is_refused(self, at, whole, tmp_path) -> None:
        content = bytearray(whole.read_bytes())
        content[at] ^= 1
        whole.write_bytes(content)
        with pytest.raises(BackupUnreadable):
            archive.unpack(whole, empty(tmp_path))

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.985])
    def test_that_was_cut_off_is_refused(self, share, whole, tmp_path) -> None:
        content = whole.read_bytes()
        whole.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(BackupUnreadable):
            archive.unpack(whole, empty(tmp_path))

    @pytest.mark.parametrize("name", ["../outside", "/etc/outside", "workspace/../../outside"])
    def test_never_writes_outside(self, name, tmp_path) -> None:
        path = tmp_path / "evil.tar"
        sha = hashlib.sha256(b"x").hexdigest()
        manifest = json.dumps({"format": 1, "files": {name: {"bytes": 1, "sha256": sha}}}).encode()
        with tarfile.open(path, "w") as tar:
            for member, content in ((name, b"x"), ("manifest.json", manifest)):
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        with pytest.raises(BackupUnreadable):
            archive.unpack(path, empty(tmp_path))
        assert not (tmp_path / "outside").exists()

    def test_takes_no_links(self, tmp_path) -> None:
        path = tmp_path / "evil.tar"
        with tarfile.open(path, "w") as tar:
            entry = tarfile.TarInfo("workspace/link")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
            tar.addfile(entry)
        with pytest.raises(BackupUnreadable):
            archive.unpack(path, empty(tmp_path))


class TestSqliteCopy:
    def test_is_of_the_moment_of_the_pin_while_others_write(self, tmp_path) -> None:
        path = tmp_path / "regulars.db"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode=WAL").fetchall()
            writer.execute("CREATE TABLE numbers (n INTEGER)")
            writer.execute("BEGIN")
            writer.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(1000)])
            writer.execute("COMMIT")
            copying = SqliteCopy({"default": path, "audit": tmp_path / "missing.db"}, tmp_path / "scratch")
            copying.pin()
            writer.execute("BEGIN")
            writer.execute("DELETE FROM numbers WHERE n < 900")
            writer.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(5000, 9000)])
            writer.execute("COMMIT")
            with archive.writing(tmp_path / "copy.tar") as writing:
                said = copying.copy(writing)
                writing.finish(said)
            copying.close()
        folder = empty(tmp_path)
        archive.unpack(tmp_path / "copy.tar", folder)
        with contextlib.closing(sqlite3.connect(folder / "databases" / "regulars.db")) as copy:
            assert copy.execute("SELECT count(*), min(n), max(n) FROM numbers").fetchone() == (1000, 0, 999)
        assert said == {"database": "sqlite", "migrations": {"default": []}}
