"""Reading suggestions: what looks like one person and is not joined by itself."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from django.db import connection

from regulars_server.profiles import models
from regulars_server.profiles.bulk import rows_among
from regulars_server.profiles.contracts import Suggested
from regulars_server.profiles.suggested_by_files import open_in_files
from regulars_server.shared.public import reference_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.db.models import QuerySet


def suggestions(limit: int = 100, offset: int = 0, *, of: Collection[str] = ()) -> list[Suggested]:
    """What looks like one person and is not joined by itself, the newest first; after what calls showed, what files show.

    With `of`, only those that name one of these identities.
    """
    rows = _naming(of) if of else models.Suggestion.objects.all()
    of_calls = rows.filter(in_files=False)
    found = _counted(list(of_calls.order_by("-id")[offset : offset + limit]))
    if len(found) < limit:
        before = max(0, offset - of_calls.count()) if offset else 0
        in_files = open_in_files(list(rows.filter(in_files=True).order_by("-id")))
        for row, customers in islice(in_files, before, before + limit - len(found)):
            found.append(_told(row, customers, len(row.customers)))
    return found


def suggestion_count() -> int:
    """How many suggestions there are."""
    in_files = list(models.Suggestion.objects.filter(in_files=True))
    return models.Suggestion.objects.filter(in_files=False).count() + sum(1 for _ in open_in_files(in_files))


def _naming(identities: Collection[str]) -> QuerySet[models.Suggestion]:
    """Suggestions that name one of these. The database looks through them: they are a thousand of files, and few of calls."""
    if connection.vendor == "postgresql":
        where, value = "jsonb_exists_any(profiles_suggestion.customers, %s::text[])", sorted(identities)
    else:
        where = "EXISTS (SELECT 1 FROM json_each(profiles_suggestion.customers) WHERE value IN (SELECT value FROM json_each(%s)))"
        value = json.dumps(sorted(identities), ensure_ascii=False)
    return models.Suggestion.objects.extra(where=[where], params=[value])  # noqa: S610 - the text is ours, what is asked for is a value


def _counted(rows: Sequence[models.Suggestion]) -> list[Suggested]:
    """Suggestions of the graph, with how many identities each was seen with."""
    seen_with = dict.fromkeys((row.rests_on for row in rows), 0)
    for side in ('"left"', '"right"'):
        for identity, count in rows_among("profiles_link", f"{side}, count(*)", side, list(seen_with), f"GROUP BY {side}"):
            seen_with[identity] += count
    return [_told(row, tuple(row.customers), seen_with[row.rests_on]) for row in rows]


def _told(row: models.Suggestion, customers: tuple[str, ...], seen_with: int) -> Suggested:
    return Suggested(row.pk, row.code, row.rests_on, customers, tuple(map(reference_of, customers)), seen_with)
