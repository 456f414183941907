"""The outbox: domain events, written in the transaction of the change they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars_server.shared.models import DomainEvent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def publish(name: str, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Write an event, inside the transaction that makes the change. `payload` names customers by their ids, nothing else that is personal."""
    DomainEvent.objects.create(at=now, name=name, payload=dict(payload))
