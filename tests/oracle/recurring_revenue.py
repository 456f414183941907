"""The family recurring revenue."""

from __future__ import annotations

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


@rows(needs=("subscriptions",))
def renewal_rate(company, window):
    """A term that was changed while it ran is due once, and its last change tells."""
    clock, grace = company.clock, company.rules["renewal_grace_days"]
    for subscription in company.activity.subscriptions:
        due = {}
        for position, row in enumerate(subscription.rows):
            if row["change"] not in STOPPED and row.get("term_end") is not None:
                due[clock.day(row["term_end"])] = (position, row)
        for day, (position, row) in due.items():
            if day not in window:
                continue
            customer, until = company.customer(row), clock.boundary(row["term_end"]) + grace
            if until > company.as_of_day:
                yield Row(customer, 0, 0, excluded=1, labels=row)
                continue
            later = subscription.rows[position + 1 :]
            renewed = any(r["change"] not in STOPPED and clock.boundary(r["effective_at"]) <= until for r in later)
            yield Row(customer, int(renewed), cluster=(subscription.id,), labels=row)
