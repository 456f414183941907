"""Why a light is so: at most three reasons, the weightiest first, each with the customer's own normal.

The weight of a reason is how many points of score it takes from a customer against the typical active one: weight of the input x distance of each part from
the company's median. The part of the churn risk is spread over the model's named reasons. Rules come first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.periods import day_of
from regulars.predictions.health import words
from regulars.predictions.health.inputs import INPUTS, PARTS
from regulars.predictions.health.lights import AMBER, GREEN, LAPSED, LIGHTS, NEW, NONE, RED, RULES
from regulars.predictions.health.telling import TOLD, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from regulars.predictions.health.assessment import Before
    from regulars.predictions.health.inputs import Seen
    from regulars.predictions.health.standards import Standards

    Floats = NDArray[np.float64]

MOST = 3
LEAST_PULL = 0.25
"""Points of score below which nothing is a reason."""
SAMPLE = 500
"""Customers that the typical one is taken from."""
POINTS_PER_LOGIT = 25.0
"""Points of the input churn risk for one unit of log odds, at a risk of one half."""

CODE_OF_PART = {
    "order_rhythm": "silent_longer_than_usual",
    "e_mail_reaction": "e_mails_unopened",
    "usage_frequency": "usage_falling",
    "usage_users": "few_users",
    "usage_breadth": "narrow_use",
    "contacts": "few_contacts",
    "support_load": "tickets",
    "recommendation": "unhappy_answers",
    "answers": "unhappy_answers",
    "texts": "texts",
    "rating_by_hand": "rating_by_hand",
    "roi": "customer_roi",
}
COVERS = {
    "complaint_open": "tickets",
    "complaint_recent": "tickets",
    "dissatisfied": "",
    "no_use": "usage_falling",
    "few_users": "few_users",
    "single_contact": "few_contacts",
    "dormant": "e_mails_unopened",
    "texts_negative": "texts",
}
"""The reason by score that a rule says already."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable code, what is said (a key of `words.TEXTS`), and the numbers in it."""

    code: str
    says: str
    values: Mapping[str, Any] = field(default_factory=dict)
    currency: str | None = None

    @property
    def text(self) -> str:
        """The sentence in English."""
        return words.sentence(self.says, self.values, self.currency)

    def __str__(self) -> str:
        return self.text

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"code": self.code, "says": self.says, **self.values}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Telling:
    """What reasons of some rows are made from; arrays are those of all customers, `rows` says which are asked for."""

    rows: NDArray[np.int64]
    source: Seen
    light: NDArray[np.int8]
    by_score: NDArray[np.int8]
    score: Floats
    inputs: Mapping[str, Floats]
    rules: Mapping[str, NDArray[np.bool_]]
    standards: Standards
    weights: Mapping[str, float]
    contributions: Callable[[NDArray[np.int64]], Mapping[str, Floats]] | None
    currency: str | None


def reasons_of(t: Telling) -> list[list[Reason]]:
    """The reasons of each row asked for."""
    if not len(t.rows):
        return []
    codes, pulls = _pulls(t)
    facts = Row(t.source, t.rows, t.standards, t.inputs["churn_risk"])
    order = np.argsort(-pulls, axis=0, kind="stable")
    return [_of_one(t, facts, i, codes, pulls[:, i], order[:, i]) for i in range(len(t.rows))]


def _of_one(t: Telling, facts: Row, i: int, codes: list[str], pulls: Floats, order: NDArray[np.int64]) -> list[Reason]:
    row = t.rows[i]
    light = int(t.light[row])
    found = [made for made in (_made(t, facts, i, rule) for rule in RULES if t.rules[rule][row]) if made]
    said = {COVERS[reason.code] for reason in found} | ({"unhappy_answers"} if t.rules["dissatisfied"][row] else set())
    own = _without_colour(t, facts, i, light)
    if own:
        return [own, *found][:MOST]
    by_score = int(t.by_score[row])
    if light == GREEN or (light in (AMBER, RED) and (not found or by_score != GREEN)):
        for place in order if light != GREEN else order[::-1]:
            pull = pulls[place] if light != GREEN else -pulls[place]
            if len(found) >= MOST or pull < LEAST_PULL:
                break
            if codes[place] not in said:
                made = _made(t, facts, i, codes[place], bad=light != GREEN)
                if made:
                    found.append(made)
    if not found:
        found = [made for made in [_made(t, facts, i, "churn_risk", bad=light != GREEN)] if made]
    return found[:MOST]


def _without_colour(t: Telling, facts: Row, i: int, light: int) -> Reason | None:
    """Why a customer has no colour."""
    row = t.rows[i]
    if light in (GREEN, AMBER, RED):
        return None
    if light == NEW:
        return _made(t, facts, i, "new")
    if light == LAPSED:
        return _made(t, facts, i, "lapsed")
    name = LIGHTS[t.by_score[row]] if t.by_score[row] != NONE else ""
    if not np.isnan(t.score[row]) and t.standards.withheld:
        colour = name if name in t.standards.withheld else t.standards.withheld[0]
        return Reason(f"withheld_{colour}", f"withheld_{colour}")
    active = t.source.number("active")[row] == 1.0
    return Reason("unknown", "too_little" if active else "never_active")


def _made(t: Telling, facts: Row, i: int, code: str, *, bad: bool = True) -> Reason | None:
    told = TOLD[code](facts, i, bad) if code in TOLD else None
    if told is None:
        return None
    says, values = told
    return Reason(code, says, {name: _tidy(value) for name, value in values.items()}, t.currency)


def _tidy(value: Any) -> Any:
    if isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number == int(number) else round(number, 4)


def _pulls(t: Telling) -> tuple[list[str], Floats]:
    """Codes, and for each the points of score that it takes from each row asked for."""
    rows, n = t.rows, len(t.rows)
    inputs = {name: t.inputs[name][rows] for name in INPUTS}
    weight = {name: t.weights.get(name, 0.0) * ~np.isnan(values) for name, values in inputs.items()}
    whole = np.maximum(sum(weight.values()), 1e-12)
    pulls: dict[str, Floats] = {}

    def add(code: str, points: Floats) -> None:
        pulls[code] = pulls.get(code, np.zeros(n)) + np.nan_to_num(points)

    normals = t.standards.scale.normals
    for name, own in PARTS.items():
        parts = {part: t.inputs[part][rows] for part in own}
        known = np.maximum(sum((~np.isnan(values)).astype(np.float64) for values in parts.values()), 1.0)
        for part, values in parts.items():
            add(CODE_OF_PART[part], weight[name] / whole / known * (normals.get(part, 50.0) - values))
    share = weight["churn_risk"] / whole
    if t.contributions is None:
        add("silent_longer_than_usual", share * (normals.get("churn_risk", 50.0) - inputs["churn_risk"]))
    else:
        concerned = np.flatnonzero(~np.isnan(inputs["churn_risk"]))
        typical = _typical(t)
        named = t.contributions(rows[concerned])
        for code, logits in named.items():
            points = np.zeros(n)
            points[concerned] = logits - typical.get(code, 0.0)
            # How long somebody has been a customer says something only beside how many orders came of it.
            add("few_orders" if code == "short_tenure" and "few_orders" in named else code, share * POINTS_PER_LOGIT * points)
    return list(pulls), np.vstack(list(pulls.values()))


def _typical(t: Telling) -> dict[str, float]:
    """What each named reason adds for the typical customer with a colour: the median over at most some hundreds of them.

    A model tells its reasons against the mean of everybody it learned from, most of whom are long gone; beside these all active customers look alike.
    """
    lit = np.flatnonzero((t.light <= RED) & (t.light >= GREEN) & ~np.isnan(t.inputs["churn_risk"]))
    if t.contributions is None or not len(lit):
        return {}
    some = lit[:: len(lit) // SAMPLE + 1]
    return {code: float(np.median(logits)) for code, logits in t.contributions(some).items()}


def changes_of(t: Telling, before: Before) -> list[Reason | None]:
    """For each row asked for, what changed since the light before."""
    return [_change(t, before, int(row)) for row in t.rows]


def _change(t: Telling, before: Before, row: int) -> Reason | None:
    was = int(before.light[row])
    if before.day is None or was in (NONE, int(t.light[row])):
        return None
    values: dict[str, Any] = {"before": LIGHTS[was], "on": day_of(before.day).isoformat()}
    if int(t.light[row]) != int(t.by_score[row]) or np.isnan(before.first_score[row]) or np.isnan(t.score[row]):
        return Reason("changed", "changed_light", values)
    values |= {"score_before": round(float(before.first_score[row])), "score": round(float(t.score[row])), "days": before.days}
    moved = {name: abs(t.weights.get(name, 0.0) * (t.inputs[name][row] - before.first_inputs[name][row])) for name in INPUTS}
    known = {name: float(points) for name, points in moved.items() if points > 0}
    if not known or values["score"] == values["score_before"]:
        return Reason("changed", "changed", values)
    return Reason("changed", "changed_by", {**values, "most": max(known, key=lambda name: known[name])})
