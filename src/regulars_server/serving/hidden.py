"""Customers who were erased since the last build: their references, which readers leave out until a build without them is in place."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import duckdb
from django.conf import settings

from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "hidden.json"


def hide(ids: Iterable[str]) -> None:
    """Leave these customers and identities out from now on."""
    folder = settings.CONFIG.serving
    _write(folder, read(folder) | {reference_of(one) for one in ids})


def read(folder: Path) -> frozenset[str]:
    """The references that are left out."""
    try:
        return frozenset(json.loads((folder / FILE).read_text("utf-8")))
    except FileNotFoundError:
        return frozenset()


def keep_only_those_in(draft: Path, folder: Path) -> None:
    """Forget whoever is not in the new file any more."""
    before = read(folder)
    if not before:
        return
    with duckdb.connect(str(draft), read_only=True) as file:
        there = {row[0] for row in file.execute("select reference from customers").fetchall()} & before
        for (identity,) in file.execute("select distinct identity from identities").fetchall():
            reference = reference_of(identity)
            there |= {reference} & before
    _write(folder, frozenset(there))


def _write(folder: Path, references: Iterable[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{FILE}.{os.getpid()}"
    draft.write_text(json.dumps(sorted(references)), encoding="utf-8")
    draft.replace(folder / FILE)
