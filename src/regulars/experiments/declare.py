"""What an experiment is, said before it begins: arms and their shares, how long outcomes are counted, what the treatment's messages are called."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from regulars.errors import ArgumentRefused, ExperimentUnknown
from regulars.warehouse.files import disk_room, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from regulars.workspace import Workspace

HOLDOUT = "holdout"
"""The experiment that the company-wide holdout is."""

HELD_OUT, OPEN = "held_out", "open"
"""The arms of the company-wide holdout: who is never treated, and everybody else."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A declared experiment.

    `arms` holds the share of each arm by name, in order; `control` is the one the others are compared with. Outcomes are counted for `days` local
    days from the assignment on; with None until as-of. `planned` is the number of customers it is planned for, all arms together: confidence
    sequences are tuned to it, so give it where customers are assigned over time. `campaigns` are the names that the treatment's messages carry;
    `pool` names the pool that its result will be part of. The `salt` decides, with name and customer, who falls into which arm.
    """

    name: str
    arms: Mapping[str, float]
    control: str = "control"
    days: int | None = 28
    planned: int | None = None
    campaigns: tuple[str, ...] = ()
    pool: str | None = None
    salt: str = ""
    declared_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise _refused("name", self.name, "lower-case letters, digits, _ and -, at most 60")
        if len(self.arms) < 2 or not all(0 < share < 1 for share in self.arms.values()) or abs(sum(self.arms.values()) - 1) > 1e-9:
            raise _refused("arms", dict(self.arms), "two or more arms whose shares are above 0 and make 1 together")
        if self.control not in self.arms:
            raise _refused("control", self.control, f"one of {', '.join(self.arms)}")
        if self.days is not None and not 1 <= self.days <= 3660:
            raise _refused("days", self.days, "1 to 3,660 days")
        if self.planned is not None and self.planned < 2:
            raise _refused("planned", self.planned, "2 customers or more")

    @property
    def treatments(self) -> tuple[str, ...]:
        """The arms but the control."""
        return tuple(arm for arm in self.arms if arm != self.control)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "arms": dict(self.arms), "declared_at": self.declared_at and self.declared_at.isoformat()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Experiment:
        """The experiment that `as_dict` wrote."""
        at = values.get("declared_at")
        return cls(**{**values, "campaigns": tuple(values.get("campaigns", ())), "declared_at": at and datetime.fromisoformat(at)})


def two_arms(treatment_share: float = 0.5) -> dict[str, float]:
    """A treatment of that share and a control.

    >>> two_arms(0.8)
    {'treatment': 0.8, 'control': 0.2}
    """
    return {"treatment": treatment_share, "control": round(1 - treatment_share, 12)}


def company_holdout(share: float, *, planned: int | None = None, salt: str = "") -> Experiment:
    """The company-wide holdout: `share` of all customers are never treated in any experiment; outcomes are counted until as-of."""
    return Experiment(
        name=HOLDOUT, arms={OPEN: round(1 - share, 12), HELD_OUT: share}, control=HELD_OUT, days=None, planned=planned, salt=salt
    )


def declare(workspace: Workspace, experiment: Experiment, *, now: datetime | None = None) -> Experiment:
    """Keep the experiment in the workspace (`experiments/<name>.json`) and return it with its salt and instant.

    What was declared once is never changed: the same declaration again is the one that is there, another one raises `ArgumentRefused`.
    """
    known = declarations(workspace).get(experiment.name)
    if known is not None:
        same = replace(experiment, salt=experiment.salt or known.salt, declared_at=known.declared_at)
        if same == known:
            return known
        raise ArgumentRefused(
            f"The experiment '{experiment.name}' is declared already, otherwise: {known.as_dict()}.",
            expected="the same declaration, or another name",
            remedy="An experiment that could be changed after it began would prove nothing: give another name.",
            details={"experiment": experiment.name},
        )
    made = replace(experiment, salt=experiment.salt or secrets.token_hex(8), declared_at=(now or datetime.now(UTC)).astimezone(UTC))
    folder = _folder(workspace)
    with disk_room(workspace.folder):
        folder.mkdir(exist_ok=True)
        write_json(folder / f"{made.name}.json", made.as_dict())
    return made


def declarations(workspace: Workspace) -> dict[str, Experiment]:
    """The declared experiments by name, in the order of their declaration."""
    found = [Experiment.from_dict(read_json(path)) for path in _folder(workspace).glob("*.json")]
    return {e.name: e for e in sorted(found, key=lambda e: (e.declared_at or datetime.min.replace(tzinfo=UTC), e.name))}


def declared(workspace: Workspace, name: str) -> Experiment:
    """The declared experiment; raises `ExperimentUnknown`."""
    known = declarations(workspace)
    if name not in known:
        raise ExperimentUnknown(
            f"There is no experiment '{name}'.",
            expected=", ".join(known) or "an experiment that was declared",
            remedy="See `regulars experiment list`; declare and assign one with `regulars experiment assign NAME`.",
        )
    return known[name]


def _folder(workspace: Workspace) -> Path:
    return workspace.folder / "experiments"


def _refused(field: str, value: Any, expected: str) -> ArgumentRefused:
    return ArgumentRefused(f"{field} was given as {value!r}.", expected=expected, remedy=f"Give another {field}.", details={"field": field})
