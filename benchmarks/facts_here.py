"""The facts of a synthetic workspace by Regulars; prints what the quickest of some runs took, as JSON.

Usage: facts_here.py WORKSPACE RUNS [FILE]; FILE (Parquet) gets the answer.
"""

from __future__ import annotations

import sys

import regulars
from measure import spend


def main(workspace: str, runs: str, file: str = "") -> None:
    """Ask as often as said, each time in a session of its own."""
    spend(lambda: regulars.open(workspace).facts().table, int(runs), file)


main(*sys.argv[1:])
