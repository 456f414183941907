"""Key figures: value, interval, trend, target, and the same period a year before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from regulars import metrics
from regulars.metrics import Better, Unit
from regulars.reports.blocks import Section, Tile, Tiles
from regulars.reports.drawing import sparkline
from regulars.reports.language import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regulars.metrics import Card, MetricValue
    from regulars.periods import Window
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language


@dataclass(frozen=True, slots=True)
class Key:
    """A metric that may have a tile; `span` is month, year (trailing twelve months) or cohort (who was won in them)."""

    name: str
    span: str = "month"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
    """Left out where it has no value, instead of a tile that says so."""
    compared: bool = True
    """Whether a year ago is a fair comparison: refunds of old orders have had longer to arrive."""


KEYS = (
    Key("revenue"),
    Key("active"),
    Key("churn_rate"),
    Key("reactivation_rate"),
    Key("repeat_purchase_rate", "year"),
    Key("second_order_rate", "cohort", {"days": 90}),
    Key("average_order_value"),
    Key("purchase_frequency", "month", {"per_year": True}),
    Key("days_between_orders"),
    Key("new_customers"),
    Key("revenue_churn_rate"),
    Key("refund_rate", optional=True, compared=False),
    Key("mrr", optional=True),
    Key("net_revenue_retention", "year", optional=True),
    Key("renewal_rate", "year", optional=True),
    Key("nps", optional=True),
    Key("csat", optional=True),
)
TREND_MONTHS = 13


def shown_keys(evidence: Evidence) -> list[Key]:
    """The metrics of the catalogue that have a tile."""
    known = [key for key in KEYS if key.name in metrics.catalogue()]
    return [
        k
        for k in known
        if evidence.metric(k.name, _windows(evidence, k)[0], **k.arguments) is not None or (not k.optional and _imported(evidence, k))
    ]


def kpis(evidence: Evidence, language: Language) -> Section:
    """The tiles of the latest complete month."""
    say = language.say
    tiles = [tile for key in KEYS if (tile := _tile(evidence, language, key)) is not None]
    if not tiles or evidence.month is None:
        return Section(key="kpis", kicker=say("kpis.kicker"), missing=say("kpis.missing"))
    title = say("kpis.title", month=evidence.month.start)
    return Section(key="kpis", kicker=say("kpis.kicker"), title=title, paragraphs=[say("kpis.lead")], blocks=[Tiles(tiles=tiles)])


def figure(language: Language, card: Card, value: float, currency: str | None) -> tuple[str, str]:
    """A number in the metric's unit: the number, and the unit behind it."""
    match card.unit:
        case Unit.MONEY:
            shown = language.amount(Amount(value, currency), "short")
            number, _, unit = shown.partition("\N{NO-BREAK SPACE}")
            return number, unit
        case Unit.RATIO:
            return language.percent(value), ""
        case Unit.COUNT:
            return language.count(value), ""
        case Unit.DAYS:
            return language.number(value), language.say("kpi.days")
        case Unit.SCORE:
            return (language.signed(value, 0) if card.name == "nps" else language.number(value, 2)), ""
        case _:
            return language.number(value, 2), ""


def _shown(language: Language, value: MetricValue, number: float) -> str:
    text, unit = figure(language, value.card, number, value.currency)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _tile(evidence: Evidence, language: Language, key: Key) -> Tile | None:
    if key.name == "active":
        return _active(evidence, language)
    window, before = _windows(evidence, key)
    now = evidence.metric(key.name, window, **key.arguments)
    label = language.say(f"kpi.{key.name}")
    if now is None or (key.optional and not now.value):
        if key.optional or not _imported(evidence, key):
            return None
        reason = evidence.why_not(key.name, window, **key.arguments)
        known = f"undefined.{reason}" if f"undefined.{reason}" in language.catalogue else "undefined.other"
        return Tile(label=label, value="", undefined=language.say(known), window=_when(language, evidence, window))
    number, unit = figure(language, now.card, now.number, now.currency)
    lines, verdict = _compared(evidence, language, key, now, before)
    return Tile(
        label=label,
        value=number,
        unit=unit,
        window=_span_text(language, evidence, key, window),
        interval=_interval(language, now),
        spark=_spark(evidence, language, key, label),
        lines=[*lines, *_target(language, now)],
        verdict=verdict,
    )


def _imported(evidence: Evidence, key: Key) -> bool:
    """Whether the tables are there without which the metric has nothing to say; orders where it names none."""
    needs = metrics.metric(key.name).card.needs if key.name in metrics.catalogue() else ()
    return all(evidence.session.has_rows(table) for table in needs or ("orders",))


def _windows(evidence: Evidence, key: Key) -> tuple[Window | None, Window | None]:
    if key.span == "month":
        return evidence.month, evidence.year_ago
    if key.span == "cohort":
        recent = evidence.metric(key.name, evidence.last_year, **key.arguments)
        if recent is None or recent.n < 30:
            return evidence.whole, None
    return evidence.last_year, evidence.year_before


def _when(language: Language, evidence: Evidence, window: Window | None) -> str:
    from datetime import timedelta

    if window is None:
        return ""
    if window == evidence.whole:
        return language.say("kpi.window_all")
    last = window.end - timedelta(days=1)
    if (last.year, last.month) == (window.start.year, window.start.month):
        return language.say("kpi.window_month", month=window.start)
    return language.say("kpi.window_span", start=window.start, end=last)


def _span_text(language: Language, evidence: Evidence, key: Key, window: Window | None) -> str:
    from datetime import timedelta

    if key.arguments.get("per_year") and window is not None:
        return language.say("kpi.window_year", end=window.end - timedelta(days=1))
    return _when(language, evidence, window)


def _interval(language: Language, value: MetricValue) -> str:
    if value.low is None or value.high is None:
        return ""
    low = max(0.0, value.low) if value.card.unit is Unit.RATIO else value.low
    return language.say("interval", low=_shown(language, value, low), high=_shown(language, value, value.high))


def _spark(evidence: Evidence, language: Language, key: Key, label: str) -> str:
    months = evidence.months[-TREND_MONTHS:]
    found = evidence.over_months(key.name, months, **key.arguments)
    values = [v.number if v is not None and (v.n >= 2 or v.card.unit in (Unit.MONEY, Unit.COUNT)) else None for v in found]
    title = language.say("kpi.trend", label=label, first=language.short_month(months[0].start), last=language.short_month(months[-1].start))
    return sparkline(values, complete=[evidence.session.complete(w) for w in months], title=title)


def _compared(evidence: Evidence, language: Language, key: Key, now: MetricValue, window: Window | None) -> tuple[list[str], str]:
    """The same period a year before, in words; the verdict only where it is beyond chance, and never for one ageing cohort."""
    if not key.compared:
        return [], ""
    before = evidence.metric(key.name, window, **key.arguments)
    if before is None or not before.complete or not now.complete:
        return [language.say("kpi.no_comparison")], ""
    change = now.number - before.number
    when, was = _when(language, evidence, window), _shown(language, before, before.number)
    if now.card.unit is Unit.RATIO:
        said = language.say("kpi.compared_points", change=change)
    elif now.card.unit is Unit.SCORE:
        said = language.say("kpi.compared_score", change=change)
    elif before.value:
        said = language.say("kpi.compared_percent", change=100 * change / abs(before.number))
    else:
        return [language.say("kpi.was", when=when, before=was)], ""
    line = language.say("kpi.compared", when=when, before=was, change=said)
    if None in (now.low, now.high, before.low, before.high) or now.card.better is Better.NEITHER:
        return [line], ""
    apart = now.low > before.high or now.high < before.low  # type: ignore[operator]
    if not apart:
        return [language.say("kpi.same", line=line)], ""
    if evidence.one_cohort() is not None:
        return [line], ""
    good = (change > 0) == (now.card.better is Better.HIGHER)
    return [language.say("kpi.better" if good else "kpi.worse", line=line)], "good" if good else "bad"


def _target(language: Language, now: MetricValue) -> list[str]:
    if now.target is None:
        return []
    met = now.number >= now.target if now.card.better is Better.HIGHER else now.number <= now.target
    return [language.say("kpi.target_met" if met else "kpi.target_missed", target=_shown(language, now, now.target))]


def _active(evidence: Evidence, language: Language) -> Tile | None:
    rows = evidence.movements()
    done = [r for r in rows if r["complete"]]
    if not done:
        return None
    now, months = done[-1], rows[-TREND_MONTHS:]
    label = language.say("kpi.active")
    before = next(
        (r for r in rows if evidence.year_ago and r["window_start"] == evidence.year_ago.start and r["complete"] and r["enough_history"]),
        None,
    )
    line = language.say("kpi.no_comparison")
    if before is not None and before["closing"]:
        change = language.say("kpi.compared_percent", change=100 * (now["closing"] - before["closing"]) / before["closing"])
        line = language.say(
            "kpi.compared", when=language.short_month(before["window_start"]), before=language.count(before["closing"]), change=change
        )
    title = language.say(
        "kpi.trend",
        label=label,
        first=language.short_month(months[0]["window_start"]),
        last=language.short_month(months[-1]["window_start"]),
    )
    return Tile(
        label=label,
        value=language.count(now["closing"]),
        window=language.short_month(now["window_start"]),
        spark=sparkline([float(r["closing"]) for r in months], complete=[r["complete"] for r in months], title=title),
        lines=[line],
    )
