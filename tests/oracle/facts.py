"""One row per customer as of as-of, column by column as the facts' meanings say."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise

from tests.oracle import predictions
from tests.oracle.clock import date_of


def facts(company):
    """Rows in the order of customer_id."""
    return [_facts_of(company, customer, _Own(company)) for customer in sorted(_known(company))]


def _known(company):
    names = ("customers", "orders", "subscriptions", "responses", "tickets")
    everybody = {company.customer(row) for name in names for row in company.rows(name)}
    return (everybody | {company.customer(row) for row in _meaningful(company)}) - {None}


def _meaningful(company):
    return [row for row in company.rows("events") if row["name"] in company.rules["meaningful_events"]]


class _Own:
    """The rows of a table that belong to a customer."""

    def __init__(self, company):
        self.company = company

    def of(self, rows, customer):
        return [row for row in rows if self.company.customer(row) == customer]


def _facts_of(company, customer, own):
    row = {"customer_id": customer}
    for name in ("country", "acquisition_channel", "acquisition_campaign", "cohort"):
        row[name] = company.attributes[name].get(customer)
    orders = company.book.by_customer.get(customer, [])
    row |= _orders(company, orders) | _returns(company, customer) | _rhythm(company, customer) | _products(company, orders)
    row["value_minor"] = row["net_minor"] + row["unlinked_returns_minor"]
    discounted = [o for o in orders if (o.discount or 0) > 0]
    row["discounted_orders"], row["discount_minor"] = len(discounted), sum(o.discount or 0 for o in orders)
    row["discounted_order_share"] = len(discounted) / len(orders) if orders else None
    row |= _answers(company, own.of(company.rows("responses"), customer))
    row |= _satisfaction(company, own.of(company.rows("responses"), customer))
    row |= _tickets(company, own.of(company.rows("tickets"), customer))
    row |= _messages(company, own.of(company.rows("messages"), customer))
    row |= _texts(company, customer, own) | _usage(company, customer, own)
    row |= _subscriptions(company, customer)
    row |= _activity(company, customer, own.of(_meaningful(company), customer))
    row |= predictions.facts(company, customer)
    return row


def _day(day):
    return None if day is None else date_of(day)


def _orders(company, orders):
    now, days = company.as_of_day, [o.day for o in orders]
    row = {
        "first_order_on": _day(min(days, default=None)),
        "last_order_on": _day(max(days, default=None)),
        "days_since_order": now - max(days) if days else None,
        "tenure_days": now - min(days) if days else None,
        "second_order_on": _day(days[1]) if len(days) > 1 else None,
        "days_to_second_order": days[1] - days[0] if len(days) > 1 else None,
        "orders": len(orders),
        "net_minor": sum(o.net for o in orders),
        "largest_order_minor": max((o.net for o in orders), default=0),
        "average_order_value_minor": sum(o.net for o in orders) / len(orders) if orders else None,
    }
    for span in (30, 90, 365):
        recent = [o for o in orders if o.day >= now - span]
        row |= {f"orders_{span}d": len(recent), f"net_{span}d_minor": sum(o.net for o in recent)}
    return row


def _returns(company, customer):
    own = [(row, day, amount) for row, whose, day, amount in company.book.rows if whose == customer]
    refunds = [(day, amount) for row, day, amount in own if row["kind"] == "refund"]
    gross, refunded = sum(amount for row, _, amount in own if row["kind"] == "purchase"), -sum(amount for _, amount in refunds)
    return {
        "refunds": len(refunds),
        "last_refund_on": _day(max((day for day, _ in refunds), default=None)),
        "refunded_minor": refunded,
        "gross_minor": gross,
        "cancellations": sum(1 for row, _, _ in own if row["kind"] == "cancellation"),
        "refund_share": refunded / gross if gross else None,
        "unlinked_returns_minor": company.book.unlinked_of.get(customer, 0),
    }


def _rhythm(company, customer):
    days = company.book.days.get(customer, [])
    gaps = [later - earlier for earlier, later in pairwise(days)]
    usual = statistics.median(gaps) if gaps else None
    since = company.as_of_day - days[-1] if days else None
    return {
        "gaps": len(gaps),
        "gap_mean_days": statistics.fmean(gaps) if gaps else None,
        "usual_gap_days": usual,
        "longest_gap_days": max(gaps, default=None),
        "overdue_ratio": since / usual if usual else None,
        "days_late": max(0, since - usual) if usual is not None else None,
    }


def _products(company, orders):
    lines = [x for o in orders for x in company.book.lines_of[o.id] if x.goods]
    products = Counter(x.product for x in lines if x.product is not None)
    categories = Counter(x.category for x in lines if x.category is not None)
    return {
        "quantity": sum(x.quantity for x in lines) if lines else None,
        "products": len(products),
        "categories": len(categories),
        "favourite_product": _favourite(products),
        "favourite_category": _favourite(categories),
    }


def _favourite(counts):
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def _answers(company, rows):
    scored = sorted((r for r in rows if r.get("score") is not None), key=lambda r: (r["occurred_at"], r["row_key"]))
    read = [r["polarity"] for r in rows if r.get("polarity") is not None]
    row = {
        "answers": len(scored),
        "last_answer_on": _day(max((company.day(r) for r in scored), default=None)),
        "polarity": statistics.fmean(read) if read else None,
    }
    for measure in ("nps", "csat", "ces", "rating"):
        own = [r for r in scored if r.get("measure") == measure]
        row[f"{measure}_score"] = None if not own else own[-1]["score"]
        if measure == "ces" and own and own[-1].get("high_is_good") is False:
            row["ces_score"] = own[-1]["scale_min"] + own[-1]["scale_max"] - own[-1]["score"]
    return row


def _tickets(company, rows):
    cases = {}
    for row in sorted(rows, key=lambda r: (r["occurred_at"], r["row_key"])):
        cases.setdefault(row["ticket_id"], []).append(row)
    opened = [[company.day(r) for r in steps if r["step"] == "opened"] for steps in cases.values()]
    turns = [[r["step"] for r in steps if r["step"] in ("opened", "reopened", "resolved", "closed")] for steps in cases.values()]
    return {
        "tickets": sum(1 for days in opened if days),
        "tickets_90d": sum(1 for days in opened if any(day >= company.as_of_day - 90 for day in days)),
        "tickets_open": sum(1 for steps in turns if steps and steps[-1] in ("opened", "reopened")),
        "last_contact_on": _day(max((company.day(r) for r in rows), default=None)),
        **_complaints(company, cases.values()),
    }


def _complaints(company, cases):
    bad = {"topic": company.rules["complaint_topics"], "priority": company.rules["complaint_priorities"]}
    still_open, ends = 0, []
    for steps in cases:
        turns = [r for r in steps if r["step"] in ("opened", "reopened", "resolved", "closed")]
        if not turns or not any(str(r.get(key)).lower() in {w.lower() for w in words} for r in steps for key, words in bad.items()):
            continue
        if turns[-1]["step"] in ("opened", "reopened"):
            still_open += 1
        else:
            ends.append(company.day(turns[-1]))
    return {"complaints_open": still_open, "complaint_resolved_on": _day(max(ends, default=None))}


def _satisfaction(company, rows):
    latest = {}
    for row in sorted(rows, key=lambda r: (r["occurred_at"], r["row_key"])):
        if row.get("score") is not None and row.get("measure") in ("nps", "csat", "ces", "rating"):
            latest[row["measure"]] = row
    places, unhappy = [], []
    for measure, row in latest.items():
        low, high, day = row.get("scale_min"), row.get("scale_max"), company.day(row)
        if measure == "nps":
            unhappy += [day] if row["score"] <= 6 else []
        elif low is not None and high is not None and high > low:
            place = (row["score"] - low) / (high - low)
            place = 1 - place if row.get("high_is_good") is False else place
            places += [place] if day >= company.as_of_day - 365 else []
            unhappy += [day] if place <= 0.4 + 1e-12 else []
    return {
        "last_nps_on": _day(company.day(latest["nps"])) if "nps" in latest else None,
        "satisfaction": statistics.fmean(places) if places else None,
        "dissatisfied_on": _day(max(unhappy, default=None)),
    }


def _texts(company, customer, own):
    rows = [r for name in ("responses", "tickets") for r in own.of(company.rows(name), customer)]
    read = [r["polarity"] for r in rows if r.get("polarity") is not None and company.day(r) >= company.as_of_day - 90]
    return {"polarity_90d": statistics.fmean(read) if read else None}


def _messages(company, rows):
    mails = [r for r in rows if (r.get("channel") or "email").lower() in ("email", "e-mail", "mail")]
    arrived = [r for r in mails if r["step"] in ("delivered", "opened", "clicked")]
    engaged = [r for r in arrived if r["step"] != "delivered" and not r.get("machine")]
    late = company.as_of_day - 180
    return {
        "first_message_on": _day(min(map(company.day, arrived), default=None)),
        "last_engaged_on": _day(max(map(company.day, engaged), default=None)),
        "messages_180d": len({r["message_id"] for r in arrived if company.day(r) >= late}),
        "messages_engaged_180d": len({r["message_id"] for r in engaged if company.day(r) >= late}),
    }


def _usage(company, customer, own):
    now, events = company.as_of_day, own.of(_meaningful(company), customer)
    recent, late = ([r for r in events if company.day(r) >= now - days] for days in (90, 30))
    said = [r for r in own.of(company.rows("responses"), customer) if r["state"] in ("started", "answered", "finished")]
    met = [r for r in [*events, *said, *own.of(company.rows("tickets"), customer)] if company.day(r) >= now - 180]
    by_account = company.rules["customer_unit"] == "account"
    seats = [
        r["seats"]
        for r in sorted(company.rows("accounts"), key=lambda r: (r["occurred_at"], r["row_key"]))
        if by_account and r.get("account_id") == customer and r.get("seats") is not None
    ]
    return {
        "use_days_30d": len(set(map(company.day, late))),
        "use_days_90d": len(set(map(company.day, recent))),
        "features_90d": len({r["name"] for r in recent}),
        "users_30d": len(_people(company, late)),
        "people_180d": len(_people(company, met)) if by_account else 0,
        "account_seats": seats[-1] if seats else None,
    }


def _people(company, rows):
    return {company.person(row) for row in rows} - {None}


def _subscriptions(company, customer):
    now, clock = company.as_of_day, company.clock
    runs = [(s, row) for s, row in company.activity.running(now) if company.customer(row) == customer]
    begun = [
        row
        for s in company.activity.subscriptions
        for row in s.rows
        if company.customer(row) == customer and clock.day(row["effective_at"]) <= now
    ]
    best = min(runs, key=lambda pair: (-company.money(pair[1], "mrr_after_minor"), pair[0].id), default=None)
    ends = [clock.day(row["term_end"]) for _, row in runs if row.get("term_end") is not None]
    return {
        "subscriptions": len(runs),
        "mrr_minor": company.activity.mrr(now).get(customer, 0),
        "mrr_90d_ago_minor": company.activity.mrr(now - 90).get(customer, 0),
        "seats": sum(row.get("seats") or 0 for _, row in runs),
        "plan": best[1].get("plan") if best else None,
        "subscribed_since_on": _day(min((clock.day(r["effective_at"]) for r in begun), default=None)),
        "next_term_end_on": _day(min(ends, default=None)),
        "last_cancelled_on": _day(max((clock.day(r["effective_at"]) for r in begun if r["change"] == "cancel"), default=None)),
    }


def _activity(company, customer, events):
    now, days = company.as_of_day, [company.day(row) for row in events]
    last = max([*days, *company.book.days.get(customer, [])], default=None)
    # A fact is as of the instant: whoever did something earlier on the day of as-of is active, although that day's boundary lies before.
    done_today = last is not None and last >= now and not company.by_cancellation
    active = customer in company.activity.at(now) or done_today
    return {
        "last_event_on": _day(max(days, default=None)),
        "events_30d": sum(1 for day in days if day >= now - 30),
        "events_90d": sum(1 for day in days if day >= now - 90),
        "last_active_on": _day(last),
        "active": active,
        "lapsed": customer in company.book.days and not active,
    }
