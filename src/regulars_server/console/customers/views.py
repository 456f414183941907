"""The list of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from regulars_server.console.customers import exporting
from regulars_server.console.customers.asking import COLUMNS, asked
from regulars_server.console.customers.just_in import just_in
from regulars_server.console.customers.selectors import listed
from regulars_server.serving import public as serving
from regulars_server.shared.public import record_list
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from regulars_server.console.customers.asking import Asked


@require_safe
@needs(Permission.SEE_NUMBERS)
def customers(request: HttpRequest) -> HttpResponse:
    """A page of the list; for who may not see people by reference, with numbers only."""
    people = request.user.may(Permission.SEE_PEOPLE)
    ask = asked(request.GET, people=people, currency=_currency())
    found = listed(ask)
    fresh = just_in(ask.query.search) if people and not ask.query.offset else []
    if people and (found is not None or fresh):
        _note(request, "customers.listed", ask.query.as_logged(), (found.page.total if found else 0) + len(fresh))
    context = {
        "here": "customers",
        "listed": found,
        "just_in": fresh,
        "ask": ask,
        "query": ask.query,
        "people": people,
        "risk_shown": "" if ask.query.min_risk is None else f"{100 * ask.query.min_risk:g}",
        "columns": [(column, column in ask.columns) for column in COLUMNS],
        "heads": [(column, _sorted_by(ask, column)) for column in ask.columns],
        "lights": [(light, light in ask.query.lights) for light in serving.LIGHTS],
        "countries": serving.choices("country"),
        "channels": serving.choices("channel"),
        "export": "export.csv" + ask.address(offset=0),
    }
    partial = request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    return render(request, "console/customers/_list.html" if partial else "console/customers/list.html", context)


@require_safe
@needs(Permission.EXPORT)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole list as CSV."""
    people = request.user.may(Permission.SEE_PEOPLE)
    ask = asked(request.GET, people=people, currency=_currency())
    page = serving.customers(ask.query)
    _note(request, "customers.exported", ask.query.as_logged(), page.total if page else 0)
    names = exporting.columns(people=people)
    pieces = serving.pieces(ask.query, names)
    answer = StreamingHttpResponse(
        exporting.lines(names, pieces, page.built.currency if page else None), content_type="text/csv; charset=utf-8"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="customers.csv"'
    return answer


def _currency() -> str | None:
    built = serving.built()
    return built.currency if built else None


def _note(request: HttpRequest, action: str, query: dict[str, object], count: int) -> None:
    record_list(actor=f"user {request.user.pk}", action=action, now=timezone.now(), query=query, count=count)


def _sorted_by(ask: Asked, column: str) -> dict[str, object]:
    """The address that sorts by a column, and whether the list is sorted by it."""
    if column not in serving.SORTS:
        return {"address": "", "now": ""}
    mine = ask.query.sort == column
    down = not ask.query.descending if mine else True
    return {
        "address": ask.address(sort=column, descending=down, offset=0),
        "now": ("down" if ask.query.descending else "up") if mine else "",
    }
