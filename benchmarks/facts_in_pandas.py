"""The facts of a synthetic workspace in pandas, as a good analyst would write them; prints what the quickest of some runs took, as JSON.

The same columns as `facts_by_hand.sql`, under the same assumptions. Usage: facts_in_pandas.py WORKSPACE RUNS [FILE].
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow as pa

from measure import spend, stored

EPOCH = pd.Timestamp(0)
COLUMNS = {
    "customers": ["identity_id", "occurred_at", "row_key", "country", "acquisition_channel", "acquisition_campaign"],
    "orders": ["order_id", "identity_id", "kind", "linked", "occurred_at", "amount_minor", "discount_minor"],
    "order_lines": ["order_id", "kind", "is_goods", "occurred_at", "product_id", "category", "quantity"],
    "responses": ["identity_id", "occurred_at", "row_key", "measure", "score", "scale_min", "scale_max", "high_is_good", "polarity"],
    "tickets": ["identity_id", "occurred_at", "row_key", "ticket_id", "step"],
}


def read(files: dict[str, list[str]], table: str, end: pd.Timestamp) -> pd.DataFrame:
    """The rows of a table before as-of, with their day and customer."""
    import pyarrow.parquet as pq

    rows = pq.read_table(files[table], columns=COLUMNS[table]).to_pandas()
    rows = rows[rows["occurred_at"] < end].rename(columns={"identity_id": "customer_id"})
    rows["day"] = (rows["occurred_at"] - EPOCH).dt.days
    return rows


def of_orders(rows: pd.DataFrame, today: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Kept orders, and what they add up to by customer."""
    refunds = rows[(rows["kind"] == "refund") & rows["linked"]].groupby("order_id")["amount_minor"].sum()
    cancelled = rows.loc[(rows["kind"] == "cancellation") & rows["linked"], "order_id"]
    kept = rows[rows["kind"] == "purchase"]
    kept = kept.assign(net=kept["amount_minor"] + kept["order_id"].map(refunds).fillna(0).astype("int64"))
    kept = kept[~kept["order_id"].isin(cancelled) & (kept["net"] > 0) & kept["customer_id"].notna()]
    parts = {"discounted": (kept["discount_minor"] > 0).astype("int64"), "discount": kept["discount_minor"].fillna(0).astype("int64")}
    for days in (30, 90, 365):
        recent = kept["day"] >= today - days
        parts |= {f"orders_{days}d": recent.astype("int64"), f"net_{days}d_minor": kept["net"].where(recent, 0)}
    sums = {name: (name, "sum") for name in parts}
    grouped = (
        kept.assign(**parts)
        .groupby("customer_id")
        .agg(
            first_order_on=("day", "min"),
            last_order_on=("day", "max"),
            orders=("net", "size"),
            net_minor=("net", "sum"),
            largest_order_minor=("net", "max"),
            **sums,
        )
    )
    return kept, grouped.rename(columns={"discounted": "discounted_orders", "discount": "discount_minor"})


def of_gaps(kept: pd.DataFrame) -> pd.DataFrame:
    """Second orders and gaps between order days."""
    days = kept.groupby(["customer_id", "day"]).size().rename("orders").reset_index()
    before = days.groupby("customer_id")["day"].shift()
    gap = days["day"] - before
    after = days.groupby("customer_id")["day"].shift(-1)
    first = before.isna()
    second = np.where(days["orders"] > 1, days["day"], after)[first]
    out = (
        days.assign(gap=gap)
        .groupby("customer_id")["gap"]
        .agg(gaps="count", gap_mean_days="mean", usual_gap_days="median", longest_gap_days="max")
    )
    out["second_order_on"] = pd.Series(second, index=days.loc[first, "customer_id"])
    return out


def of_returns(rows: pd.DataFrame) -> pd.DataFrame:
    """Refunds, purchases and cancellations by customer."""
    amounts = rows.assign(
        refunds=(rows["kind"] == "refund").astype("int64"),
        last_refund_on=rows["day"].where(rows["kind"] == "refund"),
        refunded_minor=-rows["amount_minor"].where(rows["kind"] == "refund", 0),
        gross_minor=rows["amount_minor"].where(rows["kind"] == "purchase", 0),
        cancellations=(rows["kind"] == "cancellation").astype("int64"),
    )
    how = {"refunds": "sum", "last_refund_on": "max", "refunded_minor": "sum", "gross_minor": "sum", "cancellations": "sum"}
    return amounts.groupby("customer_id").agg(how)


def of_products(lines: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Pieces, kinds and favourites."""
    lines = lines[(lines["kind"] == "purchase") & lines["is_goods"]].merge(kept[["order_id", "customer_id"]], on="order_id")
    out = lines.groupby("customer_id")[["quantity"]].sum()
    for column, kinds, favourite in (("product_id", "products", "favourite_product"), ("category", "categories", "favourite_category")):
        counted = lines.groupby(["customer_id", column]).size().rename("n").reset_index()
        counted = counted.sort_values(["customer_id", "n", column], ascending=[True, False, True])
        out[kinds] = counted.groupby("customer_id").size()
        out[favourite] = counted.drop_duplicates("customer_id").set_index("customer_id")[column]
    return out


def of_answers(rows: pd.DataFrame) -> pd.DataFrame:
    """Latest scores by measure."""
    rows = rows[rows["score"].notna() | rows["polarity"].notna()].sort_values(["occurred_at", "row_key"])
    out = rows.groupby("customer_id").agg(answers=("score", "count"), polarity=("polarity", "mean"))
    scored = rows[rows["score"].notna()]
    out["last_answer_on"] = scored.groupby("customer_id")["day"].max()
    turned = scored["scale_min"] + scored["scale_max"] - scored["score"]
    hard = (scored["measure"] == "ces") & ~scored["high_is_good"].fillna(True).astype(bool)
    scored = scored.assign(score=scored["score"].where(~hard, turned))
    for measure in ("nps", "csat", "ces", "rating"):
        out[f"{measure}_score"] = (
            scored[scored["measure"] == measure].drop_duplicates("customer_id", keep="last").set_index("customer_id")["score"]
        )
    return out


def of_tickets(rows: pd.DataFrame, today: int) -> pd.DataFrame:
    """Cases opened, lately opened, and still open."""
    rows = rows.sort_values(["occurred_at", "row_key"])
    key = ["customer_id", "ticket_id"]
    opened = rows[rows["step"] == "opened"].drop_duplicates(key)
    lately = rows[(rows["step"] == "opened") & (rows["day"] >= today - 90)].drop_duplicates(key)
    turns = rows[rows["step"].isin(["opened", "reopened", "resolved", "closed"])].drop_duplicates(key, keep="last")
    waits = turns[turns["step"].isin(["opened", "reopened"])]
    out = rows.groupby("customer_id")[["day"]].max().rename(columns={"day": "last_contact_on"})
    for name, cases in (("tickets", opened), ("tickets_90d", lately), ("tickets_open", waits)):
        out[name] = cases.groupby("customer_id").size()
    return out


def facts(files: dict[str, list[str]], today: int) -> pa.Table:
    """One row per customer, all columns."""
    end = EPOCH + pd.Timedelta(days=today)
    orders = read(files, "orders", end)
    kept, by_orders = of_orders(orders, today)
    people = read(files, "customers", end).sort_values(["occurred_at", "row_key"])
    about = people.groupby("customer_id")[["country", "acquisition_channel", "acquisition_campaign"]].last()
    parts = [by_orders, of_gaps(kept), of_returns(orders), of_products(read(files, "order_lines", end), kept)]
    parts += [of_answers(read(files, "responses", end)), of_tickets(read(files, "tickets", end), today)]
    ids = about.index
    for part in parts:
        ids = ids.union(part.index)
    out = pd.concat([about.reindex(ids), *(part.reindex(ids) for part in parts)], axis=1)
    return _arrow(_derived(out, today))


COUNTED = [
    "orders",
    "orders_30d",
    "orders_90d",
    "orders_365d",
    "net_minor",
    "net_30d_minor",
    "net_90d_minor",
    "net_365d_minor",
    "largest_order_minor",
    "refunds",
    "refunded_minor",
    "gross_minor",
    "cancellations",
    "gaps",
    "products",
    "categories",
    "discounted_orders",
    "discount_minor",
    "answers",
    "tickets",
    "tickets_90d",
    "tickets_open",
]
NONE = ["unlinked_returns_minor", "subscriptions", "mrr_minor", "mrr_90d_ago_minor", "seats", "events_30d", "events_90d"]
DATES = ["first_order_on", "last_order_on", "second_order_on", "last_refund_on", "last_answer_on", "last_contact_on", "last_active_on"]
NO_DATES = ["subscribed_since_on", "next_term_end_on", "last_cancelled_on", "last_event_on"]


def _derived(out: pd.DataFrame, today: int) -> pd.DataFrame:
    for name in COUNTED:
        out[name] = out[name].fillna(0).astype("int64")
    since = today - out["last_order_on"]
    late = since - out["usual_gap_days"]
    out = out.assign(
        cohort=(EPOCH + pd.to_timedelta(out["first_order_on"], unit="D")).dt.strftime("%Y-%m"),
        days_since_order=since,
        tenure_days=today - out["first_order_on"],
        days_to_second_order=out["second_order_on"] - out["first_order_on"],
        average_order_value_minor=out["net_minor"] / out["orders"].where(out["orders"] > 0),
        refund_share=out["refunded_minor"] / out["gross_minor"].where(out["gross_minor"] > 0),
        value_minor=out["net_minor"],
        overdue_ratio=since / out["usual_gap_days"].where(out["usual_gap_days"] > 0),
        days_late=late.clip(lower=0),
        discounted_order_share=out["discounted_orders"] / out["orders"].where(out["orders"] > 0),
        last_active_on=out["last_order_on"],
        active=out["last_order_on"] >= today - 90,
        lapsed=(out["orders"] > 0) & ~(out["last_order_on"] >= today - 90),
    )
    return out.assign(**dict.fromkeys(NONE, 0), **dict.fromkeys(NO_DATES, None), plan=None)


def _arrow(out: pd.DataFrame) -> pa.Table:
    for name in DATES:
        out[name] = EPOCH + pd.to_timedelta(out[name], unit="D")
    return pa.Table.from_pandas(out.rename_axis("customer_id").reset_index(), preserve_index=False)


def main(workspace: str, runs: str, file: str = "") -> None:
    """Reckon as often as said, from the files each time."""
    files, as_of_day = stored(workspace)
    spend(lambda: facts(files, as_of_day), int(runs), file)


main(*sys.argv[1:])
