"""Two customers who are one person, and one who is two: looked at first, then decided by hand, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from regulars.errors import RegularsError
from regulars_server.console import refusals
from regulars_server.console.customer import selectors
from regulars_server.console.customer.entry_words import GROUPS, group_of
from regulars_server.console.customer.views import looked_at
from regulars_server.profiles import public as profiles
from regulars_server.serving import public as serving
from regulars_server.shared.public import record_list, reference_of
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

P = Permission
SHOWN = 10


@needs(P.EDIT_PEOPLE, P.SEE_PEOPLE)
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, reference: str) -> HttpResponse:
    """Find the other one, see what would change, confirm."""
    here = looked_at(request, reference)
    other = request.POST.get("with") or request.GET.get("with", "")
    there = looked_at(request, other) if other else None
    context: dict[str, Any] = {"here": "customers", "customer": here, "other": there, "asked": request.GET.get("q", "").strip()[:200]}
    try:
        if there is not None and request.method == "POST":
            return _merged(request, here, there)
        if there is not None:
            preview = profiles.preview_merge(
                left=here.identities[0],
                right=there.identities[0],
                now=timezone.now(),
                counts=selectors.counts,
                in_files=_in_files(here, there),
            )
            context |= _shown(preview)
    except RegularsError as refusal:
        context |= {"refusal": refusals.words(refusal), "other": None}
        return render(request, "console/customer/merge.html", context, status=422)
    if there is None and context["asked"]:
        context["found"] = _search(request, context["asked"], here)
    return render(request, "console/customer/merge.html", context)


def _merged(request: HttpRequest, here: selectors.Customer, there: selectors.Customer) -> HttpResponse:
    customer_id = profiles.merge(
        left=here.identities[0],
        right=there.identities[0],
        actor=str(request.user),
        now=timezone.now(),
        evidence=request.POST.get("evidence", "").strip()[:2000],
        in_files=_in_files(here, there),
    )
    messages.success(request, _("The two are one customer now. Events, orders and points follow within seconds."))
    return HttpResponseRedirect(f"/customers/{reference_of(customer_id)}/")


def _in_files(*customers: selectors.Customer) -> dict[str, int]:
    """Those whom only files name, with the instant of their earliest entry: what the serving file has of them vouches for them."""
    return {one.profile.customer_id: _first_at(one.profile.customer_id) for one in customers if not one.profile.identities and one.facts}


def _first_at(customer_id: str) -> int:
    return round((serving.first_at(customer_id) or timezone.now()).timestamp() * 1_000_000)


def _search(request: HttpRequest, text: str, here: selectors.Customer) -> list[dict[str, str]]:
    found = {one.reference: (one.customer_id, one.matched) for one in profiles.find(text, SHOWN)}
    listed = serving.customers(serving.CustomerQuery(search=text, limit=SHOWN))
    for row in listed.rows if listed else ():
        found.setdefault(row["reference"], (row["customer_id"], row["email"] or ""))
    found.pop(here.reference, None)
    record_list(actor=str(request.user), action="customers.searched", now=timezone.now(), query={"searched": True}, count=len(found))
    return [
        {"reference": reference, "name": selectors.name_of(customer), "matched": matched}
        for reference, (customer, matched) in list(found.items())[:SHOWN]
    ]


@needs(P.EDIT_PEOPLE, P.SEE_PEOPLE)
@require_http_methods(["GET", "POST"])
def unmerge(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an identity out of the customer. It is named by a token, since addresses must not hold ids."""
    here = looked_at(request, reference)
    token = request.POST.get("identity") or request.GET.get("identity", "")
    identity = next((one for one in here.identities if reference_of(one) == token), None)
    if identity is None:
        raise Http404
    context: dict[str, Any] = {"here": "customers", "customer": here, "identity": identity, "token": token}
    try:
        if request.method == "POST":
            return _parted(request, identity)
        context |= _shown(profiles.preview_unmerge(identity=identity, now=timezone.now(), counts=selectors.counts))
    except RegularsError as refusal:
        return render(request, "console/customer/unmerge.html", {**context, "refusal": refusals.words(refusal)}, status=422)
    return render(request, "console/customer/unmerge.html", context)


def _parted(request: HttpRequest, identity: str) -> HttpResponse:
    customer_id = profiles.unmerge(
        identity=identity, actor=str(request.user), now=timezone.now(), evidence=request.POST.get("evidence", "").strip()[:2000]
    )
    messages.success(request, _("It is a customer of its own now. Events, orders and points go back within seconds."))
    return HttpResponseRedirect(f"/customers/{reference_of(customer_id)}/")


def _shown(preview: profiles.Preview) -> dict[str, Any]:
    counted: dict[str, int] = {}
    for table, count in preview.counts.items():
        counted[group_of(table)] = counted.get(group_of(table), 0) + count
    return {"preview": preview, "counted": [(GROUPS.get(group, group), count) for group, count in counted.items()]}
