"""The assessment: from weekly snapshots and risks to the light of every customer, and why it is so."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.errors import ArgumentRefused
from regulars.periods import day_number
from regulars.predictions.health import inputs as health_inputs
from regulars.predictions.health.inputs import INPUTS, PARTS, Seen, seen, weights_of
from regulars.predictions.health.lights import AMBER, GREEN, LAPSED, LIGHTS, NEW, NONE, RED, RULES, UNKNOWN, shown
from regulars.predictions.health.reasons import Reason, Telling, reasons_of
from regulars.predictions.health.rules import holds, limits_of, strongest
from regulars.predictions.health.standards import Standards, new_buyers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from regulars.predictions.snapshots import Snapshot
    from regulars.settings import Settings

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int8]
    Contributions = Callable[[NDArray[np.int64]], Mapping[str, Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """What one snapshot says of its customers, before anything of earlier weeks is considered."""

    source: Seen
    risk: Floats
    inputs: Mapping[str, Floats]
    score: Floats
    by_score: Codes
    rules: Mapping[str, NDArray[np.bool_]]
    rule: Codes
    floor: Codes


def look_at(snapshot: Snapshot, risk: Floats, standards: Standards, settings: Settings, *, by_cancellation: bool) -> Week:
    """Inputs, score, colour by score and rules of every customer of a snapshot. `risk` is NaN where none is known."""
    source = seen(snapshot)
    by_account = settings.customer_unit == "account"
    values = health_inputs.read(source, risk, standards.scale, by_account=by_account)
    score = health_inputs.score(values, weights_of(settings))
    active = source.number("active") == 1.0
    ever = (source.number("orders") > 0) | ~np.isnan(source.number("last_event_on")) | ~np.isnan(source.number("subscribed_since_on"))
    by_score = np.where(np.isnan(score), np.int8(UNKNOWN), standards.colour(score))
    # Whoever is as likely to leave as to stay is not green, however well the rest looks.
    by_score = np.where((by_score == GREEN) & (np.nan_to_num(risk) >= 0.5), np.int8(AMBER), by_score)
    by_score = np.where(new_buyers(source, standards.second_order_days, by_cancellation), np.int8(NEW), by_score)
    by_score = np.where(active, by_score, np.where(ever, np.int8(LAPSED), np.int8(UNKNOWN))).astype(np.int8)
    rules = {name: mask & active for name, mask in holds(source, limits_of(settings), by_account=by_account).items()}
    rule, floor = strongest(rules, source.n)
    return Week(source, risk, values, np.where(active, score, np.nan), by_score, rules, rule, floor)


def assess(
    snapshots: Sequence[Snapshot],
    risks: Sequence[Floats],
    *,
    settings: Settings,
    standards: Standards,
    by_cancellation: bool = False,
    value_if_stays: Floats | None = None,
    reasons: Contributions | None = None,
    log: pa.Table | None = None,
    currency: str | None = None,
) -> Assessment:
    """The lights as of the latest of weekly `snapshots`, given the earliest first (those of `health.observe`; plain ones lack traits).

    `risks` hold a risk (NaN: not known) for each row of each snapshot; `value_if_stays` (minor units) one value for each row of the latest. `reasons` gives
    for rows of the latest what named reasons add to the risk in log odds. `log` holds rows of earlier weeks, as `Assessment.log` gives them; those
    before the first snapshot count as weeks too. Raises `ArgumentRefused` where snapshots are not in order.
    """
    days = [day_number(s.day) for s in snapshots]
    if not days or len(risks) != len(days) or any(b <= a for a, b in pairwise(days)):
        raise ArgumentRefused(
            f"{len(snapshots)} snapshots and {len(risks)} arrays of risks were given, or the days do not rise.",
            expected="snapshots in the order of their days, and risks for each",
            remedy="Give the earliest snapshot first.",
        )
    weeks = [look_at(s, np.asarray(r, dtype=np.float64), standards, settings, by_cancellation=by_cancellation)
             for s, r in zip(snapshots, risks, strict=True)]  # fmt: skip
    now = weeks[-1]
    hidden = frozenset(LIGHTS.index(name) for name in standards.withheld)
    history = _from_log(log, now, days[0])
    by_score = [*(h[1] for h in history), *(_placed(w.by_score, w, now) for w in weeks)]
    floors = [*(h[2] for h in history), *(_placed(w.floor, w, now) for w in weeks)]
    when = [*(h[0] for h in history), *days]
    lights = shown(when, np.vstack(by_score), np.vstack(floors), [*(h[3] for h in history), *([hidden] * len(weeks))])
    worth = np.full(now.source.n, np.nan) if value_if_stays is None else np.asarray(value_if_stays, dtype=np.float64)
    before = _before(when, lights, weeks, now)
    return Assessment(
        now=now, light=lights[-1], before=before, standards=standards, settings=settings, value_if_stays=worth, currency=currency, contributions=reasons,
        previous=weeks[-2] if len(weeks) > 1 else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """The light of each customer in the week before (-1: none), its day and the score then (NaN: not known).

    `first_inputs` and `first_score` are those of the earliest of at most three weeks, `days` ago: where a change by score began.
    """

    day: int | None
    light: Codes
    score: Floats
    first_score: Floats
    first_inputs: Mapping[str, Floats]
    days: int


def _before(when: Sequence[int], lights: Codes, weeks: Sequence[Week], now: Week) -> Before:
    n = now.source.n
    nothing = np.full(n, np.nan)
    if len(when) < 2:
        return Before(None, np.full(n, NONE, dtype=np.int8), nothing, nothing, {}, 0)
    if len(weeks) < 2:
        return Before(when[-2], lights[-2], nothing, nothing, {}, 0)
    first = weeks[max(0, len(weeks) - 3)]
    last, begin = _reader(weeks[-2], now), _reader(first, now)
    inputs = {name: begin(first.inputs[name]) for name in INPUTS}
    return Before(when[-2], lights[-2], last(weeks[-2].score), begin(first.score), inputs, now.source.day - first.source.day)


def _reader(week: Week, now: Week) -> Callable[[Floats], Floats]:
    """What reads an array of `week` for the customers of `now`; NaN for who was not there."""
    place = _rows_in(week, now)

    def read(values: Floats) -> Floats:
        out: Floats = np.append(values, np.nan)[np.where(place >= 0, place, len(values))]
        return out

    return read


def _rows_in(week: Week, now: Week) -> NDArray[np.int64]:
    """For each customer of `now`, the row in `week`, -1 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = week.source.facts.column("customer_id").combine_chunks()
    values = pa.concat_arrays(ids.chunks) if isinstance(ids, pa.ChunkedArray) else ids
    place: NDArray[np.int64] = (
        pc.index_in(now.source.facts.column("customer_id"), value_set=values).fill_null(-1).to_numpy().astype(np.int64)
    )
    return place


def _placed(codes: Codes, week: Week, now: Week) -> Codes:
    if week is now:
        return codes
    place = _rows_in(week, now)
    return np.where(place >= 0, codes[place] if len(codes) else np.int8(NONE), np.int8(NONE)).astype(np.int8)


def _from_log(log: pa.Table | None, now: Week, before: int) -> list[tuple[int, Codes, Codes, frozenset[int]]]:
    """Weeks that only the log knows: day, colours by score, colours that rules ask for, colours withheld."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if log is None:
        return []
    numbers = log.column("day").cast(pa.int32()).to_numpy()
    weeks = []
    for day in np.unique(numbers[numbers < before]).tolist():
        rows = log.filter(pa.array(numbers == day))
        place = pc.index_in(now.source.facts.column("customer_id"), value_set=rows.column("customer_id").combine_chunks())
        where = np.append(place.fill_null(rows.num_rows).to_numpy().astype(np.int64), 0)[:-1]
        raw = pc.index_in(rows.column("light_by_score"), pa.array(LIGHTS)).fill_null(NONE).to_numpy()
        rule = pc.index_in(rows.column("light_rule").cast(pa.string()), pa.array(RULES)).fill_null(NONE).to_numpy()
        floors = np.array([NONE, *(RED if r in RULES[:3] else 1 for r in RULES)], dtype=np.int8)[rule + 1]
        hidden = {word for text in rows.column("withheld").to_pylist() for word in (text or "").split(",") if word}
        weeks.append(
            (
                int(day),
                np.append(raw, NONE)[where].astype(np.int8),
                np.append(floors, NONE)[where].astype(np.int8),
                frozenset(LIGHTS.index(word) for word in hidden),
            )
        )
    return weeks


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Assessment:
    """The light of every customer known, one row each in the order of the latest snapshot."""

    now: Week
    light: Codes
    before: Before
    standards: Standards
    settings: Settings
    value_if_stays: Floats
    currency: str | None = None
    contributions: Contributions | None = None
    previous: Week | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.now.source.n

    @property
    def money_at_risk(self) -> Floats:
        """Risk x margin expected over the horizon if the customer stays, for active customers (minor units); NaN where one of the two is not known."""
        lit = self.light <= RED
        out: Floats = np.where(
            lit | (self.light == NEW) | ((self.light == UNKNOWN) & ~np.isnan(self.now.score)), self.now.risk * self.value_if_stays, np.nan
        )
        return out

    @property
    def table(self) -> pa.Table:
        """One row per customer: light, colour by score and rule behind it, score, inputs and their parts (null: not known, left out of the score), light and
        score a week before, whether the light changed, risk and money at risk.
        """
        if "table" not in self._cache:
            self._cache["table"] = self._table()
        table: pa.Table = self._cache["table"]
        return table

    def _table(self) -> pa.Table:
        import pyarrow as pa

        names = pa.array([*LIGHTS, None])
        numbers = {"health_score": self.now.score, "churn_risk": self.now.risk}
        columns: dict[str, Any] = {
            "customer_id": self.now.source.facts.column("customer_id"),
            "light": names.take(pa.array(self.light.astype(np.int64))),
            "light_by_score": names.take(pa.array(self.now.by_score.astype(np.int64))),
            "light_rule": pa.array([*RULES, None]).take(
                pa.array(np.where(self.now.rule == NONE, len(RULES), self.now.rule).astype(np.int64))
            ),
        }
        for name, values in {**numbers, **{f"input_{k}": v for k, v in self.now.inputs.items()}}.items():
            columns[name] = pa.array(values, mask=np.isnan(values))
        columns["previous_light"] = names.take(
            pa.array(np.where(self.before.light == NONE, len(LIGHTS), self.before.light).astype(np.int64))
        )
        columns["previous_score"] = pa.array(self.before.score, mask=np.isnan(self.before.score))
        columns["light_changed"] = pa.array((self.before.light != NONE) & (self.before.light != self.light))
        for name, values in {"value_if_stays_minor": self.value_if_stays, "money_at_risk_minor": self.money_at_risk}.items():
            columns[name] = pa.array(np.round(np.nan_to_num(values)).astype(np.int64), mask=np.isnan(values))
        return pa.table(columns)

    @property
    def log(self) -> pa.Table:
        """What a replay needs of this week: customer_id, day, light_by_score, light_rule, withheld."""
        import pyarrow as pa

        n = len(self)
        day = pa.array(np.full(n, self.now.source.day, dtype=np.int32)).cast(pa.date32())
        kept = self.table.select(["customer_id", "light_by_score", "light_rule"])
        withheld = pa.array([",".join(self.standards.withheld)] * n, pa.string())
        return pa.table({**{name: kept.column(name) for name in kept.schema.names}, "day": day, "withheld": withheld})

    def rows_of(self, customer_ids: Sequence[str]) -> NDArray[np.int64]:
        """The rows of customers; raises `ArgumentRefused` for one who is not known."""
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = pa.array(list(customer_ids), pa.string())
        place = pc.index_in(asked, value_set=self.now.source.facts.column("customer_id").combine_chunks().cast(pa.string()))
        if place.null_count:
            raise ArgumentRefused(
                f"There is no customer {asked.filter(place.is_null())[0]}.", expected="customers known at the time", remedy="Check the id."
            )
        rows: NDArray[np.int64] = place.to_numpy().astype(np.int64)
        return rows

    def why(self, rows: ArrayLike) -> list[list[Reason]]:
        """At most three reasons for the light of each of these rows, the weightiest first; rules come before all else."""
        return reasons_of(self._telling(np.asarray(rows, dtype=np.int64)))

    def changes(self, rows: ArrayLike) -> list[Reason | None]:
        """What changed since the light before, for each of these rows; None where it is the same, or there was none."""
        from regulars.predictions.health.reasons import changes_of

        return changes_of(self._telling(np.asarray(rows, dtype=np.int64)), self.before)

    def _telling(self, rows: NDArray[np.int64]) -> Telling:
        return Telling(
            rows=rows,
            source=self.now.source,
            light=self.light,
            by_score=self.now.by_score,
            score=self.now.score,
            inputs=self.now.inputs,
            rules=self.now.rules,
            standards=self.standards,
            weights=weights_of(self.settings),
            contributions=self.contributions,
            currency=self.currency,
        )

    def counts(self) -> dict[str, int]:
        """Customers by light."""
        return {name: int((self.light == place).sum()) for place, name in enumerate(LIGHTS)}

    def inputs_known(self) -> dict[str, int]:
        """How many customers with a colour each input is known for; 0 means that it is left out for everybody."""
        lit = (self.light >= GREEN) & (self.light <= RED)
        return {name: int((lit & ~np.isnan(self.now.inputs[name])).sum()) for name in INPUTS}

    def parts_known(self) -> dict[str, tuple[str, ...]]:
        """The parts of each input that are known for somebody with a colour."""
        lit = (self.light >= GREEN) & (self.light <= RED)
        return {name: tuple(p for p in own if (lit & ~np.isnan(self.now.inputs[p])).any()) for name, own in PARTS.items()}
