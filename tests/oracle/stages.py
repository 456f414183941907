"""The lifecycle stages once more in plain Python: when each customer entered each stage of a model."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict

from tests.oracle.analyses import analysis
from tests.oracle.clock import month_name
from tests.oracle.estimate import wilson

READ = {"Page Viewed", "Article Read", "Content Downloaded", "Webinar Joined", "Product List Viewed", "Products Searched"}
CONSIDERED = {"Product Viewed", "Product Compared", "Trial Started", "Demo Requested", "Sample Requested"}
INTENDED = {"Product Added", "Product Added to Wishlist", "Cart Viewed", "Cart Updated", "Coupon Entered", "Quote Requested"}
WEIGHED = {"Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Pricing Viewed"}
TRIED = {"Trial Started", "Demo Requested", "Sample Requested", "Webinar Joined", "Content Downloaded"}
ADVOCATED = {"Product Reviewed", "Product Shared", "Cart Shared", "Invite Sent", "Friend Referred"}

MODELS = {
    "lifecycle": "reach:reached acquisition:known conversion:bought retention:again loyalty:loyal",
    "clm": "reaching:reached acquiring:bought developing:again retaining:loyal advocacy:advocate",
    "acquisition_funnel": (
        "awareness:reached interest:interested consideration:considered intent:intended evaluation:weighed purchase:bought "
        "post-purchase:cared advocacy:advocate"
    ),
    "b2b": "attract:reached capture:known nurture:nurtured convert:bought expand:expanded",
    "advocate_chain": "new:bought loyal:loyal advocate:advocate",
}


class _Ways:
    """Ways into a stage: each a list of (customer, day), or None where the data cannot show it."""

    def __init__(self, company):
        self.company = company
        self.renewals = defaultdict(list)
        for row in company.rows("subscriptions"):
            if row["change"] == "renew":
                self.renewals[company.customer(row)].append(company.day(row))

    def dated(self, rows):
        return [(self.company.customer(row), self.company.day(row)) for row in rows]

    def events(self, names=None):
        rows = [row for row in self.company.rows("events") if names is None or row["name"] in names]
        return self.dated(rows) if rows else None

    def messages(self, *steps, people=False):
        rows = [row for row in self.company.rows("messages") if row["step"] in steps]
        return self.dated([row for row in rows if not (people and row["machine"])]) if rows else None

    def order(self, number):
        found = [(c, own[number - 1].day) for c, own in self.company.book.by_customer.items() if len(own) >= number]
        return found if self.company.rows("orders") else None

    def changes(self, *changes):
        rows = self.company.rows("subscriptions")
        return self.dated([row for row in rows if row["change"] in changes]) if rows else None

    def second_renewal(self):
        found = [(c, sorted(days)[1]) for c, days in self.renewals.items() if len(days) > 1]
        return found if self.company.rows("subscriptions") else None

    def promoters(self):
        rows = [row for row in self.company.rows("responses") if row["measure"] == "nps" and row["score"] is not None]
        return self.dated([row for row in rows if row["score"] >= 9]) if rows else None

    def after_purchase(self, way):
        days = self.company.book.days
        return None if way is None else [(c, day) for c, day in way if c in days and day > days[c][0]]

    def of(self, rule):
        opened = self.messages("opened", "clicked", people=True)
        return {
            "reached": lambda: (self.events(), self.messages("sent", "delivered", "opened", "clicked")),
            "known": lambda: (self.dated(self.company.rows("customers")) or None,),
            "interested": lambda: (self.events(READ), self.messages("clicked", people=True)),
            "considered": lambda: (self.events(CONSIDERED),),
            "intended": lambda: (self.events(INTENDED),),
            "weighed": lambda: (self.events(WEIGHED),),
            "nurtured": lambda: (self.events(TRIED), opened),
            "bought": lambda: (self.order(1), self.changes("start", "resume")),
            "again": lambda: (self.order(2), self.changes("renew")),
            "loyal": lambda: (self.order(4), self.second_renewal()),
            "expanded": lambda: (self.changes("upgrade"), self.order(2)),
            "cared": lambda: (self.after_purchase(self.events()), self.after_purchase(opened)),
            "advocate": lambda: (self.promoters(), self.events(ADVOCATED)),
        }[rule]()

    def first_days(self, rule):
        ways = [way for way in self.of(rule) if way is not None]
        if not ways:
            return None
        days = {}
        for way in ways:
            for customer, day in way:
                if customer is not None:
                    days[customer] = min(day, days.get(customer, day))
        return days


@analysis
def stages(company, *, model="lifecycle", days=90):
    ways = _Ways(company)
    found = [(name, ways.first_days(rule)) for name, rule in (pair.split(":") for pair in MODELS[model].split())]
    missing = [{"stage": name} for name, own in found if own is None]
    found = [(name, own) for name, own in found if own is not None]
    if not found:
        return {}
    entered, now = {}, company.as_of_day
    for customer in {c for _, own in found for c in own}:
        path = [own.get(customer) for _, own in found]
        later = [[day for day in path[place:] if day is not None] for place in range(len(path))]
        entered[customer] = [(min(rest), path[place] == min(rest)) if rest else None for place, rest in enumerate(later)]
    current = {c: max(i for i, step in enumerate(path) if step) for c, path in entered.items()}
    active = company.activity.at(now)
    rows = []
    for place, (name, _) in enumerate(found):
        own = [path for path in entered.values() if path[place]]
        here = [c for c, at in current.items() if at == place]
        row = {"stage": name, "reached": len(own), "current": len(here), "active": sum(1 for c in here if c in active)}
        rows.append(row | (_passage(own, place, now, days) if place + 1 < len(found) and own else {"conversion_share": None}))
    customers = [
        {"customer_id": c, "stage": found[at][0], "days": now - entered[c][at][0], "is_active": c in active} for c, at in current.items()
    ]
    months = Counter((month_name(path[i][0]), found[i][0]) for path in entered.values() for i in range(len(found)) if path[i])
    entries = [{"month": month, "stage": name, "entered": count} for (month, name), count in months.items()]
    return {"stages": rows, "customers": customers, "entries": entries, "missing": missing}


def _passage(paths, place, now, days):
    """How those who entered a stage went on to the next."""
    went = [path for path in paths if path[place + 1]]
    old = [path for path in paths if now - path[place][0] >= days]
    row = {"conversion_share": len(went) / len(paths), "drop_off_share": 1 - len(went) / len(paths), "old_enough": len(old)}
    if old:
        soon = sum(1 for path in old if path[place + 1] and path[place + 1][0] - path[place][0] <= days)
        row["conversion_in_days_share"] = soon / len(old)
        row["low"], row["high"] = wilson(soon, len(old))
    waits = [path[place + 1][0] - path[place][0] for path in went if path[place][1] and path[place + 1][1]]
    return row | {"timed": len(waits), "median_days": statistics.median(waits) if waits else None}
