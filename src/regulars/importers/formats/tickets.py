"""Support cases: one row a case, with the instants of its steps; or one row a step."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows, flags, kind_words
from regulars.importers.formats.orders import ACCOUNT_ID, CUSTOMER_ID, EMAIL, identity_drafts

_STEPS = ("opened", "replied", "resolved", "reopened", "closed", "rated")

FIELDS = (
    Field("ticket_id", Kind.ID, "the case", ("ticket", "case_id", "id", "conversation_id", "ticket_number", "ticket_#"), needs_value=True, preferred=True),
    CUSTOMER_ID,
    Field("email", Kind.EMAIL, "the customer's e-mail address", (*EMAIL.aliases, "requester_email", "requester"), preferred=True),
    ACCOUNT_ID,
    Field("opened_at", Kind.INSTANT, "when it was opened; for a list of steps, when the step was taken",
          ("submitted_at", "created_at", "created", "opened", "date", "occurred_at", "timestamp", "created_date"), needs_value=True, preferred=True),
    Field("replied_at", Kind.INSTANT, "when the first reply was sent", ("first_response_at", "first_reply_at", "first_responded_at")),
    Field("first_response_minutes", Kind.NUMBER, "minutes to the first reply", ("first_response_time_minutes", "first_reply_time_in_minutes", "first_reply_minutes")),
    Field("resolved_at", Kind.INSTANT, "when it was resolved", ("solved_at", "resolution_at")),
    Field("closed_at", Kind.INSTANT, "when it was closed", ("closed", "closed_date")),
    Field("rated_at", Kind.INSTANT, "when it was rated"),
    Field("score", Kind.NUMBER, "the rating given", ("satisfaction_score", "csat", "rating", "customer_satisfaction_rating", "satisfaction_rating"), preferred=True),
    Field("scale_min", Kind.NUMBER, "lowest rating (default 1)"),
    Field("scale_max", Kind.NUMBER, "highest rating (default 5, or the next usual one that holds all ratings)"),
    Field("step", Kind.TEXT, "for a list of steps: opened, replied, resolved, reopened, closed or rated", ("event", "action")),
    Field("priority", Kind.TEXT, "priority", ("ticket_priority", "urgency")),
    Field("channel", Kind.TEXT, "where it came in", ("ticket_channel", "via", "source"), preferred=True),
    Field("topic", Kind.TEXT, "topic", ("ticket_type", "category", "subject", "type", "ticket_subject"), preferred=True),
    Field("handled_by", Kind.TEXT, "bot or person", ("handled_by_type",)),
    Field("text", Kind.TEXT, "free text", ("description", "message", "ticket_description", "body", "comment"), preferred=True),
)  # fmt: skip


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email", "account_id")
    drafts = _one_step(rows, person) if rows.has("step") else _all_steps(rows, person)
    return drafts + identity_drafts(rows, rows["opened_at"], "customer_id", "email")


def _one_step(rows: Rows, person: pa.Array) -> list[Draft]:
    step = kind_words(rows["step"], _STEPS)
    columns = {**_shared(rows), "step": step, **_rating(rows), "text": rows["text"]}
    return [Draft("tickets", rows, "step", rows["opened_at"], columns, person, rows["account_id"])]


def _all_steps(rows: Rows, person: pa.Array) -> list[Draft]:
    opened = rows["opened_at"]
    replied = rows["replied_at"]
    if rows.has("first_response_minutes"):
        wait = pc.multiply(rows.real("first_response_minutes"), 60_000_000.0).cast(pa.int64(), safe=False).cast(pa.duration("us"))
        replied = pc.coalesce(replied, pc.add(opened, wait))
    ended = pc.coalesce(rows["closed_at"], rows["resolved_at"], replied, opened)
    drafts = [
        Draft("tickets", rows, "opened", opened, {**_shared(rows), "step": "opened", "text": rows["text"]}, person, rows["account_id"])
    ]
    for step, at in (("replied", replied), ("resolved", rows["resolved_at"]), ("closed", rows["closed_at"])):
        drafts += _step_where(rows, person, step, at, pc.is_valid(at))
    return drafts + _step_where(rows, person, "rated", pc.coalesce(rows["rated_at"], ended), pc.is_valid(rows["score"]))


def _step_where(rows: Rows, person: pa.Array, step: str, at: pa.Array, mask: pa.Array) -> list[Draft]:
    if not flags(mask).any():
        return []
    some = rows.where(mask)
    columns = {**_shared(some), "step": step, **(_rating(some) if step == "rated" else {})}
    return [Draft("tickets", some, step, at.filter(mask), columns, person.filter(mask), some["account_id"])]


def _shared(rows: Rows) -> dict[str, pa.Array]:
    return {name: rows[name] for name in ("ticket_id", "priority", "channel", "topic", "handled_by")}


def _rating(rows: Rows) -> dict[str, pa.Array]:
    low, high = rows.around.lowest.get("score", 1.0), rows.around.highest.get("score", 5.0)
    top = next((t for t in (5.0, 7.0, 10.0, 100.0) if high <= t), high)
    is_rated = pc.is_valid(rows["score"])
    none = pa.scalar(None, pa.float64())
    return {
        "score": rows.real("score"),
        "scale_min": pc.if_else(is_rated, pc.fill_null(rows.real("scale_min"), min(low, 1.0)), none),
        "scale_max": pc.if_else(is_rated, pc.fill_null(rows.real("scale_max"), top), none),
    }


def thing(rows: Rows) -> pa.Array:
    if not rows.has("step"):
        return rows["ticket_id"]
    when = pc.strftime(rows["opened_at"], format="%Y-%m-%dT%H:%M:%S")
    return pc.binary_join_element_wise(rows["ticket_id"], pc.utf8_lower(rows["step"]), when, "/")


def _impossible(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    problems = [
        (pc.less(rows[name], rows["opened_at"]), "ends_before_start", f"{name} lies before the case was opened")
        for name in ("replied_at", "resolved_at", "closed_at", "rated_at")
        if rows.has(name)
    ]
    if rows.has("step"):
        problems.append((pc.is_null(kind_words(rows["step"], _STEPS)), "bad_value", f"the step is none of {', '.join(_STEPS)}"))
    return problems


TICKETS = Format(
    name="tickets",
    title="support tickets",
    fields=FIELDS,
    needs=(("ticket_id",), ("opened_at",)),
    marks=("priority", "first_response_minutes", "resolved_at", "closed_at", "replied_at", "step", "topic"),
    anchor="tickets",
    tables=("tickets",),
    shape=shape,
    thing=thing,
    refuse=_impossible,
    rank=-1,
)
