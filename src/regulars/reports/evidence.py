"""The numbers that a review rests on: which windows it looks at, metrics and analyses asked for once, and what was refused."""

from __future__ import annotations

import functools
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from regulars import analyses, metrics, money
from regulars.errors import MixedCurrencies
from regulars.metrics.estimates import Undefined
from regulars.periods import Window, months_after
from regulars.reports.language import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regulars.analyses import AnalysisResult
    from regulars.metrics import MetricValue
    from regulars.predictions.predicting import Predictions
    from regulars.predictions.value import Forecast, ValueAudit
    from regulars.relations.session import Session

MONTHS_BACK = 14
"""Months that are looked at: the latest whole one, the twelve before, and the one that is running."""
COHORT_MONTHS = 36
"""Months whose newcomers are followed."""
MOST_FREQUENT = 10
OFTEN = 0.005
"""Share of orders that the most frequent pairs of products usually have by far; where too few have it, all are counted."""


class Evidence:
    """Metrics by window and analyses of one session. All metrics run over the same windows, so that the relations behind are made once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        whole = session.whole()
        self.whole = whole
        regular = [w for w in session.windows(by="month") if w.end > whole.start]
        self.months: tuple[Window, ...] = tuple(regular[-MONTHS_BACK:])
        self.cohort_months: tuple[Window, ...] = tuple(regular[-COHORT_MONTHS:])
        finished = [w for w in self.months if session.complete(w) and w.start >= whole.start - timedelta(days=27)]
        self.month: Window | None = finished[-1] if finished else None
        self.year_ago = self._seen(self._earlier(self.month, 12)) if self.month else None
        self.last_year = self._trailing(0)
        self.year_before = self._trailing(12)
        self.refused: MixedCurrencies | None = None
        self._metrics: dict[tuple[str, tuple[tuple[str, Any], ...], bool], dict[Window, MetricValue]] = {}
        self._analyses: dict[str, AnalysisResult | None] = {}

    @staticmethod
    def _earlier(window: Window, months: int) -> Window:
        return Window(months_after(window.start, -months), months_after(window.end, -months))

    def _seen(self, window: Window) -> Window | None:
        """The window, where the data reach back to its start."""
        return window if window.start >= self.whole.start else None

    def _trailing(self, months_earlier: int) -> Window | None:
        """The twelve whole months up to the latest complete one, or as many of them as there are data for; earlier ones only whole."""
        if self.month is None:
            return None
        end = months_after(self.month.end, -months_earlier)
        start = months_after(end, -12)
        if start >= self.whole.start:
            return Window(start, end)
        return None if months_earlier else Window(self.whole.start, end)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows that metrics run over, each once."""
        extra = [w for w in (self.last_year, self.year_before, self.whole) if w is not None]
        return tuple(dict.fromkeys((*self.months, *extra)))

    def metric(self, name: str, window: Window | None, **arguments: Any) -> MetricValue | None:
        """The metric in one of the windows; None where it does not exist there, or money cannot be added up."""
        if window is None:
            return None
        value = self._run(name, arguments).get(window)
        return value if value is not None and value.is_defined else None

    def why_not(self, name: str, window: Window | None, **arguments: Any) -> str:
        """The code of the reason for which a metric has no value."""
        value = self._run(name, arguments).get(window) if window is not None else None
        return getattr(value.value, "reason", "no_data") if value is not None else "no_data"

    def over_months(self, name: str, months: Sequence[Window] | None = None, **arguments: Any) -> list[MetricValue | None]:
        """The metric month by month."""
        return [self.metric(name, window, **arguments) for window in (months or self.months)]

    def gather(self, wanted: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Run all metrics first, over the same windows: analyses have windows of their own, and a change of windows makes relations anew."""
        plain: list[tuple[str, dict[str, Any]]] = [
            ("orders", {}),
            ("customer_count", {}),
            *(("second_order_rate", {"days": days}) for days in (30, 60, 90)),
        ]
        for name, arguments in (*plain, *wanted):
            self._run(name, arguments)

    def by_cohort_month(self, name: str, **arguments: Any) -> list[MetricValue]:
        """A metric about newcomers, by the month of their first order."""
        found = self._run(name, arguments, self.cohort_months)
        return [value for window in self.cohort_months if (value := found.get(window)) is not None and value.is_defined]

    def _run(self, name: str, arguments: dict[str, Any], windows: tuple[Window, ...] = ()) -> dict[Window, MetricValue]:
        key = (name, tuple(sorted(arguments.items())), bool(windows))
        if key not in self._metrics:
            self._metrics[key] = {}
            if name in metrics.catalogue():
                try:
                    result = metrics.run(self.session, name, windows or self.windows, **arguments)
                except MixedCurrencies as refusal:
                    self.refused = refusal
                else:
                    self._metrics[key] = {Window(v.window_start, v.window_end): v for v in result}
        return self._metrics[key]

    def analysis(self, name: str) -> AnalysisResult | None:
        """The analysis over the months looked at; None where there is nothing to analyse."""
        if name not in self._analyses:
            found = None
            if name in analyses.catalogue():
                try:
                    found = analyses.run(self.session, name, **self._arguments(name))
                    if name == "affinity" and len(found) and len(found.main) < MOST_FREQUENT:
                        found = analyses.run(self.session, name)
                except MixedCurrencies as refusal:
                    self.refused = refusal
            self._analyses[name] = None if found is None or found.is_empty else found
        return self._analyses[name]

    @functools.cached_property
    def predictions(self) -> Predictions | None:
        """Value, risk and light of every customer; None where money cannot be added up."""
        from regulars.predictions.log import LOG_RUNS, read_log
        from regulars.predictions.predicting import predict

        try:
            return predict(self.session, log=read_log(self.session, last=LOG_RUNS))
        except MixedCurrencies as refusal:
            self.refused = refusal
            return None

    def value_audit(self) -> ValueAudit | None:
        """Value expected on the latest day whose outcome is known, against what came."""
        from regulars.predictions import value

        try:
            return value.audit_value(self.session, backtests=1)
        except MixedCurrencies as refusal:
            self.refused = refusal
            return None

    def forecast(self, days: int) -> Forecast | Undefined:
        """What is expected of the months ahead, `days` in all."""
        from regulars.predictions import value

        try:
            return value.forecast(self.session, days=days, by="month")
        except MixedCurrencies as refusal:
            self.refused = refusal
            return Undefined("no_data")

    def _arguments(self, analysis: str) -> dict[str, Any]:
        """Movements only of the months looked at; pairs only of products that can be among the most frequent ones."""
        if analysis == "movements":
            return {"start": self.months[0].start, "end": self.whole.end}
        orders = self.metric("orders", self.whole)
        if analysis == "affinity" and orders is not None:
            return {"min_orders": max(5, int(orders.number * OFTEN))}
        return {}

    def movements(self) -> list[dict[str, Any]]:
        """Movements of customers in the months looked at."""
        return self.rows("movements", "customers")

    def one_cohort(self) -> Mapping[str, Any] | None:
        """Share, days and last day of the first orders, where practically all customers came at once."""
        found = self.analysis("movements")
        note = found.note("one_cohort") if found is not None else None
        return note.values if note is not None else None

    def rows(self, analysis: str, table: str) -> list[dict[str, Any]]:
        """The rows of a table of an analysis; none where there is none."""
        found = self.analysis(analysis)
        return found[table].to_pylist() if found is not None and table in found.tables else []

    def major(self, minor: float) -> float:
        """Minor units of the reporting currency as major units."""
        return money.to_major(minor, self.session.currency) if self.session.currency else float(minor)

    def amount(self, minor: float) -> Amount:
        """Minor units of the reporting currency, ready to be said."""
        return Amount(self.major(minor), self.session.currency)

    def money(self, major: float) -> Amount:
        """Major units of the reporting currency, ready to be said."""
        return Amount(major, self.session.currency)

    def last_day(self) -> date:
        """The last day that counts."""
        return self.whole.end - timedelta(days=1)
