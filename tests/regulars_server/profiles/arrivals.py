"""Calls resolved as the loader does it, and what came of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from regulars.identities import customer_of
from regulars_server.profiles import models
from regulars_server.profiles.public import Observation, resolve

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Loader:
    """Resolves batches, keeps the rows that they give with the identity they carry, and applies what has to move."""

    def __init__(self, on_commit):
        self.rows = []
        self._on_commit = on_commit
        self._moved = 0

    def load(self, *observations):
        with self._on_commit(execute=True), transaction.atomic():
            resolved = resolve(observations, now=NOW)
        assert len(resolved.identities) == len(observations)
        self._move()
        self.rows += [[one, identity] for one, identity in zip(observations, resolved.identities, strict=True)]
        return resolved.identities

    def _move(self):
        for move in models.Reattribution.objects.filter(id__gt=self._moved).order_by("id"):
            self._moved = move.id
            for row in self.rows:
                if row[1] == move.identity and move.since <= row[0].occurred_at < move.until:
                    row[1] = move.to

    @staticmethod
    def customers():
        return dict(models.Identity.objects.values_list("identity", "customer_id"))

    @staticmethod
    def mapped(as_of=None):
        """Customer by identity as the library's map tells it from the rows written."""
        zero = datetime(1970, 1, 1)
        rows = [
            (row.identity, row.customer_id, zero + timedelta(microseconds=row.occurred_at), row.row_key)
            for row in models.MapRow.objects.all()
        ]
        return customer_of(rows, None if as_of is None else zero + timedelta(microseconds=as_of))


def seen(identifiers, at, message, kind="track", **more):
    """An observation."""
    return Observation(message, at, "shop", kind, tuple(identifiers), **more)
