"""What a light may be, and the replay: from the colour by score and the rule of each week to the light that is shown.

Computed weekly. A colour by score changes after two agreeing weeks, a colour by rule at once. The same function makes the light of today and
answers, from the stored log, what was shown on an earlier day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.errors import ArgumentRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Codes = NDArray[np.int8]

LIGHTS = ("green", "amber", "red", "new", "lapsed", "unknown")
"""A light is its place in this row."""
GREEN, AMBER, RED, NEW, LAPSED, UNKNOWN = range(6)
NONE = -1
"""No light by score (the customer was not known yet), or no rule."""
WEEK = 7
"""Days between the weeks that have to agree."""

RULES = (
    "complaint_open",
    "complaint_recent",
    "dissatisfied",
    "no_use",
    "few_users",
    "single_contact",
    "dormant",
    "texts_negative",
)
"""Rules in the order in which they are named where several hold; the first three are red, the others at least amber."""
RED_RULES = ("complaint_open", "complaint_recent", "dissatisfied")
LOG_COLUMNS = ("customer_id", "day", "light_by_score", "light_rule", "withheld")


def floor_of(rule: str | None) -> int:
    """The colour that a rule asks for at least; -1 for none."""
    return NONE if rule is None else RED if rule in RED_RULES else AMBER


def shown(days: Sequence[int], by_score: Codes, floors: Codes, withheld: Sequence[frozenset[int]]) -> Codes:
    """The light shown in each week: `by_score` and `floors` have a row per week (day numbers in `days`, the earliest first) and a column per customer.

    By score, a colour is taken at once where there was none before; afterwards another one is taken when the row at least seven days earlier said
    the same. A rule lifts the colour to its own at once, and is gone at once. Only a red rule lifts `new`, none `lapsed`. A withheld colour is `unknown`
    unless a rule lifts it.
    """
    out = np.full(by_score.shape, NONE, dtype=np.int8)
    held = np.full(by_score.shape[1], NONE, dtype=np.int8)
    for week, raw in enumerate(by_score):
        earlier = [k for k in range(week) if days[week] - days[k] >= WEEK]
        agrees = raw == by_score[earlier[-1]] if earlier else np.zeros(len(raw), dtype=bool)
        coloured = (raw >= GREEN) & (raw <= RED)
        had_colour = (held >= GREEN) & (held <= RED)
        held = np.where((raw != NONE) & (~coloured | ~had_colour | agrees), raw, held)
        hidden = np.isin(held, list(withheld[week]))
        base = np.where(hidden, UNKNOWN, held).astype(np.int8)
        out[week] = _lifted(base, floors[week])
        out[week][raw == NONE] = NONE
    return out


def _lifted(base: Codes, floor: Codes) -> Codes:
    lit = base <= RED
    lifted = np.where(lit, np.maximum(base, floor), base)
    lifted = np.where((base == UNKNOWN) & (floor != NONE), floor, lifted)
    return np.where((base == NEW) & (floor == RED), RED, lifted).astype(np.int8)


def replay(log: pa.Table) -> pa.Array:
    """The light shown in each row of `log`: customer_id, day (date), light_by_score, light_rule (or null), withheld ("" or "green,red").

    Rows may stand in any order. Raises `ArgumentRefused` where a customer has two rows on one day.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    customers = log.column("customer_id").combine_chunks().dictionary_encode()
    customers = customers.chunk(0) if isinstance(customers, pa.ChunkedArray) else customers
    who = customers.indices.to_numpy()
    numbers = log.column("day").cast(pa.int32()).to_numpy()
    days, week = np.unique(numbers, return_inverse=True)
    shape = (len(days), len(customers.dictionary))
    if len(np.unique(week * max(1, shape[1]) + who)) < len(who):
        raise ArgumentRefused(
            "A customer has two rows on one day in the log of lights.",
            expected="one row per customer and day",
            remedy="Keep the rows of the latest run of each day.",
        )
    by_score, floors = (np.full(shape, NONE, dtype=np.int8) for _ in range(2))
    by_score[week, who] = pc.index_in(log.column("light_by_score"), pa.array(LIGHTS)).fill_null(NONE).to_numpy()
    rules = pc.index_in(log.column("light_rule").cast(pa.string()), pa.array(RULES)).fill_null(NONE).to_numpy()
    floors[week, who] = np.array([NONE, *map(floor_of, RULES)], dtype=np.int8)[rules + 1]
    hidden: list[frozenset[int]] = [frozenset()] * len(days)
    for day, words in set(zip(week.tolist(), log.column("withheld").to_pylist(), strict=True)):
        hidden[day] = hidden[day] | frozenset(LIGHTS.index(word) for word in (words or "").split(",") if word)
    lights = shown(days.tolist(), by_score, floors, hidden)[week, who]
    return pa.array(LIGHTS).take(pa.array(lights.astype(np.int64), mask=lights == NONE))
