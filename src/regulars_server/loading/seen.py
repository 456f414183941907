"""Messages that were taken before: by source and message id, for as long as the source is told to remember."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from regulars_server.loading.bulk import chunks, insert_new
from regulars_server.loading.models import SeenMessage
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from regulars.tracking import Call

_DAY = 86_400_000_000
DEFAULT_DAYS = 30


def key_of(source: str, message_id: str) -> bytes:
    """What a message is remembered by: 16 bytes that say nothing of it."""
    return blake2b(f"{source}\0{message_id}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def remember(calls: Sequence[Call], days: Mapping[str, int]) -> list[bool]:
    """For each call whether it is the first of its id; from now on all of them are known. Inside the batch's transaction.

    `days` says by source for how long an id is remembered, counted from the day on which it was received.
    """
    keys = [key_of(call.source, call.message_id) for call in calls]
    # From the end, so that of those with one id the first is left.
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    # In their order: those that are neighbours in the index are written together.
    rows = [(key, calls[place].received_at // _DAY + days.get(calls[place].source, DEFAULT_DAYS)) for key, place in sorted(first.items())]
    new = insert_new(SeenMessage, ("key", "expires_on"), ("bytea", "int"), rows)
    if len(new) == len(calls):
        return [True] * len(calls)
    return [key in new and first[key] == place for place, key in enumerate(keys)]


def forget(messages: Iterable[tuple[str, str]]) -> None:
    """Make messages (source, message id) new again: they were not taken after all."""
    for part in chunks((key_of(*message) for message in messages), 500):
        SeenMessage.objects.filter(key__in=part).delete()


def expire(now: datetime) -> int:
    """Forget what need not be remembered any more; says how many, at most some ten thousand a call."""
    today = int(now.timestamp()) // 86_400
    gone = 0
    for _ in range(20):
        with write_tx():
            old = list(SeenMessage.objects.filter(expires_on__lt=today).order_by("expires_on").values_list("key", flat=True)[:500])
            SeenMessage.objects.filter(key__in=old).delete()
        gone += len(old)
        if len(old) < 500:
            break
    return gone
