"""Entries of a timeline. A page has up to a hundred with a dozen values each, so that each is put together here and not by the template's own parts."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from regulars_server.console.templatetags.shown import amount

if TYPE_CHECKING:
    from regulars_server.console.customer.timeline import Shown

register = template.Library()
LINES = 5
"""Lines of an order that are named."""


@register.simple_tag
def timeline_entry(entry: Shown) -> SafeString:
    """The day, where it is its first entry, and the entry: when, what, how much."""
    day = f'<li class="day">{escape(entry.first_of_day)}</li>\n' if entry.first_of_day else ""
    mark = f' class="{entry.mark}"' if entry.mark else ""
    iso = entry.at.astimezone(UTC).isoformat(timespec="seconds")
    besides = "".join([f" · {escape(name)}: {escape(value)}" for name, value in entry.detail])
    money = f'<span class="amount">{escape(amount(entry.amount_minor, entry.currency))}</span>' if entry.amount_minor is not None else ""
    return SafeString(
        f'{day}<li{mark}><time datetime="{iso}">{entry.clock}</time><div class="what">'
        f"<p><strong>{escape(entry.title)}</strong>{_lines(entry.lines)}</p>\n"
        f'<p class="muted small">{escape(entry.source)}{besides}</p></div>{money}</li>\n'
    )


def _lines(lines: list[str]) -> str:
    if not lines:
        return ""
    more = " …" if len(lines) > LINES else ""
    return f' <span class="muted">{", ".join([escape(line) for line in lines[:LINES]])}{more}</span>'
