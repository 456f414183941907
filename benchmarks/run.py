"""Measures Regulars against what a user would pick instead, and how it grows; prints one table.

Usage: run.py [EVENTS ...], or SIZES="1000000 10000000" in the environment (the default). Workspaces are made in a temporary folder, or kept in the
folder REGULARS_BENCH for the next time.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from measure import Taken, run
from regulars.warehouse.engines.duckdb import MEMORY_LIMIT

EVENTS_PER_CUSTOMER = 10.3
SIZES = "1000000 10000000"
RUNS = 3
LINES = 1_000_000
LOADED = 300_000
"""Events that the loader moves."""
LAYOUTS = {"retail": "GBP", "shopify": "EUR"}
VALUES = {100_000: 20, 1_000_000: 50}
"""Buyers, and how many times faster than `lifetimes` their value shall be worked out."""
MANY_BUYERS = 10_000_000
FULL = 10_000_000
"""Events at which the review's aims hold."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    what: str
    measured: str
    aim: str
    met: bool | None = None

    @classmethod
    def ratio(cls, what: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> Line:
        """A ratio with its aim."""
        if at_most is not None:
            return cls(what, f"{value:.2f}", f"at most {at_most:g}", value <= at_most)
        assert at_least is not None
        return cls(what, f"{value:.2f}", f"at least {at_least:g}", value >= at_least)

    @classmethod
    def rate(cls, what: str, value: float, at_least: int) -> Line:
        """So many in a CPU second, with its aim."""
        return cls(what, f"{value:,.0f} / CPU s", f"at least {at_least:,}", value >= at_least)

    @classmethod
    def under(cls, what: str, value: float, most: float | None, unit: str, digits: int = 0) -> Line:
        """A time or a size, with its aim where it has one."""
        shown = f"{value:,.{digits}f} {unit}"
        return cls(what, shown, "") if most is None else cls(what, shown, f"under {most:,g} {unit}", value < most)


def print_table(lines: list[Line]) -> None:
    """Aligned columns; an aim that was missed is marked."""
    words = {True: "yes", False: "NO", None: ""}
    rows = [("measured", "value", "aim", "met"), *((x.what, x.measured, x.aim, words[x.met]) for x in lines)]
    wide = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print(f"{row[0]:<{wide[0]}}  {row[1]:>{wide[1]}}  {row[2]:<{wide[2]}}  {row[3]}".rstrip())


def note(text: str) -> None:
    """Say what goes on."""
    print(text, file=sys.stderr, flush=True)


def measure_facts(shop: str, events: int, folder: Path) -> tuple[list[Line], float, float]:
    """Facts three ways, in turn and on the same files; their answers are compared first."""
    label, took, peaks = f"{events / 1e6:.1f} M events", {}, {}
    files = {name: str(folder / f"{name}.parquet") for name in ("facts_here", "facts_by_hand", "facts_in_pandas")}
    for name, file in files.items():
        note(f"{name}: {label}")
        _, said = run(f"{name}.py", shop, str(RUNS), file)
        took[name], peaks[name] = said, said["peak_mib"]
    run("same_answers.py", *files.values())
    here = took["facts_here"]
    _, bounded = run("facts_by_hand.py", shop, str(RUNS), files["facts_by_hand"], MEMORY_LIMIT)
    lines = [
        Line.ratio(f"facts / hand-written SQL, CPU, {label}", here["cpu_seconds"] / took["facts_by_hand"]["cpu_seconds"], at_most=1.15),
        Line(f"facts / hand-written SQL in as much memory, CPU, {label}", f"{here['cpu_seconds'] / bounded['cpu_seconds']:.2f}", ""),
        Line(f"facts / hand-written SQL, wall, {label}", f"{here['seconds'] / took['facts_by_hand']['seconds']:.2f}", ""),
        Line.ratio(f"pandas / facts, wall, {label}", took["facts_in_pandas"]["seconds"] / here["seconds"], at_least=3),
        Line(f"pandas / facts, CPU, {label}", f"{took['facts_in_pandas']['cpu_seconds'] / here['cpu_seconds']:.2f}", ""),
    ]
    lines += [
        Line(f"{name.replace('_', ' ')}, {label}", f"{said['seconds']:.1f} s, {said['cpu_seconds']:.1f} CPU s, {peaks[name]:,.0f} MiB", "")
        for name, said in took.items()
    ]
    lines.append(Line(f"first facts of a process, {label}", f"{here['first_cpu_seconds']:.1f} CPU s", ""))
    return lines, here["cpu_seconds"], here["peak_mib"]


def measure_review(shop: str, events: int, folder: Path) -> tuple[list[Line], Taken]:
    """The whole review, its file included."""
    label = f"{events / 1e6:.1f} M events"
    note(f"review: {label}")
    taken, _ = run("review_here.py", shop, str(folder / "review.html"))
    aims = events >= 0.9 * FULL
    lines = [
        Line(f"review, {label}", f"{taken.seconds:.1f} s", "under 30 s" if aims else "", taken.seconds < 30 if aims else None),
        Line(f"review, {label}", f"{taken.cpu_seconds:.1f} CPU s", ""),
        Line(f"review, {label}", f"{taken.peak_mib:,.0f} MiB", "under 2,000 MiB" if aims else "", taken.peak_mib < 2_000 if aims else None),
    ]
    return lines, taken


def measure_imports(folder: Path) -> list[Line]:
    """One million order lines in each layout."""
    lines = []
    for layout, currency in LAYOUTS.items():
        note(f"import: {LINES:,} lines, {layout}")
        file = folder / f"{layout}.csv"
        run("lines.py", layout, str(LINES), str(file))
        taken, _ = run("import_file.py", str(file), str(folder / f"shop_{layout}"), str(LINES), currency)
        label = f"import of {LINES:,} lines, {layout}"
        lines.append(Line(label, f"{taken.seconds:.1f} s", "under 15 s", taken.seconds < 15))
        lines.append(Line(label, f"{taken.cpu_seconds:.1f} CPU s", ""))
        lines.append(Line(label, f"{taken.peak_mib:,.0f} MiB", "under 1,000 MiB", taken.peak_mib < 1_000))
    return lines


def measure_values() -> list[Line]:
    """Fit, P(alive), orders of a year and value of 12 months, against `lifetimes`; the two have to agree before anything is compared."""
    lines, took = [], {}
    for buyers, aim in VALUES.items():
        label = f"{buyers / 1e6:g} M buyers"
        note(f"value: {label}")
        _, here = run("value_here.py", str(buyers), str(RUNS))
        _, there = run("value_in_lifetimes.py", str(buyers), str(RUNS if buyers <= 100_000 else 1))
        for answer, within in {"alive": 1e-4, "orders": 1e-4, "value": 0.03}.items():  # its months have 30 days
            assert abs(here[answer] / there[answer] - 1) < within, (answer, here[answer], there[answer])
        lines.append(Line.ratio(f"lifetimes / value, wall, {label}", there["seconds"] / here["seconds"], at_least=aim))
        lines.append(Line(f"lifetimes / value, CPU, {label}", f"{there['cpu_seconds'] / here['cpu_seconds']:.1f}", ""))
        lines.append(Line(f"value, {label}", f"{here['seconds']:.2f} s, {here['peak_mib']:,.0f} MiB", ""))
        lines.append(Line(f"lifetimes, {label}", f"{there['seconds']:.2f} s, {there['peak_mib']:,.0f} MiB", ""))
        took[buyers] = here["seconds"]
    note("value: 10 M buyers")
    _, many = run("value_here.py", str(MANY_BUYERS), "1")
    label, largest = f"{MANY_BUYERS / 1e6:g} M buyers", max(took)
    lines.append(Line(f"value, {label}", f"{many['seconds']:.2f} s", ""))
    lines.append(Line(f"value, {label}", f"{many['peak_mib']:,.0f} MiB", "under 1,500 MiB", many["peak_mib"] < 1_500))
    lines.append(Line.ratio(f"value, {label} / {largest / 1e6:g} M", many["seconds"] / took[largest], at_most=15))
    return lines


def measure_churn() -> list[Line]:
    """Churn risks of a million customers from their facts."""
    note("churn: scores of 1,000,000 customers")
    _, said = run("churn_scoring.py", "1000000", str(RUNS))
    names = {"logistic": "logistic regression", "clv": "value model", "lightgbm": "LightGBM"}
    lines = [
        Line(f"churn risk of 1,000,000 customers, {name}", f"{said[kind]:.1f} s", "under 10 s", said[kind] < 10)
        for kind, name in names.items()
    ]
    return [*lines, Line("reasons of 1,000,000 customers, logistic regression", f"{said['reasons']:.1f} s", "")]


def measure_intake() -> list[Line]:
    """What the door acknowledges in a CPU second, and how long senders wait."""
    note("intake")
    _, said = run("intake.py", "5")
    lines = []
    for kind, name in {"single": "single events", "batch": "events in batches of 100"}.items():
        found = said[kind]
        lines.append(Line.rate(f"intake, {name}", found["events_per_cpu_second"], found["aim"]))
        lines.append(Line.under(f"intake, {name}, p99 of 32 senders", found["p99_ms"], 100, "ms", 1))
        lines.append(Line.under(f"intake, {name}, memory", found["memory_mib"], None, "MiB"))
    return lines


def measure_loading() -> list[Line]:
    """What the loader moves from the inbox into the tables."""
    note(f"loading: {LOADED:,} events")
    _, said = run("loading.py", str(LOADED))
    longest = Line.under("loading, longest turn", said["longest_tick"], None, "s", 2)
    return [Line.rate(f"loading of {LOADED:,} events", said["per_cpu_second"], 30_000), longest]


def measure_application(shop: str, events: int) -> list[Line]:
    """Pages, timelines and memory of the whole application."""
    label = f"{events / 1e6:.1f} M events"
    note(f"application: {label}")
    _, said = run("application.py", shop, "40")
    full = events >= 0.9 * FULL
    pages = [
        Line.under(f"p95 of four, {name}, {label}", times["p95"], 150 if full and name != "null page" else None, "ms")
        for name, times in said["milliseconds"].items()
    ]
    timelines = [
        Line.under(f"timeline p95, {name}, {label}", times["p95"], 10 if full else None, "ms", 1)
        for name, times in said["timelines"].items()
    ]
    memory = [
        Line.under(f"application, PSS while {what}, {label}", said[f"{what}_mib"]["all"], 1500 if full else None, "MiB")
        for what in ("building", "serving")
    ]
    parts = {"listed": "list of customers", "joined": "orders joined with what was tracked", "overview": "overview"}
    built = [Line.under(f"from start to {name}, {label}", said[f"{part}_seconds"], None, "s") for part, name in parts.items()]
    return [*pages, *timelines, *memory, *built]


def growth(what: str, small: float, large: float, data: float) -> Line:
    """How often more the larger company took, as a share of how much larger it is."""
    return Line.ratio(f"growth of {what} / growth of the data ({data:.1f} x)", large / small / data, at_most=1.0)


def main(sizes: list[int], folder: Path) -> None:
    """All of it."""
    kept = Path(os.environ["REGULARS_BENCH"]) if "REGULARS_BENCH" in os.environ else folder
    lines = [*measure_intake(), *measure_loading(), *measure_values(), *measure_imports(folder)]
    by_size: dict[int, tuple[float, float, Taken]] = {}
    for size in sizes:
        shop = str(kept / f"company_{size}")
        note(f"company: {size:,} events")
        _, rows = run("company.py", shop, str(round(size / EVENTS_PER_CUSTOMER)))
        facts, cpu, peak = measure_facts(shop, rows["events"], folder)
        review, taken = measure_review(shop, rows["events"], folder)
        lines += [*facts, *review, *measure_application(shop, rows["events"])]
        by_size[rows["events"]] = (cpu, peak, taken)
    if len(by_size) > 1:
        (least, a), (most, b) = min(by_size.items()), max(by_size.items())
        parts = (
            ("facts, CPU", a[0], b[0]),
            ("facts, memory", a[1], b[1]),
            ("review, CPU", a[2].cpu_seconds, b[2].cpu_seconds),
            ("review, memory", a[2].peak_mib, b[2].peak_mib),
        )
        lines += [growth(name, small, large, most / least) for name, small, large in parts]
    print_table(lines)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python"
        f" {platform.python_version()}. Best of {RUNS} runs by CPU for facts, one run for the rest; other work on the machine is in the seconds."
    )


if __name__ == "__main__":
    chosen = [int(size) for size in (sys.argv[1:] or os.environ.get("SIZES", SIZES).split())]
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as place:
        main(chosen, Path(place))
