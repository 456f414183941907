"""Suggestions that rest on files: customers who bear one e-mail address there and are not joined by anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.identities.constraints import Constraints
from regulars.identities.identifiers import identify
from regulars_server.profiles import models
from regulars_server.profiles.bulk import one_writer, rows_among
from regulars_server.profiles.known import read_decisions
from regulars_server.shared.public import write_tx

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_CODE = "same_email"
_AT_ONCE = 500


def suggest_from_files(owners: Mapping[str, Collection[str]]) -> int:
    """Put these in the place of all suggestions that rest on files: customer ids by the address that they share; says how many there are.

    Mailboxes of many people, what somebody has decided already, and who is one person already, are left out.
    """
    dismissed = decided().dismissed
    found = []
    for address, named in sorted(owners.items()):
        one = identify("email", address)
        row = models.Suggestion(code=_CODE, rests_on=address, customers=sorted(named), in_files=True)
        known = [who for code, rests_on, who in dismissed if (code, rests_on) == (_CODE, address)]
        if one is not None and not any(set(named) <= set(who) for who in known):
            found.append(row)
    with write_tx():
        one_writer()
        models.Suggestion.objects.filter(in_files=True).delete()
    for start in range(0, len(found), _AT_ONCE):
        with write_tx():
            models.Suggestion.objects.bulk_create(found[start : start + _AT_ONCE])
    return len(found)


def decided() -> Constraints:
    """What the team has decided."""
    return Constraints(read_decisions())


def still_apart(row: models.Suggestion, constraints: Constraints) -> tuple[str, ...]:
    """The customers whom a suggestion that rests on files names, as they stand today.

    Nobody where nothing is left to decide, or where the graph suggests the same.
    """
    named = {identity: identity for identity in row.customers}
    known = rows_among("profiles_identity", "identity, customer_id", "identity", list(named))
    customers = sorted(set((named | dict(known)).values()))
    if len(customers) < 2:
        return ()
    members: dict[str, set[str]] = {customer: {customer} for customer in customers}
    for identity, customer in rows_among("profiles_identity", "identity, customer_id", "customer_id", customers):
        members[customer].add(identity)
    if len(customers) == 2 and constraints.are_apart(*members.values()):
        return ()
    others = models.Suggestion.objects.filter(in_files=False, code=row.code, rests_on=row.rests_on).values_list("customers", flat=True)
    return () if any(set(customers) <= set(one) for one in others) else tuple(customers)
