"""Money spent: on media by day and channel, or on wages, software and the like by month."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import CURRENCY
from regulars.importers.instants import INSTANT

_KINDS = ("media", "wages", "software", "services", "overhead", "goods")

FIELDS = (
    Field("cost_id", Kind.ID, "the entry's id", ("id",), preferred=True),
    Field("starts_on", Kind.DATE, "the day, or the first day of the period", ("date", "c_date", "day", "start_date", "period_start", "month", "week", "reporting_starts"),
          needs_value=True, preferred=True),
    Field("ends_on", Kind.DATE, "the last day of the period (it belongs to it)", ("end_date", "period_end", "reporting_ends"), may_lie_ahead=True, preferred=True),
    Field("amount", Kind.MONEY, "money spent", ("spend", "cost", "costs", "spent", "mark_spent", "amount_spent", "marketing_spend", "ad_spend", "ausgaben", "kosten"),
          needs_value=True),
    CURRENCY,
    Field("channel", Kind.TEXT, "channel", ("category", "source", "platform", "medium", "kanal"), preferred=True),
    Field("campaign", Kind.TEXT, "campaign", ("campaign_name", "campaign_id", "kampagne"), preferred=True),
    Field("kind", Kind.TEXT, "media (default), wages, software, services, overhead or goods", ("cost_type", "type", "cost_kind"), preferred=True),
    Field("purpose", Kind.TEXT, "acquisition (default) or retention", ("goal", "objective")),
    Field("paid", Kind.BOOLEAN, "whether the channel is a paid one (default: media is)", ("is_paid",)),
    Field("leads", Kind.INTEGER, "leads the source counts for it", ("lead_count", "enquiries")),
    Field("actions", Kind.INTEGER, "actions (orders, conversions) the source counts for it", ("conversions", "orders", "purchases", "results"), preferred=True),
)  # fmt: skip


def _kind(rows: Rows) -> pa.Array:
    return pc.fill_null(pc.utf8_lower(rows["kind"]), "media")


def _purpose(rows: Rows) -> pa.Array:
    return pc.fill_null(pc.utf8_lower(rows["purpose"]), "acquisition")


def shape(rows: Rows) -> list[Draft]:
    starts = rows["starts_on"]
    last = pc.coalesce(rows["ends_on"], starts)
    ends = pa.array(np.asarray(last).astype("datetime64[D]") + np.timedelta64(timedelta(days=1)), pa.date32())
    kind = _kind(rows)
    columns = {
        "starts_on": starts,
        "ends_on": ends,
        "channel": rows["channel"],
        "campaign": rows["campaign"],
        "kind": kind,
        "purpose": _purpose(rows),
        "paid": pc.coalesce(rows["paid"], pc.equal(kind, "media")),
        "amount_minor": rows.minor(rows["amount"]),
        "currency": rows.currency,
        "leads": rows["leads"],
        "actions": rows["actions"],
    }
    return [Draft("costs", rows, "cost", starts.cast(INSTANT), columns)]


def _unknown_words(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    return [
        (pc.invert(pc.is_in(_kind(rows), value_set=pa.array(_KINDS))), "bad_value", f"the kind of cost is none of {', '.join(_KINDS)}"),
        (
            pc.invert(pc.is_in(_purpose(rows), value_set=pa.array(["acquisition", "retention"]))),
            "bad_value",
            "the purpose is neither acquisition nor retention",
        ),
        (pc.less(rows["ends_on"], rows["starts_on"]), "ends_before_start", "the period ends before it starts"),
    ]


def _notes(bound: frozenset[str]) -> list[str]:
    notes = []
    if "kind" not in bound:
        notes.append("no column says the kind of cost: all of it counts as media")
    if "purpose" not in bound:
        notes.append("no column says the purpose: all of it counts as acquisition")
    if "ends_on" not in bound:
        notes.append("no column ends the period: each row is one day")
    return notes


COSTS = Format(
    name="costs",
    title="costs",
    fields=FIELDS,
    needs=(("starts_on",), ("amount",)),
    marks=("channel", "campaign", "kind", "purpose"),
    anchor="costs",
    tables=("costs",),
    shape=shape,
    thing=lambda rows: rows["cost_id"],
    money=lambda rows: rows["amount"],
    refuse=_unknown_words,
    notes=_notes,
    rank=-2,
)
