"""The appendix: definitions from the metric cards, data quality, and the reconciliation from files to figures."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from regulars import metrics, money
from regulars.reports import quality
from regulars.reports.blocks import Block, Section, Table
from regulars.reports.drawing import Grid
from regulars.reports.language import Amount
from regulars.reports.sections.kpis import shown_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regulars.metrics import Card
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import CardWords, Language


def definitions(evidence: Evidence, language: Language) -> Section:
    """What each figure means, from its card."""
    say, known = language.say, metrics.catalogue()
    names = [key.name for key in shown_keys(evidence)]
    cards = [(name, language.card(known[name].card)) for name in names]
    rows = [[say(f"kpi.{name}"), card.question, _formula(language, card), card.undefined_when] for name, card in cards]
    head = [say("appendix.figure"), say("appendix.question"), say("appendix.formula"), say("appendix.undefined")]
    rules = say("appendix.rules", days=evidence.session.settings.inactive_after_days, zone=evidence.session.settings.time_zone)
    table = Table(title="", grid=Grid(head=head, rows=rows, stacked=True))
    return Section(
        key="definitions",
        kicker=say("appendix.kicker"),
        title=say("appendix.definitions"),
        paragraphs=[rules],
        blocks=[table] if rows else [],
        appendix=True,
    )


def _formula(language: Language, card: Card | CardWords) -> str:
    symbols = "; ".join(language.say("appendix.symbol", symbol=symbol, meaning=meaning) for symbol, meaning in card.symbols.items())
    return language.say("appendix.symbols", formula=card.formula, symbols=symbols).replace("`", "") if symbols else card.formula


def data_quality(evidence: Evidence, language: Language, imports: Iterable[Any]) -> Section:
    """What the rows say about themselves, the way from orders to revenue, and from files to orders."""
    say = language.say
    blocks: list[Block] = []
    if evidence.session.has_rows("orders") and evidence.refused is None:
        found = quality.order_quality(evidence.session)
        lines = [
            [say(f"quality.{name}"), language.count(rows), language.amount(evidence.amount(minor), "exact")]
            for name, rows, minor in found.kinds
        ]
        head = [say("quality.what"), say("quality.count"), say("quality.amount")]
        blocks.append(Table(title="", grid=Grid(head=head, rows=lines, numbers=(1, 2))))
        steps = [[say(f"bridge.{name}"), language.amount(evidence.amount(minor), "exact")] for name, minor in found.bridge]
        blocks.append(
            Table(title=say("bridge.title"), grid=Grid(head=[say("bridge.what"), say("quality.amount")], rows=steps, numbers=(1,)))
        )
    blocks.append(_files(language, [_plain(record) for record in imports]))
    return Section(key="quality", kicker=say("quality.kicker"), title=say("quality.title"), blocks=blocks, appendix=True)


def _plain(record: Any) -> Mapping[str, Any]:
    if is_dataclass(record) and not isinstance(record, type):
        return asdict(record)
    return dict(record)


def _reports(records: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], bool]]:
    """The closing reports of all files, and whether their load was undone."""
    found: list[tuple[Mapping[str, Any], bool]] = []
    for record in records:
        report = record.get("report") or record
        inside = report.get("files")
        ones = inside if isinstance(inside, list) else [report]
        found.extend((one, bool(record.get("undone"))) for one in ones if isinstance(one, dict) and "read" in one)
    return found


def _files(language: Language, records: Sequence[Mapping[str, Any]]) -> Table:
    say, reports = language.say, _reports(records)
    if not reports:
        return Table(title=say("files.title"), intro=say("files.none"), grid=Grid(head=[], rows=[]))
    head = [say(f"files.{name}") for name in ("file", "read", "imported", "there", "quarantined", "money", "agrees")]
    rows, reasons = [], []
    for report, undone in reports:
        name = str(report.get("file", "")).rsplit("/", 1)[-1]
        kept_out = dict(report.get("quarantined") or {})
        sums = ", ".join(
            language.amount(Amount(money.to_major(m["imported"], m["currency"]), m["currency"]), "exact")
            for m in report.get("money") or ()
            if m.get("currency")
        )
        agrees = say("files.yes" if report.get("reconciles", True) else "files.no")
        numbers = [
            language.count(n) for n in (report["read"], report.get("imported", 0), report.get("already_there", 0), sum(kept_out.values()))
        ]
        rows.append([say("files.undone", file=name) if undone else name, *numbers, sums, agrees])
        if kept_out:
            shown = ", ".join(f"{language.quarantine_reason(reason)} {language.count(n)}" for reason, n in kept_out.items())
            reasons.append(say("files.reasons", file=name, reasons=shown))
    note = " ".join([say("files.note"), *reasons])
    return Table(title=say("files.title"), grid=Grid(head=head, rows=rows, numbers=(1, 2, 3, 4, 5), stacked=True), note=note)
