"""The facts of a synthetic workspace by Regulars; prints what the quickest of some runs took, as JSON.

Usage: facts_here.py WORKSPACE RUNS [FILE]; FILE (Parquet) gets the answer. Only those columns are asked for that the rivals reckon too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import regulars
from measure import spend
from regulars.facts import facts, groups

if TYPE_CHECKING:
    import pyarrow as pa

    from regulars.workspace import Workspace

NOT_COMPARED = ("satisfaction", "texts", "messages", "usage", "people", "accounts", "predictions")
"""Groups that came after the hand-written SQL and the pandas code."""
NOT_COMPARED_COLUMNS = ("complaints_open", "complaint_resolved_on")


def compared(workspace: Workspace) -> pa.Table:
    """The facts of all other groups."""
    only = [name for name in groups() if name not in NOT_COMPARED]
    dropped = [fact.name for name in NOT_COMPARED for fact in groups()[name].facts]
    found = workspace.ask(lambda session: facts(session, only)).table
    return found.drop_columns([*dropped, *NOT_COMPARED_COLUMNS])


def main(workspace: str, runs: str, file: str = "") -> None:
    """Ask as often as said, each time in a session of its own."""
    spend(lambda: compared(regulars.open(workspace)), int(runs), file)


main(*sys.argv[1:])
