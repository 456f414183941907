"""The bundled orders of a real shop (see PROVENANCE.md beside this file): what `regulars demo` and the first tests work on."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CDNOW_SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
"""SHA-256 of the text once unzipped."""


@contextmanager
def cdnow_orders() -> Iterator[Path]:
    """A path of the CDNOW orders, valid inside the `with`: 69,659 orders of 23,570 customers, 1997-01-01 to 1998-06-30, in USD.

    >>> with cdnow_orders() as path:
    ...     path.name
    'cdnow_orders.csv.gz'
    """
    with as_file(files(__name__) / "cdnow_orders.csv.gz") as path:
        yield path
