"""A list of events: who did what, when; all other columns are the event's properties."""

from __future__ import annotations

from regulars.importers.declaration import Draft, Field, Format, Kind, Repeats, Rows
from regulars.importers.formats.orders import ACCOUNT_ID, CUSTOMER_ID, EMAIL, identity_drafts

FIELDS = (
    Field("event_id", Kind.ID, "the event's id", ("messageid", "event_uuid", "uuid"), preferred=True),
    CUSTOMER_ID,
    EMAIL,
    Field("anonymous_id", Kind.ID, "a visitor whose name is not known", ("visitor_id", "device_id", "distinct_id"), preferred=True),
    ACCOUNT_ID,
    Field("event", Kind.TEXT, "what was done", ("event_name", "event_type", "action", "activity"), needs_value=True, preferred=True),
    Field("at", Kind.INSTANT, "when it was done",
          ("timestamp", "event_timestamp", "event_time", "occurred_at", "time", "date", "created_at", "datetime"), needs_value=True, preferred=True),
    Field("product_id", Kind.ID, "the product it concerns", ("sku", "item_id"), preferred=True),
    Field("properties", Kind.TEXT, "all other columns"),
)  # fmt: skip


def shape(rows: Rows) -> list[Draft]:
    at = rows["at"]
    columns = {"name": rows["event"], "product_id": rows["product_id"], "properties": rows["properties"]}
    return [
        Draft("events", rows, "event", at, columns, rows.person("customer_id", "email", "anonymous_id", "account_id"), rows["account_id"]),
        *identity_drafts(rows, at, "customer_id", "email", "anonymous_id"),
    ]


EVENTS = Format(
    name="events",
    title="a list of events",
    fields=FIELDS,
    needs=(("customer_id", "email", "anonymous_id", "account_id"), ("event",), ("at",)),
    anchor="events",
    tables=("events",),
    shape=shape,
    thing=lambda rows: rows["event_id"],
    repeats=Repeats.LAST_WINS,
    unlisted_to="properties",
    rank=1,
)
