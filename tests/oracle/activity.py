"""Who is active at the beginning of a day: by kept orders and meaningful events, or by running subscriptions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import datetime, time, timedelta

from tests.oracle.clock import date_of

STOPPED = ("cancel", "pause")


class Subscription:
    """The rows of one subscription before as-of, in the order in which they take effect."""

    def __init__(self, company, rows):
        self.company = company
        self.rows = sorted(rows, key=lambda r: (r["effective_at"], r["row_key"]))
        self.id = self.rows[0]["subscription_id"]
        self.started_on = company.clock.day(self.rows[0]["effective_at"])
        self.starter = company.customer(self.rows[0])

    def state(self, day):
        """The row whose state holds when the day begins; None where nothing runs."""
        at = self.company.clock.midnight(day)
        begun = [r for r in self.rows if r["effective_at"] <= at]
        if not begun or begun[-1]["change"] in STOPPED:
            return None
        row = begun[-1]
        if len(begun) == len(self.rows) and row.get("term_end") is not None:
            stops = self.company.clock.local(row["term_end"]) + timedelta(days=self.company.rules["renewal_grace_days"])
            if datetime.combine(date_of(day), time()) >= stops:
                return None
        return row


class Activity:
    """Active customers at boundaries of days."""

    def __init__(self, company):
        self.company = company
        days = defaultdict(set)
        for customer, own in company.book.days.items():
            days[customer].update(own)
        for row in company.rows("events"):
            customer = company.customer(row)
            if row["name"] in company.rules["meaningful_events"] and customer is not None:
                days[customer].add(company.day(row))
        self.days = {customer: sorted(own) for customer, own in days.items()}
        rows = defaultdict(list)
        for row in company.rows("subscriptions"):
            rows[row["subscription_id"]].append(row)
        self.subscriptions = [Subscription(company, own) for own in rows.values()]
        self._running = {}

    def days_in(self, customer, start, end):
        """The customer's active days from `start` to before `end`."""
        days = self.days.get(customer, [])
        return days[bisect_left(days, start) : bisect_left(days, end)]

    def running(self, day):
        """(subscription, its row) of everything that runs when the day begins."""
        if day not in self._running:
            states = [(s, s.state(day)) for s in self.subscriptions]
            self._running[day] = [(s, row) for s, row in states if row is not None]
        return self._running[day]

    def mrr(self, day):
        """MRR per customer when the day begins, of those with a running subscription; None stands for those of nobody."""
        total = defaultdict(int)
        for _, row in self.running(day):
            total[self.company.customer(row)] += self.company.money(row, "mrr_after_minor")
        return total

    def at(self, day):
        """The customers active when the day begins."""
        if self.company.by_cancellation:
            return {self.company.customer(row) for _, row in self.running(day)} - {None}
        reach = self.company.rules["inactive_after_days"]
        return {customer for customer, days in self.days.items() if _any_between(days, day - reach, day - 1)}

    def lapsed(self, day):
        """The customers with a kept order before the day who are not active when it begins."""
        active = self.at(day)
        return {customer for customer, days in self.company.book.days.items() if days[0] < day and customer not in active}

    def running_days(self, customer_days_until):
        """Per customer: the boundaries up to `customer_days_until` at which a subscription of theirs runs, in order."""
        boundaries = defaultdict(set)
        first = min((s.started_on for s in self.subscriptions), default=customer_days_until)
        for day in range(first, customer_days_until + 1):
            for customer in {self.company.customer(row) for _, row in self.running(day)} - {None}:
                boundaries[customer].add(day)
        return {customer: sorted(days) for customer, days in boundaries.items()}


def _any_between(days, first, last):
    return bisect_right(days, last) > bisect_left(days, first)
