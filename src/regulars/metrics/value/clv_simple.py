"""Customer lifetime value: what does a customer bring over their lifetime, by the simple formula?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.metrics.card import Better, Grain, Kind, Unit
from regulars.metrics.declare import derived
from regulars.metrics.estimates import Estimate, Undefined
from regulars.metrics.worksheet import ACTIONS, simple_value, weakest_part
from regulars.periods import Window
from regulars.relations.customers import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.metrics.results import MetricResult, MetricValue

PARTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("average_order_value", {}),
    ("purchase_frequency", {"per_year": True}),
    ("customer_lifespan", {}),
)
BELOW_HISTORIC = "below_historic"


@derived(
    of=PARTS,
    question="How much does a customer spend over their lifetime: order value x orders a year x years?",
    unit=Unit.MONEY,
    better=Better.HIGHER,
    kind=Kind.OUTCOME,
    grain=Grain.CUSTOMER,
    formula="V x F x L",
    symbols={
        "V": "average order value in the window",
        "F": "orders per buyer in the year up to the window's end",
        "L": "years a customer stays; the product is revenue, not margin",
    },
    undefined_when="one of the three parts has no value",
    source="Requirements M-01, M-07, M-08, X-04, X-30: 250 x 6 x 5 = 7,500",
    requirements=("M-01", "M-07", "M-08"),
    dimensions=ATTRIBUTES,
    beside={
        "average_order_value": "V",
        "purchase_frequency": "F",
        "customer_lifespan": "L",
        "historic": "clv_historic of the customers won in the window",
        "warnings": "below_historic: customers have spent more already than the formula expects of a lifetime",
        "weakest": "the part that is furthest below its reference",
        "action": "what helps the weakest part",
        "reference": "what the parts were compared with: given, target, company (for a group) or window_before",
    },
    argument_meanings={
        "order_value": "reference for the average order value, in major units",
        "orders_per_year": "reference for the purchase frequency",
        "years": "reference for the lifespan",
    },
)
def clv_simple(
    parts: Mapping[str, MetricValue],
    around: Mapping[str, Any],
    *,
    order_value: float | None = None,
    orders_per_year: float | None = None,
    years: float | None = None,
) -> Estimate | Undefined:
    """An average order of 250, six orders a year and five years give 7,500; names the weakest part where there is a reference.

    The reference is what was given, else the company's targets, else for a group the whole company, else the window before.
    """
    own = values_of(parts)
    if own is None:
        return Undefined("part_undefined")
    value = simple_value(own["average_order_value"], own["purchase_frequency"], own["customer_lifespan"])
    historic = _historic(around)
    given = dict(zip(own, (order_value, orders_per_year, years), strict=True))
    kind, reference = _reference(around, given)
    weakest = weakest_part(own, reference)
    beside = {
        **own,
        "historic": historic,
        "warnings": (BELOW_HISTORIC,) if historic is not None and value < historic else (),
        "weakest": weakest,
        "action": ACTIONS[weakest] if weakest else None,
        "reference": kind if weakest else None,
    }
    return Estimate(value=value, beside=beside)


def values_of(parts: Mapping[str, MetricValue]) -> dict[str, float] | None:
    """The three parts as numbers; None where one has no value."""
    found: dict[str, float] = {}
    for name, _arguments in PARTS:
        value = parts[name].value if name in parts else Undefined("no_data")
        if isinstance(value, Undefined):
            return None
        found[name] = value
    return found


def _historic(around: Mapping[str, Any]) -> float | None:
    memo, window = around["memo"], around["window"]
    if "historic" not in memo:
        memo["historic"] = _by_key(_run(around, "clv_historic", around["windows"], around["group_by"]))
    found = memo["historic"].get((window.start, window.end, around["group"]))
    return None if found is None or isinstance(found.value, Undefined) else found.value


def _reference(around: Mapping[str, Any], given: Mapping[str, float | None]) -> tuple[str, Mapping[str, float]]:
    if any(value is not None for value in given.values()):
        return "given", {name: float(value) for name, value in given.items() if value is not None}
    targets = {name: around["session"].settings.targets[name] for name in given if name in around["session"].settings.targets}
    if len(targets) == len(given):
        return "target", targets
    if around["group"] is not None:
        return "company", _company(around, around["window"], around["windows"])
    window = around["window"]
    before = next((w for w in around["windows"] if w.end == window.start), Window(window.start - (window.end - window.start), window.start))
    if before.start < around["session"].history_start:
        return "window_before", {}
    return "window_before", _company(around, before, around["windows"] if before in around["windows"] else (before,))


def _company(around: Mapping[str, Any], window: Window, windows: tuple[Window, ...]) -> Mapping[str, float]:
    known = around["memo"].setdefault("company", {})
    if window not in known:
        results = {name: _by_key(_run(around, name, windows, None, **arguments)) for name, arguments in PARTS}
        for one in windows:
            known[one] = values_of({name: found[one.start, one.end, None] for name, found in results.items()}) or {}
    return known[window]  # type: ignore[no-any-return]


def _run(around: Mapping[str, Any], name: str, windows: tuple[Window, ...], group_by: str | None, **arguments: Any) -> MetricResult:
    from regulars.metrics.catalogue import run

    return run(around["session"], name, windows, group_by, **arguments)


def _by_key(result: MetricResult) -> dict[tuple[Any, Any, str | None], MetricValue]:
    return {(v.window_start, v.window_end, v.group): v for v in result}
