"""The doctor: checks a workspace, says what the data cannot tell, and proposes how long a silence means something here."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from regulars.errors import MixedCurrencies, NoData

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from regulars.relations.session import Session
    from regulars.workspace import Workspace

CANDIDATES = (30, 60, 90, 180, 365, 730)
"""Days that are proposed for inactivity and for the horizon."""

COVER = 0.80
"""Share of the gaps between orders that a proposed number of days covers."""

CHECKS = "regulars.checks"
"""Group of entry points by which other installed parts add what they see: each names a function from the workspace's folder to findings."""

MARKS = {"good": "ok", "look": "!!", "told": "--"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor saw: `state` is good, look (somebody should) or told (good to know)."""

    code: str
    state: Literal["good", "look", "told"]
    text: str

    @property
    def mark(self) -> str:
        """Two signs for the terminal."""
        return MARKS[self.state]


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What the doctor saw, and the proposed settings."""

    findings: tuple[Finding, ...]
    inactive_after_days: int | None
    horizon_days: int | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The smallest of `CANDIDATES` that covers `COVER` of `gaps` gaps; `days` is None where the data are too short to say."""

    days: int | None
    covered: float
    gaps: int
    seen_days: int


def examine(workspace: Workspace) -> DoctorReport:
    """Everything worth knowing about the state of `workspace`."""
    findings = [*_folder(workspace)]
    proposal = None
    try:
        with workspace.session() as session:
            findings += _data(workspace, session)
            proposal = propose_days(session)
            findings.append(_proposed(workspace, proposal))
    except NoData:
        findings.append(Finding("nothing_imported", "look", "Nothing is imported yet. Run: regulars import FILE..."))
    findings += seen_by_others(workspace.folder)
    days = proposal.days if proposal else None
    return DoctorReport(tuple(findings), days, days)


def seen_by_others(folder: Path) -> list[Finding]:
    """What other installed parts see in the workspace, such as the application of its databases and processes."""
    from importlib.metadata import entry_points

    checks = sorted(entry_points(group=CHECKS), key=lambda point: point.name)
    return [finding for check in checks for finding in check.load()(folder)]


def propose_days(session: Session) -> Proposal:
    """How many days of silence cover four in five of the gaps between order days that began early enough to be seen closing.

    Early enough is `seen_days` before as-of: the largest of `CANDIDATES` that is not more than half of the history. Only gaps that closed count: of
    those that never do nobody can say how long they are.
    """
    history = (session.as_of_day - session.history_start).days
    seen = max((days for days in CANDIDATES if 2 * days <= history), default=0)
    days_table = session.table("order_days")
    parameters = session.table("parameters")
    closed = days_table.filter(days_table.next_day.notnull(), days_table.local_day + seen <= parameters.as_of_day.as_scalar())
    gaps = closed.mutate(gap=closed.next_day - closed.local_day)
    lengths = gaps.group_by("gap").agg(gaps=gaps.count())
    rows = session.run(lengths).to_pylist() if seen else []
    total = sum(row["gaps"] for row in rows)
    for days in CANDIDATES:
        covered = sum(row["gaps"] for row in rows if row["gap"] <= days)
        if total and covered >= COVER * total:
            return Proposal(days, covered / total, total, seen)
    return Proposal(None, 0.0, total, seen)


def _folder(workspace: Workspace) -> Iterator[Finding]:
    yield Finding("workspace", "good", f"{workspace.settings.name} in {workspace.folder}")
    free = shutil.disk_usage(workspace.folder).free
    state: Literal["good", "look"] = "good" if free > 1_000_000_000 else "look"
    yield Finding("disk", state, f"{free / 1e9:,.1f} GB free on the disk")
    counts = workspace.load_counts()
    yield Finding("loads", "told", f"{counts.loads} loads, {counts.rows:,} rows")
    held = _quarantined(workspace)
    if held:
        yield Finding(
            "quarantine", "look", f"{held:,} rows lie in quarantine; see the folder quarantine, mend the file and import it again"
        )
    else:
        yield Finding("quarantine", "good", "no row lies in quarantine")


def _quarantined(workspace: Workspace) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in (workspace.folder / "quarantine").glob("*.parquet"))


def _data(workspace: Workspace, session: Session) -> Iterator[Finding]:
    last_day = session.as_of_day - timedelta(days=1) if session.as_of_is_midnight else session.as_of_day
    yield Finding("span", "told", f"data from {session.history_start} to {last_day}, company time {workspace.settings.time_zone}")
    if session.has_rows("orders"):
        yield from _orders(session)
    yield Finding(
        "churn_by",
        "told",
        f"customers leave by {'cancelling' if session.by_cancellation else f'silence of {session.settings.inactive_after_days} days'} (setting churn_by)",
    )


def _orders(session: Session) -> Iterator[Finding]:
    try:
        currency = session.require_one_currency("The doctor")
        yield Finding("currency", "good", f"money in {currency}")
    except MixedCurrencies as refusal:
        yield Finding("currency", "look", refusal.received)
    session.table("kept_orders")
    session.table("unlinked_returns")
    counted = session.engine.run(
        "select (select count(*) from purchases) as orders, (select count(*) from kept_orders) as kept,"
        " (select count(*) from kept_orders where customer_id is null) as anonymous,"
        " (select count(*) from unlinked_returns) as returned, (select count(*) from unlinked_returns where unmatched_minor = 0) as matched"
    ).to_pylist()[0]
    yield Finding("orders", "told", f"{counted['orders']:,} orders, {counted['kept']:,} kept (not cancelled, worth more than nothing)")
    if counted["anonymous"]:
        yield Finding(
            "anonymous",
            "told",
            f"{counted['anonymous'] / counted['kept']:.1%} of kept orders have no customer: in revenue, not in retention",
        )
    if counted["returned"]:
        share = counted["matched"] / counted["returned"]
        yield Finding(
            "returns", "told", f"{counted['returned']:,} refunds name no order; {share:.1%} were matched whole to earlier purchases"
        )


def _proposed(workspace: Workspace, proposal: Proposal) -> Finding:
    now = workspace.settings.inactive_after_days
    if proposal.days is None:
        return Finding("inactivity", "told", f"the history is too short to propose inactive_after_days; {now} is set")
    why = f"{proposal.covered:.0%} of {proposal.gaps:,} gaps between orders that began {proposal.seen_days} days or more before as-of are no longer"
    if proposal.days == now:
        return Finding("inactivity", "good", f"inactive_after_days = horizon_days = {now} fits: {why}")
    advice = f"regulars settings inactive_after_days={proposal.days} horizon_days={proposal.days}"
    return Finding(
        "inactivity", "look", f"propose inactive_after_days = horizon_days = {proposal.days} (now {now}): {why}. Confirm with: {advice}"
    )
