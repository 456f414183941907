"""What was predicted and kept: of each name the rows of the latest load; and the metrics that rest on it."""

from __future__ import annotations

import math
from collections import defaultdict

from tests.oracle.clock import date_of
from tests.oracle.declare import rows
from tests.oracle.estimate import Answer, Row, undefined

LIGHTS = ("green", "amber", "red", "new", "lapsed", "unknown")
NUMBERS = ("churn_risk", "expected_orders", "p_alive", "health_score")
AMOUNTS = ("clv_minor", "money_at_risk_minor")


def latest(company, names, before=None):
    """Customer -> name -> value, and name -> last day seen; with `before` only of loads that saw nothing of that day or later."""
    loads = defaultdict(lambda: defaultdict(list))
    for row in company.rows("predictions"):
        if row["name"] in names:
            loads[row["name"]][row["load_id"]].append(row)
    chosen, days = {}, {}
    for name, runs in loads.items():
        keys = sorted((max(r["occurred_at"] for r in own), max(r["recorded_at"] for r in own), load) for load, own in runs.items())
        keys = [key for key in keys if before is None or company.clock.day(key[0]) < before]
        if keys:
            chosen[name], days[name] = runs[keys[-1][2]], company.clock.day(keys[-1][0])
    whose = defaultdict(lambda: defaultdict(dict))
    for name, own in chosen.items():
        for row in own:
            customer = company.customer(row)
            if customer is not None:
                values = whose[customer][row.get("identity_id"), row.get("account_id")]
                values[name] = max(row["value"], values.get(name, -math.inf))
    return {customer: _of_one(customer, own) for customer, own in whose.items()}, days


def _of_one(customer, own):
    """The values under the customer's own name, else under the first one."""
    return own[min(own, key=lambda pair: (pair[0] != customer, pair[0] or "", pair[1] or ""))]


def _cents(value):
    return None if value is None else math.floor(value + 0.5)


def _light(value):
    return None if value is None or int(value) >= len(LIGHTS) else LIGHTS[int(value)]


def facts(company, customer):
    if not hasattr(company, "predicted"):
        company.predicted = latest(company, (*NUMBERS, *AMOUNTS, "light"))
    found, days = company.predicted
    own = found.get(customer)
    row = {name: (own or {}).get(name) for name in NUMBERS} | {name: _cents((own or {}).get(name)) for name in AMOUNTS}
    row["light"] = _light((own or {}).get("light"))
    row["predicted_on"] = None if own is None else date_of(max(days[name] for name in own))
    return row


def _at_end(company, window):
    return latest(company, (*AMOUNTS, "health_score", "light"), before=window.seen_end)[0].items()


def _or_no_predictions(finish):
    def finished(its_rows, **options):
        its_rows = list(its_rows)
        return finish(its_rows, **options) if its_rows else undefined("no_predictions")

    return finished


def _mean(its_rows):
    from tests.oracle.estimate import quotient

    return quotient(its_rows)


def _share(its_rows):
    from tests.oracle.estimate import quotient

    return quotient(its_rows, interval="wilson")


def _sum(its_rows):
    counted = [r for r in its_rows if not r.excluded]
    value = sum(r.numerator for r in counted)
    return Answer(value=value, numerator=value, n=sum(r.denominator for r in counted), excluded=sum(r.excluded for r in its_rows))


@rows(_or_no_predictions(_mean))
def clv_predicted(company, window):
    for customer, own in _at_end(company, window):
        if "clv_minor" in own:
            yield Row(customer, _cents(own["clv_minor"]))


@rows(_or_no_predictions(_mean))
def health_score(company, window):
    for customer, own in _at_end(company, window):
        if _light(own.get("light")) in LIGHTS[:3] and "health_score" in own:
            yield Row(customer, own["health_score"])


@rows(_or_no_predictions(_share))
def red_share(company, window):
    for customer, own in _at_end(company, window):
        if _light(own.get("light")) in LIGHTS[:3]:
            yield Row(customer, int(own["light"] == 2))


@rows(_or_no_predictions(_sum))
def revenue_at_risk(company, window):
    for customer, own in _at_end(company, window):
        light = _light(own.get("light"))
        if light is not None:
            at_risk = light in ("amber", "red")
            known = "money_at_risk_minor" in own
            yield Row(
                customer,
                _cents(own["money_at_risk_minor"]) if at_risk and known else 0,
                int(at_risk and known),
                excluded=int(at_risk and not known),
            )
