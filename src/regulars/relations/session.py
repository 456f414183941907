"""A session: one pinned state of the tables, read as of one instant, on one engine; relations are created once, when first asked for."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
import weakref
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from regulars import money
from regulars.errors import ArgumentRefused, MixedCurrencies, NoData
from regulars.periods import Grain, Window, day_number, local_day, regular_windows, start_of, utc_days, window_around
from regulars.relations import registry
from regulars.relations.returns import MATCHES, match_returns
from regulars.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    import ibis.expr.types as ir

    from regulars.settings import Settings
    from regulars.warehouse.engines.engine import Engine

DATED = ("orders", "events", "subscriptions", "messages", "responses", "tickets")
"""Tables whose rows say how far the data reach."""

UNDATED = ("costs", "customers", "order_lines")
"""Tables whose rows may lie before all others, and need local days and rates too."""

ALWAYS = datetime(9999, 1, 1)  # noqa: DTZ001 - instants are stored without a zone


class Session:
    """Tables as of `as_of` on `engine`; `table(name)` gives an unbound table that exists there, `run` the answer of an expression."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        as_of: datetime | date | None = None,
        known_at: datetime | None = None,
        loaded_at: datetime | None = None,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.known_at = known_at
        self.created: dict[str, str] = {}
        self._clean: Callable[[], object] = bool
        self._windows: tuple[Window, ...] | None = None
        self._facts: dict[str, Any] = {}
        self._replaced_in: set[str] | None = None
        first, last, self.data_last = self._span()
        zone = settings.time_zone
        self.as_of = _instant(as_of, zone) if as_of is not None else self._default_as_of(loaded_at)
        ends_inside = start_of(local_day(self.as_of, zone), zone) != self.as_of
        self.as_of_day = local_day(self.as_of, zone)
        self.as_of_is_midnight = not ends_inside
        self._load_days(min(first, self.as_of) - timedelta(days=2), max(last, self.as_of) + timedelta(days=2))
        self.history_start = self._history_start()
        self.by_cancellation = self._by_cancellation()
        self._load_parameters(self.as_of)
        self._load("meaningful_events", {"name": list(settings.meaningful_events)})
        self._load_complaint_marks()
        self._load_currency_factors(first)

    def know_people_of(self, instant: datetime) -> None:
        """From now on it is known what was said before `instant` of who is who, where that is later than as-of; to be called before any question.

        People are merged by hand today, while the latest order may be of last month.
        """
        self._load_parameters(max(self.as_of, _instant(instant, self.settings.time_zone)))

    @contextlib.contextmanager
    def earlier(self, as_of: datetime | date) -> Iterator[Session]:
        """The same state of the tables read as of an earlier instant; until it ends, this session must not be asked."""
        if _instant(as_of, self.settings.time_zone) > self.as_of:
            raise ArgumentRefused(
                f"{as_of} is after {self.as_of:%Y-%m-%d %H:%M} UTC, which this session is as of.",
                expected="an earlier instant",
                remedy="Give an earlier date, or a later --as-of.",
            )
        with self.engine.aside():
            inner = Session(self.engine, self.settings, as_of=as_of, known_at=self.known_at)
            # What is kept there says of which day it is, and no day's facts depend on who asks for them.
            inner.scratch = self.scratch
            yield inner

    # -- what the data say ------------------------------------------------------------------------------------------------

    def _span(self) -> tuple[datetime, datetime, datetime]:
        in_force = {name: self._in_force(name) for name in DATED}
        parts = [f"select min(occurred_at) as a, max(occurred_at) as b, max(occurred_at) as c from {rows}" for rows in in_force.values()]
        parts.append("select min(effective_at) as a, max(effective_at) as b, null as c from subscriptions")
        parts.append("select null as a, max(term_end) as b, null as c from subscriptions")
        parts += [f"select min(occurred_at) as a, null as b, null as c from {name}" for name in UNDATED]
        answer = self.engine.run(f"select min(a) as a, max(b) as b, max(c) as c from ({' union all '.join(parts)}) as spans").to_pylist()[0]
        if answer["c"] is None:
            raise NoData(
                "The workspace holds no orders, events, subscriptions, messages, answers or tickets.",
                expected="at least one imported file",
                remedy="Run: regulars import FILE",
            )
        return tuple(_aware(answer[k]) for k in ("a", "b", "c"))  # type: ignore[return-value]

    def _in_force(self, name: str) -> str:
        """What to select from for the rows of a canonical table that nothing has replaced; the table itself where nothing was replaced."""
        if self._replaced_in is None:
            self._replaced_in = set(self.engine.run("select distinct table_name from supersessions").column("table_name").to_pylist())
        if name not in self._replaced_in:
            return name
        return (
            f"(select rows_of.occurred_at from {name} as rows_of left join (select superseded_key, superseded_source, superseded_load_id, 1 as gone"
            f" from supersessions where table_name = '{name}') as replaced on rows_of.row_key = replaced.superseded_key"
            " and rows_of.source = replaced.superseded_source and rows_of.load_id = replaced.superseded_load_id"
            f" where replaced.gone is null) as {name}_in_force"
        )

    def _default_as_of(self, loaded_at: datetime | None) -> datetime:
        day = local_day(self.data_last, self.settings.time_zone)
        if loaded_at is not None and start_of(day + timedelta(days=1), self.settings.time_zone) > loaded_at:
            day = local_day(loaded_at, self.settings.time_zone) - timedelta(days=1)
        return start_of(day + timedelta(days=1), self.settings.time_zone)

    def _history_start(self) -> date:
        parts = [f"select min(occurred_at) as a from {self._in_force(name)}" for name in ("orders", "events", "subscriptions")]
        earliest = self.engine.run(f"select min(a) as a from ({' union all '.join(parts)}) as spans").to_pylist()[0]["a"]
        return self.as_of_day if earliest is None else local_day(_aware(earliest), self.settings.time_zone)

    def _by_cancellation(self) -> bool:
        if self.settings.churn_by != "auto":
            return self.settings.churn_by == "cancelled"
        earliest = self.engine.run("select min(occurred_at) as a from subscriptions").to_pylist()[0]["a"]
        return earliest is not None and _aware(earliest) < self.as_of

    # -- the small tables ------------------------------------------------------------------------------------------------

    def _load(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        self.engine.load(name, pa.table(dict(columns), schema=registry.input_schema(name)))

    def _load_days(self, first: datetime, last: datetime) -> None:
        span = list(utc_days(first.date(), last.date(), self.settings.time_zone))
        self._load(
            "utc_days",
            {
                "utc_date": [d.day for d in span],
                "utc_day": [day_number(d.day) for d in span],
                "offset_before": [d.offset_before for d in span],
                "switch_second": [d.switch_second for d in span],
                "offset_after": [d.offset_after for d in span],
            },
        )
        days = [d.day for d in span]
        self._load(
            "calendar",
            {
                "local_day": [day_number(d) for d in days],
                "month_index": [d.year * 12 + d.month - 1 for d in days],
                "week_start": [day_number(d) - d.weekday() for d in days],
                "weekday": [d.isoweekday() for d in days],
                "month_name": [f"{d:%Y-%m}" for d in days],
            },
        )

    def _load_parameters(self, people_as_of: datetime) -> None:
        rules = self.settings
        row = {
            "as_of": _naive(self.as_of),
            "people_as_of": _naive(people_as_of),
            "known_at": _naive(self.known_at) if self.known_at else ALWAYS,
            "as_of_day": day_number(self.as_of_day),
            "history_start_day": day_number(self.history_start),
            "inactive_after_days": rules.inactive_after_days,
            "renewal_grace_days": rules.renewal_grace_days,
            "by_account": int(rules.customer_unit == "account"),
            "by_cancellation": int(self.by_cancellation),
        }
        self._load("parameters", {name: [value] for name, value in row.items()})

    def _load_complaint_marks(self) -> None:
        marks = {("topic", word.lower()) for word in self.settings.complaint_topics}
        marks |= {("priority", word.lower()) for word in self.settings.complaint_priorities}
        self._load("complaint_marks", {"place": [place for place, _ in sorted(marks)], "word": [word for _, word in sorted(marks)]})

    def _load_currency_factors(self, first: datetime) -> None:
        before = f"occurred_at < '{_naive(self.as_of):%Y-%m-%d %H:%M:%S.%f}'"
        tables = " union all ".join(
            f"select distinct currency from {name} where {before}" for name in ("orders", "order_lines", "subscriptions", "costs")
        )
        used = self.currencies = sorted({c for c in self.engine.run(tables).column("currency").to_pylist() if c})
        self.currency = self.settings.currency or (used[0] if len(used) == 1 else None)
        days = range(day_number(first.date()) - 2, day_number(self.as_of_day) + 3)
        rates = (
            self.engine.run("select on_date, currency, to_currency, rate, occurred_at, row_key from exchange_rates").to_pylist()
            if len(used) > 1 or used != [self.currency]
            else []
        )
        rows: dict[str, list[Any]] = {"currency": [], "local_day": [], "factor": []}
        self.unconverted = []
        for currency in used:
            per_day = _factors(currency, self.currency, rates, days)
            if len(per_day) < len(days) and currency != self.currency:
                self.unconverted.append(currency)
            for day, factor in per_day.items():
                rows["currency"].append(currency)
                rows["local_day"].append(day)
                rows["factor"].append(factor)
        self._load("currency_factors", rows)

    def require_one_currency(self, name: str, tables: Sequence[str] = ()) -> str:
        """The reporting currency; raises `MixedCurrencies` where some money has no rate to it: of orders, of costs or subscriptions where `tables` names them.

        Where there is no money at all it is empty, unless the settings name one.
        """
        if self.unconverted or (self.currencies and self.currency is None):
            missing = self._without_rate(("order_rows", "cost_rows") if "costs" in tables else ("order_rows",))
            if (
                not missing
                and "subscriptions" in tables
                and self.engine.run(f"select 1 as a from {self._made('subscription_states')} where mrr_minor is null").num_rows
            ):
                missing = self.unconverted
            if missing or self.currency is None:
                raise MixedCurrencies(
                    f"{name} is in money, and the data hold {', '.join(missing) or 'several currencies'} without a rate to {self.currency or 'one currency'}.",
                    expected="one currency, or exchange rates on or before each day with money in another one",
                    remedy="Import a file of exchange rates (date, currency, to_currency, rate), or set the workspace's currency.",
                    details={"without_rate": missing, "currency": self.currency},
                )
        return self.currency or ""

    def _made(self, relation_name: str) -> str:
        self._ensure(relation_name)
        return relation_name

    def _without_rate(self, relations: Sequence[str]) -> list[str]:
        found: set[str] = set()
        for relation_name in relations:
            rows = self.table(relation_name)
            answer = self.run(rows.filter(rows.amount_minor.isnull()).select("original_currency").distinct())
            found |= set(answer.column("original_currency").to_pylist())
        return sorted(found)

    def has_rows(self, table: str) -> bool:
        """Whether a canonical table has rows before as-of."""
        if table not in self._facts:
            found = self.engine.run(f"select min(occurred_at) as a from {self._in_force(table)}").to_pylist()[0]["a"]
            self._facts[table] = found is not None and _aware(found) < self.as_of
        return bool(self._facts[table])

    # -- windows ---------------------------------------------------------------------------------------------------------

    def whole(self) -> Window:
        """From the first local day with data to as-of."""
        end = self.as_of_day if self.as_of_is_midnight else self.as_of_day + timedelta(days=1)
        start = min(self.history_start, end - timedelta(days=1))
        return Window(start, end)

    def windows(self, start: date | None = None, end: date | None = None, by: str | Grain | None = None) -> tuple[Window, ...]:
        """The windows of a request: calendar ones that touch `[start, end)` with `by`, else the one given."""
        whole = self.whole()
        asked = Window(start or whole.start, end or max(whole.end, (start or whole.start) + timedelta(days=1)))
        if by is None:
            return (asked,)
        try:
            grain = Grain(by)
        except ValueError as fault:
            raise ArgumentRefused(
                f"There are no windows by '{by}'.", expected=", ".join(Grain), remedy="Use one of these after --by."
            ) from fault
        return tuple(
            regular_windows(
                asked, grain, fiscal_year_starts_in=self.settings.fiscal_year_starts_in, week_starts_on=self.settings.week_starts_on
            )
        )

    def month_before_as_of(self, months: int = 1) -> Window:
        """The latest complete calendar month before as-of, or an earlier one."""
        last = window_around(self.as_of_day, Grain.MONTH)
        for _step in range(months):
            last = window_around(last.start - timedelta(days=1), Grain.MONTH)
        return last

    def use_windows(self, windows: Sequence[Window]) -> None:
        """Load `windows` as the tables `windows` and `window_days`; relations that rest on them are made anew."""
        wanted = tuple(windows)
        if self._windows == wanted:
            return
        self._windows = wanted
        as_of_day = day_number(self.as_of_day)
        enough = day_number(self.history_start) + self.settings.inactive_after_days
        starts, ends = [day_number(w.start) for w in wanted], [day_number(w.end) for w in wanted]
        self._load(
            "windows",
            {
                "window_id": list(range(len(wanted))),
                "start_day": starts,
                "end_day": ends,
                "seen_end_day": [max(s, min(e, as_of_day)) for s, e in zip(starts, ends, strict=True)],
                "enough_history": [int(s >= enough) for s in starts],
            },
        )
        days = [(i, d) for i, (s, e) in enumerate(zip(starts, ends, strict=True)) for d in range(s, e)]
        self._load("window_days", {"window_id": [i for i, _ in days], "local_day": [d for _, d in days]})
        for name in [n for n in self.created if _rests_on(n, ("windows", "window_days"))]:
            del self.created[name]

    def complete(self, window: Window) -> bool:
        """Whether the window had ended at as-of."""
        return window.end <= self.as_of_day

    def enough_history(self, window: Window) -> bool:
        """Whether the data reach `inactive_after_days` back from the window's start."""
        return (window.start - self.history_start).days >= self.settings.inactive_after_days

    # -- relations and queries -------------------------------------------------------------------------------------------

    def table(self, name: str) -> ir.Table:
        """The unbound table `name`, after making sure that it exists on the engine."""
        self._ensure(name)
        return registry.unbound(name)

    def _ensure(self, name: str) -> None:
        if name in TABLES or name in self.created:
            return
        if name in registry.INPUTS:
            if name == "return_matches":
                self.created[name] = ""
                self.engine.load(name, self._return_matches())
            return
        for needed in registry.needs(name):
            self._ensure(needed)
        text = registry.query_text(name, self.engine.dialect)
        if registry.RELATIONS[name].kept:
            self.engine.create(name, text)
        else:
            self.engine.define(name, text)
        self.created[name] = text

    def _return_matches(self) -> pa.Table:
        rows = self.table("unlinked_refunds")
        returns = rows.filter(rows.customer_id.notnull())
        returns = returns.select("order_id", "source", refund_key=returns.row_key)
        if not self.run(returns.limit(1)).num_rows:
            return MATCHES.empty_table()
        lines = self.table("line_rows")
        given_back = lines.filter(lines.kind == "refund", lines.product_id.notnull(), lines.customer_id.notnull()).inner_join(
            returns, ["order_id", "source"]
        )
        pairs = given_back.select("customer_id", "product_id").distinct()
        bought = lines.filter(lines.kind == "purchase").semi_join(pairs, ["customer_id", "product_id"])
        names = (
            "customer_id",
            "product_id",
            "kind",
            "order_id",
            "refund_key",
            "refund_source",
            "row_key",
            "occurred_at",
            "local_day",
            "quantity",
            "amount_minor",
        )
        import ibis

        both = (
            given_back.mutate(refund_source=given_back.source)
            .select(*names)
            .union(bought.mutate(refund_key=ibis.null("string"), refund_source=ibis.null("string")).select(*names))
        )
        answer = self.engine.run(registry.compiled(both, self.engine.dialect))
        return match_returns(answer) if answer.num_rows else MATCHES.empty_table()

    def tables(self) -> SessionTables:
        """The session's tables by attribute; asking for one creates it."""
        return SessionTables(self)

    def run(self, expression: ir.Table) -> pa.Table:
        """The answer of an expression over this session's tables."""
        return self.engine.run(registry.compiled(expression, self.engine.dialect))

    def answer(self, query: str, asked: Iterable[str]) -> pa.Table:
        """The answer of a query text in the engine's dialect, after making sure that the tables it reads exist."""
        for name in asked:
            self._ensure(name)
        return self.engine.run(query)

    def text(self, query: str, asked: Iterable[str]) -> str:
        """The whole chain of queries behind a query text, to read or run."""
        chain: dict[str, str] = {}

        def follow(name: str) -> None:
            if name in TABLES or name in registry.INPUTS or name in chain:
                return
            for needed in registry.needs(name):
                follow(needed)
            chain[name] = registry.query_text(name, self.engine.dialect)

        for name in asked:
            follow(name)
        parts = [f"create temporary view {name} as\n{text};" for name, text in chain.items()]
        return "\n\n".join([*parts, f"{query};"])

    def kept(self, name: str) -> pa.Table:
        """All rows of a relation."""
        self._ensure(name)
        return self.engine.run(f"select * from {name}")

    @functools.cached_property
    def scratch(self) -> Path:
        """A folder for what is costly to make again; gone when the session is closed."""
        folder = tempfile.mkdtemp(prefix="regulars-session-")
        self._clean = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def close(self) -> None:
        """Give up the engine and the scratch folder."""
        self.engine.close()
        self._clean()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class SessionTables:
    """Tables of a session by attribute, as relations and metrics ask for them; what was asked for is noted in `asked`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.asked: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self.asked[name] = None
        return self._session.table(name)


def _rests_on(name: str, inputs: tuple[str, ...]) -> bool:
    if name in inputs:
        return True
    return name in registry.RELATIONS and any(_rests_on(needed, inputs) for needed in registry.needs(name))


def _factors(currency: str, reporting: str | None, rates: Sequence[Mapping[str, Any]], days: range) -> dict[int, float]:
    if currency == reporting:
        return dict.fromkeys(days, 1.0)
    if reporting is None:
        return {}
    scale = 10.0 ** (money.exponent(reporting) - money.exponent(currency))
    own = sorted(
        (r for r in rates if r["currency"] == currency and r["to_currency"] == reporting),
        key=lambda r: (r["on_date"], r["occurred_at"], r["row_key"]),
    )
    known = {day_number(r["on_date"]): r["rate"] for r in own}
    latest: float | None = next((known[d] for d in sorted(known, reverse=True) if d < days.start), None)
    out = {}
    for day in days:
        latest = known.get(day, latest)
        if latest is not None:
            out[day] = latest * scale
    return out


def _aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _naive(instant: datetime) -> datetime:
    return _aware(instant).replace(tzinfo=None)


def _instant(moment: datetime | date, zone: str) -> datetime:
    if isinstance(moment, datetime):
        return _aware(moment)
    return start_of(moment + timedelta(days=1), zone)
