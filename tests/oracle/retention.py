"""The family retention."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from tests.oracle.clock import date_of
from tests.oracle.company import Window
from tests.oracle.declare import always, by_inactivity, rows
from tests.oracle.estimate import Answer, Row, quartile, quotient
from tests.oracle.revenue import kept_in


def lost_in(company, window):
    """Customer at the window's start -> whether they are not active at its end."""
    at_end = company.activity.at(window.seen_end)
    return {customer: customer not in at_end for customer in company.activity.at(window.start)}


@rows(interval="wilson", needs_history=by_inactivity)
def churn_rate(company, window):
    return [Row(customer, int(lost)) for customer, lost in lost_in(company, window).items()]


@rows(interval="wilson", needs_history=by_inactivity)
def retention_rate(company, window):
    return [Row(customer, int(not lost)) for customer, lost in lost_in(company, window).items()]


@rows(needs_history=by_inactivity)
def revenue_churn_rate(company, window):
    lost = lost_in(company, window)
    if company.by_cancellation:
        mrr = company.activity.mrr(window.start)
        return [Row(c, mrr[c] if gone else 0, mrr[c]) for c, gone in lost.items() if mrr[c] > 0]
    reach = company.rules["inactive_after_days"]
    value = defaultdict(int)
    for order in company.book.kept:
        if order.customer in lost and window.start - reach <= order.day < window.start:
            value[order.customer] += order.net
    return [Row(c, value[c] if gone else 0, value[c]) for c, gone in lost.items()]


def orders_in(company, window):
    """Customer -> number of kept orders in the window."""
    count = defaultdict(int)
    for order in kept_in(company, window):
        if order.customer is not None:
            count[order.customer] += 1
    return count


@rows(interval="wilson")
def repeat_purchase_rate(company, window):
    return [Row(c, int(count >= 2)) for c, count in orders_in(company, window).items()]


@rows(interval="wilson")
def second_order_rate(company, window, *, days=90):
    for customer, orders in company.book.by_customer.items():
        first = orders[0].day
        if first not in window:
            continue
        if first + days > company.as_of_day:
            yield Row(customer, 0, 0, excluded=1)
        else:
            yield Row(customer, int(len(orders) > 1 and orders[1].day - first <= days))


@rows()
def purchase_frequency(company, window, *, per_year=False):
    if not per_year:
        return [Row(c, count, 1) for c, count in orders_in(company, window).items()]
    end = window.seen_end
    start = end - 365
    at_risk = company.history_start > start
    year = (
        Window(company, date_of(company.history_start if at_risk else start), date_of(end))
        if end > company.history_start or not at_risk
        else None
    )
    if year is None:
        return []
    first = {c: orders[0].day for c, orders in company.book.by_customer.items()}
    counted = orders_in(company, year).items()
    return [Row(c, count, (end - first[c]) / 365 if at_risk else 1) for c, count in counted]


def mean_with_quartiles(its_rows):
    found = quotient(its_rows)
    if its_rows:
        found.beside = {f"q{share}": quartile([r.numerator for r in its_rows], share / 100) for share in (25, 50, 75)}
    return found


@rows(mean_with_quartiles)
def days_between_orders(company, window):
    for customer, days in company.book.days.items():
        for earlier, later in pairwise(days):
            if later in window:
                yield Row(customer, later - earlier)


def mean_survival(its_rows):
    """Area under the Kaplan-Meier curve; a row is a duration in days, its tag says whether the end was seen."""
    if not its_rows:
        return Answer(undefined="no_data")
    longest = max(r.numerator for r in its_rows)
    surviving, area = 1.0, 0.0
    ends, leaves = defaultdict(int), defaultdict(int)
    for row in its_rows:
        leaves[row.numerator] += 1
        ends[row.numerator] += int(row.tag)
    at_risk = len(its_rows)
    for day in range(longest + 1):
        if at_risk and ends[day]:
            surviving *= 1 - ends[day] / at_risk
        at_risk -= leaves[day]
        if day < longest:
            area += surviving
    return Answer(value=area / 365, n=len(its_rows))


@rows(mean_survival)
def customer_lifespan(company, window):
    return _lifespan_of_subscribers(company, window.seen_end) if company.by_cancellation else _lifespan_of_buyers(company, window.seen_end)


def _lifespan_of_buyers(company, end):
    reach = company.rules["inactive_after_days"]
    for customer, days in company.book.days.items():
        before = [d for d in days if d < end]
        if not before:
            continue
        over = before[-1] + reach <= end
        yield Row(customer, (before[-1] + reach if over else end) - before[0], tag=over)


def _lifespan_of_subscribers(company, end):
    for customer, days in company.activity.running_days(end).items():
        over = days[-1] < end
        if days[0] < end:
            yield Row(customer, (days[-1] + 1 if over else end) - days[0], tag=over)


@rows(interval="wilson", needs_history=always)
def reactivation_rate(company, window):
    book = company.book
    return [Row(c, int(book.has_order_day(c, window.start, window.end))) for c in company.activity.lapsed(window.start)]
