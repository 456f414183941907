"""Keeping predictions: models as files of the workspace, rows in the table `predictions`.

A run is one load. Its models are written first, each in `models/<kind>/<version>/`; a model that is there already is left alone. A run that
was cut off leaves at most models that no load names, which the next run removes. Models hold no customer: erasing a person concerns the
rows only, and undoing the load takes the rows out again.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.errors import ModelUnknown
from regulars.predictions.rows import SOURCE, Run, names_in, parts
from regulars.relations.predictions import LIGHTS
from regulars.warehouse.files import disk_room, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from regulars.predictions.rows import Model, Predictions
    from regulars.relations.session import Session
    from regulars.warehouse.loads import Load, LoadRecord

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model in the workspace: its kind (churn, value, health), its version, and where its files lie."""

    kind: str
    version: str
    folder: Path

    def files(self) -> dict[str, bytes]:
        """The model's files, as it gave them."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


# -- models -------------------------------------------------------------------------------------------------------------------------


def write_model(folder: Path, kind: str, model: Model) -> Path:
    """Write `model` to `folder/kind/version` whole or not at all; one that is there already is left alone."""
    _check(kind, model.version, *(files := model.as_files()))
    place = folder / kind / model.version
    if place.is_dir():
        return place
    aside = place.with_name(f".{model.version}.{os.getpid()}.new")
    with disk_room(folder):
        try:
            aside.mkdir(parents=True)
            for name, content in files.items():
                _write(aside / name, content)
            sync_folder(aside)
            aside.rename(place)
            for above in (place.parent, folder):
                sync_folder(above)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    return place


def list_models(folder: Path) -> list[KeptModel]:
    """The models in `folder`, by kind and version."""
    return [
        KeptModel(kind.name, version.name, version)
        for kind in sorted(folder.glob("[!.]*/"))
        for version in sorted(kind.glob("[!.]*/"))
        if version.is_dir()
    ]


def read_model(folder: Path, kind: str, version: str) -> dict[str, bytes]:
    """The files of a model; raises `ModelUnknown` where there is no such one."""
    for model in list_models(folder):
        if (model.kind, model.version) == (kind, version):
            return model.files()
    known = [f"{model.kind}/{model.version}" for model in list_models(folder)]
    raise ModelUnknown(
        f"There is no model {kind}/{version}.",
        expected=", ".join(known) or "a model; none is kept yet",
        remedy="The column model_version of a prediction names the models behind it; to make them anew run: regulars predict",
    )


def clean_models(folder: Path, named: Collection[tuple[str, str]]) -> list[str]:
    """Remove what runs that were cut off left behind, and models that none of `named` (kind, version) is; says which ones went.

    The caller keeps others from writing models meanwhile.
    """
    gone = [model for model in list_models(folder) if (model.kind, model.version) not in named]
    for path in [*(model.folder for model in gone), *folder.glob("*/.*.new")]:
        shutil.rmtree(path)
    return [f"{model.kind}/{model.version}" for model in gone]


def _check(*names: str) -> None:
    bad = [name for name in names if not _NAME.fullmatch(name)]
    if bad:
        raise ValueError(f"{bad} cannot be names of files")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


# -- a run ----------------------------------------------------------------------------------------------------------------------------


def keep(
    predictions: Predictions,
    load: Load,
    models: Path,
    loads: Iterable[LoadRecord],
    *,
    accounts: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> LoadRecord:
    """Write the models of a run to the folder `models`, and its rows through `load`, which is then committed.

    Models that neither the run nor one of the `loads` before it names are removed. `accounts` are the customers that are accounts.
    `progress` is told how many values of how many are done.
    """
    versions = {kind: model.version for kind, model in predictions.models.items()}
    clean_models(models, {*_named_by(loads), *versions.items()})
    for kind, model in predictions.models.items():
        write_model(models, kind, model)
    table = predictions.table
    done, whole = 0, len(names_in(table)) * table.num_rows
    withheld = tuple(getattr(predictions.models.get("health"), "withheld", ()))
    for rows, looked_at in parts(Run(predictions, load.load_id, load.loaded_at, versions, frozenset(accounts), withheld)):
        load.add("predictions", rows)
        done += looked_at
        if progress is not None:
            progress(done, whole)
    report = {
        "as_of": predictions.as_of.isoformat(),
        "customers": table.num_rows,
        "lights": lights_counted(predictions),
        "models": versions,
    }
    return load.commit(report, [])


def _named_by(loads: Iterable[LoadRecord]) -> set[tuple[str, str]]:
    ours = [load for load in loads if load.source == SOURCE and not load.undone]
    return {(str(kind), str(version)) for load in ours for kind, version in dict(load.report.get("models") or {}).items()}


def lights_counted(predictions: Predictions) -> dict[str, int]:
    """How many customers have which light, in the order of lights; without those that nobody has."""
    if "light" not in predictions.table.schema.names:
        return {}
    counts = {row["values"]: row["counts"] for row in predictions.table.column("light").value_counts().to_pylist()}
    return {light: counts[light] for light in LIGHTS if counts.get(light)}


def accounts(session: Session) -> set[str]:
    """The ids of accounts where accounts are counted as customers, else none."""
    if session.settings.customer_unit != "account":
        return set()
    found: set[str] = set()
    for name in ("orders", "events", "subscriptions", "customers", "responses", "tickets", "accounts"):
        rows = session.table(name)
        known = rows.filter(rows.account_id.notnull()).select("account_id").distinct()
        found |= set(session.run(known).column("account_id").to_pylist())
    return found


def model_versions(record: LoadRecord) -> Mapping[str, str]:
    """The versions of a run's models by kind."""
    return dict(record.report.get("models") or {})
