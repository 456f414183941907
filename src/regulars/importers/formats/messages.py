"""What happened to messages: one row a step (sent, delivered, opened, clicked ...)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows
from regulars.importers.formats.orders import ACCOUNT_ID, CUSTOMER_ID, identity_drafts, kind_of

_STEPS = {
    **dict.fromkeys(("queued", "queue", "scheduled"), "queued"),
    **dict.fromkeys(("withheld", "suppressed", "dropped", "skipped"), "withheld"),
    **dict.fromkeys(("sent", "send", "processed", "email sent"), "sent"),
    **dict.fromkeys(("delivered", "delivery", "email delivered"), "delivered"),
    **dict.fromkeys(("opened", "open", "email opened"), "opened"),
    **dict.fromkeys(("clicked", "click", "email link clicked"), "clicked"),
    **dict.fromkeys(("bounced", "bounce", "email bounced", "hard_bounce", "soft_bounce"), "bounced"),
    **dict.fromkeys(("unsubscribed", "unsubscribe"), "unsubscribed"),
    **dict.fromkeys(("complained", "complaint", "spam", "spamreport", "email marked as spam"), "complained"),
}

FIELDS = (
    Field("message_id", Kind.ID, "the message", ("email_id", "msg_id", "sg_message_id", "delivery_id"), needs_value=True),
    Field("step", Kind.TEXT, "queued, withheld, sent, delivered, opened, clicked, bounced, unsubscribed or complained",
          ("event", "status", "event_type", "action", "state"), needs_value=True, preferred=True),
    Field("at", Kind.INSTANT, "when it happened", ("timestamp", "date", "occurred_at", "event_time", "time", "created_at", "datetime"), needs_value=True, preferred=True),
    CUSTOMER_ID,
    Field("email", Kind.EMAIL, "the recipient's e-mail address", ("recipient", "to", "customer_email", "email_address")),
    ACCOUNT_ID,
    Field("channel", Kind.TEXT, "email (default), sms, push ...", ("message_type", "medium")),
    Field("campaign", Kind.TEXT, "campaign or journey", ("campaign_name", "journey", "campaign_id"), preferred=True),
    Field("reason", Kind.TEXT, "why it was withheld or bounced", ("bounce_reason", "error"), preferred=True),
    Field("machine", Kind.BOOLEAN, "whether a machine opened or clicked", ("is_bot", "machine_open", "is_machine")),
)  # fmt: skip


def _step(rows: Rows) -> pa.Array:
    return kind_of(rows["step"], pa.nulls(len(rows), pa.string()), _STEPS)


def shape(rows: Rows) -> list[Draft]:
    at = rows["at"]
    columns = {
        "message_id": rows["message_id"],
        "step": _step(rows),
        "channel": pc.fill_null(pc.utf8_lower(rows["channel"]), "email"),
        "campaign": rows["campaign"],
        "reason": rows["reason"],
        "machine": rows["machine"],
    }
    return [
        Draft("messages", rows, "step", at, columns, rows.person("customer_id", "email", "account_id"), rows["account_id"]),
        *identity_drafts(rows, at, "customer_id", "email"),
    ]


def _thing(rows: Rows) -> pa.Array:
    when = pc.strftime(rows["at"], format="%Y-%m-%dT%H:%M:%S")
    return pc.binary_join_element_wise(rows["message_id"], _step(rows), when, rows["reason"].fill_null(""), "/")


MESSAGES = Format(
    name="messages",
    title="steps of messages",
    fields=FIELDS,
    needs=(("message_id",), ("step",), ("at",)),
    anchor="messages",
    tables=("messages",),
    shape=shape,
    thing=_thing,
    refuse=lambda rows: [(pc.is_null(_step(rows)), "bad_value", f"the step is none of {', '.join(sorted(set(_STEPS.values())))}")],
    rank=3,
)
