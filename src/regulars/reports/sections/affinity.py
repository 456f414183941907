"""Products bought together, beside what chance alone would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.reports.blocks import Section, Table
from regulars.reports.drawing import Grid

if TYPE_CHECKING:
    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

SHOWN = 10


def affinity(evidence: Evidence, language: Language) -> Section:
    """The most frequent pairs."""
    say, pairs = language.say, evidence.rows("affinity", "pairs")
    if not pairs:
        return Section(key="affinity", kicker=say("affinity.kicker"), missing=say("affinity.missing"))
    summary = evidence.rows("affinity", "summary")[0]
    first = pairs[0]
    title = say("affinity.title", a=_name(first, "a"), b=_name(first, "b"), together=first["together"], lift=first["lift"])
    head = [say("affinity.pair"), say("affinity.together"), say("affinity.chance"), say("affinity.lift"), say("affinity.sure")]
    rows = [
        [
            say("affinity.names", a=_name(p, "a"), b=_name(p, "b")),
            language.count(p["together"]),
            language.number(p["orders_a"] * p["orders_b"] / summary["baskets"], 0),
            language.number(p["lift"], 1),
            language.percent(p["confidence_a_b"], 0),
        ]
        for p in pairs[:SHOWN]
    ]
    note = say("affinity.base", baskets=summary["baskets"], products=summary["products"])
    table = Table(title="", grid=Grid(head=head, rows=rows, numbers=(1, 2, 3, 4), stacked=True), note=note)
    return Section(key="affinity", kicker=say("affinity.kicker"), title=title, paragraphs=[say("affinity.lead")], blocks=[table])


def _name(pair: dict[str, Any], side: str) -> str:
    """The product's name as people write it; shops often keep names in capitals."""
    name = str(pair[f"name_{side}"] or pair[f"product_{side}"]).strip()
    return name.capitalize() if name.isupper() else name
