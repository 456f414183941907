"""What the company spends: each channel by month, and the people who keep customers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regulars.synthetic.rows import DAY, joined, named, table
from regulars.synthetic.seasons import seasons_of

if TYPE_CHECKING:
    from datetime import date

    from regulars.synthetic.stories import Company

WAGES_PER_CUSTOMER_MINOR = 250
"""What one customer costs in wages of those who look after customers, over the whole history."""


def months_of(company: Company) -> list[tuple[date, date]]:
    """Calendar months of the history, the first and the last cut off where it begins and ends."""
    last = company.first_day + timedelta(days=company.days)
    edges, day = [company.first_day], company.first_day
    while (day := (day.replace(day=1) + timedelta(days=32)).replace(day=1)) < last:
        edges.append(day)
    return list(zip(edges, [*edges[1:], last], strict=True))


def costs(company: Company) -> pa.Table:
    """Rows of `costs`: by month and channel what the customers expected in it cost, and wages.

    The spend follows the customers that the month is expected to bring, not those whom chance brought.
    """
    months = months_of(company)
    seasons = seasons_of(company)[0]
    edges = np.array([(day - company.first_day).days * float(DAY) for day in (*(start for start, _ in months), months[-1][1])])
    share = np.diff(seasons.business(edges)) / seasons.length
    channels = company.shop.channels
    weight = sum(channel.share for channel in channels)
    parts = []
    for channel in channels:
        if channel.cost_per_customer_minor:
            spend = company.customers * channel.share / weight * share * channel.cost_per_customer_minor
            parts.append(_rows(company, months, spend, channel.name, "media", "acquisition", paid=channel.paid))
    parts.append(_rows(company, months, company.customers * share * WAGES_PER_CUSTOMER_MINOR, None, "wages", "retention", paid=False))
    return pa.concat_tables(parts)


def _rows(
    company: Company, months: list[tuple[date, date]], spend: np.ndarray, channel: str | None, kind: str, purpose: str, *, paid: bool
) -> pa.Table:
    starts = pa.array([start for start, _ in months], pa.date32())
    return table(
        "costs",
        {
            "occurred_at": np.array([company.start + (start - company.first_day).days * DAY for start, _ in months]),
            "row_key": joined(f"{kind}-{channel or 'all'}", named("", np.arange(len(months)))),
            "starts_on": starts,
            "ends_on": pa.array([end for _, end in months], pa.date32()),
            "channel": channel,
            "kind": kind,
            "purpose": purpose,
            "paid": paid,
            "amount_minor": np.rint(spend).astype(np.int64),
            "currency": company.currency,
        },
    )
