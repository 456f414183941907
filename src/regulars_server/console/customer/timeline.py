"""Everything that happened to a customer: what the serving file knows, and the calls that came since, once each, the latest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, gettext_lazy as _

from regulars_server.console.customer.entry_words import GROUPS, detail_of, group_of, speech, tables_of, title_of
from regulars_server.console.templatetags.shown import day
from regulars_server.loading.public import hot
from regulars_server.serving.public import timeline as served

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regulars_server.console.customer.entry_words import Speech
    from regulars_server.loading.public import HotCall
    from regulars_server.serving.public import Entry

PAGE = 50
_FETCHED, _FETCHED_ORDERS, _FETCHED_OTHERS = 150, 250, 75
"""Entries that are read at once: for all kinds; of orders alone, which have lines that are not counted; of kinds without lines."""
_MOST_FETCHES = 8
HOT = 200
MONEY = frozenset({"Order Completed", "Order Refunded"})
"""Calls that bring money or take it back; the serving file has them as orders."""
_SUMS = frozenset({"currency", "discount", "revenue", "shipping", "subtotal", "tax", "total", "value"})
_ORDERS = {"Order Completed": ("orders", "purchase"), "Order Refunded": ("orders", "refund")}
_SAID = {"identify": _("Said who they are"), "group": _("Joined an account"), "alias": _("Joined two ids")}
"""What a call that names no event says."""
_KEY = {"identify": "customer#", "group": "account#"}


@dataclass(slots=True, kw_only=True)
class Shown:
    """One entry of the timeline. `amount_minor` has its sign."""

    at: datetime
    group: str
    title: str
    source: str
    amount_minor: int | None = None
    currency: str | None = None
    detail: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    first_of_day: str = ""
    """The day, where this is its first entry on the page."""

    @property
    def clock(self) -> str:
        """The time of day; empty at midnight to the second, where a file said the day only."""
        return f"{self.at:%H:%M}" if (self.at.hour, self.at.minute, self.at.second) != (0, 0, 0) else ""

    @property
    def mark(self) -> str:
        """The style of its dot: money that came, money that went back, or neither."""
        if self.amount_minor is None or self.group not in {"orders", "subscriptions"}:
            return ""
        return "back" if self.amount_minor < 0 else "money"


@dataclass(slots=True, kw_only=True)
class Page:
    """A stretch of the timeline; `older` is what to give as `before` for the next one, empty at the end."""

    entries: list[Shown]
    older: str
    last_day: str
    """The day of the last entry, so that the next stretch does not say it again."""


def page(identities: Sequence[str], *, group: str = "", before: str = "", last_day: str = "") -> Page:
    """The latest entries before `before`, of one group or all."""
    chosen = group if group in GROUPS else ""
    found, older = _fetched(identities, chosen, before)
    upper = _instant(before)
    lower = _instant(older)
    known = {(entry.source, entry.row_key) for entry in found}
    calls = [call for call in hot(list(identities), HOT) if _is_new(call, known, lower, upper)]
    how = speech()
    entries = [*_told(found, how), *(_of_call(call, how) for call in calls if not chosen or _group_of_call(call) == chosen)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    before_it = None
    for entry in entries:
        if (this := entry.at.date()) != before_it:
            said = day(this)
            entry.first_of_day = said if said != last_day else ""
            last_day, before_it = said, this
    return Page(entries=entries, older=older, last_day=last_day)


def _fetched(identities: Sequence[str], group: str, before: str) -> tuple[list[Entry], str]:
    """Enough entries for a page, and where the next one begins; what happened at one instant stays together."""
    found: list[Entry] = []
    cursor, size = before or None, 0
    most = {"": _FETCHED, "orders": _FETCHED_ORDERS}.get(group, _FETCHED_OTHERS)
    for _round in range(_MOST_FETCHES):
        some = served(identities, cursor, most, tables=tables_of(group) if group else ())
        for entry in some:
            if size >= PAGE and entry.occurred_at != found[-1].occurred_at:
                return found, cursor or ""
            cursor = entry.cursor
            found.append(entry)
            size += entry.table != "order_lines"
        if len(some) < most:
            return found, ""
    return found, cursor or ""


def _instant(cursor: str) -> datetime | None:
    micros = cursor.partition(".")[0]
    return datetime.fromtimestamp(int(micros) / 1e6, UTC) if micros.lstrip("-").isdigit() else None


def _is_new(call: HotCall, known: set[tuple[str, str]], lower: datetime | None, upper: datetime | None) -> bool:
    """Whether a call of the hot tail belongs here and the serving file does not have it."""
    if (call.source, _KEY.get(call.kind, "event#") + call.message_id) in known:
        return False
    happened = datetime.fromtimestamp(call.occurred_at / 1e6, UTC)
    return (lower is None or happened >= lower) and (upper is None or happened < upper)


def _told(entries: Iterable[Entry], how: Speech | None = None) -> list[Shown]:
    """Entries in words: the lines of an order stand under it, and an event that became something else is told once."""
    rows, how = list(entries), how or speech()
    lines: dict[tuple[str, str, datetime], list[str]] = {}
    made = {(row.source, row.occurred_at) for row in rows if row.table not in {"events", "order_lines"}}
    for row in rows:
        if row.table == "order_lines":
            lines.setdefault((row.source, str(row.detail.get("order_id")), row.occurred_at), []).append(_line(row))
    return [
        Shown(
            at=row.occurred_at.astimezone(how.zone),
            group=group_of(row.table),
            title=title_of(row.table, row.kind, how),
            source=row.source,
            amount_minor=row.amount_minor,
            currency=row.currency,
            detail=detail_of(row.detail, row.currency, how),
            lines=lines.get((row.source, str(row.detail.get("order_id")), row.occurred_at), []) if row.table == "orders" else [],
        )
        for row in rows
        if row.table != "order_lines" and not (row.table == "events" and (row.source, row.occurred_at) in made and _became(row.kind))
    ]


def _line(row: Entry) -> str:
    name = row.detail.get("product_name") or row.detail.get("product_id") or gettext("without a name")
    quantity = row.detail.get("quantity")
    return f"{abs(quantity):g} × {name}" if isinstance(quantity, int | float) and quantity else str(name)


def _became(name: str) -> bool:
    """Whether an event of this name also makes rows of another table."""
    from regulars.tracking.makers import MAKERS

    return name in MAKERS


def _group_of_call(call: HotCall) -> str:
    if call.name in MONEY:
        return "orders"
    return "profile" if call.kind in {"identify", "group", "alias"} else "events"


def _of_call(call: HotCall, how: Speech) -> Shown:
    """A call that came just now. An order is worth what the tables say of it, not what was paid with tax and shipping."""
    properties: dict[str, Any] = call.properties
    minor = call.amount_minor if call.name in MONEY else None
    if minor is not None:
        properties = {name: value for name, value in properties.items() if name not in _SUMS}
    return Shown(
        at=datetime.fromtimestamp(call.occurred_at / 1e6, how.zone),
        group="orders" if minor is not None else _group_of_call(call),
        title=(title_of(*_ORDERS[call.name], how) if minor is not None else call.name) or str(_SAID.get(call.kind, call.kind)),
        source=call.source,
        amount_minor=minor,
        currency=call.currency if minor is not None else None,
        detail=detail_of({"properties": properties}, None, how),
    )
