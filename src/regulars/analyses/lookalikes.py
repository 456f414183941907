"""Look-alikes: who began as the best customers began?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from regulars.analyses.catalogue import refuse_below_one, refuse_unless
from regulars.analyses.declare import declare
from regulars.analyses.early_traits import EARLY_DAYS, NUMBERS, PLACE, People, judged, people, traits
from regulars.analyses.resemblance import auc, fit, unseen_scores
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.metrics.estimates import wilson
from regulars.periods import day_number, day_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.relations.session import Session

LEAST = 10
"""Best customers from which a model is learnt."""
NOTHING = 0.01
"""A gain in AUC below this is none to speak of."""
MOST_LEARNT, MOST_SCORED = 50_000, 200_000
"""Customers to learn from, evenly spread, and to score, the latest first, at most."""
EARLY, PLACES, SPEND = "first 30 days", "country and channel alone", "spend of the first 30 days alone"
MEANINGS = {
    "customer_id": "customer",
    "group": "young: a buyer not judged yet; small: judged, and not among the best; prospect: no kept order so far",
    "score": "probability of being among the best at the day of judgement, by customers other than this one",
    "times_usual": "score / share of the best among all judged",
    "value_minor": "customer value so far",
    "first_on": "day of the first kept order",
    "shared": "up to three traits that the customer shares with the best, those that mark them most",
    "trait": "what was known early",
    "best": "of the best customers, how many have it",
    "all": "of all judged customers, how many have it",
    "best_share": "share of the best with it",
    "all_share": "share of all judged with it",
    "lift": "share of the best / share of all",
    "low": "lower limit of its 95 % interval",
    "high": "upper limit",
    "marks_the_best": "whether the interval of the best's share lies above the share of all",
    "model": "what the scores rest on",
    "customers": "judged customers",
    "auc": "chance that one of the best scores above another, on customers the model had not seen; .5 is a coin",
    "used": "whether scores are given by it",
}


@declare(
    title="Look-alikes",
    question="Which prospects and small customers resemble the best customers as they were in the beginning?",
    parameters={
        "by": "value or orders: what the best fifth is best by",
        "within_days": "days after the first order by which customers are judged; empty for half of the history, a year at most",
        "min_customers": "a trait counts when at least so many judged customers have it, and as many have not",
        "top": "how many look-alikes to give",
    },
)
def lookalikes(
    session: Session, *, by: str = "value", within_days: int | None = None, min_customers: int = 10, top: int = 100
) -> AnalysisResult:
    """Customers who began as the best did, the traits they share, and how well such a beginning foretells.

    Judged are buyers whose first `within_days` days have passed; the best are the ceil(20 %) of them with the highest net value (or most kept orders,
    then value) of kept orders in those days, ties by id: nobody is best for being old. A ridge logistic regression is learnt on what was known in
    the first 30 days: country, acquisition channel, the first order's channel, value, discount and categories (products where there are none), orders,
    spend and meaningful events. AUC is measured on fifths left out of the fit, beside that of the early spend alone; where its interval reaches .5, no
    scores are given. Prospects are scored by country and channel alone. Persona: traits by share among the best against all judged.
    """
    refuse_unless(by in ("value", "orders"), "by", by, "value or orders")
    refuse_below_one("top", top)
    refuse_below_one("min_customers", min_customers)
    history = (session.as_of_day - session.history_start).days
    days = max(EARLY_DAYS, min(365, history // 2)) if within_days is None else within_days
    refuse_below_one("within_days", days)
    refuse_unless(days >= EARLY_DAYS, "within_days", within_days, f"a whole number from {EARLY_DAYS}")
    everybody = people(session, days)
    old = judged(session, everybody, days)
    if not old.any():
        return AnalysisResult(name="lookalikes", title="Look-alikes", tables={}, notes=(Note("nobody_judged", {"days": days}),))
    best = _best(everybody, old, by)
    learnt, candidates = _chosen(session, everybody, old, best)
    group, wanted = everybody.take(learnt), best[learnt]
    others = everybody.take(candidates)
    known = traits(group, others, min_customers)
    persona = _persona(known, wanted)
    scored, models, notes = _scored(group, others, wanted, known)
    found = _found(session, others, scored, known, persona, float(wanted.mean()), top, days)
    tables = {
        "lookalikes": table_of(session, found, f"Who resembles the best fifth by {by} within {days} days", MEANINGS),
        "persona": table_of(session, persona, "Early traits of the best against all judged customers", MEANINGS),
        "models": table_of(session, models, "How well the best could have been told early, out of sample", MEANINGS),
    }
    notes = (Note("judged_after", {"days": days, "customers": int(old.sum()), "best": int(best.sum())}), *notes)
    return AnalysisResult(name="lookalikes", title="Look-alikes", tables=tables, notes=notes)


def _best(everybody: People, old: NDArray[Any], by: str) -> NDArray[Any]:
    """Who is in the best fifth of the judged."""
    import numpy as np

    places = np.flatnonzero(old)
    value, orders = everybody.column("judged_minor")[places], everybody.column("judged_orders")[places]
    order = np.lexsort((places, -value) if by == "value" else (places, -value, -orders))
    best = np.zeros(len(old), dtype=bool)
    best[places[order[: math.ceil(len(places) / 5)]]] = True
    return best


def _chosen(session: Session, everybody: People, old: NDArray[Any], best: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Places of customers to learn from, and of customers to score: not the best, and buyers only where 30 days have passed."""
    import numpy as np

    judged_ = np.flatnonzero(old)
    learnt = judged_[:: len(judged_) // MOST_LEARNT + 1]
    first, buyer = everybody.column("first_day"), everybody.rows.column("first_day").is_valid().to_numpy()
    open_ = np.flatnonzero(~best & (~buyer | (first + EARLY_DAYS <= day_number(session.as_of_day))))
    latest = open_[np.argsort(-first[open_], kind="stable")][:MOST_SCORED]
    return learnt, np.sort(latest)


def _persona(known: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], wanted: NDArray[Any]) -> pa.Table:
    best, everybody = int(wanted.sum()), len(wanted)
    rows = []
    for trait, (has, _there) in known.items():
        own, all_ = int((has & wanted).sum()), int(has.sum())
        low, high = wilson(own, best)
        shares: dict[str, Any] = {"best_share": own / best, "all_share": all_ / everybody}
        lift = shares["best_share"] / shares["all_share"]
        rows.append({"trait": trait, "best": own, "all": all_, **shares, "lift": lift, "low": low, "high": high})
        rows[-1]["marks_the_best"] = low > shares["all_share"]
    rows.sort(key=lambda row: (not row["marks_the_best"], -round(row["lift"], 9), row["trait"]))
    numbers = ("best_share", "all_share", "lift", "low", "high")
    columns = {"trait": pa.string(), "best": pa.int64(), "all": pa.int64(), **dict.fromkeys(numbers, pa.float64())}
    return rows_table(rows, columns | {"marks_the_best": pa.bool_()})


def _scored(
    group: People, others: People, wanted: NDArray[Any], known: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
) -> tuple[dict[str, float], pa.Table, tuple[Note, ...]]:
    """Scores by customer_id of those that a model can tell, how good the models are, and what to know."""
    import numpy as np

    rows: list[dict[str, Any]] = []
    notes: list[Note] = []
    scores: dict[str, float] = {}
    buyer = others.rows.column("first_day").is_valid().to_numpy()
    ids = np.array(others.rows.column("customer_id").to_pylist(), dtype=object)
    n = {"customers": len(wanted), "best": int(wanted.sum())}
    if min(n["best"], len(wanted) - n["best"]) < LEAST:
        notes.append(Note("few_best", {"best": n["best"], "least": LEAST}))
    else:
        places = {trait: own for trait, own in known.items() if trait.partition(" = ")[0] in PLACE}
        for model, own, numbers, applies in ((EARLY, known, NUMBERS, buyer), (PLACES, places, (), ~buyer)):
            if not applies.any() or not (own or numbers):
                continue
            here, there = (_columns(some, [pair[side] for pair in own.values()], numbers) for side, some in enumerate((group, others)))
            unseen = unseen_scores(here, wanted)
            value, low, high = auc(unseen, wanted)
            rows.append({"model": model, **n, "auc": value, "low": low, "high": high, "used": low > 0.5})
            if low <= 0.5:
                notes.append(Note("cannot_tell", {"of": model}))
                continue
            scores |= dict(zip(ids[applies], fit(here, wanted).score(there[applies]).tolist(), strict=True))
            # Who was learnt from is scored by the fits that had not seen them.
            learnt = dict(zip(group.rows.column("customer_id").to_pylist(), unseen.tolist(), strict=True))
            scores |= {who: learnt[who] for who in ids[applies] if who in learnt}
        value, low, high = auc(group.column("early_minor").astype(np.float64), wanted)
        if any(row["model"] == EARLY and row["used"] and row["auc"] - value < NOTHING for row in rows):
            notes.append(Note("spend_tells_as_much", {"auc": value}))
        rows.append({"model": SPEND, **n, "auc": value, "low": low, "high": high, "used": False})
    columns = {"model": pa.string(), "customers": pa.int64(), "best": pa.int64(), **dict.fromkeys(("auc", "low", "high"), pa.float64())}
    return scores, rows_table(rows, columns | {"used": pa.bool_()}), tuple(notes)


def _columns(some: People, has: Sequence[NDArray[Any]], numbers: Sequence[str]) -> NDArray[Any]:
    import numpy as np

    columns = [*(own.astype(np.float64) for own in has), *(np.log1p(np.maximum(0, some.column(name))) for name in numbers)]
    return np.column_stack(columns)


def _found(
    session: Session,
    others: People,
    scores: Mapping[str, float],
    known: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    persona: pa.Table,
    usual: float,
    top: int,
    days: int,
) -> pa.Table:
    marks = [row["trait"] for row in persona.to_pylist() if row["marks_the_best"]]
    ids = others.rows.column("customer_id").to_pylist()
    first, value = others.rows.column("first_day").to_pylist(), others.rows.column("value_minor").to_pylist()
    places = sorted((at for at, who in enumerate(ids) if who in scores), key=lambda at: (-round(scores[ids[at]], 9), ids[at]))[:top]
    now = day_number(session.as_of_day)
    rows = [
        {
            "customer_id": ids[at],
            "group": "prospect" if first[at] is None else "small" if first[at] + days <= now else "young",
            "score": scores[ids[at]],
            "times_usual": scores[ids[at]] / usual,
            "value_minor": value[at] or 0,
            "first_on": None if first[at] is None else day_of(first[at]),
            "shared": "; ".join([trait for trait in marks if known[trait][1][at]][:3]),
        }
        for at in places
    ]
    texts, numbers = dict.fromkeys(("customer_id", "group"), pa.string()), dict.fromkeys(("score", "times_usual"), pa.float64())
    return rows_table(rows, {**texts, **numbers, "value_minor": pa.int64(), "first_on": pa.date32(), "shared": pa.string()})
