"""The retention review: one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.reports import theme
from regulars.reports.evidence import Evidence
from regulars.reports.words import ENGLISH

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from regulars.relations.session import Session
    from regulars.reports.blocks import Section
    from regulars.reports.language import Language, Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a review says: heading, facts of the data, the sentence at the top, and its sections."""

    heading: str
    facts: Sequence[tuple[str, str]]
    headline: Sentence
    explanation: Sentence | None
    caveats: Sequence[Sentence]
    sections: Sequence[Section]
    language: Language = ENGLISH

    def html(self) -> str:
        """The review as one HTML page that loads nothing."""
        import jinja2

        templates = files("regulars.reports") / "templates"
        environment = jinja2.Environment(autoescape=True, trim_blocks=False, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
        page = environment.from_string((templates / "review.html.jinja").read_text("utf-8"))
        return page.render(
            language=self.language.code,
            words=self.language.catalogue,
            heading=self.heading,
            facts=self.facts,
            headline=self.language.say(self.headline),
            explanation=self.language.say(self.explanation) if self.explanation else "",
            caveats=[self.language.say(c) for c in self.caveats],
            sections=self.sections,
            palette=theme.style_sheet(),
            style=(templates / "review.css").read_text("utf-8"),
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, whose folder is made where it is missing, and give the path back."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.html(), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        return self.html()


def review(
    session: Session,
    *,
    title: str,
    show_names: bool = False,
    imports: Sequence[Any] = (),
    secret: bytes | None = None,
    predictions: bool = True,
    language: Language = ENGLISH,
) -> Review:
    """The retention review of the session's data, as of the session's instant.

    `title` is the name of the business. Customers are hidden unless `show_names`: with `secret` (the workspace's key) behind codes that stay
    the same from review to review, else behind numbers. `imports` are the load records that the appendix reconciles with. Without `predictions` the parts on
    risk, lights and what comes next are left out; they take most of the time.
    """
    from regulars.reports.sections import (
        affinity,
        ahead,
        appendix,
        at_risk,
        cohorts,
        concentration,
        findings,
        held,
        kpis,
        lights,
        movements,
        rfm,
        seasonality,
        second_order,
        slipped,
        value,
    )
    from regulars.reports.sections.headline import caveats, explanation, headline

    evidence = Evidence(session)
    evidence.gather([(key.name, dict(key.arguments)) for key in kpis.KEYS if key.name != "active"])
    name = slipped.naming(language, show_names=show_names, secret=secret)
    parts = [
        findings.findings(evidence, language),
        kpis.kpis(evidence, language),
        movements.movements(evidence, language),
        cohorts.cohorts(evidence, language),
        second_order.second_order(evidence, language),
        rfm.rfm(evidence, language),
        *(
            [section(evidence, language) for section in (partial(at_risk.at_risk, name=name), lights.lights, held.held, ahead.ahead)]
            if predictions
            else []
        ),
        slipped.slipped(evidence, language, name, show_names=show_names, secret=secret),
        concentration.concentration(evidence, language),
        seasonality.seasonality(evidence, language),
        affinity.affinity(evidence, language),
        value.value(evidence, language),
        *_not_imported(evidence, language),
        appendix.definitions(evidence, language),
        appendix.data_quality(evidence, language, imports),
    ]
    return Review(
        heading=title,
        facts=_facts(evidence, language),
        headline=headline(evidence),
        explanation=explanation(evidence),
        caveats=caveats(evidence),
        sections=parts,
        language=language,
    )


def _facts(evidence: Evidence, language: Language) -> list[tuple[str, str]]:
    say, session = language.say, evidence.session
    customers, orders = evidence.metric("customer_count", evidence.whole), evidence.metric("orders", evidence.whole)
    counted = [("fact.customers", customers), ("fact.orders", orders)]
    return [
        (say("fact.as_of"), language.day(evidence.last_day())),
        (say("fact.period"), say("fact.period_value", start=session.history_start, end=evidence.last_day())),
        (say("fact.currency"), session.currency or say("fact.no_currency")),
        *((say(name), language.count(v.number)) for name, v in counted if v is not None),
    ]


def _not_imported(evidence: Evidence, language: Language) -> list[Section]:
    """One line for each kind of data that would say more."""
    from regulars.reports.blocks import Section

    wanted = (("experience", ("responses", "tickets")), ("costs", ("costs",)))
    return [
        Section(key=name, kicker=language.say(f"{name}.kicker"), missing=language.say(f"{name}.missing"))
        for name, tables in wanted
        if not any(evidence.session.has_rows(table) for table in tables)
    ]
