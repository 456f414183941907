"""Three findings, by money at stake: candidates are reckoned from the data, and only those that the data support are said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from regulars.periods import Window, months_after
from regulars.reports import people
from regulars.reports.blocks import Card, Cards, Section
from regulars.reports.language import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

SHOWN = 3
MORE_BACK = 0.05
"""Five more in a hundred: what the finding on second orders supposes."""
LEAST_SHARE = 0.01
LEAST_COHORT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A candidate: its code, the money at stake with its 95 % interval (minor units), and what its words need."""

    code: str
    minor: float
    low: float
    high: float
    parameters: Mapping[str, Any] = field(default_factory=dict)


def findings(evidence: Evidence, language: Language) -> Section:
    """The three candidates with the most money in them."""
    say = language.say
    found = candidates(evidence)
    if not found:
        return Section(key="findings", kicker=say("findings.kicker"), missing=say("findings.missing"))
    cards = [_card(evidence, language, finding) for finding in found[:SHOWN]]
    lead = [say("findings.lead", candidates=len(found))] if len(found) > SHOWN else []
    return Section(key="findings", kicker=say("findings.kicker"), title=say("findings.title"), paragraphs=lead, blocks=[Cards(cards=cards)])


def candidates(evidence: Evidence) -> list[Finding]:
    """Everything that the data support, the most money first."""
    if evidence.session.currency is None or evidence.refused is not None:
        return []
    found = [f for make in (_second_order, _best_lapsed, _overdue, _parts, _churn_up, _cohort_gap) for f in make(evidence)]
    return sorted(found, key=lambda f: (-f.minor, f.code))


def _card(evidence: Evidence, language: Language, finding: Finding) -> Card:
    def shown(minor: float, precision: str) -> str:
        return language.amount(evidence.amount(minor), precision)

    words = {
        part: language.say(f"finding.{finding.code}.{part}", **finding.parameters) for part in ("title", "means", "evidence", "action")
    }
    interval = language.say("interval", low=shown(finding.low, "short"), high=shown(finding.high, "short"))
    return Card(
        title=words["title"],
        amount=shown(finding.minor, "short"),
        amount_means=words["means"],
        interval=interval,
        evidence=words["evidence"],
        action=words["action"],
    )


def _second_order(evidence: Evidence) -> Iterator[Finding]:
    found = people.second_orders(evidence.session)
    if found is None or not found.one_time:
        return
    more = min(found.one_time, MORE_BACK * found.buyers)
    amounts = {"later": evidence.amount(found.later_minor), "low": evidence.amount(found.low), "high": evidence.amount(found.high)}
    counts = {"one_time": found.one_time, "buyers": found.buyers, "share": found.one_time / found.buyers}
    yield Finding(
        code="second_order", minor=more * found.later_minor, low=more * found.low, high=more * found.high, parameters=counts | amounts
    )


def _best_lapsed(evidence: Evidence) -> Iterator[Finding]:
    if evidence.month is None or evidence.session.by_cancellation:
        return
    window = Window(months_after(evidence.month.end, -3), evidence.month.end)
    if not evidence.session.enough_history(window):
        return
    found = people.best_who_lapsed(evidence.session, window)
    if found is None:
        return
    back = next((r for r in evidence.rows("returned_later", "groups") if r["group"] == "repeat buyers"), None)
    said = sentence("finding.best_lapsed.returned", share=back["share"]) if back and back["lapses"] >= 30 else ""
    parameters = {
        "customers": found.customers,
        "of": found.of,
        "rate": found.customers / found.of,
        "start": window.start,
        "end": window.end - timedelta(days=1),
        "returned": said,
    }
    yield Finding(code="best_lapsed", minor=found.minor, low=found.low, high=found.high, parameters=parameters)


def _overdue(evidence: Evidence) -> Iterator[Finding]:
    if evidence.session.by_cancellation:
        return
    found = people.overdue(evidence.session)
    if found is not None:
        parameters = {"customers": found.customers, "of": found.of, "share": found.customers / found.of}
        yield Finding(code="overdue", minor=found.minor, low=found.low, high=found.high, parameters=parameters)


def _parts(evidence: Evidence) -> Iterator[Finding]:
    """Order value without a customer, refunds, discounts: each a part of the last twelve months' value."""
    if evidence.last_year is None:
        return
    for code, ask in (("unknown", people.without_customer), ("refunds", people.refunded), ("discounts", people.discounted)):
        part = ask(evidence.session, evidence.last_year)
        if part is not None and part.share >= LEAST_SHARE:
            span = {"start": evidence.last_year.start, "end": evidence.last_year.end - timedelta(days=1)}
            parameters = {**span, "share": part.share, "part": evidence.amount(part.minor), "whole": evidence.amount(part.whole)}
            yield Finding(code=code, minor=part.minor, low=part.low * part.whole, high=part.high * part.whole, parameters=parameters)


def _churn_up(evidence: Evidence) -> Iterator[Finding]:
    """Churn above the same month a year before, where the intervals are apart; never for one ageing cohort."""
    now, before = evidence.metric("churn_rate", evidence.month), evidence.metric("churn_rate", evidence.year_ago)
    if now is None or before is None or evidence.one_cohort() is not None or evidence.month is None:
        return
    edges = (now.low, now.high, before.low, before.high)
    if any(e is None for e in edges) or now.low <= before.high:  # type: ignore[operator]
        return
    worth = evidence.metric("revenue", evidence.last_year)
    customers = evidence.metric("customer_count", evidence.last_year)
    if worth is None or customers is None or not customers.value:
        return
    scale = float(now.denominator or 0) * worth.number / customers.number / evidence.major(1)
    change = now.number - before.number
    half = ((now.high - now.low) ** 2 + (before.high - before.low) ** 2) ** 0.5 / 2  # type: ignore[operator]
    parameters = {
        "points": change,
        "now": now.value,
        "before": before.value,
        "month": now.window_start,
        "before_month": before.window_start,
    }
    yield Finding(
        code="churn_up", minor=change * scale, low=max(0.0, change - half) * scale, high=(change + half) * scale, parameters=parameters
    )


def _cohort_gap(evidence: Evidence) -> Iterator[Finding]:
    """The months whose newcomers came back most and least often, where their intervals are apart."""
    rates = [v for v in evidence.by_cohort_month("second_order_rate", days=90) if not v.excluded and v.n >= LEAST_COHORT]
    later = people.second_orders(evidence.session)
    if len(rates) < 3 or later is None:
        return
    best, worst = max(rates, key=lambda v: v.number), min(rates, key=lambda v: v.number)
    if best.low is None or worst.high is None or best.low <= worst.high:
        return
    change = best.number - worst.number
    half = ((best.high - best.low) ** 2 + (worst.high - worst.low) ** 2) ** 0.5 / 2  # type: ignore[operator]
    customers = float(worst.denominator or 0)
    parameters = {
        "better": best.window_start,
        "worse": worst.window_start,
        "low_rate": worst.value,
        "high_rate": best.value,
        "customers": customers,
        "cohorts": len(rates),
    }
    yield Finding(
        code="cohorts",
        minor=change * customers * later.later_minor,
        low=max(0.0, change - half) * customers * later.low,
        high=(change + half) * customers * later.high,
        parameters=parameters,
    )
