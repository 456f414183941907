"""What the library holds of persons: the canonical tables and the folders of the workspace."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings

from regulars_server.shared.personal_data import Holding, Ids

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = "The history of the business: what numbers rest on stays until the person is erased or the load undone."


def erase_from_library(ids: Ids) -> int:
    """Anonymise the person in every table and file of the workspace, so that totals stay; says how many rows were changed."""
    from regulars.errors import NoWorkspace, PersonUnknown
    from regulars.workspace import Workspace

    try:
        workspace = Workspace.open(settings.CONFIG.workspace)
    except NoWorkspace:
        return 0
    changed = 0
    for given in sorted(ids):
        try:
            report = workspace.erase(given)
        except PersonUnknown:
            continue
        changed += sum(report.rows.values()) + report.quarantined
    return changed


def export_table(table: str, ids: Ids) -> Iterator[dict[str, Any]]:
    """The person's rows of a table, those that were replaced since included: what erasing would change."""
    from regulars.warehouse.changes import Places
    from regulars.warehouse.erasure.person import find_person, own_mask
    from regulars.warehouse.lock import reading
    from regulars.warehouse.rewriting import stored_rows
    from regulars.warehouse.store import Store

    places = Places(settings.CONFIG.workspace)
    store = Store(places.tables)
    # Not while somebody drops old entries of the log.
    with reading(places.commit_lock):
        state = store.state(table)
    if state is None:
        return
    seen: set[tuple[Any, ...]] = set()
    for given in sorted(ids):
        person = find_person(store, given)
        if table not in person.rows:
            continue
        for name in state.rows_by_file:
            for rows in stored_rows(store.path(table) / name):
                for row in rows.filter(own_mask(person, table, rows)).to_pylist():
                    key = (row["source"], row["row_key"], row["load_id"])
                    if key not in seen:
                        seen.add(key)
                        yield {column: value for column, value in row.items() if value is not None}


def export_quarantine(ids: Ids) -> Iterator[dict[str, Any]]:
    """Rows of imports that were set aside and name the person."""
    import pyarrow.parquet as pq

    wanted = {text.casefold() for text in ids}
    for path in sorted((settings.CONFIG.workspace / "quarantine").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            if any(text in json.dumps(row, default=str, ensure_ascii=False).casefold() for text in wanted):
                yield row


def _nothing(_: Ids) -> tuple[()]:
    return ()


def library_holdings() -> list[Holding]:
    """A holding for each canonical table and each folder of the workspace."""
    from regulars.tables import TABLES

    tables = [
        Holding(name=f"table:{name}", holds=table.row_is, export=partial(export_table, name), erase=erase_from_library, kept=KEPT)
        for name, table in TABLES.items()
    ]
    return [
        *tables,
        Holding(
            name="folder:tables", holds="the files of the tables; see each table", export=_nothing, erase=erase_from_library, kept=KEPT
        ),
        Holding(
            name="folder:quarantine",
            holds="rows of imported files that were set aside, as they came",
            export=export_quarantine,
            erase=erase_from_library,
            kept="The report of an import must still add up; what a row held goes when its person is erased.",
        ),
        Holding(
            name="folder:loads",
            holds="reports of loads, in which names of files may name somebody",
            export=_nothing,
            erase=erase_from_library,
            kept="What a table holds is explained by its loads; old records are folded into a file a month, some forty bytes each.",
        ),
        Holding(
            name="folder:cache",
            holds="answers kept for speed; emptied by every erasure",
            export=_nothing,
            erase=erase_from_library,
            kept=KEPT,
        ),
        Holding(
            name="folder:staging",
            holds="loads on their way; finished or dropped by whoever opens the workspace next",
            export=_nothing,
            erase=erase_from_library,
            kept="Empty but for seconds.",
        ),
        Holding(
            name="folder:models",
            holds="coefficients of models, which know no customer",
            nothing_personal=True,
            kept="As long as a run that holds was made with them; some kB a run.",
        ),
        Holding(
            name="folder:locks", holds="who changes the workspace now: processes, no persons", nothing_personal=True, kept="A few files."
        ),
        Holding(
            name="folder:server",
            holds="the databases of the application; see its models",
            nothing_personal=True,
            kept="What they hold expires by model.",
        ),
        Holding(
            name="folder:server/run",
            holds="sockets, locks and heartbeats of processes",
            nothing_personal=True,
            kept="A few files; what a killed backup left goes after a day.",
        ),
    ]
