"""A brute-force second implementation of docs/definitions.md in plain Python: every metric and analysis, without SQL.

It shares no code with the library. Where it and the library differ, one of them is wrong about the definitions.
"""

from __future__ import annotations

from tests.oracle import alike, experience, hours, next, recurring_revenue, retention, revenue, stages, value  # noqa: A004, F401 - they declare their metrics and analyses
from tests.oracle.analyses import ANALYSES
from tests.oracle.company import Company, Refused, Window
from tests.oracle.declare import METRICS, answer
from tests.oracle.facts import facts as facts_of


def metric_of(company, name, windows, group_by=None, **arguments):
    """One plain row per window and group, money in minor units."""
    found = []
    for start, end in windows:
        answers = answer(company, name, Window(company, start, end), group_by, **arguments)
        for group in sorted(answers, key=str):
            own = answers[group]
            found.append(
                {
                    "window_start": start,
                    "window_end": end,
                    "group": group,
                    "numerator": own.numerator,
                    "denominator": own.denominator,
                    "value": own.value,
                    "low": own.low,
                    "high": own.high,
                    "undefined": own.undefined,
                    "n": own.n,
                    "excluded": own.excluded,
                    "beside": own.beside,
                }
            )
    return found


def metric(tables, name, windows, rules=None, as_of=None, group_by=None, **arguments):
    """The same from tables: table name -> list of rows."""
    return metric_of(Company(tables, rules, as_of), name, windows, group_by, **arguments)


def analysis_of(company, name, **arguments):
    """Table name -> rows of an analysis."""
    return ANALYSES[name](company, **arguments)


def analysis(tables, name, rules=None, as_of=None, **arguments):
    """The same from tables: table name -> list of rows."""
    return analysis_of(Company(tables, rules, as_of), name, **arguments)


def facts(tables, rules=None, as_of=None):
    """One row per customer from tables: table name -> list of rows."""
    return facts_of(Company(tables, rules, as_of))


ANALYSIS_ARGUMENTS = {
    "cohorts": ({}, {"by": "quarter", "unit_days": 45}),
    "movements": ({}, {"by": "week"}),
    "affinity": ({"min_orders": 1}, {"min_orders": 2}),
    "replenishment": ({"min_gaps": 1}, {"min_gaps": 2, "min_times": 1}),
    "next_product": ({"min_customers": 1}, {"min_customers": 2, "k": 1, "holdout_days": 90}),
    "lookalikes": ({}, {"by": "orders", "within_days": 30, "min_customers": 1}, {"within_days": 60, "min_customers": 2}),
    "stages": ({}, *({"model": model, "days": 30} for model in stages.MODELS)),
    "returned_later": ({"days": 30}, {"days": 90, "silent_for": 20}),
    "abc": tuple(
        {"of": of, "measure": measure} for of in ("products", "customers") for measure in ("revenue", "orders", "quantity", "margin")
    ),
}
"""With which arguments an analysis is compared; without an entry, with none."""

KEYS = {
    ("cohorts", "cells"): ("cohort", "k"),
    ("cohorts", "sizes"): ("cohort",),
    ("rfm", "customers"): ("customer_id",),
    ("rfm", "segments"): ("segment",),
    ("concentration", "shares"): ("top_percent",),
    ("abc", "items"): ("item",),
    ("movements", "customers"): ("window_start", "window_end"),
    ("movements", "mrr"): ("window_start", "window_end"),
    ("seasonality", "months"): ("month",),
    ("seasonality", "weekdays"): ("weekday",),
    ("seasonality", "hours"): ("hour",),
    ("affinity", "pairs"): ("product_a", "product_b"),
    ("replenishment", "products"): ("product_id",),
    ("replenishment", "due"): ("customer_id", "product_id"),
    ("replenishment", "states"): ("state",),
    ("replenishment", "check"): ("method",),
    ("next_product", "suggestions"): ("customer_id", "rank"),
    ("next_product", "check"): ("method",),
    ("lookalikes", "persona"): ("trait",),
    ("contact_hour", "company"): ("from_hour",),
    ("contact_hour", "customers"): ("customer_id",),
    ("contact_hour", "check"): ("method",),
    ("contact_hour", "hours"): ("hour",),
    ("contact_hour", "weekdays"): ("weekday",),
    ("contact_hour", "grid"): ("weekday", "hour"),
    ("stages", "stages"): ("stage",),
    ("stages", "customers"): ("customer_id",),
    ("stages", "entries"): ("month", "stage"),
    ("stages", "missing"): ("stage",),
    ("returned_later", "groups"): ("group",),
    ("returned_later", "curve"): ("group", "days"),
    ("channels", "channels"): ("channel",),
    ("retention_value", "worth"): ("points",),
    ("retention_value", "inputs"): ("input",),
}
"""Per analysis and table: the columns that tell rows apart."""

__all__ = ["ANALYSES", "ANALYSIS_ARGUMENTS", "KEYS", "METRICS", "Company", "Refused", "metric", "metric_of"]
