"""The stage models: what each stage is called, and by which rule on the data a customer enters it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ibis import _

from regulars.relations.base import in_force, on_local_days, with_customers

if TYPE_CHECKING:
    from collections.abc import Callable

READ = ("Page Viewed", "Article Read", "Content Downloaded", "Webinar Joined", "Product List Viewed", "Products Searched")
CONSIDERED = ("Product Viewed", "Product Compared", "Trial Started", "Demo Requested", "Sample Requested")
INTENDED = ("Product Added", "Product Added to Wishlist", "Cart Viewed", "Cart Updated", "Coupon Entered", "Quote Requested")
WEIGHED = ("Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Pricing Viewed")
TRIED = ("Trial Started", "Demo Requested", "Sample Requested", "Webinar Joined", "Content Downloaded")
ADVOCATED = ("Product Reviewed", "Product Shared", "Cart Shared", "Invite Sent", "Friend Referred")
SENT = ("sent", "delivered", "opened", "clicked")


@dataclass(frozen=True, slots=True)
class Part:
    """One way into a stage: rows with customer_id and local_day, and the rows without which the data cannot show it."""

    table: str
    rows: Callable[[Any], Any]
    evidence: Callable[[Any], Any] | None = None
    """Without it, any row of the table."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A customer enters on the first day on which one of the parts holds."""

    meaning: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage by its name, the rule of RULES by which it is entered, and the metric that it is judged by."""

    name: str
    rule: str
    metric: str


def _dated(t: Any, table: str) -> Any:
    return with_customers(t, on_local_days(t, in_force(t, table)))


def _events(*names: str) -> Part:
    return Part(
        "events", lambda t: _dated(t, "events").filter(_.name.isin(names)), lambda t: in_force(t, "events").filter(_.name.isin(names))
    )


def _messages(*steps: str, by_people: bool = False) -> Part:
    def rows(t: Any) -> Any:
        found = _dated(t, "messages").filter(_.step.isin(steps))
        return found.filter(~_.machine.fill_null(False)) if by_people else found

    return Part("messages", rows, lambda t: in_force(t, "messages").filter(_.step.isin(steps)))


def _order(number: int) -> Part:
    return Part("orders", lambda t: t.kept_orders.filter(_.order_number == number))


def _subscription(*changes: str) -> Part:
    return Part("subscriptions", lambda t: t.subscription_states.filter(_.change.isin(changes)))


def _second_renewal(t: Any) -> Any:
    import ibis

    renewals = t.subscription_states.filter(_.change == "renew")
    order = ["local_day", "subscription_id", "change_number"]
    return renewals.mutate(renewal=ibis.row_number().over(group_by="customer_id", order_by=order)).filter(_.renewal == 1)


def _nps(t: Any) -> Any:
    return t.response_rows.filter(_.measure == "nps", _.score.notnull())


def _after_purchase(rows: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Rows on a later day than the customer's first kept order."""

    def later(t: Any) -> Any:
        first = t.buyers.select(buyer="customer_id", bought_day="first_day")
        found = rows(t)
        return found.inner_join(first, found.customer_id == first.buyer).filter(_.local_day > _.bought_day)

    return later


_ANY_EVENT = Part("events", lambda t: _dated(t, "events"))
_CLICKED = _messages("clicked", by_people=True)
_OPENED = _messages("opened", "clicked", by_people=True)
_PROMOTER = Part("responses", lambda t: _nps(t).filter(_.score >= 9), _nps)
_BOUGHT = (_order(1), _subscription("start", "resume"))

RULES = {
    "reached": Rule("first event of any name, or first message sent to them", (_ANY_EVENT, _messages(*SENT))),
    "known": Rule("first version of what is known of them in customers", (Part("customers", lambda t: _dated(t, "customers")),)),
    "interested": Rule(f"first of the events {', '.join(READ)}, or first click of a person in a message", (_events(*READ), _CLICKED)),
    "considered": Rule(f"first of the events {', '.join(CONSIDERED)}", (_events(*CONSIDERED),)),
    "intended": Rule(f"first of the events {', '.join(INTENDED)}", (_events(*INTENDED),)),
    "weighed": Rule(f"first of the events {', '.join(WEIGHED)}", (_events(*WEIGHED),)),
    "nurtured": Rule(f"first of the events {', '.join(TRIED)}, or first message opened or clicked by a person", (_events(*TRIED), _OPENED)),
    "bought": Rule("first kept order, or first start of a subscription", _BOUGHT),
    "bought_again": Rule("second kept order, or first renewal", (_order(2), _subscription("renew"))),
    "loyal": Rule("fourth kept order, or second renewal", (_order(4), Part("subscriptions", _second_renewal))),
    "expanded": Rule("first upgrade of a subscription, or second kept order", (_subscription("upgrade"), _order(2))),
    "looked_after": Rule(
        "first event, or first message opened or clicked by a person, on a later day than the first kept order",
        (
            Part("events", _after_purchase(_ANY_EVENT.rows)),
            Part("messages", _after_purchase(_OPENED.rows), _OPENED.evidence),
        ),
    ),
    "advocate": Rule(
        f"first answer of 9 or 10 to the NPS question, or first of the events {', '.join(ADVOCATED)}", (_PROMOTER, _events(*ADVOCATED))
    ),
}

MODELS: dict[str, tuple[Stage, ...]] = {
    "lifecycle": (
        Stage("reach", "reached", "lead_to_sale_rate"),
        Stage("acquisition", "known", "lead_to_sale_rate"),
        Stage("conversion", "bought", "second_order_rate"),
        Stage("retention", "bought_again", "retention_rate"),
        Stage("loyalty", "loyal", "nps"),
    ),
    "clm": (
        Stage("reaching", "reached", "lead_to_sale_rate"),
        Stage("acquiring", "bought", "second_order_rate"),
        Stage("developing", "bought_again", "upsell_revenue_share"),
        Stage("retaining", "loyal", "retention_rate"),
        Stage("advocacy", "advocate", "nps"),
    ),
    "acquisition_funnel": (
        Stage("awareness", "reached", "cost_per_lead"),
        Stage("interest", "interested", "cost_per_action"),
        Stage("consideration", "considered", "lead_to_sale_rate"),
        Stage("intent", "intended", "lead_to_sale_rate"),
        Stage("evaluation", "weighed", "ces"),
        Stage("purchase", "bought", "average_order_value"),
        Stage("post-purchase", "looked_after", "csat"),
        Stage("advocacy", "advocate", "nps"),
    ),
    "b2b": (
        Stage("attract", "reached", "cost_per_lead"),
        Stage("capture", "known", "lead_to_sale_rate"),
        Stage("nurture", "nurtured", "lead_to_sale_rate"),
        Stage("convert", "bought", "cac"),
        Stage("expand", "expanded", "net_revenue_retention"),
    ),
    "advocate_chain": (
        Stage("new", "bought", "second_order_rate"),
        Stage("loyal", "loyal", "retention_rate"),
        Stage("advocate", "advocate", "nps"),
    ),
}
"""Per model its stages in order."""
