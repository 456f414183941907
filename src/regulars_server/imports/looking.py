"""Looking into an upload in a process of its own, which may neither take long nor much: a hostile file harms nobody else.

`python -m regulars_server.imports.looking FILE WORKSPACE FORMAT MAPPING`; prints JSON.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regulars.errors import RegularsError
from regulars_server.imports.errors import UploadRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

SECONDS = 60
MEMORY = 4 << 30
SAMPLE = 5
LONGEST_CELL = 80
_KIND = re.compile(rb"^([A-Za-z_][A-Za-z0-9_.]{0,99}(?:Error|Exception|Interrupt|Exit))(?=:|\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a file looks like: its columns, a few rows, the format and what each column means (by place); or why it was refused."""

    header: Sequence[str] = ()
    sample: Sequence[Sequence[str]] = ()
    format: str = ""
    title: str = ""
    fields: Mapping[str, str] | None = None
    """Place of a column (as text) to field."""
    hints: Mapping[str, str] | None = None
    refusal: Mapping[str, Any] | None = None


def look(path: Path, *, workspace: Path, format_name: str = "", mapping: Mapping[str, str] | None = None) -> Looked:
    """Look into a file from aside; raises `UploadRefused` where that takes too long or fails."""
    command = [sys.executable, "-m", "regulars_server.imports.looking", str(path), str(workspace), format_name, json.dumps(mapping or {})]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as fault:
        kind = _kind_of(fault.stderr or b"")
        log.warning(
            "Looking into an upload ended by %s, after saying: %s", getattr(fault, "returncode", "its time limit"), kind or "nothing"
        )
        raise UploadRefused(
            "The file could not be looked into.", expected="a file that can be read with little memory", remedy="Export it as CSV."
        ) from fault
    return Looked(**json.loads(done.stdout))


def _kind_of(said: bytes) -> str:
    """Of what a process said at its end only the kind of fault: the rest, also a whole line, may be a value of the file."""
    kinds = _KIND.findall(said)
    return kinds[-1].decode() if kinds else ""


def look_here(path: Path, workspace: Path, format_name: str, mapping: Mapping[str, str]) -> dict[str, Any]:
    """The same in this process, as plain values."""
    from regulars.importers.mappings import saved_for
    from regulars.importers.recognition import bind
    from regulars.importers.sources import open_source

    try:
        source = open_source(path)
    except RegularsError as refusal:
        return {"refusal": refusal.as_dict()}
    header = list(source.header)
    batches = source.batches(range(len(header)))
    first = next((batch for batch in itertools.islice(batches, 3) if batch.num_rows), None)
    rows = (
        []
        if first is None
        else [
            [str(first.column(i + 1)[n].as_py() or "")[:LONGEST_CELL] for i in range(len(header))]
            for n in range(min(SAMPLE, first.num_rows))
        ]
    )
    found: dict[str, Any] = {"header": header, "sample": rows}
    before = saved_for(workspace, source.header)
    try:
        binding = bind(source.header, {**before.mapping, **mapping}, format_name or before.format)
    except RegularsError as refusal:
        said = {str(header.index(column)): field.partition(":")[0] for column, field in mapping.items() if column in header}
        return {**found, "fields": said, "format": format_name, "refusal": {**refusal.as_dict(), "details": {}}}
    return {
        **found,
        "format": binding.format.name,
        "title": binding.format.title,
        "fields": {str(i): name for name, i in binding.columns.items()} | {str(i): "ignore" for i in binding.ignored},
        "hints": {str(binding.columns[name]): hint for name, hint in binding.hints.items() if name in binding.columns},
    }


def main(arguments: Sequence[str]) -> int:
    """Bound what this process may take, look, print."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    path, workspace, format_name, mapping = arguments
    print(json.dumps(look_here(Path(path), Path(workspace), format_name, json.loads(mapping))))  # noqa: T201 - its answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
