"""Stages: how far has each customer come, and where do they stop?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ibis import _

from regulars.analyses.catalogue import refuse_below_one, refuse_unless
from regulars.analyses.declare import declare
from regulars.analyses.results import AnalysisResult, Note, rows_table, table_of
from regulars.analyses.stage_models import MODELS, RULES, Part, Rule, Stage
from regulars.metrics.estimates import wilson
from regulars.periods import day_number, day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regulars.relations.session import Session

NEVER = 1 << 40
"""A day that does not come."""
MEANINGS = {
    "stage": "stage of the model, in order",
    "rule": "how a customer enters it",
    "metric": "the metric that the stage is judged by",
    "reached": "customers who entered it or a later stage",
    "reached_share": "reached / reached of the first stage that the data show",
    "conversion_share": "share of them who went on to the next stage, whenever",
    "drop_off_share": "share of them who did not, so far",
    "old_enough": "customers who entered it at least `days` days before as-of",
    "conversion_in_days_share": "share of those who went on within that time",
    "low": "lower limit of its 95 % interval",
    "high": "upper limit",
    "median_days": "median days from here to the next stage, of customers seen entering both",
    "timed": "customers seen entering both",
    "current": "customers for whom it is the furthest stage",
    "active": "of these, the customers active as of as-of",
    "customer_id": "customer",
    "since_on": "day on which the stage was entered",
    "days": "days since",
    "is_active": "whether the customer is active as of as-of",
    "month": "local month",
    "entered": "customers who entered the stage in it",
}


@dataclass(frozen=True, slots=True)
class Entries:
    """By customer and stage: the day on which the stage's own rule first held, and on which it or a later stage's did (NEVER: not so far)."""

    customers: pa.Array
    own: NDArray[Any]
    entered: NDArray[Any]

    @property
    def current(self) -> NDArray[Any]:
        """Place of the furthest stage by customer."""
        places: NDArray[Any] = (self.entered < NEVER).sum(axis=1) - 1
        return places


@declare(
    title="Lifecycle stages",
    question="How far has each customer come, and between which stages do they stop?",
    parameters={
        "model": "lifecycle, clm, acquisition_funnel, b2b or advocate_chain",
        "days": "conversion is also given within so many days, of customers who had that long",
    },
    needs=(),
    in_money=False,
)
def stages(session: Session, *, model: str = "lifecycle", days: int = 90) -> AnalysisResult:
    """Customers by stage of a model: how many reached each, went on to the next and after how long, and where each of them is now.

    Every stage has a rule on the data, given in the table. A customer has reached a stage when its rule or that of a later stage has held, and
    entered it on the earliest such day: an order without a visit on record counts as reached all the same. Days between stages are only counted
    where both stages' own rules were first. The current stage is the furthest one reached; nobody goes back, `active` says who is still there.
    Stages whose tables or events the data do not hold are named and left out.
    """
    refuse_unless(model in MODELS, "model", model, ", ".join(MODELS))
    refuse_below_one("days", days)
    shown, missing, firsts = [], [], []
    for stage in MODELS[model]:
        found = _first_days(session, RULES[stage.rule])
        if found is None:
            missing.append(stage)
        else:
            shown.append(stage)
            firsts.append(found)
    notes = [Note("stages_missing", {"stages": ", ".join(s.name for s in missing)})] if missing else []
    if not shown:
        needs = sorted({part.table for stage in missing for part in RULES[stage.rule].parts if not session.has_rows(part.table)})
        return AnalysisResult(name="stages", title="Lifecycle stages", tables={}, notes=(Note("no_data", {"needs": ", ".join(needs)}),))
    if len(shown) == 1:
        notes.append(Note("one_stage"))
    entries = _entries(firsts)
    active = _active(session, entries.customers)
    now = day_number(session.as_of_day)
    tables = {
        "stages": table_of(session, _counted(shown, entries, active, now, days), f"Stages of the model {model}", MEANINGS),
        "customers": table_of(session, _customers(shown, entries, active, now), "Current stage by customer", MEANINGS),
        "entries": table_of(session, _by_month(shown, entries), "Customers who entered each stage, by month", MEANINGS),
        "missing": table_of(session, _missing(missing), "Stages that the data cannot show", MEANINGS),
    }
    return AnalysisResult(name="stages", title="Lifecycle stages", tables=tables, notes=tuple(notes))


def _first_days(session: Session, rule: Rule) -> pa.Table | None:
    """customer_id and the first local day on which the rule held; None where the data cannot show it."""
    found = [_of_part(session, part) for part in rule.parts]
    tables = [table for table in found if table is not None]
    return pa.concat_tables(tables).group_by("customer_id").aggregate([("first_day", "min")]) if tables else None


def _of_part(session: Session, part: Part) -> pa.Table | None:
    if not session.has_rows(part.table):
        return None
    t = session.tables()
    if part.evidence is not None and not session.run(part.evidence(t).select("row_key").limit(1)).num_rows:
        return None
    rows = part.rows(t)
    rows = rows.filter(rows.customer_id.notnull()).group_by("customer_id").agg(first_day=_.local_day.min().cast("int64"))
    return session.run(rows).cast(pa.schema({"customer_id": pa.string(), "first_day": pa.int64()}))


def _entries(firsts: Sequence[pa.Table]) -> Entries:
    import numpy as np
    import pyarrow.compute as pc

    everybody = pa.concat_tables([found.select(["customer_id"]) for found in firsts]).column("customer_id")
    customers = pc.unique(everybody).sort()
    own = np.full((len(customers), len(firsts)), NEVER)
    for place, found in enumerate(firsts):
        at = pc.index_in(found.column("customer_id"), customers).to_numpy()
        own[at, place] = found.column("first_day_min").to_numpy()
    entered = np.minimum.accumulate(own[:, ::-1], axis=1)[:, ::-1]
    return Entries(customers, own, entered)


def _active(session: Session, customers: pa.Array) -> NDArray[Any]:
    import pyarrow.compute as pc

    spells, now = session.tables().spells, day_number(session.as_of_day)
    there = session.run(spells.filter(spells.from_day <= now, spells.until_day >= now).select("customer_id").distinct())
    found: NDArray[Any] = pc.is_in(customers, value_set=there.column("customer_id").combine_chunks().cast(pa.string())).to_numpy(
        zero_copy_only=False
    )
    return found


def _counted(shown: Sequence[Stage], entries: Entries, active: NDArray[Any], now: int, days: int) -> pa.Table:
    import numpy as np

    entered, seen = entries.entered, (entries.own == entries.entered) & (entries.own < NEVER)
    reached, current = (entered < NEVER).sum(axis=0), entries.current
    rows = []
    for place, stage in enumerate(shown):
        row: dict[str, Any] = {
            "stage": stage.name,
            "reached": int(reached[place]),
            "reached_share": reached[place] / reached[0] if reached[0] else None,
            "current": int((current == place).sum()),
            "active": int(((current == place) & active).sum()),
            "rule": RULES[stage.rule].meaning,
            "metric": stage.metric,
        }
        if place + 1 < len(shown) and reached[place]:
            row["conversion_share"] = reached[place + 1] / reached[place]
            row["drop_off_share"] = 1 - row["conversion_share"]
            wait = entered[:, place + 1] - entered[:, place]
            old = entered[:, place] + days <= now
            row["old_enough"] = int(old.sum())
            if row["old_enough"]:
                went_on = int((old & (wait <= days)).sum())
                row["conversion_in_days_share"] = went_on / row["old_enough"]
                row["low"], row["high"] = wilson(went_on, row["old_enough"])
            both = seen[:, place] & seen[:, place + 1]
            row["timed"] = int(both.sum())
            row["median_days"] = float(np.median(wait[both])) if row["timed"] else None
        rows.append(row)
    shares = {"conversion_share": pa.float64(), "drop_off_share": pa.float64(), "median_days": pa.float64(), "timed": pa.int64()}
    lately = {"old_enough": pa.int64(), "conversion_in_days_share": pa.float64(), "low": pa.float64(), "high": pa.float64()}
    columns = {"stage": pa.string(), "reached": pa.int64(), "reached_share": pa.float64(), **shares, **lately}
    return rows_table(rows, columns | {"current": pa.int64(), "active": pa.int64(), "metric": pa.string(), "rule": pa.string()})


def _customers(shown: Sequence[Stage], entries: Entries, active: NDArray[Any], now: int) -> pa.Table:
    import numpy as np

    current = entries.current
    since = entries.entered[np.arange(len(current)), current] if len(current) else np.zeros(0, dtype=np.int64)
    return pa.table(
        {
            "customer_id": entries.customers,
            "stage": pa.array([stage.name for stage in shown], pa.string()).take(pa.array(current, pa.int64())),
            "since_on": pa.array(since.astype(np.int32), pa.int32()).cast(pa.date32()),
            "days": pa.array(now - since, pa.int64()),
            "is_active": pa.array(active, pa.bool_()),
        }
    )


def _by_month(shown: Sequence[Stage], entries: Entries) -> pa.Table:
    import numpy as np

    rows = []
    for place, stage in enumerate(shown):
        days, counts = np.unique(entries.entered[:, place], return_counts=True)
        months: dict[str, int] = {}
        for day, count in zip(days.tolist(), counts.tolist(), strict=True):
            if day < NEVER:
                month = f"{day_of(day):%Y-%m}"
                months[month] = months.get(month, 0) + count
        rows += [{"month": month, "stage": stage.name, "entered": count, "place": place} for month, count in months.items()]
    rows.sort(key=lambda row: (row["month"], row["place"]))
    return rows_table(rows, {"month": pa.string(), "stage": pa.string(), "entered": pa.int64()})


def _missing(missing: Sequence[Stage]) -> pa.Table:
    rows = [{"stage": stage.name, "rule": RULES[stage.rule].meaning} for stage in missing]
    return rows_table(rows, {"stage": pa.string(), "rule": pa.string()})
