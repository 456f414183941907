"""Reckoning the whole graph anew, after its rules have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.identities.constraints import Constraints
from regulars_server.profiles import models
from regulars_server.profiles.bulk import one_writer
from regulars_server.profiles.known import changed_by_hand, read_decisions
from regulars_server.profiles.part import LENT, Part, read_rows
from regulars_server.profiles.rebuilding import rebuild
from regulars_server.profiles.rules import rules
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from datetime import datetime

_AT_ONCE = 500


def renew(*, now: datetime) -> int:
    """Reckon everybody anew, in steps; returns how many identities have another customer than before. What changes holds from now on."""
    at = round(now.timestamp() * 1_000_000)
    done: set[str] = set()
    moved, last = 0, 0
    while True:
        found = list(models.Identity.objects.filter(id__gt=last).exclude(kind=LENT).order_by("id").values_list("id", "identity")[:_AT_ONCE])
        if not found:
            return moved
        last = found[-1][0]
        seeds = [identity for _, identity in found if identity not in done]
        if not seeds:
            continue
        with write_tx():
            one_writer()
            part = Part(Constraints(read_decisions()), rules(), anew=True)
            part.know(read_rows(seeds))
            part.reach(seeds)
            moved += rebuild(part, dict.fromkeys(part.inside, (at, "")), news=(), rule="rules")
            changed_by_hand()
        done |= part.inside
