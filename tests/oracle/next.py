"""The analyses of what comes next, once more in plain Python: replenishment, next product, stages, look-alikes, hour of contact."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from itertools import pairwise

import numpy as np

from tests.oracle.analyses import analysis, whole
from tests.oracle.clock import date_of
from tests.oracle.estimate import Z, quartile, wilson


def bought_on(company):
    """(customer, product) -> days on which it was bought, in order."""
    days = defaultdict(set)
    for order in company.book.kept:
        for line in company.book.lines_of[order.id]:
            if order.customer is not None and line.goods and line.product is not None:
                days[order.customer, line.product].add(order.day)
    return {pair: sorted(own) for pair, own in days.items()}


# -- replenishment -------------------------------------------------------------------------------------------------------------------


@analysis
def replenishment(company, *, min_gaps=10, min_times=2, top=500):
    days = bought_on(company)
    gaps = {pair: [b - a for a, b in pairwise(own)] for pair, own in days.items()}
    typical = _typical([(pair[1], gap) for pair, own in gaps.items() for gap in own], min_gaps)
    if not typical:
        return {}
    products, times = [], defaultdict(list)
    for (_, product), own in days.items():
        times[product].append(len(own))
    for product, (count, q1, median, q3) in typical.items():
        own = times[product]
        again = sum(1 for n in own if n > 1)
        products.append(
            {
                "product_id": product,
                "gaps": count,
                "q1_days": q1,
                "median_days": median,
                "q3_days": q3,
                "buyers": len(own),
                "repeat_buyers": again,
                "repeat_share": again / len(own),
            }
        )
    due = []
    for (customer, product), own in days.items():
        if product in typical and len(own) >= min_times:
            due.append(_window(company, customer, product, own[-1], gaps[customer, product], typical[product]))
    due.sort(key=lambda row: row.pop("order"))
    states = [
        {
            "state": state,
            "pairs": sum(1 for row in due if row["state"] == state),
            "customers": len({row["customer_id"] for row in due if row["state"] == state}),
        }
        for state in ("due", "overdue", "upcoming")
    ]
    products.sort(key=lambda row: (-row["gaps"], row["product_id"]))
    return {"products": products[:top], "due": due[:top], "states": states, "check": _foretold(gaps, min_gaps)}


def _typical(gaps, least):
    """Per product with enough gaps: how many, and their quartiles."""
    by_product = defaultdict(list)
    for product, gap in gaps:
        by_product[product].append(gap)
    return {p: (len(own), *(quartile(own, q) for q in (0.25, 0.5, 0.75))) for p, own in by_product.items() if len(own) >= least}


def _expected(own, typical):
    _, q1, median, q3 = typical
    days = (sum(own) + 5 * median) / (len(own) + 5) if len(own) >= 3 else median
    return days, math.floor(days * q1 / median + 0.5), math.floor(days * q3 / median + 0.5)


def _window(company, customer, product, last, own, typical):
    days, first, end = _expected(own, typical)
    opens, closes, now = last + first, last + end, company.as_of_day
    state, turn, away = (
        ("upcoming", 2, opens - now) if opens > now else ("overdue", 1, now - closes) if closes < now else ("due", 0, closes - now)
    )
    return {
        "order": (turn, -len(own), away, customer, product),
        "customer_id": customer,
        "product_id": product,
        "state": state,
        "last_on": date_of(last),
        "from_on": date_of(opens),
        "to_on": date_of(closes),
        "expected_days": days,
        "own_mean_days": sum(own) / len(own) if len(own) >= 3 else None,
        "median_days": typical[2],
        "gaps": len(own),
        "overdue": state == "overdue",
    }


def _foretold(gaps, least):
    tested = {pair: own for pair, own in gaps.items() if len(own) >= 4}
    known = [(pair[1], gap) for pair, own in gaps.items() for gap in (own[:-1] if pair in tested else own)]
    typical = _typical(known, least)
    errors, inside = {"own mean": [], "product median": [], "shrunk": []}, 0
    for (_, product), own in tested.items():
        if product in typical:
            days, first, end = _expected(own[:-1], typical[product])
            inside += first <= own[-1] <= end
            for method, guess in zip(errors, (statistics.mean(own[:-1]), typical[product][2], days), strict=True):
                errors[method].append(abs(own[-1] - guess))
    n = len(errors["shrunk"])
    return [
        {
            "method": method,
            "pairs": n,
            "mae_days": sum(own) / n if n else None,
            "inside_share": inside / n if n and method == "shrunk" else None,
        }
        for method, own in errors.items()
    ]


# -- next product --------------------------------------------------------------------------------------------------------------------


@analysis
def next_product(company, *, k=10, min_customers=5, holdout_days=60, customers=1000):
    days = bought_on(company)
    now = whole(company)[1]
    shop = _Shop(days, now, min_customers)
    if len(shop.buyers) < 2:
        return {}
    cut = now - holdout_days
    past = _Shop({pair: [d for d in own if d < cut] for pair, own in days.items()}, cut, min_customers)
    later = defaultdict(set)
    for (customer, product), own in days.items():
        if own[-1] >= cut:
            later[customer].add(product)
    scores = {method: [] for method in ("popularity", "cosine", "blend")}
    for customer in sorted(later):
        targets = {p for p in later[customer] if p in past.buyers and past.open_to(customer, p)}
        if customer in past.own and targets:
            for method, named in past.named(customer, k).items():
                scores[method].append(len({p for p, _ in named} & targets) / len(targets))
    means = {method: sum(own) / len(own) if own else 0.0 for method, own in scores.items()}
    best = "blend" if round(means["blend"], 9) > round(means["cosine"], 9) else "cosine"
    used = best if len(scores[best]) >= 20 and round(means[best], 9) > round(means["popularity"], 9) else "popularity"
    last = {customer: max(days[customer, p][-1] for p in own) for customer, own in shop.all_of.items()}
    chosen = sorted(shop.own, key=lambda c: (-last[c], c))[:customers]
    suggestions = [
        {"customer_id": c, "rank": rank, "product_id": product, "score": score}
        for c in chosen
        for rank, (product, score) in enumerate(shop.named(c, k)[used], start=1)
    ]
    check = [{"method": method, "customers": len(own), "used": method == used, **_rates(own)} for method, own in scores.items()]
    return {"suggestions": suggestions, "check": check}


def _rates(recalls):
    if not recalls:
        return dict.fromkeys(("hit_share", "hit_low", "hit_high", "recall"))
    hits, n = sum(1 for r in recalls if r > 0), len(recalls)
    low, high = wilson(hits, n)
    row = {"hit_share": hits / n, "hit_low": low, "hit_high": high, "recall": sum(recalls) / n}
    if n > 1:
        half = Z * statistics.stdev(recalls) / math.sqrt(n)
        row |= {"recall_low": max(0.0, row["recall"] - half), "recall_high": min(1.0, row["recall"] + half)}
    return row


class _Shop:
    """Who bought what before a day, and what to name next."""

    def __init__(self, days, now, least):
        self.now, self.days = now, {pair: own for pair, own in days.items() if own}
        people = defaultdict(set)
        for customer, product in self.days:
            people[product].add(customer)
        self.people = people
        self.buyers = {p: len(own) for p, own in people.items() if len(own) >= least}
        self.all_of = defaultdict(set)
        for customer, product in self.days:
            self.all_of[customer].add(product)
        self.own = {c: products & set(self.buyers) for c, products in self.all_of.items() if products & set(self.buyers)}
        self.wait = {p: self._wait(p, least) for p in self.buyers}
        # In the order in which equals are ranked, so that a stable sort by score suffices. Dense matrices: a real shop has millions of pairs.
        self.ranked = sorted(self.buyers, key=lambda p: (-self.buyers[p], p))
        self.place = {p: i for i, p in enumerate(self.ranked)}
        self.rows = {c: np.isin(np.arange(len(self.ranked)), [self.place[p] for p in own]) * 1.0 for c, own in self.own.items()}
        has = np.array(list(self.rows.values())).reshape(len(self.rows), len(self.ranked))
        both, sizes = has.T @ has, np.array([self.buyers[p] for p in self.ranked], dtype=float)
        self.cosines = np.where(both >= least, both, 0.0) / np.sqrt(np.outer(sizes, sizes))
        np.fill_diagonal(self.cosines, 0.0)

    def _wait(self, product, least):
        own = [self.days[c, product] for c in self.people[product]]
        again = [d for d in own if len(d) > 1]
        if len(again) < least or len(again) < 0.2 * len(own):
            return None
        return statistics.median(b - a for d in again for a, b in pairwise(d))

    def open_to(self, customer, product):
        if product not in self.own.get(customer, ()):
            return True
        wait = self.wait[product]
        return wait is not None and self.now - self.days[customer, product][-1] >= wait

    def named(self, customer, k):
        """By method the first products and their scores."""
        open_ = [p for p in self.ranked if self.open_to(customer, p)]
        places = [self.place[p] for p in open_]
        popular = np.array([self.buyers[p] for p in open_]) / self.buyers[self.ranked[0]]
        cosine = (self.rows[customer] @ self.cosines)[places]
        highest = cosine.max(initial=0.0)
        blend = 0.5 * (cosine / highest if highest > 0 else cosine) + 0.5 * popular
        first = {}
        for method, score in (("popularity", popular), ("cosine", cosine), ("blend", blend)):
            order = np.argsort(-score.round(9), kind="stable")[:k]
            first[method] = [(open_[i], float(score[i])) for i in order]
        return first
