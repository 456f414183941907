"""The review on paper: a browser that is installed prints the file as PDF."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from regulars.errors import FileMissing, ToolMissing

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge", "brave-browser")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
)
PATIENCE_SECONDS = 120


def browser() -> str:
    """The path of a Chromium that can print; `REGULARS_BROWSER` names another one. Raises `ToolMissing` where there is none."""
    named = os.environ.get("REGULARS_BROWSER")
    candidates = [named] if named else [*BROWSERS, *ELSEWHERE]
    for candidate in candidates:
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    raise ToolMissing(
        f"The browser {named} does not exist."
        if named
        else "A PDF is printed by a browser, and there is no Chromium, Chrome or Edge on this machine.",
        expected="one of Chromium, Google Chrome, Microsoft Edge",
        remedy="Install one (Debian and Ubuntu: apt-get install chromium; macOS: brew install --cask chromium), or name it in REGULARS_BROWSER, or open the HTML "
        "file in any browser and print it.",
    )


def pdf(html_path: str | os.PathLike[str], pdf_path: str | os.PathLike[str]) -> Path:
    """Print the review at `html_path` as PDF on A4, and give the path of the PDF.

    Raises `FileMissing` where there is no such file, `ToolMissing` where no browser is installed or the one that is cannot print.
    """
    source, target = Path(html_path).absolute(), Path(pdf_path).absolute()
    if not source.is_file():
        raise FileMissing(f"There is no file {source}.", expected="the HTML file of a review", remedy="Write it first: regulars review")
    program = browser()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="regulars-pdf-") as folder:
        printed = Path(folder) / "review.pdf"
        # A browser run by root refuses its own sandbox; the file is ours and loads nothing.
        as_root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        command = [program, *QUIET, *as_root, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", source.as_uri()]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603 - a program we looked up, no shell
        except subprocess.TimeoutExpired as fault:
            raise _cannot_print(program, f"no answer within {PATIENCE_SECONDS} seconds") from fault
        if not printed.is_file() or not printed.stat().st_size:
            raise _cannot_print(program, answer.stderr.strip()[-500:] or f"exit code {answer.returncode}")
        shutil.move(printed, target)
    return target


def _cannot_print(program: str, why: str) -> ToolMissing:
    return ToolMissing(
        f"{program} did not print the review: {why}",
        expected="a browser that prints to PDF without a window",
        remedy="Open the HTML file in a browser and print it from there, or name another browser in REGULARS_BROWSER.",
    )
