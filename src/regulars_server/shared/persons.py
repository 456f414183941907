"""What is done with all that is held of one person: handed out, erased, and forgotten when its time is over."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from django.db import connection

from regulars_server.shared.audit import record_change
from regulars_server.shared.errors import ErasureUnfinished
from regulars_server.shared.models import Erasure
from regulars_server.shared.outbox import publish
from regulars_server.shared.personal_data import Ids, holdings
from regulars_server.shared.references import reference_of
from regulars_server.shared.writing import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from regulars_server.shared.personal_data import Holding

FLOW = ("table:inbox", "loading.", "folder:server/staged", "table:", "folder:")
"""The way that calls take. Erasing goes it in this order, so that nothing slips past behind it, and twice, for what was on its way in between."""

log = logging.getLogger(__name__)


def export_person(ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Everything that is held of the person with these identities, by holding, as plain values that JSON can say."""
    person: Ids = frozenset(ids)
    found = {name: [_plain(row) for row in holding.export(person)] for name, holding in holdings().items() if holding.export}
    return {name: rows for name, rows in found.items() if rows}


def erase_person(identities: Iterable[str], *, actor: str, now: datetime, customer_id: str | None = None) -> int:
    """Forget the person with these identities in every holding and in the tables of the library; says how many rows that were.

    What is left to do is noted first: killed at any point, `resume_erasures` goes on. Raises `ErasureUnfinished` where a holding could not
    do it now, such as tables that somebody else is changing; the note stays, and the worker tries again.
    """
    ids = sorted({text for text in identities if text} | ({customer_id} if customer_id else set()))
    reference = reference_of(customer_id or ids[0])
    with write_tx():
        note = Erasure.objects.create(reference=reference, actor=actor, asked_at=now, identities=ids)
        record_change(actor=actor, action="customer.erasure_asked", now=now, subjects=[reference])
    return _erase(note, now)


def resume_erasures(now: datetime) -> int:
    """Go on with erasures that were cut off; says how many are finished now."""
    finished = 0
    for note in Erasure.objects.filter(finished_at=None).order_by("id"):
        try:
            _erase(note, now)
        except ErasureUnfinished as error:
            log.warning("an erasure is not finished: %s", error.received)
        else:
            finished += 1
    return finished


def expire(now: datetime) -> dict[str, int]:
    """Let every holding forget what has had its time; says how many rows went. What fails is logged, and tried again the next time."""
    gone: dict[str, int] = {}
    for name, holding in holdings().items():
        if holding.expire is not None:
            try:
                gone[name] = holding.expire(now)
            except Exception:
                log.exception("%s could not expire", name)
    return gone


def _erase(note: Erasure, now: datetime) -> int:
    ids: Ids = frozenset(note.identities)
    rows, failed = 0, {}
    for _ in range(2):
        failed = {}
        done: set[Any] = set()
        for holding in _in_order():
            if holding.erase in done:  # the tables and folders of the library share one
                continue
            done.add(holding.erase)
            try:
                rows += holding.erase(ids) if holding.erase else 0
            except Exception as error:
                log.exception("%s could not erase a person", holding.name)
                failed[holding.name] = type(error).__name__
    if failed:
        what = ", ".join(f"{name} ({kind})" for name, kind in failed.items())
        raise ErasureUnfinished(
            f"Not everything could be erased yet: {what}.", expected="every holding free to change", remedy="Nothing: it is tried again."
        )
    with write_tx():
        if Erasure.objects.filter(pk=note.pk, finished_at=None).update(identities=[], finished_at=now):
            record_change(actor=note.actor, action="customer.erased", now=now, subjects=[note.reference], details={"rows": rows})
            publish("customer.erased", {"reference": note.reference}, now=now)
    _sweep_database()
    return rows


def _in_order() -> list[Holding]:
    def place(holding: Holding) -> tuple[int, str]:
        return next((at for at, start in enumerate(FLOW) if holding.name.startswith(start)), len(FLOW)), holding.name

    return sorted((holding for holding in holdings().values() if holding.erase), key=place)


def _sweep_database() -> None:
    """Deleted rows are overwritten (`secure_delete`); the write-ahead log, which has them still, is emptied into the file. PostgreSQL frees them."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
        if connection.vendor == "sqlite":
            cursor.fetchall()


def _plain(row: Any) -> dict[str, Any]:
    return json.loads(json.dumps(dict(row), default=str))
