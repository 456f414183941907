"""What customers said, and what became of their support cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from regulars.relations.base import flag, in_force, on_local_days, with_customers
from regulars.relations.registry import Tables, relation

if TYPE_CHECKING:
    import ibis.expr.types as ir

MICROSECONDS_PER_HOUR = 3_600_000_000.0


@relation
def response_rows(t: Tables) -> ir.Table:
    """Every step in answering a survey before as-of, with its customer and local day."""
    rows = with_customers(t, on_local_days(t, in_force(t, "responses")))
    return rows.select(
        "row_key",
        "occurred_at",
        "local_day",
        "customer_id",
        "response_id",
        "survey_id",
        "state",
        "question",
        "measure",
        "score",
        "scale_min",
        "scale_max",
        "high_is_good",
        "stage",
        "polarity",
        "polarity_model",
    )


@relation
def window_answers(t: Tables) -> ir.Table:
    """Every answer with a score, in each window that holds its day."""
    return t.response_rows.filter(_.score.notnull()).inner_join(t.window_days, "local_day").mutate(row_id=_.row_key)


@relation
def questionnaires(t: Tables) -> ir.Table:
    """One row per response id: whether it was ever answered, and ever finished, before as-of."""
    return t.response_rows.group_by("response_id").agg(
        answered=flag(_.state.isin(["answered", "finished"])).max(), finished=flag(_.state == "finished").max()
    )


@relation
def ticket_rows(t: Tables) -> ir.Table:
    """Every step of a support case before as-of, with its customer and local day."""
    rows = with_customers(t, on_local_days(t, in_force(t, "tickets")))
    return rows.select(
        "row_key",
        "occurred_at",
        "local_day",
        "customer_id",
        "ticket_id",
        "step",
        "priority",
        "channel",
        "topic",
        "handled_by",
        "score",
        "scale_min",
        "scale_max",
        "polarity",
    )


def _first(steps: ir.Table, *, last: bool = False) -> ir.Table:
    order = [_.occurred_at.desc(), _.row_key.desc()] if last else [_.occurred_at, _.row_key]
    place = ibis.row_number().over(group_by="ticket_id", order_by=order)
    return steps.mutate(place=place).filter(_.place == 0)


@relation
def ticket_outcomes(t: Tables) -> ir.Table:
    """One row per support case: who replied first and when, when it was last resolved or closed, whether a person took any step."""
    steps = t.ticket_rows
    every = steps.group_by("ticket_id").agg(by_person=flag(_.handled_by == "person").max())
    replied = _first(steps.filter(_.step == "replied", _.handled_by.isin(["bot", "person"])))
    replied = replied.select(replied_ticket="ticket_id", replied_at="occurred_at", replied_by="handled_by")
    ended = _first(steps.filter(_.step.isin(["resolved", "closed"])), last=True).select(ended_ticket="ticket_id", ended_at="occurred_at")
    cases = every.left_join(replied, every.ticket_id == replied.replied_ticket)
    cases = cases.left_join(ended, cases.ticket_id == ended.ended_ticket)
    return cases.select("ticket_id", "by_person", "replied_at", "replied_by", "ended_at")


@relation
def tickets_opened(t: Tables) -> ir.Table:
    """One row per support case as it was first opened, and what became of it; durations in clock hours."""
    opened = _first(t.ticket_rows.filter(_.step == "opened"))
    opened = opened.select("ticket_id", "customer_id", "local_day", "priority", "channel", "topic", opened_at="occurred_at")
    outcomes = t.ticket_outcomes.rename(outcome_of="ticket_id")
    cases = opened.left_join(outcomes, opened.ticket_id == outcomes.outcome_of)
    cases = cases.mutate(
        response_hours=_.replied_at.delta(_.opened_at, unit="microsecond").cast("float64") / MICROSECONDS_PER_HOUR,
        resolution_hours=_.ended_at.delta(_.opened_at, unit="microsecond").cast("float64") / MICROSECONDS_PER_HOUR,
        by_bot=flag(_.replied_by == "bot"),
        settled=flag(_.ended_at.notnull()),
        row_id=_.ticket_id,
    )
    return cases.select(
        "ticket_id",
        "row_id",
        "customer_id",
        "local_day",
        "priority",
        "channel",
        "topic",
        "by_bot",
        "by_person",
        "settled",
        "response_hours",
        "resolution_hours",
    )
