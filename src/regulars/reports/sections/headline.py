"""The sentence that says how the business is doing, and what the data cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regulars.reports import people
from regulars.reports.language import Sentence, sentence

if TYPE_CHECKING:
    from regulars.reports.evidence import Evidence


LEAST_LAPSES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """How many of those who went quiet usually come back, with the interval, weighted by how many of them are repeat buyers."""

    share: float
    low: float
    high: float
    lapses: int


def returned(evidence: Evidence) -> Returned | None:
    """The share of lapsed who came back, for customers like those who lapsed in the latest complete month."""
    groups = {row["group"]: row for row in evidence.rows("returned_later", "groups")}
    if evidence.month is None or not groups:
        return None
    repeat, everybody = people.lapsed_repeat_share(evidence.session, evidence.month)
    weights = {"repeat buyers": repeat, "one-time buyers": everybody - repeat}
    parts = [(weight / everybody, groups[name]) for name, weight in weights.items() if weight and name in groups]
    if not everybody or abs(sum(weight for weight, _ in parts) - 1) > 1e-9 or any(row["low"] is None for _, row in parts):
        return None

    def mixed(column: str) -> float:
        return sum(weight * float(row[column]) for weight, row in parts)

    return Returned(share=mixed("share"), low=mixed("low"), high=mixed("high"), lapses=sum(row["lapses"] for _, row in parts))


def latest_movement(evidence: Evidence) -> dict[str, Any] | None:
    """The movements of the latest complete month, where customers could lapse in it."""
    rows = [r for r in evidence.movements() if r["complete"] and r["enough_history"]]
    return rows[-1] if rows else None


def headline(evidence: Evidence) -> Sentence:
    """How the business is doing, in one sentence."""
    if evidence.refused is not None:
        return sentence("headline.refused")
    moved = latest_movement(evidence)
    if moved is None:
        orders, customers = evidence.metric("orders", evidence.whole), evidence.metric("customer_count", evidence.whole)
        if orders is None or customers is None or not customers.value:
            return sentence("headline.none")
        return sentence("headline.young", customers=customers.value, orders=orders.value)
    counts = {name: moved[name] for name in ("opening", "closing", "lapsed", "back", "new")} | {"month": moved["window_start"]}
    if evidence.session.by_cancellation:
        return sentence("headline.contract", **counts)
    came_back = returned(evidence)
    if came_back is None or came_back.lapses < LEAST_LAPSES:
        return sentence("headline.active_only", **counts)
    return sentence("headline.active", **counts, share=came_back.share)


def explanation(evidence: Evidence) -> Sentence | None:
    """What the sentence at the top means, with its interval."""
    came_back = returned(evidence)
    if latest_movement(evidence) is None or came_back is None or came_back.lapses < LEAST_LAPSES or evidence.session.by_cancellation:
        return None
    numbers = {"share": came_back.share, "low": came_back.low, "high": came_back.high, "lapses": came_back.lapses}
    return sentence("headline.returned", silent=evidence.session.settings.inactive_after_days, days=180, **numbers)


def caveats(evidence: Evidence) -> list[Sentence]:
    """What has to be known before any number is read."""
    said = []
    one_cohort = evidence.one_cohort()
    if one_cohort is not None:
        said.append(
            sentence("caveat.one_cohort", share=one_cohort["share"], start=evidence.session.history_start, until=one_cohort["until"])
        )
    partial = [w for w in evidence.months if not evidence.session.complete(w)]
    if partial:
        said.append(sentence("caveat.partial", month=partial[-1].start))
    if evidence.month is not None and evidence.year_ago is None:
        said.append(sentence("caveat.no_year", month=evidence.month.start))
    if evidence.refused is not None:
        currencies = evidence.refused.details.get("without_rate") or [evidence.session.currency or "?"]
        said.append(sentence("caveat.currencies", currencies=", ".join(currencies)))
    return said
