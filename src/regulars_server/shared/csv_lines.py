"""Lines of CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # spreadsheets take these for the plain ones


def csv_line(values: Sequence[object]) -> bytes:
    r"""One line. A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.

    >>> csv_line(["ana", -3, "=1+1", "a,b"])
    b'ana,-3,\'=1+1,"a,b"\r\n'
    """
    line = io.StringIO()
    csv.writer(line).writerow([_harmless(value) for value in values])
    return line.getvalue().encode()


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.lstrip(" \u00a0\ufeff").startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
