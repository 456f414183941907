"""Reckoning the overview when the serving file is built: the review's sentence, key figures and charts, kept as files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from regulars.errors import NoData
from regulars.reports.blocks import Chart, Tiles
from regulars.reports.evidence import Evidence
from regulars.reports.sections import cohorts, headline, kpis, movements
from regulars_server.serving.contracts import OverviewChart, OverviewTile
from regulars_server.serving.engine import BuildingEngine
from regulars_server.serving.languages import languages
from regulars_server.serving.overview import FILE
from regulars_server.serving.overview_charts import revenue
from regulars_server.serving.pictures import described, picture, size, spark

if TYPE_CHECKING:
    from datetime import datetime

    from regulars.relations.session import Session
    from regulars.reports.drawing import Figure
    from regulars.reports.language import Language
    from regulars.workspace import Workspace

OLD_SECONDS = 900
"""Charts of an older overview stay so long, for pages that are open."""


def build_overview(workspace: Workspace, now: datetime) -> bool:
    """Reckon the overview of all languages as of the last complete day; False where there are no data."""
    folder = settings.CONFIG.serving
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as aside:
        spill = Path(aside) / "spill"
        spill.mkdir()
        charts = Path(aside) / "charts"
        charts.mkdir()
        try:
            with workspace.session(engine=BuildingEngine(spill=spill)) as session:
                evidence = Evidence(session)
                evidence.gather([(key.name, dict(key.arguments)) for key in kpis.KEYS if key.name != "active"])
                said = {code: _said(evidence, language, charts) for code, language in languages().items()}
                about = _about(session, now)
        except NoData:
            (folder / FILE).unlink(missing_ok=True)
            return False
        name = f"charts-{time.time_ns()}"
        charts.replace(folder / name)
        draft = folder / f"{FILE}.{os.getpid()}"
        draft.write_text(json.dumps({"folder": name, **about, "languages": said}), encoding="utf-8")
        draft.replace(folder / FILE)
    _sweep(folder, name)
    return True


def _about(session: Session, now: datetime) -> dict[str, Any]:
    return {
        "as_of": session.as_of.isoformat(),
        "built_at": now.isoformat(),
        "currency": session.currency,
        "heading": session.settings.name,
    }


def _said(evidence: Evidence, language: Language, charts: Path) -> dict[str, Any]:
    explanation = headline.explanation(evidence)
    return {
        "sentence": language.say(headline.headline(evidence)),
        "explanation": language.say(explanation) if explanation else "",
        "caveats": [language.say(caveat) for caveat in headline.caveats(evidence)],
        "last_day": language.day(evidence.last_day()),
        "tiles": [asdict(tile) for tile in _tiles(evidence, language)],
        "charts": [asdict(_chart(figure, language, charts)) for figure in _figures(evidence, language)],
    }


def _tiles(evidence: Evidence, language: Language) -> list[OverviewTile]:
    blocks = kpis.kpis(evidence, language).blocks
    return [
        OverviewTile(
            label=tile.label,
            value=tile.value,
            unit=tile.unit,
            window=tile.window,
            interval=tile.interval,
            lines=list(tile.lines),
            verdict=tile.verdict,
            undefined=tile.undefined,
            spark=spark(tile.spark),
        )
        for block in blocks
        if isinstance(block, Tiles)
        for tile in block.tiles
    ]


def _figures(evidence: Evidence, language: Language) -> list[Figure]:
    moved = [block.figure for block in movements.movements(evidence, language).blocks if isinstance(block, Chart)]
    held = [block.figure for block in cohorts.cohorts(evidence, language).blocks if isinstance(block, Chart)]
    income = revenue(evidence, language)
    return [*([income] if income else []), *moved, *held[:1]]


def _chart(figure: Figure, language: Language, charts: Path) -> OverviewChart:
    parts = []
    for number in range(0, len(figure.svgs), 2):
        part: dict[str, Any] = {"alt": described(figure.svgs[number])}
        for shape, svg in zip(("wide", "narrow"), figure.svgs[number : number + 2], strict=True):
            name = f"{language.code}-{figure.key}-{number // 2}-{shape}"
            for ending, dark in (("", False), ("-dark", True)):
                (charts / f"{name}{ending}.svg").write_text(picture(svg, dark=dark), encoding="utf-8")
            part |= {shape: name, f"{shape}_size": size(svg)}
        parts.append(part)
    table = figure.table
    return OverviewChart(
        key=figure.key,
        title=figure.title,
        subtitle=figure.subtitle,
        legend=[list(pair) for pair in figure.legend],
        head=list(table.head) if table else [],
        rows=[list(row) for row in table.rows] if table else [],
        numbers=list(table.numbers) if table else [],
        parts=parts,
    )


def _sweep(folder: Path, current: str) -> None:
    for left in folder.glob("charts-*"):
        if left.name != current and time.time() - left.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
