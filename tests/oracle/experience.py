"""The family experience: answers and support cases."""

from __future__ import annotations

import math
from collections import defaultdict

from tests.oracle.declare import rows
from tests.oracle.estimate import Answer, Row, Z, median, quotient


def answers(company, window, measure):
    """The scored answers of a measure in the window."""
    for row in company.rows("responses"):
        if row.get("measure") == measure and row.get("score") is not None and company.day(row) in window:
            yield row


def score_of_promotion(its_rows):
    """100 x (promoters - detractors) / answers, with three quarters added to both for the interval."""
    if not its_rows:
        return Answer(undefined="no_data")
    n = len(its_rows)
    promoters, detractors = (sum(r.numerator == sign for r in its_rows) for sign in (1, -1))
    found = Answer(value=100 * (promoters - detractors) / n, numerator=promoters - detractors, denominator=n, n=n)
    p, d, size = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3), n + 3
    half = Z * math.sqrt((p + d - (p - d) ** 2) / size)
    found.low, found.high = max(-100.0, 100 * (p - d - half)), min(100.0, 100 * (p - d + half))
    found.beside = {"promoters": promoters, "detractors": detractors}
    return found


@rows(score_of_promotion)
def nps(company, window):
    latest = {}
    for row in sorted(answers(company, window, "nps"), key=lambda r: (r["occurred_at"], r["row_key"])):
        customer = company.customer(row)
        latest[("response", row["response_id"]) if customer is None else ("customer", customer)] = (customer, row)
    for customer, row in latest.values():
        yield Row(customer, 1 if row["score"] >= 9 else -1 if row["score"] <= 6 else 0, labels=row)


def mean_on_one_scale(its_rows):
    """Mean of the scores unless they were given on several scales."""
    return Answer(undefined="mixed_scales") if len({r.tag for r in its_rows}) > 1 else quotient(its_rows)


def _scored(company, window, measure):
    for row in answers(company, window, measure):
        yield Row(company.customer(row), row["score"], tag=(row.get("scale_min"), row.get("scale_max")), labels=row, cluster=row["row_key"])


@rows(mean_on_one_scale)
def csat(company, window):
    return _scored(company, window, "csat")


@rows(mean_on_one_scale)
def rating_average(company, window):
    return _scored(company, window, "rating")


@rows()
def ces(company, window):
    for row in answers(company, window, "ces"):
        flipped = row.get("high_is_good") is False
        score = row["scale_min"] + row["scale_max"] - row["score"] if flipped else row["score"]
        yield Row(company.customer(row), score, labels=row)


def _states(company):
    """Response id -> the states its questionnaire was ever in."""
    states = defaultdict(set)
    for row in company.rows("responses"):
        states[row["response_id"]].add(row["state"])
    return states


def _in_state(company, window, state):
    """Response id -> its first row in a state, of those with one in the window."""
    found = {}
    for row in sorted(company.rows("responses"), key=lambda r: (r["occurred_at"], r["row_key"])):
        if row["state"] == state and company.day(row) in window:
            found.setdefault(row["response_id"], row)
    return found


@rows(interval="clustered")
def survey_response_rate(company, window):
    states = _states(company)
    for response, row in _in_state(company, window, "invited").items():
        yield Row(company.customer(row), int(bool(states[response] & {"answered", "finished"})), cluster=response, labels=row)


@rows(interval="clustered")
def survey_abandonment_rate(company, window):
    states = _states(company)
    for response, row in _in_state(company, window, "started").items():
        yield Row(company.customer(row), int("finished" not in states[response]), cluster=response, labels=row)


@rows()
def sentiment(company, window):
    for table in ("responses", "tickets"):
        for row in company.rows(table):
            if row.get("polarity") is not None and company.day(row) in window:
                yield Row(company.customer(row), row["polarity"], labels=row)


# -- tickets --------------------------------------------------------------------------------------------------------------------


class Ticket:
    """The steps of a support case before as-of, in order."""

    def __init__(self, company, steps):
        self.steps = sorted(steps, key=lambda r: (r["occurred_at"], r["row_key"]))
        opened = [r for r in self.steps if r["step"] == "opened"]
        self.opening = opened[0] if opened else None
        self.customer = company.customer(self.opening) if opened else None
        self.id = self.steps[0]["ticket_id"]
        replies = [r for r in self.steps if r["step"] == "replied" and r.get("handled_by") in ("bot", "person")]
        self.reply = replies[0] if replies else None
        ends = [r for r in self.steps if r["step"] in ("resolved", "closed")]
        self.end = ends[-1] if ends else None

    def hours_to(self, row):
        return (row["occurred_at"] - self.opening["occurred_at"]).total_seconds() / 3600

    @property
    def is_the_bots(self):
        return self.reply is not None and self.reply.get("handled_by") == "bot"

    @property
    def saw_a_person(self):
        return any(r.get("handled_by") == "person" for r in self.steps)


def tickets(company):
    steps = defaultdict(list)
    for row in company.rows("tickets"):
        steps[row["ticket_id"]].append(row)
    return [Ticket(company, own) for own in steps.values()]


def opened_in(company, window):
    return [t for t in tickets(company) if t.opening is not None and company.day(t.opening) in window]


@rows(scale=100.0, needs=("tickets",))
def ticket_rate(company, window):
    for customer in company.activity.at(window.seen_end):
        yield Row(customer, 0, 1)
    for ticket in opened_in(company, window):
        yield Row(ticket.customer, 1, 0, cluster=ticket.id)


@rows(median)
def first_response_hours(company, window):
    for ticket in opened_in(company, window):
        if ticket.reply is None:
            yield Row(ticket.customer, 0, 0, excluded=1, labels=ticket.opening)
        else:
            yield Row(ticket.customer, ticket.hours_to(ticket.reply), labels=ticket.opening)


@rows(median)
def resolution_hours(company, window):
    for ticket in opened_in(company, window):
        if ticket.end is None:
            yield Row(ticket.customer, 0, 0, excluded=1, labels=ticket.opening)
        else:
            yield Row(ticket.customer, ticket.hours_to(ticket.end), labels=ticket.opening)


@rows()
def bot_resolution_rate(company, window):
    for ticket in opened_in(company, window):
        if ticket.is_the_bots:
            yield Row(ticket.customer, int(ticket.end is not None and not ticket.saw_a_person), labels=ticket.opening)


@rows()
def bot_satisfaction(company, window):
    for ticket in tickets(company):
        if ticket.is_the_bots and not ticket.saw_a_person:
            for row in ticket.steps:
                if row["step"] == "rated" and row.get("score") is not None and company.day(row) in window:
                    yield Row(company.customer(row), row["score"], labels=row)
