"""The timeline's rows: every row in force of every table that tells something of a customer, written as one kind of row."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regulars.relations.session import Session
    from regulars_server.serving.engine import BuildingEngine


@dataclass(frozen=True, slots=True)
class Telling:
    """How rows of a canonical table become entries: SQL for the kind, the amount, and small values of the detail by name."""

    table: str
    kind: str
    detail: tuple[str, ...] = ()
    amount: str = "null"
    currency: str = "null"
    json: str = ""
    """A column that is a JSON object already; it stands in the detail when it is not too long."""
    thing: str = ""
    """The column that says of which order the row tells."""


LONGEST_JSON = 2_000
SORTED_AT_ONCE = 400_000
"""Entries that are sorted at once: more than that are parted by customer first, because a sort of wide rows that spills needs more than it is given."""
MOST_PARTS = 256
IN_ORDER = 'order by owner, occurred_at desc, "table"'
TELLINGS = (
    Telling(
        "orders",
        "kind",
        ("order_id", "linked", "channel", "campaign", "country", "discount_minor", "tax_minor", "shipping_minor"),
        "amount_minor",
        "currency",
        thing="order_id",
    ),
    Telling(
        "order_lines",
        "kind",
        ("order_id", "product_id", "product_name", "category", "quantity", "discount_minor"),
        "amount_minor",
        "currency",
    ),
    Telling("events", "name", ("product_id",), json="properties"),
    Telling(
        "subscriptions",
        '"change"',
        ("subscription_id", "plan", "effective_at", "term_end", "mrr_before_minor", "seats", "reason", "involuntary"),
        "mrr_after_minor",
        "currency",
    ),
    Telling("messages", "step", ("message_id", "channel", "campaign", "reason", "machine")),
    Telling("responses", "state", ("response_id", "survey_id", "question", "measure", "score", "scale_min", "scale_max", "text")),
    Telling("points", "entry", ("points", "reason", "order_id", "expires_at")),
    Telling("tickets", "step", ("ticket_id", "priority", "channel", "topic", "handled_by", "score", "scale_min", "scale_max", "text")),
    Telling("customers", "'profile'", ("name", "email", "phone", "country", "acquisition_channel", "stage"), json="traits"),
    Telling("assignments", "experiment", ("arm",)),
)
"""In the order in which they stand when they happened at the same instant."""


def write(session: Session, engine: BuildingEngine, aside: Path, *, say: Callable[[float], None]) -> None:
    """Make the table `serving.timeline`: the rows of a customer together, the latest first. `aside` is a folder for rows on their way."""
    session.table("customer_of")
    by_account = session.settings.customer_unit == "account"
    counts = {telling.table: engine.number(f"select count(*) from {telling.table}") for telling in TELLINGS}
    parts = [query(telling, by_account=by_account) for telling in TELLINGS if counts[telling.table]] or [
        query(TELLINGS[0], by_account=by_account)
    ]
    union = " union all by name ".join(parts)
    if sum(counts.values()) <= SORTED_AT_ONCE:
        engine.do(f"create table serving.timeline as select * from ({union}) {IN_ORDER}")
        return
    pieces = min(MOST_PARTS, -(-sum(counts.values()) // SORTED_AT_ONCE))
    aside.mkdir()
    folder = str(aside).replace("'", "''")
    engine.do(f"create table serving.timeline as select * from ({union}) limit 0")
    engine.do("set preserve_insertion_order = false")
    engine.do("set partitioned_write_flush_threshold = 65536")
    for done, part in enumerate(parts, start=1):
        engine.do(
            f"copy (select *, (owner // {2**64 // pieces + 1}::ubigint)::integer as piece from ({part})) to '{folder}/{done}'"
            " (format parquet, partition_by (piece), compression lz4, row_group_size 20480)"
        )
        say(0.6 * done / len(parts))
    engine.do("set preserve_insertion_order = true")
    for piece in range(pieces):
        files = sorted(str(path) for path in aside.glob(f"*/piece={piece}/*.parquet"))
        if files:
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
            engine.do(f"insert into serving.timeline by name select * from read_parquet([{listed}], hive_partitioning = false) {IN_ORDER}")
        say(0.6 + 0.4 * (piece + 1) / pieces)
    shutil.rmtree(aside)


def query(telling: Telling, *, by_account: bool) -> str:
    """The entries of one table as SQL over the canonical tables and the relation `customer_of`.

    What a timeline shows stands in the one column `entry`: to find a row takes a look at two columns, and each further one costs as much again.
    """
    pairs = ", ".join(f"'{name}', rows_of.\"{name}\"" for name in telling.detail)
    detail = f"json_merge_patch('{{}}', json_object({pairs}))" if pairs else "'{}'"
    if telling.json:
        whole = f"rows_of.{telling.json}"
        fits = f"length({whole}) <= {LONGEST_JSON} and json_valid({whole})"
        detail = f"case when {whole} is null then {detail} when {fits} then json_merge_patch({detail}, json_object('{telling.json}', {whole}::json)) else json_merge_patch({detail}, '{{\"shortened\": true}}') end"
    person = "coalesce(owners.customer_id, rows_of.identity_id)"
    owner = f"coalesce(rows_of.account_id, {person})" if by_account else person
    amount, currency = (column if column == "null" else f"rows_of.{column}" for column in (telling.amount, telling.currency))
    kind = telling.kind if telling.kind.startswith("'") else f"rows_of.{telling.kind}"
    known = "(rows_of.identity_id is not null or rows_of.account_id is not null)" if by_account else "rows_of.identity_id is not null"
    told = (
        f"json_object('table', '{telling.table}', 'kind', {kind}, 'amount_minor', {amount}::bigint, 'currency', {currency}::varchar,"
        f" 'detail', ({detail})::json, 'source', rows_of.source, 'row_key', rows_of.row_key, 'load_id', rows_of.load_id)::varchar"
    )
    return f"""
        select hash({owner}) as owner, {owner} as customer_id, coalesce(rows_of.identity_id, rows_of.account_id) as identity,
            rows_of.account_id as account, rows_of.occurred_at, '{telling.table}' as "table", {kind} as kind,
            {f"rows_of.{telling.thing}" if telling.thing else "null::varchar"} as thing, {told} as entry
        from {telling.table} as rows_of
        left join customer_of as owners on rows_of.identity_id = owners.identity_id
        left join (select superseded_key, superseded_source, superseded_load_id, 1 as gone from supersessions
            where table_name = '{telling.table}') as replaced
            on rows_of.row_key = replaced.superseded_key and rows_of.source = replaced.superseded_source
            and rows_of.load_id = replaced.superseded_load_id
        where replaced.gone is null and {known}"""
