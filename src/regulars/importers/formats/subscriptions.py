"""Subscriptions: either one row a subscription with its start and end, or one row a change."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from regulars.importers.declaration import Draft, Field, Format, Kind, Rows, flags, is_true
from regulars.importers.formats.orders import ACCOUNT_ID, CURRENCY, CUSTOMER_ID, EMAIL, identity_drafts, kind_of
from regulars.importers.instants import INSTANT

_CHANGES = {
    **dict.fromkeys(("start", "started", "new", "created", "subscribe", "trial"), "start"),
    **dict.fromkeys(("renew", "renewed", "renewal"), "renew"),
    **dict.fromkeys(("upgrade", "upgraded", "up", "expansion"), "upgrade"),
    **dict.fromkeys(("downgrade", "downgraded", "down", "contraction"), "downgrade"),
    **dict.fromkeys(("pause", "paused"), "pause"),
    **dict.fromkeys(("resume", "resumed", "reactivate", "reactivated", "reactivation"), "resume"),
    **dict.fromkeys(("cancel", "cancelled", "canceled", "churn", "churned", "cancellation", "end", "ended"), "cancel"),
}

FIELDS = (
    Field("subscription_id", Kind.ID, "the subscription", ("subscription", "sub_id", "contract_id"), needs_value=True),
    CUSTOMER_ID,
    EMAIL,
    ACCOUNT_ID,
    Field("start", Kind.INSTANT, "when it began; for a list of changes, when the change was decided",
          ("start_date", "started_at", "starts_at", "created_at", "created_utc", "start_date_utc", "date", "changed_at", "occurred_at"),
          needs_value=True, preferred=True),
    Field("end", Kind.INSTANT, "when it was ended; empty while it runs",
          ("end_date", "ended_at", "cancelled_at", "canceled_at", "canceled_at_utc", "ended_at_utc", "churned_at", "cancel_date"),
          may_lie_ahead=True, preferred=True),
    Field("mrr", Kind.MONEY, "monthly recurring revenue (after the change)", ("mrr_amount", "mrr_after", "monthly_amount", "monthly_price"), preferred=True),
    Field("arr", Kind.MONEY, "yearly recurring revenue, where there is no monthly", ("arr_amount", "annual_amount")),
    Field("mrr_before", Kind.MONEY, "monthly recurring revenue before the change", ("previous_mrr", "old_mrr")),
    Field("change", Kind.TEXT, "for a list of changes: start, renew, upgrade, downgrade, pause, resume or cancel", ("event", "change_type", "action", "movement")),
    Field("effective_at", Kind.INSTANT, "when the change takes effect", ("effective_date", "effective_on"), may_lie_ahead=True),
    Field("term_end", Kind.INSTANT, "end of the term that runs", ("current_period_end", "current_period_end_utc", "renewal_date", "term_ends_at"), may_lie_ahead=True,
          preferred=True),
    CURRENCY,
    Field("plan", Kind.TEXT, "plan", ("plan_tier", "plan_name", "product", "tier"), preferred=True),
    Field("seats", Kind.INTEGER, "seats", ("quantity", "licenses"), preferred=True),
    Field("reason", Kind.TEXT, "why it was ended or changed", ("reason_code", "cancellation_reason", "churn_reason"), preferred=True),
    Field("involuntary", Kind.BOOLEAN, "whether it ended because a payment failed", ("payment_failed",)),
)  # fmt: skip


def money(rows: Rows) -> pa.Array:
    """Monthly recurring revenue of the row."""
    if rows.has("mrr"):
        return rows["mrr"]
    from regulars.importers.declaration import EXACT

    return pc.round(pc.divide(rows["arr"].cast(pa.float64()), 12.0), ndigits=6).cast(EXACT, safe=False)


def shape(rows: Rows) -> list[Draft]:
    person = rows.person("customer_id", "email", "account_id")
    drafts = _changes(rows, person) if rows.has("change") else _spans(rows, person)
    return drafts + identity_drafts(rows, rows["start"], "customer_id", "email")


def _changes(rows: Rows, person: pa.Array) -> list[Draft]:
    at = rows["start"]
    change = kind_of(rows["change"], pa.nulls(len(rows), pa.string()), _CHANGES)
    after = pc.fill_null(rows.minor(money(rows)), 0)
    after = pc.if_else(pc.is_in(change, value_set=pa.array(["cancel", "pause"])), pa.scalar(0, pa.int64()), after)
    before = pc.fill_null(rows.minor(rows["mrr_before"]), 0)
    columns = {**_shared(rows), "change": change, "effective_at": pc.coalesce(rows["effective_at"], at), "term_end": rows["term_end"]}
    columns |= {"mrr_before_minor": before, "mrr_after_minor": after, "reason": rows["reason"], "involuntary": rows["involuntary"]}
    return [Draft("subscriptions", rows, change, at, columns, person, rows["account_id"])]


def _spans(rows: Rows, person: pa.Array) -> list[Draft]:
    start = rows["start"]
    mrr = pc.fill_null(rows.minor(money(rows)), 0)
    nothing = rows.constant(0)
    columns = {
        **_shared(rows),
        "change": "start",
        "effective_at": start,
        "term_end": pc.if_else(_has_ended(rows), rows["term_end"], pc.coalesce(rows["term_end"], rows["end"])),
    }
    drafts = [
        Draft(
            "subscriptions",
            rows,
            "start",
            start,
            {**columns, "mrr_before_minor": nothing, "mrr_after_minor": mrr},
            person,
            rows["account_id"],
        )
    ]
    ended = _has_ended(rows)
    if flags(ended).any():
        gone = rows.where(ended)
        columns = {
            **_shared(gone),
            "change": "cancel",
            "effective_at": gone["end"],
            "reason": gone["reason"],
            "involuntary": gone["involuntary"],
        }
        columns |= {"mrr_before_minor": mrr.filter(ended), "mrr_after_minor": gone.constant(0)}
        drafts.append(Draft("subscriptions", gone, "cancel", gone["end"], columns, person.filter(ended), gone["account_id"]))
    return drafts


def _has_ended(rows: Rows) -> pa.Array:
    # An end that lies ahead has not happened yet; an import after it brings the end.
    return is_true(pc.less_equal(rows["end"], pa.scalar(rows.around.now.replace(tzinfo=None), INSTANT)))


def _shared(rows: Rows) -> dict[str, pa.Array]:
    return {"subscription_id": rows["subscription_id"], "plan": rows["plan"], "currency": rows.currency, "seats": rows["seats"]}


def thing(rows: Rows) -> pa.Array:
    if not rows.has("change"):
        return rows["subscription_id"]
    return pc.binary_join_element_wise(rows["subscription_id"], rows["change"], pc.strftime(rows["start"], format="%Y-%m-%dT%H:%M:%S"), "/")


def _impossible(rows: Rows) -> list[tuple[pa.Array, str, str]]:
    problems = [(pc.less(rows["end"], rows["start"]), "ends_before_start", "it ends before it starts")]
    if rows.has("change"):
        change = kind_of(rows["change"], pa.nulls(len(rows), pa.string()), _CHANGES)
        problems.append((pc.is_null(change), "bad_value", f"the change is none of {', '.join(sorted(set(_CHANGES.values())))}"))
    return problems


SUBSCRIPTIONS = Format(
    name="subscriptions",
    title="a list of subscriptions",
    fields=FIELDS,
    needs=(("subscription_id",), ("customer_id", "email", "account_id"), ("start",), ("mrr", "arr")),
    anchor="subscriptions",
    tables=("subscriptions",),
    shape=shape,
    thing=thing,
    money=money,
    refuse=_impossible,
    state=lambda rows: pc.if_else(_has_ended(rows), "ended", ""),
    rank=2,
)
