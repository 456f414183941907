"""All predictions of a company together: value, risk, health and light of every customer as of an instant, and why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.metrics.estimates import Undefined
from regulars.predictions import churn, value
from regulars.predictions.health import assess, audit_lights, observe, ranked, risks_of, untested

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.predictions.churn import ChurnModel
    from regulars.predictions.health import Assessment, LightsAudit, Reason
    from regulars.predictions.rows import Model
    from regulars.predictions.value import CompanyValue, Note, SubscriberValue
    from regulars.relations.session import Session

WEEKS = 3
"""Weekly looks from which a light is made where no log reaches back: the least in which a colour can change and be confirmed."""

FROM_VALUE = ("p_alive", "expected_orders", "clv_minor", "clv_low_minor", "clv_high_minor", "next_order_days_low", "next_order_days_mid", "next_order_days_high")  # fmt: skip
MEANINGS = {
    "customer_id": "the customer",
    "light": "green, amber or red; new, lapsed and unknown have no colour",
    "health_score": "0 to 100, higher is healthier",
    "churn_risk": "probability of no kept order or meaningful event within the horizon (of no running subscription, by cancellation)",
    "churn_low": "lower end of its 95 % interval: what became of customers with such a risk on a later day; empty where that is not known yet",
    "churn_high": "upper end",
    "value_if_stays_minor": "margin expected over the horizon if the customer stays",
    "money_at_risk_minor": "churn_risk x value_if_stays, of active customers",
    "clv_minor": "margin expected over twelve months",
    "clv_low_minor": "lower end of its 95 % interval",
    "clv_high_minor": "upper end of its 95 % interval",
    "p_alive": "probability that the customer has not left for good; 1 for everybody who bought once, and no measure of risk",
    "expected_orders": "order days expected over the horizon",
    "previous_light": "the light a week before",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A model as it is kept."""

    files: dict[str, bytes]
    notes: tuple[Note, ...] = ()
    """What a reader must know of it."""

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change with anything in the files."""
        return hashlib.sha256(b"".join(self.files.values())).hexdigest()[:16]

    def as_files(self) -> dict[str, bytes]:
        """Name of a file and its content."""
        return self.files


def settled(plain: Any) -> Any:
    """Plain values with twelve digits: an engine with several threads adds in any order, and sums differ behind them.

    >>> settled({"share": 0.1 + 0.2, "errors": [1 / 3]})
    {'share': 0.3, 'errors': [0.333333333333]}
    """
    if isinstance(plain, dict):
        return {name: settled(value) for name, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [settled(value) for value in plain]
    return float(f"{plain:.12g}") if isinstance(plain, float) else plain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What is predicted of every customer known, as of `as_of`; made by `predict`.

    `churn` or `value` is `Undefined` where the data say too little; what rests on it is then empty, and lights are `unknown`.
    """

    as_of: datetime
    day: date
    horizon_days: int
    currency: str | None
    churn: ChurnModel | Undefined
    value: CompanyValue | SubscriberValue | Undefined
    assessment: Assessment
    audit: LightsAudit
    """What became of the lights of the latest day whose outcome is known."""
    table: pa.Table

    @property
    def models(self) -> dict[str, Model]:
        """The models behind the predictions by kind."""
        found: dict[str, Model] = {"health": self.assessment.standards}
        if not isinstance(self.churn, Undefined):
            found["churn"] = self.churn
        if not isinstance(self.value, Undefined):
            found["value"] = Written(
                {"value.json": json.dumps(settled(self.value.as_dict()), sort_keys=True, indent=1).encode()}, self.value.notes
            )
        return found

    @property
    def basis(self) -> str:
        """What value is: margin, or revenue where no margin is known."""
        return "revenue" if isinstance(self.value, Undefined) or self.value.margin.basis == "revenue" else "margin"

    def why(self, customer_ids: Sequence[str]) -> list[list[Reason]]:
        """At most three reasons for the light of each of these customers, the weightiest first."""
        return self.assessment.why(self.assessment.rows_of(customer_ids))

    def rows(self, *, lights: Sequence[str] = ("green", "amber", "red"), top: int | None = None) -> pa.Table:
        """Customers with one of `lights`, those with the most money at risk first."""
        import pyarrow as pa

        return self.table.take(pa.array(ranked(self.assessment, lights)[:top]))

    def call_list(self, top: int = 20) -> list[dict[str, Any]]:
        """Whom to call first: amber and red customers by money at risk."""
        rows: list[dict[str, Any]] = self.rows(lights=("amber", "red"), top=top).to_pylist()
        return [row for row in rows if (row["money_at_risk_minor"] or 0) > 0]

    def money_at_risk(self) -> tuple[int, int]:
        """Money at risk of all amber and red customers in minor units, and how many of them it is the sum over."""
        import pyarrow.compute as pc

        money = self.rows(lights=("amber", "red")).column("money_at_risk_minor")
        return int(pc.sum(money).as_py() or 0), int(len(money) - money.null_count)


def predict(session: Session, *, log: pa.Table | None = None, progress: Callable[[str], None] | None = None) -> Predictions:
    """Value, risk, health and light of every customer known before as-of; only rows before as-of flow in.

    The lights of today rest on today and the two weeks before, and on `log`, the rows that were kept of earlier weeks. Raises `MixedCurrencies`.
    """
    say = progress or (lambda _: None)
    horizon = session.settings.horizon_days
    say("what customers are worth")
    company = value.fit_company(session, progress=progress)
    say("who is about to leave")
    risk_model = churn.fit(session, progress=progress)
    say("whether earlier lights held")
    audit = audit_lights(session, rounds=1, progress=progress)
    say("health and lights")
    days = [session.as_of_day - timedelta(days=7 * back) for back in range(WEEKS - 1, -1, -1)]
    looks = [observe(session, day, horizon) for day in days if day == session.as_of_day or day > session.history_start]
    risks = [_risk(risk_model, look) for look in looks]
    table = looks[-1].facts
    bought = None if isinstance(company, Undefined) else company.customers()
    stays = _placed(table, bought, "value_if_stays_minor")
    model, today = risk_model, looks[-1]
    assessment = assess(
        looks,
        risks,
        settings=session.settings,
        standards=audit.standards or untested(session, today),
        by_cancellation=session.by_cancellation,
        value_if_stays=stays,
        reasons=None if isinstance(model, Undefined) else lambda rows: model.reasons(today, rows),
        log=log,
        currency=session.currency,
    )
    return Predictions(
        as_of=session.as_of,
        day=session.as_of_day,
        horizon_days=horizon,
        currency=session.currency,
        churn=risk_model,
        value=company,
        assessment=assessment,
        audit=audit,
        table=_table(assessment, bought, risk_model),
    )


def _risk(model: ChurnModel | Undefined, look: Any) -> NDArray[np.float64]:
    return np.full(look.facts.num_rows, np.nan) if isinstance(model, Undefined) else risks_of(model, look)


def _placed(facts: pa.Table, bought: pa.Table | None, column: str) -> NDArray[np.float64]:
    """A column of the buyers' table for each row of the facts; NaN for who is no buyer."""
    import pyarrow.compute as pc

    if bought is None or column not in bought.schema.names:
        return np.full(facts.num_rows, np.nan)
    place = pc.index_in(facts.column("customer_id"), value_set=bought.column("customer_id").combine_chunks())
    where = place.fill_null(bought.num_rows).to_numpy().astype(np.int64)
    values = bought.column(column).cast("float64").to_numpy(zero_copy_only=False)
    found: NDArray[np.float64] = np.append(values, np.nan)[where]
    return found


def _table(assessment: Assessment, bought: pa.Table | None, model: ChurnModel | Undefined) -> pa.Table:
    import pyarrow as pa

    table = assessment.table
    risk = assessment.now.risk
    ends = None if isinstance(model, Undefined) else model.interval(np.nan_to_num(risk))
    for name, values in zip(("churn_low", "churn_high"), ends or (np.full(len(risk), np.nan),) * 2, strict=True):
        table = table.append_column(name, pa.array(values, mask=np.isnan(risk) | np.isnan(values)))
    for name in FROM_VALUE:
        values = _placed(table, bought, name)
        kept = pa.array(np.round(np.nan_to_num(values)).astype(np.int64) if name.endswith("_minor") else values, mask=np.isnan(values))
        table = table.append_column(name, kept)
    return table
