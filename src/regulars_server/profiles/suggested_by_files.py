"""Suggestions that rest on files: customers who bear one e-mail address there and are not joined by anything."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from regulars.identities.constraints import Constraints
from regulars.identities.identifiers import identify
from regulars_server.profiles import models
from regulars_server.profiles.bulk import one_writer, rows_among
from regulars_server.profiles.known import read_decisions
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_CODE = "same_email"
_AT_ONCE = 250


def suggest_from_files(owners: Mapping[str, Collection[str]]) -> int:
    """Put these in the place of all suggestions that rest on files: customer ids by the address that they share; says how many are kept.

    Mailboxes of many people and what somebody has dismissed are left out. Who is one person, or was kept apart, is left out when they are read,
    by how they stand then.
    """
    dismissed = decided().dismissed
    found = []
    for address, named in sorted(owners.items()):
        one = identify("email", address)
        row = models.Suggestion(code=_CODE, rests_on=address, customers=sorted(named), in_files=True)
        known = [who for code, rests_on, who in dismissed if (code, rests_on) == (_CODE, address)]
        if one is not None and not any(set(named) <= set(who) for who in known):
            found.append(row)
    # At once, so that nobody is without them in between: there are a thousand at most.
    with write_tx():
        one_writer()
        models.Suggestion.objects.filter(in_files=True).delete()
        models.Suggestion.objects.bulk_create(found, batch_size=_AT_ONCE)
    return len(found)


def decided() -> Constraints:
    """What the team has decided."""
    return Constraints(read_decisions())


def open_in_files(rows: Sequence[models.Suggestion]) -> Iterator[tuple[models.Suggestion, tuple[str, ...]]]:
    """Those of the suggestions that rest on files which leave something to decide, with the customers whom they name as these stand today.

    Nothing is left where all are one person, where every two of them were kept apart, or where the graph suggests the same.
    """
    constraints = decided() if rows else None
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        named = _as_they_stand(some)
        members = _members({one for customers in named if len(customers) > 1 for one in customers})
        suggested = _of_the_graph([row.rests_on for row in some])
        for row, customers in zip(some, named, strict=True):
            same = any(set(customers) <= others for others in suggested.get((row.code, row.rests_on), ()))
            if not same and any(not constraints.are_apart(members[left], members[right]) for left, right in combinations(customers, 2)):
                yield row, customers


def _as_they_stand(rows: Sequence[models.Suggestion]) -> list[tuple[str, ...]]:
    """Whose the identities of each row are by now."""
    customers = dict(rows_among("profiles_identity", "identity, customer_id", "identity", {one for row in rows for one in row.customers}))
    return [tuple(sorted({customers.get(one, one) for one in row.customers})) for row in rows]


def _members(customers: Collection[str]) -> dict[str, set[str]]:
    found = {customer: {customer} for customer in customers}
    for identity, customer in rows_among("profiles_identity", "identity, customer_id", "customer_id", customers):
        found[customer].add(identity)
    return found


def _of_the_graph(rests_on: Collection[str]) -> dict[tuple[str, str], list[set[str]]]:
    found: dict[tuple[str, str], list[set[str]]] = {}
    for row in models.Suggestion.objects.filter(in_files=False, rests_on__in=rests_on):
        found.setdefault((row.code, row.rests_on), []).append(set(row.customers))
    return found
