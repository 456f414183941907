"""What is earned on what is sold: the margin of the year before a window's end, and the yearly cash flow of an active customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars import money
from regulars.metrics.estimates import Undefined
from regulars.metrics.worksheet import check_discounting
from regulars.periods import Window, day_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from regulars.relations.session import Session

YEAR = 365


@dataclass(frozen=True, slots=True)
class Margin:
    """The share of revenue that is earned, and its basis: gross_margin (measured), margin_rate (the setting) or revenue (nothing taken off)."""

    share: float
    basis: str


def seen_end(session: Session, window: Window) -> date:
    """Where what can be seen of a window ends."""
    return max(window.start, min(window.end, session.as_of_day))


def margin(around: Mapping[str, Any]) -> Margin:
    """The margin of the 365 days before the end of the window in a metric's context."""
    session: Session = around["session"]
    end = seen_end(session, around["window"])
    known = around["memo"].setdefault("margins", {})
    if end not in known:
        known[end] = _margin(session, end)
    return known[end]  # type: ignore[no-any-return]


def _margin(session: Session, end: date) -> Margin:
    from regulars.metrics.catalogue import run

    measured = next(iter(run(session, "gross_margin", [Window(end - timedelta(days=YEAR), end)])))
    if not isinstance(measured.value, Undefined):
        return Margin(measured.value, "gross_margin")
    if session.settings.margin_rate is not None:
        return Margin(session.settings.margin_rate, "margin_rate")
    return Margin(1.0, "revenue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounting:
    """What a yearly cash flow is made of, in minor units, and how it is discounted."""

    active: int
    yearly_spend: float
    retention_spend: float
    company_active: int
    margin: Margin
    rate: float
    years: int

    @property
    def retention_cost(self) -> float:
        """What is spent in a year on keeping one customer."""
        return self.retention_spend / self.company_active


def rate_of(session: Session, arguments: Mapping[str, Any]) -> float | None:
    """The discount rate that was given, else that of the settings."""
    rate = arguments["rate"] if arguments["rate"] is not None else session.settings.discount_rate
    return None if rate is None else float(rate)


def without_rate(session: Session, arguments: Mapping[str, Any]) -> str | None:
    """The reason why nothing can be discounted, where there is one; refuses impossible arguments."""
    rate = rate_of(session, arguments)
    if rate is None:
        return "no_rate"
    check_discounting(rate, arguments["years"])
    return None


def discounting(row: Mapping[str, Any], around: Mapping[str, Any]) -> Discounting | Undefined:
    """The cash flow of one window and group, from its sums `net_minor` and `active`; retention is a company total over all active customers."""
    if not row["active"]:
        return Undefined("no_data")
    session: Session = around["session"]
    company_active = sum(int(r["active"]) for r in around["answer"] if r["window_id"] == around["window_id"])
    given = around["retention_spend"]
    if given is None:
        spent = _retention_costs(around, seen_end(session, around["window"]))
    else:
        spent = float(given) * 10 ** money.exponent(str(session.currency))
    rate = rate_of(session, around)
    assert rate is not None
    return Discounting(
        active=int(row["active"]),
        yearly_spend=float(row["net_minor"]) / int(row["active"]),
        retention_spend=spent,
        company_active=company_active,
        margin=margin(around),
        rate=rate,
        years=int(around["years"]),
    )


def _retention_costs(around: Mapping[str, Any], end: date) -> float:
    memo = around["memo"]
    if "retention" not in memo:
        costs = around["session"].tables().cost_rows
        memo["retention"] = (
            around["session"].run(costs.filter(costs.purpose == "retention").select("first_day", "end_day", "amount_minor")).to_pylist()
        )
    first = day_number(end) - YEAR
    last = min(day_number(end), day_number(around["session"].as_of_day))
    total = 0.0
    for cost in memo["retention"]:
        days = min(cost["end_day"], last) - max(cost["first_day"], first)
        if days > 0:
            total += cost["amount_minor"] * days / (cost["end_day"] - cost["first_day"])
    return total
