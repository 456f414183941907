"""The family revenue."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction

from tests.oracle.declare import always, rows
from tests.oracle.estimate import Answer, Row, total


@rows(total, needs=("orders",))
def revenue(company, window):
    for row, customer, day, amount in company.book.rows:
        if day in window:
            yield Row(customer, amount, labels=row)


def kept_in(company, window):
    return [order for order in company.book.kept if order.day in window]


def labels(order):
    return {"channel": order.channel, "campaign": order.campaign}


@rows(total, needs=("orders",))
def orders(company, window):
    return [Row(o.customer, 1, labels=labels(o)) for o in kept_in(company, window)]


@rows()
def average_order_value(company, window):
    return [Row(o.customer, o.net, 1, labels=labels(o)) for o in kept_in(company, window)]


@rows()
def refund_rate(company, window):
    for order in company.book.orders.values():
        if order.day in window and not order.cancelled:
            yield Row(order.customer, -order.refunded, order.amount, labels=labels(order))


@rows()
def gross_margin(company, window):
    """Over lines whose cost is known; in a window without such lines, revenue less the costs of goods, as one row."""
    lines = [x for x in company.book.lines if x.day in window and x.kind in ("purchase", "refund", "cancellation")]
    for line in lines:
        tags = {"category": line.category}
        if line.unit_cost is None:
            yield Row(line.customer, 0, 0, excluded=1, labels=tags)
        else:
            yield Row(line.customer, line.amount - line.quantity * line.unit_cost, line.amount, labels=tags)
    goods = sum(company.spread(c, window.start, window.end) for c in company.rows("costs") if c["kind"] == "goods")
    sold = sum(amount for _, _, day, amount in company.book.rows if day in window)
    if goods and all(x.unit_cost is None for x in lines):
        yield Row(None, sold - goods, sold)


@rows()
def existing_customer_revenue_share(company, window):
    for row, customer, day, amount in company.book.rows:
        if day not in window:
            continue
        if customer is None:
            yield Row(None, 0, 0, excluded=1, labels=row)
            continue
        orders_ = company.book.by_customer.get(customer)
        existing = bool(orders_) and orders_[0].day < window.start
        yield Row(customer, amount if existing else 0, amount, labels=row)


@rows()
def upsell_revenue_share(company, window):
    return _upgrades(company, window) if company.rows("subscriptions") else _new_categories(company, window)


def _upgrades(company, window):
    started = defaultdict(list)
    for subscription in company.activity.subscriptions:
        started[subscription.starter].append((subscription.started_on, subscription.id))
    for subscription, row in company.activity.running(window.seen_end):
        customer = company.customer(row)
        mrr = company.money(row, "mrr_after_minor")
        others_earlier = customer is not None and any(other < (subscription.started_on, subscription.id) for other in started[customer])
        up = mrr if others_earlier else max(0, mrr - company.money(subscription.rows[0], "mrr_after_minor"))
        yield Row(customer, up, mrr)


def _new_categories(company, window):
    for order in kept_in(company, window):
        lines = [(x.category or x.product, x.amount) for x in company.book.lines_of[order.id]]
        if order.customer is None:
            continue
        first = company.book.first(order.customer)
        known = {x.category or x.product for x in company.book.lines_of[first.id]}
        for kind, amount in lines:
            if kind is None:
                yield Row(order.customer, 0, 0, excluded=1)
            else:
                yield Row(order.customer, amount if order is not first and kind not in known else 0, amount)


def top_share(its_rows):
    """Rows carry the value as numerator and the share asked for as tag."""
    if not its_rows:
        return Answer(undefined="no_data")
    ranked = sorted(its_rows, key=lambda r: (-r.numerator, r.customer))
    best = ranked[: math.ceil(Fraction(str(its_rows[0].tag)) * len(ranked))]
    above, below = sum(r.numerator for r in best), sum(r.numerator for r in ranked)
    return Answer(value=above / below, numerator=above, denominator=below, n=len(ranked))


@rows(top_share)
def revenue_concentration(company, window, *, top=0.2):
    value = defaultdict(int)
    for order in kept_in(company, window):
        if order.customer is not None:
            value[order.customer] += order.net
    return [Row(customer, amount, tag=top) for customer, amount in value.items()]


@rows(total)
def customer_count(company, window):
    active = company.activity
    return [Row(customer, 1) for customer in active.days if active.days_in(customer, window.start, window.end)]


@rows(total, needs=("orders",), needs_history=always)
def new_customers(company, window):
    return [Row(customer, 1) for customer, its in company.book.by_customer.items() if its[0].day in window]
