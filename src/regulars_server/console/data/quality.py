"""How good the data are: what is missing, late or new, by source, in words with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_GET

from regulars_server.console.data import tabs
from regulars_server.console.templatetags.shown import duration, language
from regulars_server.intake.public import sources
from regulars_server.loading.public import quality as of_sources
from regulars_server.team.access import needs
from regulars_server.team.roles import Permission

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from regulars_server.loading.contracts import SourceQuality

NOTEWORTHY = 0.01
"""A share from which on it is a finding rather than a figure."""


@needs(Permission.SEE_DATA)
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """All sources that ever sent."""
    names = {one.slug: one.name for one in sources()}
    found = [
        {"name": names.get(one.source, one.source), "quality": one, "findings": findings(one), "figures": figures(one)}
        for one in of_sources(timezone.now())
    ]
    return tabs.show(request, "quality", "quality", {"found": found})


def findings(one: SourceQuality) -> list[str]:
    """What somebody should look at, in sentences; none where all is well."""
    share, said = language().percent, []
    if one.is_silent and one.usual_silence_seconds is not None:
        said.append(
            _("Nothing has come for %(silent)s; on an ordinary day the longest silence is %(usual)s.")
            % {"silent": duration(one.silent_seconds), "usual": duration(one.usual_silence_seconds)}
        )
    elif one.is_silent:
        said.append(_("Nothing has come for %(silent)s.") % {"silent": duration(one.silent_seconds)})
    tellings = (
        (one.without_message_id, _("%(share)s of the calls have no message id: sent twice, they may count twice.")),
        (one.without_user_id, _("%(share)s of the calls have no user id: they belong to visitors until these identify themselves.")),
        (one.without_time, _("%(share)s of the calls say no time of their own and stand at the time of their arrival.")),
        (one.skewed, _("%(share)s of the calls come from clocks that are more than a minute wrong; their times were put right.")),
        (one.late, _("%(share)s of the calls came more than an hour after what they tell of.")),
    )
    said += [text % {"share": share(value)} for value, text in tellings if value is not None and value >= NOTEWORTHY]
    if one.refused:
        said.append(
            ngettext("%(count)s call is in quarantine.", "%(count)s calls went into quarantine.", one.refused)
            % {"count": language().count(one.refused)}
        )
    if one.marked:
        said.append(
            ngettext("%(count)s call departs from the tracking plan.", "%(count)s calls depart from the tracking plan.", one.marked)
            % {"count": language().count(one.marked)}
        )
    return said


def figures(one: SourceQuality) -> list[dict[str, Any]]:
    """All figures, whether they call for something or not."""
    lang = language()

    def share(value: float | None) -> str:
        return "–" if value is None else lang.percent(value)

    return [
        {"name": _("Calls taken"), "value": lang.count(one.events)},
        {"name": _("In quarantine"), "value": lang.count(one.refused)},
        {"name": _("Sent again and counted once"), "value": lang.count(one.duplicates)},
        {"name": _("Of erased people, dropped"), "value": lang.count(one.erased)},
        {"name": _("Departing from the plan"), "value": lang.count(one.marked)},
        {"name": _("Without message id"), "value": share(one.without_message_id)},
        {"name": _("Without user id"), "value": share(one.without_user_id)},
        {"name": _("Without a time"), "value": share(one.without_time)},
        {"name": _("From wrong clocks"), "value": share(one.skewed)},
        {"name": _("More than an hour late"), "value": share(one.late)},
    ]
