"""Importing a file: upload, meaning of the columns, rehearsal, import, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.imports import selectors
from regulars_server.console.imports.meaning import read_meaning
from regulars_server.imports import public as uploads
from regulars_server.jobs import public as jobs
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest

    from regulars_server.imports.public import Upload


@require_safe
@needs(Permission.IMPORT)
def imports(request: HttpRequest) -> HttpResponse:
    """Upload, what waits, and the loads so far."""
    undoing = jobs.latest(uploads.UNDO)
    context = {
        "here": "import",
        "waiting": uploads.waiting(),
        "loads": selectors.loads(),
        "largest": uploads.largest(),
        "undoing": undoing if undoing and undoing.is_open else None,
        "undo_failed": refusals.in_parts(undoing.failure) if undoing and undoing.state == undoing.FAILED else None,
    }
    return render(request, "console/imports/imports.html", context)


@csrf_exempt
@require_POST
@needs(Permission.IMPORT)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in. The token of the form is checked by `_upload`: before it, the body must not be read without our handler."""
    handler = uploads.Receiving(request)
    request.upload_handlers = [handler]
    try:
        return _upload(request, handler)
    except Exception:
        handler.drop()
        raise


@csrf_protect
def _upload(request: HttpRequest, handler: uploads.Receiving) -> HttpResponse:
    received = request.FILES.get("file")
    if received is None:
        messages.error(request, _refusals().get(handler.why) or _("Choose a file first."))
        return redirect("imports")
    if not received.size:
        handler.drop()
        messages.error(request, _("The file is empty."))
        return redirect("imports")
    try:
        one = uploads.take_in(received, actor=_actor(request), now=timezone.now())
    except RegularsError as refusal:
        refusals.say(request, refusal)
        return redirect("imports")
    return redirect("import-one", token=one.token)


@require_safe
@needs(Permission.IMPORT)
def one(request: HttpRequest, token: str) -> HttpResponse:
    """What the file's columns mean, what would happen, and what has happened."""
    found = _found(token)
    context: dict[str, Any] = {"here": "import", **selectors.state(found)}
    if found.removed_at is None and not context["open"]:
        people = request.user.may(Permission.SEE_PEOPLE)
        try:
            looked = uploads.look_into(found)
        except RegularsError as refusal:
            context["refusal"] = refusals.in_parts(refusal.as_dict())
        else:
            context |= {
                "looked": looked,
                "title": selectors.title_of(looked.format) if looked.format else "",
                "columns": selectors.columns(looked, people=people),
                "fields": selectors.fields(looked.format),
                "formats": selectors.formats(),
                "refusal": refusals.in_parts(looked.refusal) if looked.refusal else None,
                "people": people,
            }
    return render(request, "console/imports/one.html", context)


@require_safe
@needs(Permission.IMPORT)
def progress(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is; when it has ended, the page is loaded anew."""
    state = selectors.state(_found(token))
    if not state["open"]:
        return HttpResponse(headers={"HX-Redirect": f"/import/{token}/"})
    return render(request, "console/imports/_progress.html", state)


@require_POST
@needs(Permission.IMPORT)
def meaning(request: HttpRequest, token: str) -> HttpResponse:
    """Keep what the columns mean and rehearse."""
    found = _found(token)
    said = read_meaning(request.POST)
    return _done(
        request,
        token,
        lambda: uploads.say_meaning(
            found,
            mapping=said.mapping,
            format_name=said.format,
            currency=said.currency,
            time_zone=said.time_zone,
            actor=_actor(request),
            now=timezone.now(),
        ),
    )


@require_POST
@needs(Permission.IMPORT)
def run(request: HttpRequest, token: str) -> HttpResponse:
    """Import the file."""
    found = _found(token)
    return _done(request, token, lambda: uploads.start_import(found, actor=_actor(request), now=timezone.now()))


@require_POST
@needs(Permission.IMPORT)
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Stop what runs; what was not committed is not there."""
    current = selectors.state(_found(token))["current"]
    if current is not None:
        jobs.cancel(current.pk, actor=_actor(request), now=timezone.now())
    return redirect("import-one", token=token)


@require_POST
@needs(Permission.IMPORT)
def discard(request: HttpRequest, token: str) -> HttpResponse:
    """Throw the file away."""
    uploads.discard(_found(token), actor=_actor(request), now=timezone.now())
    messages.success(request, _("The file was deleted."))
    return redirect("imports")


@require_POST
@needs(Permission.IMPORT)
def undo(request: HttpRequest, name: str) -> HttpResponse:
    """Take a load out of the tables."""
    if name not in {load.record.load_id for load in selectors.loads() if not load.record.undone}:
        raise Http404
    uploads.undo(name, actor=_actor(request), now=timezone.now())
    messages.success(request, _("The load is being taken out again."))
    return redirect("imports")


def _done(request: HttpRequest, token: str, work: Any) -> HttpResponseRedirect:
    try:
        work()
    except RegularsError as refusal:
        refusals.say(request, refusal)
    return redirect("import-one", token=token)


def _found(token: str) -> Upload:
    try:
        return uploads.upload(token)
    except uploads.UploadUnknown as unknown:
        raise Http404 from unknown


def _actor(request: HttpRequest) -> str:
    return f"user {request.user.pk}"


def _refusals() -> dict[str, str]:
    return {
        "too_large": _("The file is too large: at most %(megabytes)s MB are taken.") % {"megabytes": uploads.largest() >> 20},
        "disk_full": _("The disk is full; free some space first."),
        "several": _("One file at a time."),
    }
