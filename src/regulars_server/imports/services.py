"""What is done with uploads: take in, say what columns mean, rehearse, import, throw away, undo a load."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from regulars_server.imports.checking import check
from regulars_server.imports.errors import UploadRefused, UploadUnknown
from regulars_server.imports.looking import Looked, look
from regulars_server.imports.models import Upload
from regulars_server.imports.receiving import place_of
from regulars_server.jobs import public as jobs
from regulars_server.shared.public import publish, record_change, write_tx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from regulars_server.imports.receiving import Received

REHEARSE, IMPORT, UNDO = "imports.rehearse", "imports.import", "imports.undo"
KEEP_FILES = timedelta(hours=24)
KEEP_NAMES = timedelta(days=365)


def take_in(received: Received, *, actor: str, now: datetime) -> Upload:
    """Enter a file that has arrived; raises `UploadRefused`, and the file is gone then."""
    place = place_of(received.token)
    try:
        check(place)
    except FileNotFoundError:
        raise _deleted() from None
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    with write_tx():
        upload = Upload.objects.create(
            token=received.token, name=Path(received.name).name or "file", size=received.size, created_at=now, created_by=actor
        )
        record_change(actor=actor, action="upload.received", now=now, details={"upload": upload.pk, "bytes": received.size})
        if not place.is_file():
            raise _deleted()
    return upload


def upload(token: str) -> Upload:
    """The upload of this token; raises `UploadUnknown`."""
    found = Upload.objects.filter(token=token).first()
    if found is None:
        raise UploadUnknown("There is no such upload.", remedy="Upload the file once more.")
    return found


def waiting(most: int | None = 100) -> list[Upload]:
    """Uploads whose files are still there, the latest first; with None all of them."""
    return list(Upload.objects.filter(removed_at=None).order_by("-id")[:most])


def names_of_loads(load_ids: list[str]) -> dict[str, str]:
    """What the files behind loads were called."""
    return dict(Upload.objects.filter(load_id__in=load_ids).values_list("load_id", "name"))


def look_into(one: Upload) -> Looked:
    """Columns, a few rows and what was recognised; raises `UploadRefused`, `UploadUnknown`."""
    return look(_file(one), workspace=settings.CONFIG.workspace, format_name=one.format, mapping=one.mapping)


def say_meaning(
    one: Upload, *, mapping: Mapping[str, str], format_name: str, currency: str, time_zone: str, actor: str, now: datetime
) -> None:
    """Keep what a person says the columns mean, and rehearse the import."""
    _file(one)
    with write_tx():
        job = jobs.enqueue(REHEARSE, {"upload": one.token}, actor=actor, now=now)
        Upload.objects.filter(pk=one.pk).update(
            mapping=dict(mapping), format=format_name, currency=currency, time_zone=time_zone, rehearsal=job.pk
        )
    one.refresh_from_db()


def start_import(one: Upload, *, actor: str, now: datetime) -> bool:
    """Enter the job that imports the file; False where one is under way already, or it was imported."""
    _file(one)
    with write_tx():
        current = Upload.objects.select_for_update().get(pk=one.pk)
        before = jobs.job(current.job) if current.job else None
        if current.imported_at or (before is not None and before.is_open):
            return False
        job = jobs.enqueue(IMPORT, {"upload": one.token}, actor=actor, now=now)
        Upload.objects.filter(pk=one.pk).update(job=job.pk)
        record_change(actor=actor, action="import.started", now=now, details={"upload": one.pk, "job": job.pk})
    return True


def finish_import(one: Upload, *, report: Mapping[str, object], load_id: str, actor: str, now: datetime) -> None:
    """Keep the closing report, and delete the file: what it said is in the tables."""
    with write_tx():
        Upload.objects.filter(pk=one.pk).update(report=dict(report), load_id=load_id, imported_at=now, removed_at=now)
        record_change(actor=actor, action="import.finished", now=now, details={"upload": one.pk, "load": load_id})
        publish("import.finished", {"load": load_id}, now=now)
    place_of(one.token).unlink(missing_ok=True)


def discard(one: Upload, *, actor: str, now: datetime) -> None:
    """Throw an upload away."""
    with write_tx():
        if Upload.objects.filter(pk=one.pk, removed_at=None).update(removed_at=now):
            record_change(actor=actor, action="upload.discarded", now=now, details={"upload": one.pk})
    place_of(one.token).unlink(missing_ok=True)


def undo(load_id: str, *, actor: str, now: datetime) -> jobs.Job:
    """Enter the job that takes a load out of the tables."""
    with write_tx():
        record_change(actor=actor, action="load.undo_asked", now=now, details={"load": load_id})
        return jobs.enqueue(UNDO, {"load": load_id}, actor=actor, now=now)


def expire(now: datetime) -> int:
    """Delete files that nobody has imported within a day, files that no upload names, and names of long ago."""
    gone = 0
    for one in Upload.objects.filter(removed_at=None, created_at__lt=now - KEEP_FILES):
        running = jobs.job(one.job) if one.job else None
        if running is None or not running.is_open:
            discard(one, actor="system", now=now)
            gone += 1
    known = set(Upload.objects.filter(removed_at=None).values_list("token", flat=True))
    for path in files():
        with contextlib.suppress(FileNotFoundError):
            if path.name not in known and path.stat().st_mtime < (now - KEEP_FILES).timestamp():
                path.unlink()
                gone += 1
    with write_tx():
        Upload.objects.filter(removed_at__lt=now - KEEP_NAMES).exclude(name="").update(name="")
    return gone


def files() -> list[Path]:
    """The files in the folder of uploads."""
    folder: Path = settings.CONFIG.uploads
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _deleted() -> UploadRefused:
    return UploadRefused(
        "The file was deleted while it arrived: somebody was erased, and it could not be looked into yet.",
        remedy="Upload it once more.",
    )


def _file(one: Upload) -> Path:
    place = place_of(one.token)
    if one.removed_at is not None or not place.is_file():
        raise UploadUnknown("The file is gone: it was imported, thrown away, or lay for a day.", remedy="Upload it once more.")
    return place
