"""From the drafts of one file to rows of the tables: what is new, what changed, what is there already.

Runs in the embedded engine over files on the disk, so that memory stays bounded. A *thing* is what a row is about (an order, a
ticket, a survey answer): it is taken whole or not at all, and a changed one replaces all rows that it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from regulars.importers.declaration import Format, Repeats
from regulars.importers.scratch import own_columns
from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from regulars.importers.scratch import Scratch
    from regulars.warehouse.engines.duckdb import DuckDB

_SUM_UP = ("amount_minor", "discount_minor", "tax_minor", "shipping_minor")


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a file: counts and money by status, and of what it wrote."""

    rows: dict[str, int] = field(default_factory=dict)
    money: dict[str, dict[str, int]] = field(default_factory=dict)
    """By currency and status, in minor units."""
    without_money: int = 0
    repeated: int = 0
    replaced: int = 0
    written: dict[str, int] = field(default_factory=dict)
    unlinked: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By currency: returns that name no order, and their amount in minor units."""
    without_customer: int = 0
    taken_back_rows: int = 0
    identity_conflicts: int = 0


class Booking:
    """Compares the drafts in `scratch` with the stored `files` (by table), and hands out the rows to write."""

    def __init__(
        self, engine: DuckDB, scratch: Scratch, fmt: Format, files: Callable[[str], Sequence[str]], now: datetime, *, in_order: bool = False
    ) -> None:
        self._engine = engine
        self._scratch = scratch
        self._format = fmt
        self._files = files
        self._now = f"TIMESTAMP '{now.replace(tzinfo=None).isoformat(sep=' ')}'"
        self._in_order = in_order
        self._tables = [t for t in fmt.tables if scratch.has(f"draft_{t}")]
        self.outcome = Outcome()

    def compare(self) -> None:
        """Decide for every row of the file whether it is new, changed, there already, or to be set aside with its thing."""
        self._hash_rows()
        self._find_things()
        self._judge_rows()

    def write(self, add: Callable[[str, pa.Table], None]) -> None:
        """Hand the rows of each table to `add`, in batches."""
        self._supersede(add)
        for table in self._tables:
            row = "s._row" if table == "orders" else "d._row"
            self._hand_out(table, self._query(table) + (f" order by {row}" if self._in_order else ""), add)
        if self._scratch.has("draft_customers") and "customers" not in self._format.tables:
            self._hand_out("customers", self._side_customers(), add)
        if self._scratch.has("draft_identities"):
            self._hand_out("identities", self._side_identities(), add)
        self._measure_returns()

    def set_aside(self) -> pa.Table:
        """Row number, reason and explanation of every row for quarantine, in order; `raw` is null where it is still to be fetched."""
        return self._engine.run(
            f"""
            select _row, reason, explanation, raw from read_parquet('{self._path("bad")}')
            union all
            select _row, 'order_incomplete', 'another row of ' || thing || ' cannot be read, and it counts whole or not at all', null
            from judged where status = 'incomplete'
            union all
            select _row, 'repeated_id', 'a later row of this file has the same id (' || thing || ') and other content; the last one counts', null
            from judged where status = 'repeated_id'
            order by 1
            """
        )

    def _hash_rows(self) -> None:
        # A row without an outside id is known by its content and by its place among the rows of the file that say the same.
        rows = f"read_parquet('{self._path('rows')}')"
        nameless = (
            self._engine.run(f"select count(*) as n from {rows} where _thing is null and not _bad and not _erased").column("n")[0].as_py()
        )
        by_content = "md5(_content) || ':' || (row_number() over (partition by md5(_content), _bad, _thing is null order by _row))::varchar"
        thing = f"coalesce(_thing, case when not _bad and not _erased then {by_content} end)" if nameless else "_thing"
        self._engine.create(
            "file_rows",
            f"select _row, _run, _money, _currency, _bad, _erased, md5_number_lower(_content) as said, {thing} as thing from {rows}",
        )

    def _find_things(self) -> None:
        self._engine.create(
            "runs",
            "select thing, _run, bool_or(_bad) as bad, bool_or(_erased) as erased, sum(said) as h from file_rows where thing is not null group by 1, 2",
        )
        self._engine.create("winners", "select thing, max(_run) as _run from runs where not bad and not erased group by 1")
        self._stored(self._format.anchor)
        self._engine.create(
            "things",
            f"""
            select w.thing, w._run, r.h, left(md5(r.h::varchar), 16) as hash,
                   case when s.thing is null then 'new' when s.row_hash = left(md5(r.h::varchar), 16) then 'same' else 'changed' end as status
            from winners w join runs r on r.thing = w.thing and r._run = w._run
            left join (select thing, any_value(row_hash) as row_hash from stored_{self._format.anchor} group by 1) s on s.thing = w.thing
            """,
        )

    def _stored(self, table: str) -> None:
        """The stored rows in force of this source that belong to things of this file, as `stored_<table>`."""
        files = self._files(table)
        if not files:
            self._engine.create(
                f"stored_{table}",
                "select ''::varchar as thing, ''::varchar as row_key, ''::varchar as row_hash, ''::varchar as load_id where false",
            )
            return
        replaced = self._files("supersessions")
        anti = (
            f"""anti join (select * from read_parquet([{_listed(replaced)}]) where table_name = '{table}') x
                on x.superseded_key = s.row_key and x.superseded_source = s.source and x.superseded_load_id = s.load_id"""
            if replaced
            else ""
        )
        self._engine.create(
            f"stored_{table}",
            f"""
            select thing, row_key, row_hash, load_id from (
                select substr(row_key, instr(row_key, '#') + 1) as thing, row_key, row_hash, load_id, source
                from read_parquet([{_listed(files)}]) where source = '{self._format.name}'
            ) s semi join winners w on w.thing = s.thing {anti}
            """,
        )

    def _judge_rows(self) -> None:
        self._engine.create(
            "judged",
            """
            select f._row, f._run, f._money, f._currency, f.thing, f.said,
                   case when f._erased then 'erased' when f._bad then 'bad' when r.erased then 'erased' when r.bad then 'incomplete'
                        when f._run <> t._run then case when r.h = t.h then 'same' else 'repeated_id' end
                        else t.status end as status
            from file_rows f left join runs r on r.thing = f.thing and r._run = f._run left join things t on t.thing = f.thing
            """,
        )
        outcome = self.outcome
        tally = self._engine.run(
            """select status, coalesce(_currency, '') as currency, count(*) as n, sum(_money)::bigint as money,
                      count(*) - count(_money) as without from judged group by 1, 2 order by 1, 2"""
        )
        for row in tally.to_pylist():
            outcome.rows[row["status"]] = outcome.rows.get(row["status"], 0) + row["n"]
            if self._format.money is None:
                continue
            outcome.without_money += row["without"]
            if row["money"] is not None:
                of_currency = outcome.money.setdefault(row["currency"], {})
                of_currency[row["status"]] = of_currency.get(row["status"], 0) + row["money"]
        counts = self._engine.run(
            "select coalesce(sum(n - 1), 0)::bigint as n from (select count(*) as n from judged where status in ('new', 'changed', 'same') group by said)"
        )
        outcome.repeated = counts.column("n")[0].as_py() if self._format.repeats is Repeats.ADD_UP or self._format.thing is None else 0
        outcome.replaced = self._engine.run("select count(*) as n from things where status = 'changed'").column("n")[0].as_py()

    def _query(self, table: str) -> str:
        own = own_columns(table)
        joined = f"""read_parquet('{self._path("draft_" + table)}') d
            join judged j on j._row = d._row and j.status in ('new', 'changed')
            join things t on t.thing = j.thing"""
        recorded = f"case when t.status = 'new' then d.occurred_at else {self._now} end"
        if table == "orders":
            return self._orders(own, joined)
        if table == "order_lines":
            return self._lines(own, joined, recorded)
        columns = ", ".join(f'd."{name}"' for name in own)
        return f"""select d.occurred_at, {recorded} as recorded_at, '{self._format.name}' as source, d._part || '#' || t.thing as row_key,
            t.hash as row_hash, d.identity_id, d.account_id, {columns} from {joined}"""

    def _orders(self, own: Sequence[str], joined: str) -> str:
        draft = f"read_parquet('{self._path('draft_orders')}')"
        special = {
            "order_id": "coalesce(f.order_id, s.thing) as order_id",
            "linked": f"f.linked or (f.kind in ('refund', 'cancellation') and {self._names_purchase('f')}) as linked",
            **{name: f"s.{name}" for name in _SUM_UP},
        }
        columns = ", ".join(special.get(name, f'f."{name}"') for name in own)
        sums = ", ".join(f"sum(d.{name})::bigint as {name}" for name in _SUM_UP)
        # What is no sum is what the order's first row says, but for the customer: any row may name one.
        return f"""
            with s as (
                select t.thing, d._part, min(d._row) as _row, min(d.occurred_at) as occurred_at, any_value(t.status) as status,
                       any_value(t.hash) as hash, min(d.identity_id) as identity_id, min(d.account_id) as account_id, {sums}
                from {joined} group by t.thing, d._part)
            select s.occurred_at, case when s.status = 'new' then s.occurred_at else {self._now} end as recorded_at,
                   '{self._format.name}' as source, s._part || '#' || s.thing as row_key, s.hash as row_hash,
                   coalesce(f.identity_id, s.identity_id) as identity_id, coalesce(f.account_id, s.account_id) as account_id, {columns}
            from s join {draft} f on f._row = s._row and f._part = s._part"""

    def _names_purchase(self, alias: str) -> str:
        draft = f"read_parquet('{self._path('draft_orders')}')"
        count = self._engine.run(
            f"select count(*) as n from {draft} where kind in ('refund', 'cancellation') and not linked and order_id is not null"
        )
        if not count.column("n")[0].as_py():
            return "false"
        purchases = [f"select order_id from {draft} where kind = 'purchase'"]
        if self._files("orders"):
            purchases.append(
                f"select order_id from read_parquet([{_listed(self._files('orders'))}]) where kind = 'purchase' and source = '{self._format.name}'"
            )
        taken_back = f"select order_id from {draft} where kind in ('refund', 'cancellation')"
        self._engine.create(
            "named_purchases", f"select distinct order_id from ({' union all '.join(purchases)}) where order_id in ({taken_back})"
        )
        return f"{alias}.order_id in (select order_id from named_purchases)"

    def _lines(self, own: Sequence[str], joined: str, recorded: str) -> str:
        within = "over (partition by t.thing, d._part order by d._row)"
        special = {"order_id": "coalesce(d.order_id, t.thing) as order_id"}
        if self._format.lines_share_value:
            special["amount_minor"] = self._shared()
            joined += f""" join (select j.thing, sum(o.amount_minor)::bigint as value, any_value(g.gross) as gross
                from read_parquet('{self._path("draft_orders")}') o join judged j on j._row = o._row and j.status in ('new', 'changed')
                join (select j.thing, sum(l.amount_minor)::bigint as gross from read_parquet('{self._path("draft_order_lines")}') l
                      join judged j on j._row = l._row and j.status in ('new', 'changed') group by 1) g on g.thing = j.thing
                where o.kind = 'purchase' group by 1) v on v.thing = t.thing"""
        columns = ", ".join(special.get(name, f'd."{name}"') for name in own)
        return f"""select d.occurred_at, {recorded} as recorded_at, '{self._format.name}' as source,
            d._part || ' line ' || (row_number() {within})::varchar || '#' || t.thing as row_key, t.hash as row_hash,
            d.identity_id, d.account_id, {columns} from {joined}"""

    @staticmethod
    def _shared() -> str:
        """The order's value spread over its lines in proportion, to the last minor unit."""
        upto = "sum(d.amount_minor) over (partition by t.thing order by d._row)"
        return f"""case when v.gross = 0 then d.amount_minor else
            (round(v.value::double * ({upto})::double / v.gross) - round(v.value::double * ({upto} - d.amount_minor)::double / v.gross))::bigint
            end as amount_minor"""

    def _supersede(self, add: Callable[[str, pa.Table], None]) -> None:
        if not self.outcome.replaced:
            return
        for table in self._format.tables:
            self._stored(table)
            query = f"""
                select {self._now} as occurred_at, {self._now} as recorded_at, 'import' as source,
                       '{table}/' || s.load_id || '#' || '{self._format.name}/' || s.row_key as row_key, s.row_hash, null::varchar as identity_id, null::varchar as account_id,
                       '{table}' as table_name, s.row_key as superseded_key, '{self._format.name}' as superseded_source, s.load_id as superseded_load_id
                from stored_{table} s join things t on t.thing = s.thing and t.status = 'changed'"""
            self._hand_out("supersessions", query, add)

    def _side_customers(self) -> str:
        """A version of each person that the file says something new about: valid from the start when first heard of, else from the latest row."""
        own = own_columns("customers")
        newest = ", ".join(f'arg_max(d."{name}", (d.occurred_at, d._row)) as "{name}"' for name in own)
        said = _content("customers", dated=False)
        stored = self._files("customers")
        known = (
            f"select row_key, identity_id from read_parquet([{_listed(stored)}]) where source = '{self._format.name}'"
            if stored
            else ("select ''::varchar as row_key, ''::varchar as identity_id where false")
        )
        columns = ", ".join(f'v."{name}"' for name in own)
        return f"""
            with known as ({known}),
            versions as (
                select 'customer'::varchar as _part, d.identity_id, min(d.occurred_at) as first_at, max(d.occurred_at) as last_at, {newest}
                from read_parquet('{self._path("draft_customers")}') d join judged j on j._row = d._row and j.status in ('new', 'changed')
                group by d.identity_id),
            hashed as (select *, null::varchar as account_id, left(md5({said}), 16) as hash from versions)
            select * from (
                select case when k.identity_id is null then v.first_at else v.last_at end as occurred_at,
                       case when k.identity_id is null then v.first_at else v.last_at end as recorded_at, '{self._format.name}' as source,
                       v.hash || '#' || v.identity_id as row_key, v.hash as row_hash, v.identity_id, v.account_id, {columns}
                from hashed v left join (select distinct identity_id from known) k on k.identity_id = v.identity_id
            ) x anti join known k on k.row_key = x.row_key"""

    def _side_identities(self) -> str:
        """Traces that the file shows to be one person. What is mapped already stays; a trace with two owners in the file is left alone."""
        stored = self._files("identities")
        latest = (
            f"select identity_id, arg_max(customer_id, (occurred_at, row_key)) as customer_id, max(occurred_at) as since from read_parquet([{_listed(stored)}]) where identity_id is not null group by 1"
            if stored
            else f"select ''::varchar as identity_id, ''::varchar as customer_id, {self._now} as since where false"
        )
        self._engine.create("mapped", latest)
        self._engine.create(
            "pairs",
            f"""select d.identity_id, min(d.customer_id) as owner, count(distinct d.customer_id) as owners, min(d.occurred_at) as since, any_value(d.evidence) as evidence
                from read_parquet('{self._path("draft_identities")}') d join judged j on j._row = d._row and j.status in ('new', 'changed', 'same')
                group by 1""",
        )
        self._engine.create(
            "links",
            """select p.identity_id, coalesce(m.customer_id, o.owner, p.owner) as customer_id, p.since, p.evidence
               from pairs p left join pairs o on o.identity_id = p.owner and o.owners = 1
               left join mapped m on m.identity_id = coalesce(o.owner, p.owner)
               anti join mapped k on k.identity_id = p.identity_id
               where p.owners = 1 and p.identity_id <> coalesce(m.customer_id, o.owner, p.owner)""",
        )
        self.outcome.identity_conflicts = self._engine.run("select count(*) as n from pairs where owners > 1").column("n")[0].as_py()
        # Whoever belonged to a trace that now belongs to somebody moves along, so that the map stays flat.
        return f"""
            select since as occurred_at, since as recorded_at, '{self._format.name}' as source, 'import#' || identity_id as row_key,
                   left(md5(customer_id), 16) as row_hash, identity_id, null::varchar as account_id, customer_id, 'import' as rule, evidence from links
            union all
            select greatest(l.since, m.since + interval 1 microsecond), greatest(l.since, m.since + interval 1 microsecond), '{self._format.name}', 'import#' || m.identity_id || '/' || l.customer_id, left(md5(l.customer_id), 16), m.identity_id,
                   null, l.customer_id, 'import', 'follows ' || l.identity_id
            from links l join mapped m on m.customer_id = l.identity_id"""

    def _hand_out(self, table: str, query: str, add: Callable[[str, pa.Table], None]) -> None:
        schema = pa.schema([f for f in TABLES[table].arrow_schema if f.name != "load_id"])
        for batch in self._engine.batches(query):
            if batch.num_rows:
                rows = pa.Table.from_batches([batch]).select(schema.names)
                rows = pa.table([c.cast(f.type) for c, f in zip(rows.columns, schema, strict=True)], names=schema.names)
                self.outcome.written[table] = self.outcome.written.get(table, 0) + rows.num_rows
                add(table, rows)

    def _measure_returns(self) -> None:
        if "orders" not in self._tables:
            return
        draft = f"read_parquet('{self._path('draft_orders')}')"
        counted = "j.status in ('new', 'changed', 'same')"
        row = self._engine.run(
            f"""select count(*) filter (where d.identity_id is null) as anonymous, count(*) filter (where d.kind in ('refund', 'cancellation') and d._part = d.kind) as back
                from {draft} d join judged j on j._row = d._row and {counted}"""
        ).to_pylist()[0]
        self.outcome.without_customer = row["anonymous"]
        self.outcome.taken_back_rows = row["back"]
        linked = self._names_purchase("d")
        unlinked = self._engine.run(
            f"""select d.currency, count(distinct j.thing) as n, sum(d.amount_minor)::bigint as amount from {draft} d
                join judged j on j._row = d._row and {counted}
                where d.kind in ('refund', 'cancellation') and not d.linked and not coalesce({linked}, false) group by 1 order by 1"""
        )
        self.outcome.unlinked = {r["currency"]: (r["n"], r["amount"]) for r in unlinked.to_pylist()}

    def _path(self, name: str) -> str:
        return str(self._scratch.path(name)).replace("'", "''")


def _content(table: str, *, dated: bool = True) -> str:
    """SQL for everything that a draft row says, as one text; nulls say nothing, so that a new column changes no old row."""
    envelope = ["_part", "occurred_at", "identity_id", "account_id"] if dated else ["_part", "identity_id"]
    parts = ", ".join(f"'{name}=' || \"{name}\"::varchar" for name in (*envelope, *own_columns(table)))
    return f"concat_ws(chr(31), {parts})"


def _listed(files: Sequence[str]) -> str:
    return ", ".join("'" + f.replace("'", "''") + "'" for f in files)
