"""The page of the metrics, made from their cards."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from regulars.metrics import catalogue, dimensions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from regulars.metrics import Card

OPENING = """# Metrics

Every metric can be had by day, week, month, quarter, year or between given dates, grouped by its dimensions, with interval, SQL and the rows
behind, as of any past day:

```console
$ regulars metrics run churn_rate --from 2011-01-01 --to 2011-12-01 --by month --group-by country
```

What the words mean is in the [glossary](../glossary.md) and the [definitions](../definitions.md).
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `reference/metrics.md`."""
    cards = [metric.card for metric in catalogue().values()]
    parts = [OPENING]
    for family, members in groupby(cards, key=lambda card: card.family):
        parts.append(f"\n## {family.replace('_', ' ').capitalize()}\n")
        for card in members:
            parts += [f"\n### {card.name} {{ #{card.name} }}\n", f"{card.question}\n", "|  |  |\n|---|---|", *lines(card)]
    files.append(File.generated(config, "reference/metrics.md", content="\n".join(parts)))
    return files


def lines(card: Card) -> Iterator[str]:
    """The card as rows of a table; what is empty is left out."""
    arguments = (f"`{name}` = {value!r}: {card.argument_meanings.get(name, '')}".rstrip(": ") for name, value in card.defaults.items())
    beside = (f"`{name}`: {meaning}" for name, meaning in card.beside.items())
    symbols = (f"*{symbol}*: {meaning}" for symbol, meaning in card.symbols.items())
    bands = (f"{band.name}: {band.low:g} to below {band.high:g}" for band in card.bands)
    facts = {
        "formula": f"`{card.formula}`",
        "where": "<br>".join(symbols),
        "unit": card.unit.value,
        "undefined when": card.undefined_when,
        "better": card.better.value,
        "measures": card.kind.value,
        "one row is": card.grain.value,
        "interval": card.interval.value,
        "bands": "<br>".join(bands),
        "grouped by": ", ".join(f"`{name}`" for name in dimensions(card)),
        "arguments": "<br>".join(arguments),
        "beside it": "<br>".join(beside),
        "needs": ", ".join(f"[{table}](tables.md#{table})" for table in card.needs),
        "source": card.source,
        "requirements": ", ".join(card.requirements),
    }
    return (f"| {name} | {value.replace('|', '&#124;')} |" for name, value in facts.items() if value)
