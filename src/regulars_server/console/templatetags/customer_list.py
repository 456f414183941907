"""Rows of the list of customers. Fifty of them have hundreds of cells, so that each is put together here and not by the template's own parts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy as _

if TYPE_CHECKING:
    from regulars_server.console.customers.selectors import Row

register = template.Library()
LIGHTS = {
    "green": _("Green"),
    "amber": _("Amber"),
    "red": _("Red"),
    "new": _("New"),
    "lapsed": _("Lapsed"),
    "unknown": _("Unknown"),
}
TITLES = {
    "light": _("Light"),
    "risk": _("Risk of leaving"),
    "money_at_risk": _("Money at risk"),
    "value": _("Expected value"),
    "revenue": _("Revenue"),
    "orders": _("Orders"),
    "last_order": _("Last order"),
    "country": _("Country"),
    "channel": _("Channel"),
    "reasons": _("Why"),
}
TEXTS = frozenset({"light", "country", "channel", "reasons"})
"""Columns that are no numbers."""


@register.simple_tag
def light_word(light: str) -> SafeString:
    """A light: a mark of its own shape and the word, as a word on its own."""
    return _light(light, get_language())


@lru_cache(maxsize=64)
def _light(light: str, language: str | None) -> SafeString:
    del language  # one answer for each
    return SafeString(f'<span class="light light-{escape(light)}">{escape(LIGHTS.get(light, LIGHTS["unknown"]))}</span>')


@register.simple_tag
def list_row(row: Row, people: bool) -> SafeString:
    """A customer as a row of the table: who, for whom people may be seen, else the reference, and the cells."""
    language = get_language()
    cells = "".join(_cell(column, text, language) for column, text in row.cells)
    who = _who(row) if people else f'<span class="mono">{row.reference}</span>'
    return SafeString(f"<tr><td>{who}</td>{cells}</tr>")


def _cell(column: str, text: str, language: str | None) -> str:
    if column == "light":
        return f"<td>{_light(text, language)}</td>"
    return f"<td>{escape(text)}</td>" if column in TEXTS else f'<td class="number">{escape(text)}</td>'


def _who(row: Row) -> str:
    contact = f'<br><span class="muted">{escape(row.contact)}</span>' if row.contact else ""
    return f'<a href="/customers/{row.reference}/">{escape(row.who)}</a>{contact}'


@register.filter
def is_text(column: str) -> bool:
    """Whether a column holds no numbers."""
    return column in TEXTS


@register.filter
def column_title(column: str) -> str:
    """What a column is called."""
    return str(TITLES[column])
