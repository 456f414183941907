"""The timeline's rows: every row in force of every table that tells something of a customer, written as one kind of row."""

from __future__ import annotations

from dataclasses import dataclass


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
