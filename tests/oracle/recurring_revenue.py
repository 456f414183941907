"""The family recurring revenue."""

from __future__ import annotations

from datetime import timedelta

from tests.oracle.activity import STOPPED
from tests.oracle.declare import rows
from tests.oracle.estimate import Row, total


@rows(total, needs=("subscriptions",))
def mrr(company, window):
    for _, row in company.activity.running(window.seen_end):
        yield Row(company.customer(row), company.money(row, "mrr_after_minor"), labels=row)


def _start_and_end(company, window):
    """Customer -> MRR at start and end, of those with some at the start."""
    start, end = company.activity.mrr(window.start), company.activity.mrr(window.seen_end)
    return {c: (amount, end.get(c, 0)) for c, amount in start.items() if c is not None and amount > 0}


@rows()
def net_revenue_retention(company, window):
    return [Row(c, end, start) for c, (start, end) in _start_and_end(company, window).items()]


@rows()
def gross_revenue_retention(company, window):
    return [Row(c, min(start, end), start) for c, (start, end) in _start_and_end(company, window).items()]


@rows()
def renewal_rate(company, window):
    local, grace = company.clock.local, timedelta(days=company.rules["renewal_grace_days"])
    for subscription in company.activity.subscriptions:
        for position, row in enumerate(subscription.rows):
            if row["change"] in STOPPED or row.get("term_end") is None or company.clock.day(row["term_end"]) not in window:
                continue
            customer = company.customer(row)
            until = local(row["term_end"]) + grace
            if until > local(company.as_of):
                yield Row(customer, 0, 0, excluded=1)
                continue
            later = subscription.rows[position + 1 :]
            renewed = any(r["change"] not in STOPPED and local(r["effective_at"]) <= until for r in later)
            yield Row(customer, int(renewed), cluster=(subscription.id,))
