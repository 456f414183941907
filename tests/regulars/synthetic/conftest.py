"""Companies of each kind and their rows by table, drawn once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from regulars.synthetic import Company, Shop
from regulars.synthetic.company import whole_history

if TYPE_CHECKING:
    import pandas as pd


def tables_of(company: Company) -> dict[str, pa.Table]:
    """All rows of a company, by table."""
    found = defaultdict(list)
    for name, rows in whole_history(company):
        found[name].append(rows)
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def frames_of(company: Company) -> dict[str, pd.DataFrame]:
    """The same as data frames."""
    return {name: rows.to_pandas() for name, rows in tables_of(company).items()}


def quiet_shop(customers: int, *, shop: dict[str, object], **given: object) -> Company:
    """A shop in which nothing is planted but what is given."""
    nothing = {
        "month_factors": (1.0,) * 12,
        "seasonal_share": 0.0,
        "affinity_pairs": 0,
        "refill_share": 0.0,
        "complaint_share": 0.0,
        "campaign_share": 0.0,
        "member_share": 0.0,
        "subscriber_share": 0.0,
    }
    none = {"refund_share": 0.0, "events_per_order": 0.0, "events_per_customer": 0.0, "answer_share": 0.0, "ticket_share": 0.0}
    return Company(customers=customers, kind="shop", shop=Shop(**{**nothing, **shop}), **{**none, **given})


@pytest.fixture(scope="package", params=["purchases", "shop", "saas"])
def any_company(request):
    return Company(customers=150 if request.param == "saas" else 2_500, months=24, seed=7, kind=request.param)


@pytest.fixture(scope="package")
def any_rows(any_company):
    return tables_of(any_company)
