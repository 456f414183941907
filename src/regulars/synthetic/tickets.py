"""Support cases about orders: questions, and complaints after which customers leave more often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, chosen, joined, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.baskets import Orders
    from regulars.synthetic.stories import Company

COMPLAINTS = ("damaged item", "late delivery", "wrong item")
QUESTIONS = ("delivery date", "return", "invoice", "product question")


def tickets(company: Company, orders: Orders) -> pa.Table:
    """Each step of each case; in a shop with a topic, and with a rating that falls with the hours it took."""
    random = company.random("tickets", orders.people.first)
    asks = random.random(orders.who.size) < company.ticket_share
    about = np.flatnonzero(asks | orders.complained)
    opened = orders.at[about] + random.integers(DAY // 24, 3 * DAY, about.size)
    replied = opened + (random.exponential(5, about.size) * DAY / 24).astype(np.int64)
    resolved = replied + (random.exponential(30, about.size) * DAY / 24).astype(np.int64)
    complains = orders.complained[about]
    topic = np.where(complains, random.integers(0, len(COMPLAINTS), about.size), len(COMPLAINTS))
    topic = np.where(complains, topic, topic + random.integers(0, len(QUESTIONS), about.size))
    is_shop = company.kind == "shop"
    shared = {
        "identity_id": orders.people.ids.take(orders.who[about]),
        "ticket_id": joined("t", orders.ids.take(about), by="-"),
        "topic": chosen((*COMPLAINTS, *QUESTIONS), topic) if is_shop else pa.nulls(about.size, pa.string()),
        "priority": chosen(("normal", "high"), complains.astype(np.int64)) if is_shop else pa.nulls(about.size, pa.string()),
    }
    parts = [_step(company, shared, step, at) for step, at in (("opened", opened), ("replied", replied), ("resolved", resolved))]
    if is_shop:
        hours = (resolved - opened) / (DAY / 24)
        score = np.clip(np.rint(4.7 - hours / 40 - complains + random.normal(0, 0.6, about.size)), 1, 5)
        rates = random.random(about.size) < 0.4
        rated_at = np.where(rates, resolved + random.integers(DAY // 24, 2 * DAY, about.size), company.end)
        parts.append(_step(company, shared, "rated", rated_at, score=score))
    return pa.concat_tables(parts)


def _step(
    company: Company, shared: dict[str, pa.Array], step: str, at: NDArray[np.int64], score: NDArray[np.float64] | None = None
) -> pa.Table:
    inside = np.flatnonzero(at < company.end)
    some = {name: values.take(inside) for name, values in shared.items()}
    rating = {} if score is None else {"score": score[inside], "scale_min": 1.0, "scale_max": 5.0}
    return table(
        "tickets",
        {
            **some,
            **rating,
            "occurred_at": at[inside],
            "row_key": joined(some["ticket_id"], step),
            "step": step,
            "channel": "e-mail",
            "handled_by": "person",
        },
    )
