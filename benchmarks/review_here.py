"""Makes the retention review of a synthetic workspace, without its predictions, and writes it. Usage: review_here.py WORKSPACE FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import regulars


def main(workspace: str, file: str) -> None:
    """Make it, and see that it is there."""
    regulars.open(workspace).review(predictions=False).write(file)
    print(json.dumps({"bytes": Path(file).stat().st_size}))


main(*sys.argv[1:])
