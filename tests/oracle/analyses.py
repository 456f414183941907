"""The analyses: table name -> rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, time
from itertools import combinations

from tests.oracle.clock import date_of, month_name, number
from tests.oracle.company import Window
from tests.oracle.declare import answer
from tests.oracle.estimate import Row, Z, quotient, wilson

ANALYSES = {}


def analysis(function):
    ANALYSES[function.__name__] = function
    return function


# -- cohorts ----------------------------------------------------------------------------------------------------------------------


@analysis
def cohorts(company, *, by="month", unit_days=30):
    """Cells of customer age by cohort; only cells that everybody of the cohort's period has lived through."""
    members = defaultdict(list)
    for orders in company.book.by_customer.values():
        members[calendar_window(orders[0].day, by, company.rules["fiscal_year_starts_in"])].append(orders)
    cells, sizes = [], []
    rate, known = margin_of(company)
    for start, end in sorted(members):
        its, name = members[start, end], month_name(start) if by == "month" else date_of(start).isoformat()
        cumulative, k = 0, 0
        while end - 1 + unit_days * (k + 1) <= company.as_of_day:
            inside = [[o for o in orders if (o.day - orders[0].day) // unit_days == k] for orders in its]
            revenue = sum(o.net for orders in inside for o in orders)
            cumulative += revenue
            cells.append(
                {
                    "cohort": name,
                    "customers": len(its),
                    "k": k,
                    "active": sum(1 for orders in inside if orders),
                    "orders": sum(len(orders) for orders in inside),
                    "revenue_minor": revenue,
                    "cumulative_minor": cumulative,
                }
            )
            k += 1
        size = {"cohort": name, "starts_on": date_of(start), "customers": len(its)}
        for days in (30, 90, 365):
            lived = end - 1 + days <= company.as_of_day
            value = sum(o.net for orders in its for o in orders if o.day - orders[0].day < days)
            size[f"value_{days}_minor"] = value / len(its) if lived else None
            size[f"margin_{days}_minor"] = rate * value / len(its) if lived and known else None
        cost = answer(company, "cac", Window(company, date_of(start), date_of(end)))[None]
        size["cac_minor"] = cost.value
        own = [c for c in cells if c["cohort"] == name] if unit_days == 30 else None
        if own is not None:
            reached = [c["k"] + 1 for c in own if cost.value is not None and c["cumulative_minor"] * rate / len(its) >= cost.value]
            size["payback_month"] = reached[0] if reached else None
        sizes.append(size)
    return {"cells": cells, "sizes": sizes}


def calendar_window(day, by, fiscal=1):
    """(first day, first day after) of the calendar period that holds a day."""
    on = date_of(day)
    if by == "day":
        return day, day + 1
    if by == "week":
        return day - on.weekday(), day - on.weekday() + 7
    length = {"month": 1, "quarter": 3, "year": 12}[by]
    index = on.year * 12 + on.month - 1
    first = index - (on.month - fiscal) % length
    return _month_start(first), _month_start(first + length)


def _month_start(index):
    return number(date(index // 12, index % 12 + 1, 1))


# -- customers by value -------------------------------------------------------------------------------------------------------------

SEGMENTS = {
    "Champions": "555 554 544 545 454 455 445",
    "Loyal": "543 444 435 355 354 345 344 335",
    "Potential Loyalist": "553 551 552 541 542 533 532 531 452 451 442 441 431 453 433 432 423 353 352 351 342 341 333 323",
    "New Customers": "512 511 422 421 412 411 311",
    "Promising": "525 524 523 522 521 515 514 513 425 424 413 414 415 315 314 313",
    "Need Attention": "535 534 443 434 343 334 325 324",
    "About To Sleep": "331 321 312 221 213 231 241 251",
    "At Risk": "255 254 245 244 253 252 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124",
    "Cannot Lose Them": "155 154 144 214 215 115 114 113",
    "Hibernating": "332 322 233 232 223 222 132 123 122 212 211",
    "Lost": "111 112 121 131 141 151",
}


@analysis
def rfm(company):
    """Scores by rank quintile, equal values sharing the lowest rank, and the classic eleven names."""
    book = company.book
    people = {c: (company.as_of_day - days[-1], len(book.by_customer[c]), book.value(c)) for c, days in book.days.items()}
    r = _quintiles({c: -p[0] for c, p in people.items()})
    f = _quintiles({c: p[1] for c, p in people.items()})
    m = _quintiles({c: p[2] for c, p in people.items()})
    name_of = {triple: name for name, triples in SEGMENTS.items() for triple in triples.split()}
    customers = [
        {
            "customer_id": c,
            "recency_days": recency,
            "frequency": frequency,
            "monetary_minor": monetary,
            "r": r[c],
            "f": f[c],
            "m": m[c],
            "segment": name_of[f"{r[c]}{f[c]}{m[c]}"],
        }
        for c, (recency, frequency, monetary) in people.items()
    ]
    whole = len(customers)
    segments = []
    for name in SEGMENTS:
        own = [row for row in customers if row["segment"] == name]
        if own:
            value = sum(row["monetary_minor"] for row in own)
            segments.append({"segment": name, "customers": len(own), "value_minor": value, "share": len(own) / whole})
    return {"customers": customers, "segments": segments}


def _quintiles(values):
    """Score 1 (worst) to 5 of each key; equal values take the lowest of their ranks."""
    lowest = {}
    for rank, value in enumerate(sorted(values.values())):
        lowest.setdefault(value, rank)
    return {key: 5 * lowest[value] // len(values) + 1 for key, value in values.items()}


@analysis
def concentration(company):
    """Share of value of the top 1, 2, ..., 100 % of customers."""
    values = sorted((sum(o.net for o in orders) for orders in company.book.by_customer.values()), reverse=True)
    whole = sum(values)
    shares = []
    for percent in range(1, 101) if values else ():
        count = math.ceil(percent * len(values) / 100)
        shares.append(
            {"top_percent": percent, "customers": count, "value_minor": sum(values[:count]), "share": sum(values[:count]) / whole}
        )
    return {"shares": shares}


@analysis
def abc(company, *, of="products", measure="revenue"):
    """Items by their part in a measure: A to 80 %, B to 95 %, the rest and what is not above zero C."""
    book = company.book
    if of == "customers" and measure in ("revenue", "orders"):
        totals = {c: book.value(c) if measure == "revenue" else len(orders) for c, orders in book.by_customer.items()}
    else:
        totals = _by_lines(book, of, measure)
    column = "value_minor" if measure in ("revenue", "margin") else "value"
    items, before, whole = [], 0, sum(totals.values())
    for item, value in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])):
        reached = before / whole if whole > 0 else 0.0
        letter = "C" if value <= 0 or whole <= 0 else "A" if reached < 0.8 else "B" if reached < 0.95 else "C"
        before += value
        share, cumulative = (value / whole, before / whole) if whole > 0 else (0.0, 0.0)
        items.append({"item": item, column: value, "share": share, "cumulative_share": cumulative, "class": letter})
    return {"items": items} if items else {}


def _by_lines(book, of, measure):
    totals, seen = defaultdict(int), set()
    for order in book.kept:
        for line in book.lines_of[order.id]:
            item = line.product if of == "products" else order.customer
            if not line.goods or item is None or (measure == "margin" and line.unit_cost is None):
                continue
            if measure == "orders":
                totals[item] += (item, order.id) not in seen
                seen.add((item, order.id))
            elif measure == "margin":
                totals[item] += line.amount - line.quantity * line.unit_cost
            else:
                totals[item] += line.amount if measure == "revenue" else line.quantity
    return totals


# -- over time --------------------------------------------------------------------------------------------------------------------


@analysis
def movements(company, *, by="month", start=None, end=None):
    """Opening + new + back - lapsed = closing, per window; the same for MRR."""
    everything = whole(company)
    first = everything[0] if start is None else number(start)
    last = max(everything[1], first + 1) if end is None else number(end)
    customers, money, at = [], [], first
    while at < last:
        opens, at = calendar_window(at, by, company.rules["fiscal_year_starts_in"])
        window = Window(company, date_of(opens), date_of(at))
        dates = {"window_start": date_of(opens), "window_end": date_of(at)}
        customers.append({**dates, **_people(company, window)})
        if company.rows("subscriptions"):
            money.append({**dates, **_mrr(company, window)})
    return {"customers": customers, **({"mrr": money} if money else {})}


def _people(company, window):
    opening, closing = company.activity.at(window.start), company.activity.at(window.seen_end)
    before = _ever_active(company, window.start)
    inside = _active_inside(company, window)
    return {
        "opening": len(opening),
        "new": len(closing - opening - before),
        "back": len((closing - opening) & before),
        "lapsed": len(opening - closing),
        "closing": len(closing),
        "joined_and_left": len(inside - opening - closing),
    }


def _ever_active(company, day):
    """Who was active at some boundary up to a day."""
    if company.by_cancellation:
        return set(company.activity.running_days(day))
    return {customer for customer, days in company.activity.days.items() if days[0] < day}


def _active_inside(company, window):
    """Who was active at some boundary after the start and up to the end of what can be seen."""
    if company.by_cancellation:
        days = range(window.start + 1, window.seen_end + 1)
        return {company.customer(row) for day in days for _, row in company.activity.running(day)} - {None}
    return {c for c in company.activity.days if company.activity.days_in(c, window.start, window.seen_end)}


def _mrr(company, window):
    start = {c: v for c, v in company.activity.mrr(window.start).items() if c is not None and v > 0}
    end = {c: v for c, v in company.activity.mrr(window.seen_end).items() if c is not None and v > 0}
    found = {"opening_minor": sum(start.values()), "closing_minor": sum(end.values())}
    first = min((s.started_on for s in company.activity.subscriptions), default=window.start)
    paid = {c for day in range(first, window.start + 1) for c, v in company.activity.mrr(day).items() if v > 0}
    joined = {c: v for c, v in end.items() if c not in start}
    return {
        **found,
        "new_minor": sum(v for c, v in joined.items() if c not in paid),
        "reactivated_minor": sum(v for c, v in joined.items() if c in paid),
        "expansion_minor": sum(max(0, end[c] - v) for c, v in start.items() if c in end),
        "contraction_minor": sum(max(0, v - end[c]) for c, v in start.items() if c in end),
        "churned_minor": sum(v for c, v in start.items() if c not in end),
    }


@analysis
def seasonality(company):
    """Kept orders and their value by month of the year, weekday and hour, with how many such days the data hold."""
    days = range(company.history_start, company.as_of_day)
    orders = [o for o in company.book.kept if o.day < company.as_of_day]
    tables = {
        "months": _seasons("month", range(1, 13), [date_of(d).month for d in days], [(date_of(o.day).month, o) for o in orders]),
        "weekdays": _seasons(
            "weekday", range(1, 8), [date_of(d).isoweekday() for d in days], [(date_of(o.day).isoweekday(), o) for o in orders]
        ),
    }
    if any(company.clock.local(o.at).time() != time() for o in company.book.kept):
        tables["hours"] = _seasons("hour", range(24), [hour for hour in range(24) for _ in days], [(o.hour, o) for o in orders])
    return tables


def _seasons(name, kinds, days, orders):
    length = Counter(days)
    rows = []
    for kind in kinds:
        own = [o for key, o in orders if key == kind]
        value, n = sum(o.net for o in own), length[kind]
        rows.append(
            {
                name: kind,
                "days": n,
                "orders": len(own),
                "value_minor": value,
                "orders_per_day": len(own) / n if n else None,
                "value_per_day_minor": value / n if n else None,
                "order_share": len(own) / len(orders) if orders else None,
            }
        )
    return rows


@analysis
def returned_later(company, *, days=180, silent_for=None):
    """Of those who had been silent for a while, long enough ago: who ordered within the days after?"""
    silence = company.rules["inactive_after_days"] if silent_for is None else silent_for
    lapses = []  # (group, customer, days until the return or None)
    for customer, order_days in company.book.days.items():
        for day, following in zip(order_days, [*order_days[1:], None], strict=True):
            lapsed_at = day + silence + 1
            if lapsed_at + days > company.as_of_day or (following is not None and following < lapsed_at):
                continue
            orders = sum(1 for o in company.book.by_customer[customer] if o.day <= day)
            wait = None if following is None else following - lapsed_at
            lapses.append(("repeat buyers" if orders > 1 else "one-time buyers", customer, wait))
    groups, curve = [], []
    for name in ("all", "repeat buyers", "one-time buyers"):
        own = [(customer, wait) for group, customer, wait in lapses if name in ("all", group)]
        rows = [Row(customer, int(wait is not None and wait < days)) for customer, wait in own]
        if not rows:
            continue
        share = quotient(rows)
        groups.append(
            {
                "group": name,
                "lapses": len(own),
                "customers": len({c for c, _ in own}),
                "returned": share.numerator,
                "share": share.value,
                **_within_one(share),
            }
        )
        for end in sorted({*range(30, days, 30), days}):
            returned = sum(1 for _, wait in own if wait is not None and wait < end)
            curve.append({"group": name, "days": end, "lapses": len(own), "returned": returned, "share": returned / len(own)})
    return {"groups": groups, "curve": curve} if groups else {}


def _within_one(share):
    if share.low is None:
        return {"low": None, "high": None}
    return {"low": max(0.0, share.low), "high": min(1.0, share.high)}


@analysis
def affinity(company, *, min_orders=5):
    """Goods that are in the same kept order, beside how popular each is by itself."""
    baskets = []
    for order in company.book.kept:
        basket = {x.product for x in company.book.lines_of[order.id] if x.goods and x.product is not None}
        if basket:
            baskets.append(basket)
    popularity = Counter(product for basket in baskets for product in basket)
    common = {product for product, count in popularity.items() if count >= min_orders}
    pairs = Counter(pair for basket in baskets for pair in combinations(sorted(basket & common), 2))
    whole = len(baskets)
    rows = [
        {
            "product_a": a,
            "product_b": b,
            "together": count,
            "orders_a": popularity[a],
            "orders_b": popularity[b],
            "support": count / whole,
            "confidence_a_b": count / popularity[a],
            "confidence_b_a": count / popularity[b],
            "lift": count * whole / (popularity[a] * popularity[b]),
        }
        for (a, b), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        if count >= min_orders
    ]
    return {"pairs": rows[:100]}


# -- what customers cost and are worth ------------------------------------------------------------------------------------------------


def whole(company):
    """(first day, first day after) of all data."""
    midnight = company.clock.midnight(company.as_of_day) == company.as_of
    end = company.as_of_day if midnight else company.as_of_day + 1
    return min(company.history_start, end - 1), end


def margin_of(company):
    """Margin over the year before as-of, and whether anything is known of it."""
    end = whole(company)[1]
    measured = answer(company, "gross_margin", Window(company, date_of(end - 365), date_of(end)))[None]
    if measured.undefined is None:
        return measured.value, True
    rate = company.rules["margin_rate"]
    return (1.0, False) if rate is None else (rate, True)


@analysis
def channels(company):
    """What each acquisition channel brings and costs over all data."""
    start, end = whole(company)
    rate, known = margin_of(company)
    values, costs = defaultdict(list), defaultdict(float)
    for customer, orders in company.book.by_customer.items():
        if start <= orders[0].day < end:
            values[company.attribute("acquisition_channel", customer)].append(company.book.value(customer))
    for cost in company.rows("costs"):
        if cost["purpose"] == "acquisition" and cost["kind"] != "goods" and cost.get("channel") is not None:
            costs[cost["channel"]] += company.spread(cost, start, end)
    return {"channels": [_channel(name, values.get(name, []), costs.get(name), rate, known) for name in sorted({*values, *costs})]}


def _channel(name, values, cost, rate, known):
    row = {"channel": name, "new_customers": len(values), "cost_minor": cost}
    mean = quotient([Row(str(i), v) for i, v in enumerate(values)])
    row |= {"clv_minor": mean.value, "clv_low_minor": mean.low, "clv_high_minor": mean.high}
    if values and cost:
        cac = cost / len(values)
        row |= {"cac_minor": cac, "ratio": mean.value * rate / cac, "return": (sum(values) * rate - cost) / cost}
    if not cost or not known:
        row["suggestion"] = None
    elif len(values) < 30:
        row["suggestion"] = "too_few"
    else:
        low, high = mean.low * rate * len(values) / cost, mean.high * rate * len(values) / cost
        row["suggestion"] = "grow" if low >= 3 else "cut" if high < 2 else "hold"
    return row


@analysis
def retention_value(company):
    """What 1, 2 and 5 points of 30-day retention are worth over the next 12 windows of 30 days."""
    now = company.as_of_day
    windows = [Window(company, date_of(now - 30 * back), date_of(now - 30 * (back - 1))) for back in (3, 2, 1)]
    rows = []  # a row is a customer at the start of a window: what they spent in it, and whether they were kept
    for window in windows:
        if not company.by_cancellation and not window.enough_history:
            continue
        at_end = company.activity.at(window.seen_end)
        for customer in company.activity.at(window.start):
            spent = sum(o.net for o in company.book.by_customer.get(customer, ()) if o.day in window)
            rows.append(Row(customer, spent, int(customer in at_end)))
    kept, active = sum(r.denominator for r in rows), len(company.activity.at(now))
    if not kept or not active:
        return {}
    rate = margin_of(company)[0]
    n, spent, retention = len({r.customer for r in rows}), sum(r.numerator for r in rows), kept / len(rows)
    value = spent / kept
    low, high = _linearised(rows, n, value, kept)
    values = [value * rate, max(0.0, low) * rate, high * rate]
    shares = [retention, *wilson(kept, len(rows))]
    worth = []
    for points in (1, 2, 5):
        gains = [active * v * sum(min(1.0, r + points / 100) ** t - r**t for t in range(1, 13)) for r in shares for v in values]
        worth.append({"points": points, "low_minor": min(gains), "mid_minor": gains[0], "high_minor": max(gains)})
    inputs = [
        {"input": "active_customers", "value": active},
        {"input": "retention", "value": retention, "low": shares[1], "high": shares[2], "numerator": kept, "denominator": len(rows)},
        {"input": "value", "value": values[0], "low": values[1], "high": values[2], "numerator": spent, "denominator": kept},
        {"input": "margin", "value": rate},
    ]
    return {"worth": worth, "inputs": inputs}


def _linearised(rows, n, ratio, below):
    if n < 2:
        return ratio, ratio
    residual = defaultdict(float)
    for row in rows:
        residual[row.customer] += row.numerator - ratio * row.denominator
    half = Z * math.sqrt(n / (n - 1) * sum(e * e for e in residual.values())) / below
    return ratio - half, ratio + half
