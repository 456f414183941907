"""What customers say after a purchase: happier who stays, less happy who complained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, joined, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regulars.synthetic.baskets import Orders
    from regulars.synthetic.stories import Company

QUESTION = "How likely are you to recommend us?"
NPS = {"measure": "nps", "question": QUESTION, "scale_min": 0.0, "scale_max": 10.0, "high_is_good": True}


def answers(company: Company, orders: Orders) -> pa.Table:
    """Answers to the recommendation question; in a shop the invitations too, and who is likely to leave answers less often."""
    random = company.random("surveys", orders.people.first)
    dropout = orders.people.dropout[orders.who]
    is_shop = company.kind == "shop"
    asked = np.flatnonzero(random.random(orders.who.size) < company.answer_share * (3 if is_shop else 1))
    invited_at = orders.at[asked] + random.integers(DAY, 5 * DAY, asked.size)
    if not is_shop:
        score = np.clip(np.rint(8.2 - 3 * dropout[asked] + random.normal(0, 1.8, asked.size)), 0, 10)
        return _rows(company, orders, asked, invited_at, "answered", NPS | {"score": score})
    shop = company.shop
    mean = shop.score_base + shop.score_of_dropout * dropout[asked] + shop.score_of_complaint * orders.complained[asked]
    score = np.clip(np.rint(mean + random.normal(0, shop.score_spread, asked.size)), 0, 10)
    replies = random.random(asked.size) < 0.45 - 0.2 * dropout[asked]
    answered_at = np.where(replies, invited_at + (random.exponential(0.7, asked.size) * DAY).astype(np.int64), company.end)
    invitations = _rows(company, orders, asked, invited_at, "invited", {})
    return pa.concat_tables([invitations, _rows(company, orders, asked, answered_at, "answered", NPS | {"score": score})])


def _rows(
    company: Company, orders: Orders, asked: NDArray[np.int64], at: NDArray[np.int64], state: str, answer: dict[str, Any]
) -> pa.Table:
    inside = np.flatnonzero(at < company.end)
    some = asked[inside]
    response = joined("r", orders.ids.take(some), by="-")
    given = {name: value[inside] if isinstance(value, np.ndarray) else value for name, value in answer.items()}
    return table(
        "responses",
        {
            **given,
            "occurred_at": at[inside],
            "row_key": response if state == "answered" else joined(response, state),
            "identity_id": orders.people.ids.take(orders.who[some]),
            "response_id": response,
            "survey_id": "after purchase",
            "state": state,
            "stage": "purchase",
        },
    )
