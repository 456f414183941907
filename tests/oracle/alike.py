"""Look-alikes once more in plain Python: who is best, and by which early traits they differ. The scores have tests of their own."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from tests.oracle.analyses import analysis
from tests.oracle.estimate import quartile, wilson


@analysis
def lookalikes(company, *, by="value", within_days=None, min_customers=10):
    days = within_days or max(30, min(365, (company.as_of_day - company.history_start) // 2))
    judged = {c: own for c, own in company.book.by_customer.items() if own[0].day + days <= company.as_of_day}
    if not judged:
        return {}
    seen = {c: [o for o in own if o.day < own[0].day + days] for c, own in judged.items()}
    worth = {c: (sum(o.net for o in own), len(own)) for c, own in seen.items()}
    order = sorted(worth, key=lambda c: (-worth[c][0], c) if by == "value" else (-worth[c][1], -worth[c][0], c))
    best = set(order[: math.ceil(len(order) / 5)])
    rows = []
    for trait, has in _traits(company, judged).items():
        if min(len(has), len(judged) - len(has)) < min_customers:
            continue
        own, share = len(has & best) / len(best), len(has) / len(judged)
        low, high = wilson(len(has & best), len(best))
        rows.append(
            {
                "trait": trait,
                "best": len(has & best),
                "all": len(has),
                "best_share": own,
                "all_share": share,
                "lift": own / share,
                "low": low,
                "high": high,
                "marks_the_best": low > share,
            }
        )
    return {"persona": rows}


def _traits(company, judged):
    """Trait -> judged customers who have it."""
    found = defaultdict(set)
    for column, value_of in (
        ("country", company.attributes["country"].get),
        ("acquisition_channel", company.attributes["acquisition_channel"].get),
        ("first_channel", lambda c: judged[c][0].channel),
    ):
        counted = Counter(value_of(c) for c in judged if value_of(c) is not None)
        for level in sorted(counted, key=lambda v: (-counted[v], v))[:20]:
            found[f"{column} = {level}"] = {c for c in judged if value_of(c) == level}
    for label, holders in _held(company).items():
        found[f"first order holds {label}"] |= holders & set(judged)
    first = {c: own[0] for c, own in judged.items()}
    quarter = quartile([o.net for o in first.values()], 0.75)
    found["first order in the highest quarter"] = {c for c, o in first.items() if o.net >= quarter}
    found["discount on the first order"] = {c for c, o in first.items() if (o.discount or 0) > 0}
    found["second order within 30 days"] = {c for c, own in judged.items() if len(own) > 1 and own[1].day < own[0].day + 30}
    for row in company.rows("events"):
        customer = company.customer(row)
        meant = row["name"] in company.rules["meaningful_events"] and customer in judged
        if meant and 0 <= company.day(row) - first[customer].day < 30:
            found["meaningful event within 30 days"].add(customer)
    return found


def _held(company):
    """The 20 most frequent categories (products by latest name where there are none) in first orders, and whose first orders hold them."""
    for column in ("category", "product"):
        holders = defaultdict(set)
        for customer, own in company.book.by_customer.items():
            for line in company.book.lines_of[own[0].id]:
                if line.goods and getattr(line, column) is not None:
                    holders[getattr(line, column)].add(customer)
        if holders:
            most = sorted(holders, key=lambda value: (-len(holders[value]), value))[:20]
            names = _names(company) if column == "product" else {}
            labels = defaultdict(set)
            for value in most:
                labels[names.get(value) or value] |= holders[value]
            return labels
    return {}


def _names(company):
    kept = {o.id for o in company.book.kept}
    latest = {}
    rows = [r for r in company.rows("order_lines") if r["kind"] == "purchase" and r["is_goods"] and r["order_id"] in kept]
    for row in sorted(rows, key=lambda r: (r["occurred_at"], r["row_key"])):
        if row.get("product_name") is not None:
            latest[row["product_id"]] = row["product_name"]
    return latest
