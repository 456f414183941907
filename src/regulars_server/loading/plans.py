"""Tracking plans: what a source is meant to send, learned from what it sent, and what happens to a call that departs from it."""

from __future__ import annotations

import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from regulars_server.loading.models import HotRow, Plan
from regulars_server.shared.public import publish, record_change, write_tx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from regulars.tracking import Call

log = logging.getLogger("regulars.loading")
LEARNED_FROM = 20_000
"""The most recent calls of the hot tail that a plan is learned from, at most; and about as many of the tables."""


class CheckedPlan:
    """A plan ready to be applied."""

    def __init__(self, schema: Mapping[str, Any], *, keeps_out: bool) -> None:
        from regulars.tracking import plan

        self._plan: _Checks = plan.Plan(dict(schema))
        self.keeps_out = keeps_out

    def check(self, call: Call) -> list[str]:
        """How the call departs from the plan; empty when it does not."""
        return self._plan.check(call)


class _Checks(Protocol):
    def check(self, call: Call) -> list[str]: ...


_cache: dict[str, tuple[datetime, str, CheckedPlan]] = {}
_guard = threading.Lock()


def plan_of(source: str) -> Plan | None:
    """The plan of a source, whether it is applied or not."""
    return Plan.objects.filter(source=source).first()


def applied() -> dict[str, CheckedPlan]:
    """The plans that are applied, by source; one that cannot be read is not."""
    found: dict[str, CheckedPlan] = {}
    for row in Plan.objects.exclude(mode=Plan.Mode.OFF):
        with _guard:
            known = _cache.get(row.source)
            if known is None or known[:2] != (row.changed_at, row.mode):
                try:
                    known = (row.changed_at, row.mode, CheckedPlan(row.schema, keeps_out=row.mode == Plan.Mode.QUARANTINE))
                except Exception:
                    # Saved by an older version, or by hand: the queue goes on without it.
                    log.exception("the plan of %s cannot be applied", row.source)
                    continue
                _cache[row.source] = known
        found[row.source] = known[2]
    return found


def save_plan(*, source: str, schema: Mapping[str, Any], mode: str, actor: str, now: datetime) -> Plan:
    """Give a source a plan, which holds from the next batch on. Raises what `regulars.tracking.plan.Plan` says of a schema that is none."""
    CheckedPlan(schema, keeps_out=False)
    with write_tx():
        plan, _ = Plan.objects.update_or_create(
            source=source, defaults={"schema": dict(schema), "mode": Plan.Mode(mode).value, "changed_at": now}
        )
        record_change(actor=actor, action="plan.saved", now=now, subjects=[source], details={"mode": plan.mode})
        publish("plan.saved", {"source": source, "mode": plan.mode}, now=now)
    return plan


def learn_plan(source: str, *, now: datetime, limit: int = LEARNED_FROM) -> dict[str, Any]:
    """A plan (JSON Schema) that the latest calls of a source keep to, for somebody to look over; saves nothing.

    The calls are those of the hot tail, and of the tables the latest of each event.
    """
    from regulars.tracking import plan
    from regulars_server.loading.stored_calls import latest_calls

    del now
    hot = list(_hot_calls(source, limit))
    stored = latest_calls(source, limit=limit, besides={call.message_id for call in hot})
    return plan.learn(itertools.chain(hot, stored))


def _hot_calls(source: str, limit: int) -> Iterator[Call]:
    from regulars.tracking import Call

    for row in HotRow.objects.filter(source=source).order_by("-id")[:limit].iterator(chunk_size=500):
        said = msgspec.json.decode(row.said)
        about = "traits" if row.kind in {"identify", "group"} else "properties"
        instants = {"occurred_at": row.occurred_at, "received_at": row.received_at}
        yield Call(
            kind=row.kind, message_id=row.message_id, source=source, name=row.name, raw=msgspec.Raw(b"{}"), **instants, **{about: said}
        )
