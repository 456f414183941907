"""A fitted churn model: risks and reasons for the customers of a snapshot, and its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from regulars.predictions.churn.calibration import Calibration
from regulars.predictions.churn.card import ModelCard
from regulars.predictions.churn.cold_start import ColdStart
from regulars.predictions.churn.columns import Columns
from regulars.predictions.churn.features import ALL
from regulars.predictions.churn.frames import columns_of, concerned, histories
from regulars.predictions.churn.intervals import interval
from regulars.predictions.churn.linear import Linear
from regulars.predictions.churn.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from regulars.predictions.snapshots import Snapshot

    Floats = NDArray[np.float64]

NUMBERS, TEXT = "churn.json", "churn.lightgbm.txt"


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """P(no kept order or meaningful event within the horizon), or for subscribers P(no running subscription after the renewal)."""

    model: Linear | Trees | ColdStart
    calibration: Calibration
    card: ModelCard

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change with anything in the model."""
        return self.card.version

    def applies(self, snapshot: Snapshot) -> NDArray[np.bool_]:
        """For each row of the snapshot, whether the risk is about that customer: ever active, or a running subscription where churn is by cancellation."""
        return concerned(snapshot, self.card.by_cancellation)

    def risk(self, snapshot: Snapshot) -> Floats:
        """The risk from 0 to 1 for each row of the snapshot, and 0 for rows that it is not about (`applies` tells them apart)."""
        mask = self.applies(snapshot)
        out = np.zeros(len(mask))
        source = columns_of(snapshot, mask)
        out[mask] = self.calibration.risk(self.model.raw(reader(source), source.n))
        return out

    def interval(self, risk: Floats) -> tuple[Floats, Floats] | None:
        """Lower and upper end of risks: the 95 % interval of the share that left, on the reporting snapshot, of customers with such a risk.

        It is widened to hold the risk itself. None where no later snapshot has shown yet what becomes of such customers.
        """
        return interval(risk, self.card.experience)

    def raw(self, snapshot: Snapshot, rows: ArrayLike) -> Floats:
        """The score before calibration, in log odds, of some rows (their numbers) that the risk is about."""
        source = _some(snapshot, rows)
        return self.model.raw(reader(source), source.n)

    def reasons(self, snapshot: Snapshot, rows: ArrayLike) -> dict[str, Floats]:
        """What each named reason adds to the score of these rows in log odds: above 0 it speaks for leaving. With `baseline` they sum to `raw`."""
        source = _some(snapshot, rows)
        return self.model.contributions(reader(source), source.n)[1]

    def baseline(self, snapshot: Snapshot) -> float:
        """The score in log odds that reasons are told against: that of the mean customer the model learned from."""
        source = _some(snapshot, np.flatnonzero(self.applies(snapshot))[:1])
        return self.model.contributions(reader(source), source.n)[0]

    def as_files(self) -> dict[str, bytes]:
        """The model as files by name: JSON, and LightGBM's own text where it is the model. No customer is in it."""
        plain = {"model": self.model.as_dict(), "calibration": self.calibration.as_dict(), "card": self.card.as_dict()}
        files = {NUMBERS: json.dumps(plain, sort_keys=True, indent=1).encode()}
        if isinstance(self.model, Trees):
            files[TEXT] = self.model.text.encode()
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The model that `as_files` gave: the same risks to the last digit."""
        plain = json.loads(files[NUMBERS])
        return cls(
            model_from(plain["model"], files.get(TEXT, b"").decode()),
            Calibration.from_dict(plain["calibration"]),
            ModelCard.from_dict(plain["card"]),
        )


def model_from(plain: Mapping[str, Any], text: str) -> Linear | Trees | ColdStart:
    """A model of any kind from its plain values."""
    if plain["kind"] == "lightgbm":
        return Trees.from_dict(plain, text)
    return ColdStart.from_dict(plain) if plain["kind"] == "clv" else Linear.from_dict(plain)


def reader(source: Columns) -> Callable[[str], Floats]:
    """Features by name, worked out when they are asked for."""
    past: dict[str, Floats] = {}

    def read(name: str) -> Floats:
        if name in ALL:
            return ALL[name].of(source)
        if not past:
            past.update(histories(source))
        return past[name]

    return read


def _some(snapshot: Snapshot, rows: ArrayLike) -> Columns:
    import pyarrow as pa

    wanted = np.asarray(rows, dtype=np.int64)
    season = getattr(snapshot, "season", None)
    return Columns(snapshot.facts.take(pa.array(wanted)), snapshot.day, None if season is None else season[wanted])
