"""Reading what was kept: the runs, one run as a table, and the log of lights that a replay continues from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from regulars.periods import local_day
from regulars.predictions.rows import NAMES
from regulars.relations.predictions import by_customer, light_of, rounded
from regulars.results import TableResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import ibis.expr.types as ir
    import pyarrow as pa

    from regulars.predictions.health import Reason
    from regulars.relations.session import Session

LOG_RUNS = 8
"""So many kept runs go into the lights of the next one; a light rests on the weeks before, and earlier ones hardly change it."""
MEANINGS = {
    "customer_id": "the customer",
    "churn_risk": "probability of no order or activity within the horizon (0 to 1)",
    "churn_low": "lower end of its interval",
    "churn_high": "upper end of its interval",
    "p_alive": "probability that the customer has not left for good",
    "expected_orders": "order days expected over the horizon",
    "clv_minor": "margin expected over twelve months (revenue, where no margin is known)",
    "clv_low_minor": "lower end of its interval",
    "clv_high_minor": "upper end of its interval",
    "money_at_risk_minor": "probability of leaving x margin expected if the customer stays",
    "health_score": "health score from 0 to 100, higher is healthier",
    "light": "green, amber, red; new, lapsed or unknown have no colour",
    "light_by_score": "the colour by score alone",
    "light_rule": "the rule that set the light, where one did",
    "previous_light": "the light a week before, where it was another",
}


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One run of predictions that was kept: its load, the instant it is as of, that instant's local day, and when it was reckoned."""

    load_id: str
    as_of: datetime
    day: date
    reckoned_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class KeptPredictions:
    """What a run said, read from the workspace: one row per customer, reasons as plain values, model versions by kind."""

    run: KeptRun
    result: TableResult
    versions: dict[str, str]
    reasons: dict[str, str]

    @property
    def as_of(self) -> datetime:
        """The first instant that was not seen."""
        return self.run.as_of

    @property
    def table(self) -> pa.Table:
        """One row per customer, in the order of customer_id."""
        return self.result.to_arrow()

    def why(self, customer_ids: Sequence[str]) -> list[list[Reason]]:
        """The reasons for the light of each of these customers, as they were kept; `str` of one is its sentence. Empty where there are none."""
        return [[_reason(plain, self.result.currency) for plain in json.loads(self.reasons.get(who, "[]"))] for who in customer_ids]


def _reason(plain: Mapping[str, Any], currency: str | None) -> Reason:
    from regulars.predictions.health import Reason

    values = {name: value for name, value in plain.items() if name not in ("code", "says")}
    return Reason(str(plain["code"]), str(plain["says"]), values, currency)


def kept_runs(session: Session) -> list[KeptRun]:
    """The runs before as-of, the earliest first; of several on one local day only the last one."""
    if not session.has_rows("predictions"):
        return []
    runs = session.table("prediction_runs")
    whole = runs.group_by("load_id").agg(seen_until=runs.seen_until.max(), reckoned_at=runs.reckoned_at.max())
    rows = sorted(session.run(whole).to_pylist(), key=lambda row: (row["seen_until"], row["reckoned_at"], row["load_id"]))
    by_day: dict[date, KeptRun] = {}
    for row in rows:
        as_of = row["seen_until"].replace(tzinfo=UTC) + timedelta(microseconds=1)
        day = local_day(as_of, session.settings.time_zone)
        by_day[day] = KeptRun(row["load_id"], as_of, day, row["reckoned_at"].replace(tzinfo=UTC))
    return [by_day[day] for day in sorted(by_day)]


def read_log(session: Session, *, last: int | None = None) -> pa.Table:
    """The lights of the runs before as-of (only the `last` so many): one row per customer and local day.

    Columns: customer_id, day, light_by_score, light_rule (null for none), withheld ("" or colours with commas between), light (as it was shown), run.
    """
    import pyarrow as pa

    runs = kept_runs(session)
    schema = pa.schema(
        [
            ("customer_id", pa.string()),
            ("day", pa.date32()),
            *((n, pa.string()) for n in ("light_by_score", "light_rule", "withheld", "light", "run")),
        ]
    )
    parts = [_logged(session, run, schema) for run in (runs if last is None else runs[len(runs) - min(last, len(runs)) :])]
    return pa.concat_tables([schema.empty_table(), *parts])


def _logged(session: Session, run: KeptRun, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    rows = session.table("prediction_rows")
    own = rows.filter(rows.load_id == run.load_id, rows.name.isin(["light", "light_by_score", "light_rule"]))
    found = by_customer(
        session.tables(), own, ("light", "light_by_score"), light_rule=_reasons(own, "light_rule"), withheld=_reasons(own, "light_by_score")
    )
    found = found.mutate(light=light_of(found.light), light_by_score=light_of(found.light_by_score)).order_by("customer_id")
    table = session.run(found)
    # What a run withholds it withholds from all; only of somebody who was erased it is no longer said.
    told = sorted(text for text in table.column("withheld").unique().to_pylist() if text)
    withheld = ",".join(json.loads(told[0])) if told else ""
    rule = {text: json.loads(text)[0] for text in table.column("light_rule").unique().to_pylist() if text}
    columns = {
        "customer_id": table.column("customer_id"),
        "day": pa.repeat(pa.scalar(run.day, pa.date32()), table.num_rows),
        "light_by_score": table.column("light_by_score"),
        "light_rule": pa.array([rule.get(text) for text in table.column("light_rule").to_pylist()], pa.string()),
        "withheld": pa.repeat(pa.scalar(withheld, pa.string()), table.num_rows),
        "light": table.column("light"),
        "run": pa.repeat(pa.scalar(run.load_id, pa.string()), table.num_rows),
    }
    return pa.table(columns).cast(schema)


def _reasons(rows: ir.Table, name: str) -> ir.Value:
    import ibis

    return (rows.name == name).ifelse(rows.reasons, ibis.null("string")).max()


def read_kept(session: Session, as_of: datetime | None = None) -> KeptPredictions | None:
    """The run that was kept as of `as_of` (default: the session's own instant); None where there is none."""
    wanted = session.as_of if as_of is None else as_of
    run = next((run for run in reversed(kept_runs(session)) if run.as_of == wanted), None)
    return None if run is None else _read(session, run)


def latest_kept(session: Session) -> KeptPredictions | None:
    """The latest run before as-of; None where there is none."""
    runs = kept_runs(session)
    return _read(session, runs[-1]) if runs else None


def _read(session: Session, run: KeptRun) -> KeptPredictions:
    import ibis

    rows = session.table("prediction_rows")
    own = rows.filter(rows.load_id == run.load_id)
    nothing = ibis.null("float64")
    edges = {
        column: (own.name == name.name).ifelse(own[edge], nothing).max()
        for name in NAMES
        for edge, column in (("low", name.low), ("high", name.high))
        if column
    }
    values = [name.name for name in NAMES if name.name != "light_rule"]
    found = by_customer(session.tables(), own, values, **edges, light_rule=_reasons(own, "light_rule"), reasons=_reasons(own, "light"))
    lights = {name: light_of(found[name]) for name in ("light", "light_by_score", "previous_light")}
    amounts = {name: rounded(found[name]) for name in found.columns if name.endswith("_minor")}
    table = session.run(found.mutate(**lights, **amounts).order_by("customer_id"))
    versions = session.run(own.select("model_version").distinct()).column("model_version").to_pylist()
    return KeptPredictions(run, _result(session, run, table), _versions(versions), _said(table))


def _versions(texts: Sequence[str]) -> dict[str, str]:
    """`churn/1a2b value/3c4d` by kind."""
    return dict(sorted(part.split("/", 1) for text in texts for part in text.split() if "/" in part))


def _said(table: pa.Table) -> dict[str, str]:
    import pyarrow.compute as pc

    there = table.filter(pc.is_valid(table.column("reasons")))
    return dict(zip(there.column("customer_id").to_pylist(), there.column("reasons").to_pylist(), strict=True))


def _result(session: Session, run: KeptRun, table: pa.Table) -> TableResult:
    import pyarrow as pa

    rules = [None if text is None else json.loads(text)[0] for text in table.column("light_rule").to_pylist()]
    table = table.set_column(table.schema.get_field_index("light_rule"), "light_rule", pa.array(rules, pa.string()))
    columns = [name for name in MEANINGS if name in table.schema.names]
    return TableResult(table=table.select(columns), title="Predictions", as_of=run.as_of, currency=session.currency, meanings=MEANINGS)
