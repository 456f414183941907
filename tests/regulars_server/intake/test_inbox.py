"""The inbox: one durable commit, ids in the order of commits, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from regulars_server.intake.door import inbox_in_sqlite
from regulars_server.intake.door.inbox import DoorCount, Inbox, InboxRow
from regulars_server.intake.door.inbox_in_postgres import PostgresInbox
from regulars_server.intake.door.inbox_in_sqlite import SqliteInbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Opening = "Callable[[], Inbox]"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.suite)])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Inbox]]:
    """Opens the same inbox again and again, empty at first."""
    opened: list[Inbox] = []
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")

        def make() -> Inbox:
            return PostgresInbox(url)
    else:

        def make() -> Inbox:
            return SqliteInbox(tmp_path / "inbox.db", gate=tmp_path / "inbox.lock")

    def open_one() -> Inbox:
        opened.append(make())
        return opened[-1]

    yield open_one
    for inbox in opened:
        inbox.close()


def row(body: bytes = b"{}", *, at: int = 5, source: str = "shop", kind: str = "track", **about: object) -> InboxRow:
    return InboxRow(0, at, source, kind, body, about)


class TestInbox:
    def test_gives_back_what_was_put_in(self, opening: Callable[[], Inbox]) -> None:
        opening().append([row(b'{"a":1}', ip="10.0.0.0"), row(b"\x00\xff", kind="batch")])
        found = opening().read(0, 10, 1000)
        assert [(r.body, r.kind, r.about, r.source, r.received_at) for r in found] == [
            (b'{"a":1}', "track", {"ip": "10.0.0.0"}, "shop", 5),
            (b"\x00\xff", "batch", {}, "shop", 5),
        ]

    def test_reads_on_after_an_id_within_rows_and_bytes(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        inbox.append([row(b"x" * size) for size in (10, 20, 30, 500)])
        first = inbox.read(0, 10, 35)
        assert [len(r.body) for r in first] == [10, 20]
        second = inbox.read(first[-1].id, 1, 1000)
        assert [len(r.body) for r in second] == [30]
        assert [len(r.body) for r in inbox.read(second[-1].id, 10, 5)] == [500], "one row always comes"
        assert inbox.read(second[-1].id + 1, 10, 1000) == []

    def test_never_gives_an_id_twice(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        inbox.append([row(), row()])
        last = inbox.read(0, 10, 1000)[-1].id
        inbox.remove(last)
        assert inbox.backlog() == (0, None)
        opening().append([row(at=9)])
        assert inbox.read(0, 10, 1000)[0].id > last
        assert inbox.backlog() == (1, 9)

    def test_removes_many_rows_and_leaves_later_ones(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        inbox.append([row() for _ in range(700)])
        ids = [r.id for r in inbox.read(0, 1000, 10_000)]
        inbox.remove(ids[649])
        assert [r.id for r in inbox.read(0, 1000, 10_000)] == ids[650:]

    def test_keeps_a_webhook_once(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        hook = row(kind="shopify", id="d-1", topic="orders/create")
        assert inbox.append([hook, hook, row(kind="shopify", id="d-2"), row(kind="shopify", source="other", id="d-1")]) == [
            True,
            False,
            True,
            True,
        ]
        assert opening().append([hook, row(kind="track", id="d-1")]) == [False, True]
        assert len(inbox.read(0, 10, 1000)) == 4

    def test_waits_for_the_disk_at_every_commit(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        if isinstance(inbox, SqliteInbox):
            found = [inbox._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
            assert found == ["wal", 2]
        else:
            assert inbox._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)

    def test_adds_counts_up(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        inbox.append([row()], [DoorCount(7, "shop", "accepted", 1, 3, 50)])
        inbox.append([], [DoorCount(7, "shop", "accepted", 2, 4, 60), DoorCount(8, "", "refused.unknown_key", 1, 0, 9)])
        assert inbox.counts(7, 9) == [DoorCount(7, "shop", "accepted", 3, 7, 110), DoorCount(8, "", "refused.unknown_key", 1, 0, 9)]
        assert inbox.counts(7, 8) == [DoorCount(7, "shop", "accepted", 3, 7, 110)]
        assert inbox.expire(8 * 60_000_000) == 1
        assert [count.minute for count in inbox.counts(0, 99)] == [8]

    def test_puts_another_body_in_place_or_takes_a_row_out(self, opening: Callable[[], Inbox]) -> None:
        inbox = opening()
        inbox.append([row(b"a"), row(b"b"), row(b"c")])
        first, second, third = inbox.read(0, 10, 1000)
        inbox.rewrite(first.id, b"new")
        inbox.rewrite(second.id, None)
        assert [(r.id, r.body) for r in inbox.read(0, 10, 1000)] == [(first.id, b"new"), (third.id, b"c")]

    def test_shows_no_lower_id_after_a_higher_one(self, opening: Callable[[], Inbox]) -> None:
        writers = [
            threading.Thread(target=lambda inbox: [inbox.append([row(), row()]) for _ in range(20)], args=(opening(),)) for _ in range(4)
        ]
        reader, seen = opening(), []
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers) or len(seen) < 160:
            seen += [r.id for r in reader.read(seen[-1] if seen else 0, 1000, 1_000_000)]
        for writer in writers:
            writer.join()
        assert len(seen) == 160


@pytest.mark.suite
class TestFile:
    def test_shrinks_after_a_rush(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inbox_in_sqlite, "_KEPT_PAGES", 100)
        inbox = SqliteInbox(tmp_path / "inbox.db", gate=tmp_path / "inbox.lock")
        for _ in range(4):
            inbox.append([row(b"x" * 1_000_000) for _ in range(8)])
        for _ in range(5):
            inbox.remove(1 << 60)
        inbox.close()
        assert (tmp_path / "inbox.db").stat().st_size < 2 << 20


class TestErasedRows:
    def test_leave_nothing_in_the_file(self, tmp_path: Path) -> None:
        inbox = SqliteInbox(tmp_path / "inbox.db", gate=tmp_path / "inbox.lock")
        inbox.append([row(b"canary-one" * 2000), row(b"canary-two"), row(b"stays")])
        first, second, _ = inbox.read(0, 10, 1_000_000)
        inbox.rewrite(first.id, None)
        inbox.rewrite(second.id, b"{}")
        inbox.close()
        assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


class TestANewFile:
    """In the place of one that was lost: the loader goes on behind the last id it had."""

    def test_begins_above_every_id_of_the_lost_one(self, tmp_path: Path) -> None:
        last = 0
        for _ in range(2):
            inbox = SqliteInbox(tmp_path / "inbox.db", gate=tmp_path / "inbox.lock")
            inbox.append([row() for _ in range(50)])
            found = [r.id for r in inbox.read(last, 100, 10_000)]
            assert len(found) == 50
            last = found[-1]
            inbox.close()
            for path in tmp_path.glob("inbox.db*"):
                path.unlink()
