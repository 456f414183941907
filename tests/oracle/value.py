"""The family value and acquisition."""

from __future__ import annotations

import math
from collections import defaultdict

from tests.oracle.clock import date_of, number
from tests.oracle.company import DECIMALS, UNKNOWN, Window
from tests.oracle.declare import always, answer, made_of_others, rows
from tests.oracle.estimate import Answer, Row, undefined
from tests.oracle.revenue import kept_in

ACQUIRING = ("media", "wages", "software", "services", "overhead")


@rows()
def clv_historic(company, window):
    book = company.book
    return [Row(c, book.value(c)) for c, orders in book.by_customer.items() if orders[0].day in window]


@made_of_others(grouped=True)
def clv_simple(company, window, group_by):
    parts = [
        answer(company, "average_order_value", window, group_by),
        answer(company, "purchase_frequency", window, group_by, per_year=True),
        answer(company, "customer_lifespan", window, group_by),
    ]
    return {group: _product([part.get(group) for part in parts]) for group in set().union(*parts)}


def _product(parts):
    if any(p is None or p.undefined for p in parts):
        return undefined("part_undefined")
    return Answer(value=math.prod(p.value for p in parts))


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


def _cash_flows(company, window, group_by, retention_spend):
    """Group -> (cash flow a year per active customer, how many are active); keeping customers costs each of them the same."""
    end = window.seen_end
    everybody = company.activity.at(end)
    if not everybody:
        return {}
    if retention_spend is None:
        costs = [c for c in company.rows("costs") if c["purpose"] == "retention"]
        retention_spend = sum(company.spread(c, end - 365, end) for c in costs)
    else:
        retention_spend *= 10 ** DECIMALS.get(company.currency, 2)
    active, earned = defaultdict(int), defaultdict(int)
    for customer in everybody:
        active[group_of(company, group_by, customer)] += 1
    for order in company.book.kept:
        if order.customer is not None and end - 365 <= order.day < end:
            earned[group_of(company, group_by, order.customer)] += order.net
    share, cost = margin(company, window)[0], retention_spend / len(everybody)
    return {group: (earned[group] * share / n - cost, n) for group, n in active.items()}


def group_of(company, group_by, customer):
    return None if group_by is None else company.attribute(group_by, customer)


@made_of_others(grouped=True)
def clv_discounted(company, window, group_by, *, rate=None, years=5, retention_spend=None):
    if rate is None:
        return {None: undefined("no_rate")} if group_by is None else {}
    flows = _cash_flows(company, window, group_by, retention_spend)
    found = {group: Answer(value=sum(flow / (1 + rate) ** t for t in range(1, years + 1)), n=n) for group, (flow, n) in flows.items()}
    return found or {None: undefined("no_data")}


@made_of_others(grouped=True)
def customer_equity(company, window, group_by, *, rate=None, years=5, retention_spend=None):
    each = clv_discounted(company, window, group_by, rate=rate, years=years, retention_spend=retention_spend)
    return {group: a if a.undefined else Answer(value=a.value * a.n, n=a.n) for group, a in each.items()}


@made_of_others(grouped=True, needs_history=always)
def clv_to_cac(company, window, group_by):
    values, costs = answer(company, "clv_simple", window, group_by), answer(company, "cac", window, group_by)
    share = margin(company, window)[0]
    return {group: _ratio(values.get(group), costs.get(group), share) for group in set(values) | set(costs)}


def _ratio(value, cost, share):
    if value is None or cost is None or value.undefined or cost.undefined:
        return undefined("part_undefined")
    if cost.value == 0:
        return undefined("zero_denominator")
    return Answer(value=value.value * share / cost.value)


@made_of_others(grouped=True, needs_history=always)
def payback_months(company, window, group_by):
    """Against the acquisition cost of the channel where the question is by channel, else of the company."""
    by_channel = "acquisition_channel" if group_by == "acquisition_channel" else None
    costs = answer(company, "cac", window, by_channel)
    members = defaultdict(list)
    for customer, orders in company.book.by_customer.items():
        if orders[0].day in window:
            members[group_of(company, group_by, customer)].append(orders)
    if not members:
        return {None: undefined("part_undefined")}
    share = margin(company, window)[0]
    return {group: _months(costs.get(group if by_channel else None), own, share) for group, own in members.items()}


def _months(cost, members, share):
    if cost is None or cost.undefined:
        return undefined("part_undefined")
    by_month = defaultdict(int)
    for orders in members:
        for order in orders:
            by_month[(order.day - orders[0].day) // 30 + 1] += order.net
    reached = 0
    for month in range(1, max(by_month) + 1):
        reached += by_month[month]
        if reached * share / len(members) >= cost.value:
            return Answer(value=month, n=len(members))
    return undefined("not_reached")


# -- what spending brings -------------------------------------------------------------------------------------------------------


@made_of_others(grouped=True)
def return_on_spend(company, window, group_by):
    """An order belongs to the campaign that it names, or else to its channel, where money was ever spent on these."""
    costs = [c for c in company.rows("costs") if c["kind"] != "goods" and (c.get("channel") is not None or c.get("campaign") is not None)]
    if not costs:
        return {None: undefined("no_costs")}
    names = {c["channel"]: {"channel": c["channel"], "campaign": None} for c in costs if c.get("channel") is not None}
    for cost in sorted(costs, key=lambda c: (c.get("channel") is None, c.get("channel") or ""), reverse=True):
        if cost.get("campaign") is not None:
            names[cost["campaign"]] = {"channel": cost.get("channel"), "campaign": cost["campaign"]}
    spent, brought = defaultdict(float), defaultdict(int)
    for cost in costs:
        spent[_label(cost, group_by)] += company.spread(cost, window.start, window.end)
    for order in kept_in(company, window):
        named = names.get(order.campaign) or names.get(order.channel)
        if named:
            brought[_label(named, group_by)] += order.net
    share = margin(company, window)[0]
    return {group: _return(spent[group], brought[group] * share) for group in {*spent, *brought}}


def _label(names, group_by):
    if group_by is None:
        return None
    return UNKNOWN if names.get(group_by) is None else names[group_by]


def _return(spent, brought):
    if not spent:
        return undefined("zero_denominator")
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
