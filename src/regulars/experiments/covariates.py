"""The covariate of CUPED: what each customer was predicted to be worth, frozen when the experiment was assigned.

It is kept as a row of `predictions` named `cuped:<experiment>` as of the assignment, so that as-of, undo and erasure treat it as any other row,
and no later model can change what an experiment is read with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.relations.session import Session

PREDICTED, FITTED, PAST = "clv_minor", "fitted_clv_minor", "past_net_minor"
PAST_DAYS = 365
"""Where nothing can be predicted, net value of the kept orders of so many days before stands in."""


def name_of(experiment: str) -> str:
    """The name under which the covariate of an experiment stands in `predictions`."""
    return f"cuped:{experiment}"


def covariate(session: Session, customers: Sequence[str]) -> tuple[list[float | None], str]:
    """For each customer what they were expected to be worth as of the session, and what that is; None where nothing is expected of somebody.

    The latest stored prediction of CLV; without any, the CLV of a model fitted now; where none can be fitted, or it says the same of everybody, the
    net value of the last 365 days.
    """
    predicted = latest_predictions(session, PREDICTED)
    if predicted:
        return [predicted.get(customer) for customer in customers], PREDICTED
    fitted = _fitted_value(session)
    if len(set(fitted.values())) > 1:
        return [fitted.get(customer) for customer in customers], FITTED
    past = _past_value(session)
    return [past.get(customer, 0.0) for customer in customers], PAST


def _fitted_value(session: Session) -> dict[str, float]:
    from regulars.errors import MixedCurrencies
    from regulars.metrics.estimates import Undefined
    from regulars.predictions.value import fit_company

    try:
        company = fit_company(session, backtests=0)
    except MixedCurrencies:
        return {}
    if isinstance(company, Undefined):
        return {}
    rows = company.customers()
    return {
        c: float(v)
        for c, v in zip(rows.column("customer_id").to_pylist(), rows.column("clv_minor").to_pylist(), strict=True)
        if v is not None
    }


def latest_predictions(session: Session, name: str) -> dict[str, float]:
    """The latest value by customer as of the session: of the predicted CLV, or of the covariate of an experiment."""
    rows = session.table("latest_values")
    answer = session.run(rows.filter(rows.name == name).select("customer_id", "value"))
    return dict(zip(answer.column("customer_id").to_pylist(), answer.column("value").to_pylist(), strict=True))


def aligned(values: dict[str, float], customers: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """The values in the order of `customers`; not a number where there is none."""
    import numpy as np

    return np.array([values.get(customer, np.nan) for customer in customers.to_pylist()], np.float64)


def _past_value(session: Session) -> dict[str, float]:
    from regulars.periods import day_number
    from regulars.relations.base import total

    days = session.table("order_days")
    inside = days.filter(days.local_day >= day_number(session.as_of_day) - PAST_DAYS)
    answer = session.run(inside.group_by("customer_id").agg(net_minor=total(inside.net_minor)))
    return {c: float(v) for c, v in zip(answer.column("customer_id").to_pylist(), answer.column("net_minor").to_pylist(), strict=True)}
