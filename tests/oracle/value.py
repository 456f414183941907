"""The family value and acquisition."""

from __future__ import annotations

from collections import defaultdict

from tests.oracle.clock import date_of, number
from tests.oracle.company import UNKNOWN, Window
from tests.oracle.declare import always, answer, made_of_others, rows
from tests.oracle.estimate import Answer, Row, undefined
from tests.oracle.revenue import kept_in

ACQUIRING = ("media", "wages", "software", "services", "overhead")


@rows()
def clv_historic(company, window):
    book = company.book
    return [Row(c, book.value(c)) for c, orders in book.by_customer.items() if orders[0].day in window]


@made_of_others()
def clv_simple(company, window):
    parts = [
        answer(company, "average_order_value", window)[None],
        answer(company, "purchase_frequency", window, per_year=True)[None],
        answer(company, "customer_lifespan", window)[None],
    ]
    if any(p.undefined for p in parts):
        return undefined("part_undefined")
    return Answer(value=parts[0].value * parts[1].value * parts[2].value)


def margin(company, window):
    """What is earned on an order, as a share, and what that rests on."""
    if window.seen_end not in company.margins:
        company.margins[window.seen_end] = _margin(company, window)
    return company.margins[window.seen_end]


def _margin(company, window):
    year = Window(company, date_of(window.seen_end - 365), date_of(window.seen_end))
    measured = answer(company, "gross_margin", year)[None]
    if measured.undefined is None:
        return measured.value, "gross_margin"
    if company.rules["margin_rate"] is not None:
        return company.rules["margin_rate"], "margin_rate"
    return 1.0, "revenue"


# -- cost of acquisition ------------------------------------------------------------------------------------------------------


def _acquisition(company, window, group_by, *, costs, channels=None):
    """Cost of the window / new customers of the window, in all or by acquisition channel."""
    chosen = [c for c in company.rows("costs") if c["purpose"] == "acquisition" and costs(c)]
    spent, acquired = defaultdict(float), defaultdict(int)
    for cost in chosen:
        spent[_channel(cost.get("channel"), group_by)] += company.spread(cost, window.start, window.end)
    for customer, orders in company.book.by_customer.items():
        channel = company.attribute("acquisition_channel", customer)
        if orders[0].day in window and (channels is None or channel in channels):
            acquired[_channel(channel, group_by)] += 1
    if not chosen:
        return {group: undefined("no_costs") for group in {None} | set(acquired)} if group_by is None else {}
    groups = {None} if group_by is None else set(spent) | set(acquired)
    return {group: _per(spent[group], acquired[group]) for group in groups}


def _channel(channel, group_by):
    return None if group_by is None else UNKNOWN if channel is None else channel


def _per(above, below):
    if not below:
        return undefined("zero_denominator")
    return Answer(value=above / below, numerator=above, denominator=below, n=below)


@made_of_others(grouped=True, needs_history=always)
def cac(company, window, group_by):
    return _acquisition(company, window, group_by, costs=lambda c: c["kind"] in ACQUIRING)


@made_of_others(grouped=True, needs_history=always)
def cac_basic(company, window, group_by):
    return _acquisition(company, window, group_by, costs=lambda c: c["kind"] == "media")


@made_of_others(grouped=True, needs_history=always)
def cac_paid(company, window, group_by):
    paid = {c["channel"] for c in company.rows("costs") if c["paid"] and c.get("channel") is not None}
    return _acquisition(company, window, group_by, costs=lambda c: c["paid"], channels=paid)


@made_of_others(grouped=True, needs_history=always)
def cac_all_channel(company, window, group_by):
    return _acquisition(company, window, group_by, costs=lambda c: c["kind"] != "goods")


# -- discounted value -----------------------------------------------------------------------------------------------------------


def _cash_flow(company, window, retention_spend):
    """Yearly cash flow per active customer, and how many are active; None where nobody is."""
    end = window.seen_end
    active = company.activity.at(end)
    if not active:
        return None, 0
    earned = sum(o.net for o in company.book.kept if o.customer is not None and end - 365 <= o.day < end)
    costs = [c for c in company.rows("costs") if c["purpose"] == "retention"]
    spent = sum(company.spread(c, end - 365, end) for c in costs) if retention_spend is None else retention_spend
    return (earned * margin(company, window)[0] - spent) / len(active), len(active)


@made_of_others()
def clv_discounted(company, window, *, rate=None, years=5, retention_spend=None):
    if rate is None:
        return undefined("no_rate")
    flow, active = _cash_flow(company, window, retention_spend)
    if flow is None:
        return undefined("no_data")
    return Answer(value=sum(flow / (1 + rate) ** t for t in range(1, years + 1)), n=active)


@made_of_others()
def customer_equity(company, window, *, rate=None, years=5, retention_spend=None):
    per_customer = clv_discounted(company, window, rate=rate, years=years, retention_spend=retention_spend)
    if per_customer.undefined:
        return per_customer
    return Answer(value=per_customer.value * per_customer.n, n=per_customer.n)


@made_of_others(needs_history=always)
def clv_to_cac(company, window):
    value, cost = answer(company, "clv_simple", window)[None], answer(company, "cac", window)[None]
    if value.undefined or cost.undefined:
        return undefined("part_undefined")
    if cost.value == 0:
        return undefined("zero_denominator")
    return Answer(value=value.value * margin(company, window)[0] / cost.value)


@made_of_others(needs_history=always)
def payback_months(company, window):
    cost = answer(company, "cac", window)[None]
    if cost.undefined:
        return undefined("part_undefined")
    members = {c: orders for c, orders in company.book.by_customer.items() if orders[0].day in window}
    if not members:
        return undefined("no_data")
    share = margin(company, window)[0]
    by_month = defaultdict(int)
    for orders in members.values():
        for order in orders:
            by_month[(order.day - orders[0].day) // 30 + 1] += order.net
    reached = 0
    for month in range(1, max(by_month) + 1):
        reached += by_month[month]
        if reached * share / len(members) >= cost.value:
            return Answer(value=month, n=len(members))
    return undefined("not_reached")


# -- what spending brings -------------------------------------------------------------------------------------------------------


@made_of_others()
def return_on_spend(company, window):
    costs = [c for c in company.rows("costs") if c["kind"] != "goods" and (c.get("channel") is not None or c.get("campaign") is not None)]
    spent = sum(company.spread(c, window.start, window.end) for c in costs)
    if not costs:
        return undefined("no_costs")
    if not spent:
        return undefined("zero_denominator")
    names = {c.get("channel") for c in costs} | {c.get("campaign") for c in costs}
    named = [o for o in kept_in(company, window) if (o.channel if o.campaign is None else o.campaign) in names - {None}]
    brought = sum(o.net for o in named) * margin(company, window)[0]
    return Answer(value=(brought - spent) / spent, numerator=brought - spent, denominator=spent)


def _cost_per(company, window, counted):
    for cost in company.rows("costs"):
        if number(cost["starts_on"]) in window and cost.get(counted) is not None:
            yield Row(None, company.money(cost), cost[counted], labels=cost)


@rows()
def cost_per_lead(company, window):
    return _cost_per(company, window, "leads")


@rows()
def cost_per_action(company, window):
    return _cost_per(company, window, "actions")


@rows(interval="wilson")
def lead_to_sale_rate(company, window):
    first = {}
    for row in company.rows("customers"):
        customer = company.customer(row)
        if row.get("stage") == "lead" and customer is not None:
            first[customer] = min(first.get(customer, company.day(row)), company.day(row))
    for customer, day in first.items():
        if day in window:
            days = company.book.days.get(customer, [])
            yield Row(customer, int(bool(days) and days[-1] >= day))
