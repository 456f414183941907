"""The call list: active customers with an amber or red light, the most money at risk first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.predictions.health.lights import AMBER, LIGHTS, RED

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa
    from numpy.typing import NDArray

    from regulars.predictions.health.assessment import Assessment


def ranked(assessment: Assessment, lights: Collection[str] = ("amber", "red")) -> NDArray[np.int64]:
    """Rows with one of `lights`, by money at risk, then by risk, highest first; those without either come last, equals by customer_id."""
    wanted = [LIGHTS.index(name) for name in lights]
    rows = np.flatnonzero(np.isin(assessment.light, wanted))
    money, risk = assessment.money_at_risk[rows], assessment.now.risk[rows]
    order = np.lexsort((-np.nan_to_num(risk, nan=-1.0), -np.nan_to_num(money, nan=-1.0)))
    found: NDArray[np.int64] = rows[order]
    return found


def call_list(assessment: Assessment, top: int = 50, lights: Collection[str] = ("amber", "red")) -> pa.Table:
    """Whom to call first: customer_id, light, health_score, churn_risk, value_if_stays_minor, money_at_risk_minor, why (sentences), changed (a sentence)."""
    import pyarrow as pa

    rows = ranked(assessment, lights)[:top]
    names = ["customer_id", "light", "health_score", "churn_risk", "value_if_stays_minor", "money_at_risk_minor"]
    table = assessment.table.select(names).take(pa.array(rows))
    why = [[reason.text for reason in reasons] for reasons in assessment.why(rows)]
    changed = [None if change is None else change.text for change in assessment.changes(rows)]
    table = table.append_column("why", pa.array(why, pa.list_(pa.string())))
    return table.append_column("changed", pa.array(changed, pa.string()))


def revenue_at_risk(assessment: Assessment) -> float:
    """Sum of money at risk over amber and red customers, in minor units; those whose value or risk is not known add nothing."""
    lit = (assessment.light == AMBER) | (assessment.light == RED)
    return float(np.nansum(assessment.money_at_risk[lit]))
