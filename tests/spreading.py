"""How the tests are spread over several processes: what shares dear fixtures stays together, and what takes longest begins first."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/regulars/experiments",
    "tests/regulars/predictions/value",
    "tests/regulars/reports",
    "tests/regulars/synthetic",
    "tests/regulars_server/serving",
)
"""Folders whose files share fixtures that take long. Elsewhere the tests of a file stay together."""
FIRST = (
    "tests/regulars/reports",
    "tests/regulars/test_engines_agree.py",
    "tests/regulars/test_oracle_agrees.py",
    "tests/regulars_server/running/test_backup.py",
    "tests/regulars/predictions/value",
    "tests/regulars_server/console/test_browser_walk.py",
    "tests/regulars_server/test_on_postgres.py",
    "tests/regulars_server/test_kills.py",
    "tests/regulars_server/running/test_up.py",
    "tests/regulars/importers/test_reconciliation.py",
    "tests/regulars/warehouse/test_recovery.py",
    "tests/regulars/metrics/test_contract.py",
)
"""What takes longest. Begun last, it would keep one process busy while the others wait."""


class Spreading(LoadScopeScheduling):
    """Gives each process a file, or one of the folders above, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The file or folder whose tests one process does."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if PurePosixPath(file).is_relative_to(folder)), file)


def turn_of(nodeid: str) -> int:
    """Lower begins earlier."""
    scope = scope_of(nodeid)
    return FIRST.index(scope) if scope in FIRST else len(FIRST)
