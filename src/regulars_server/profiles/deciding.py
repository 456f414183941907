"""Decisions by hand: merging two customers, taking an identity out of one, dismissing a suggestion; and what each would change."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.db.models import Max

from regulars.identities.constraints import Constraints
from regulars.identities.evidence import Decision
from regulars.identities.graph import connect
from regulars.identities.parting import part_of, sides_of
from regulars_server.profiles import models
from regulars_server.profiles.bulk import one_writer
from regulars_server.profiles.contracts import Preview
from regulars_server.profiles.errors import NoSuchSuggestion, NothingToPart, OnePersonAlready, UnknownIdentity
from regulars_server.profiles.filed import as_if_known, make_known, unknown_of
from regulars_server.profiles.known import changed_by_hand, read_decisions
from regulars_server.profiles.part import LENT, Part, Row, read_members, read_rows
from regulars_server.profiles.rebuilding import rebuild
from regulars_server.profiles.rules import rules
from regulars_server.shared.public import publish, record_change, reference_of, write_tx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Counts = Callable[[Sequence[str]], Mapping[str, int]]

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def merge(
    *, left: str, right: str, actor: str, now: datetime, evidence: str = "", in_files: Mapping[str, int] = MappingProxyType({})
) -> str:
    """The customers of two identities are one from now on; returns the id of that customer.

    `in_files` vouches for people whom no call named: they stand in the tables, with the instant (microseconds since 1970, UTC) of their
    earliest row. Raises `UnknownIdentity` and `OnePersonAlready`.
    """
    with write_tx():
        one_writer()
        seen = make_known({one: in_files[one] for one in (left, right) if one in in_files})
        decision = _merging(left, right, now)._replace(seen=tuple(sorted(seen.items())))
        before = {_customer(left), _customer(right)}
        _decide(decision, actor, evidence)
        customer = _customer(left)
        subjects = sorted(reference_of(one) for one in before)
        record_change(actor=actor, action="identity.merged", now=now, subjects=subjects, details={"decision": decision.decision_id})
        publish("customer.merged", {"customer_id": customer, "merged": sorted(before - {customer})}, now=now)
    return customer


def unmerge(*, identity: str, actor: str, now: datetime, evidence: str = "") -> str:
    """An identity leaves its customer, with all that came with it, and is kept apart from now on; returns its customer's id from then.

    Raises `UnknownIdentity` and `NothingToPart`.
    """
    with write_tx():
        one_writer()
        before = _customer(identity)
        decision = _unmerging(identity, now)
        _decide(decision, actor, evidence)
        after = {_customer(identity), _customer(decision.right[0])}
        subjects = sorted(reference_of(one) for one in {before, *after})
        record_change(actor=actor, action="identity.unmerged", now=now, subjects=subjects, details={"decision": decision.decision_id})
        publish("customer.unmerged", {"customer_id": before, "now": sorted(after)}, now=now)
    return _customer(identity)


def preview_merge(
    *, left: str, right: str, now: datetime, counts: Counts | None = None, in_files: Mapping[str, int] = MappingProxyType({})
) -> Preview:
    """What `merge` would change. `counts` says for a list of identities how many rows they have by table."""
    filed = as_if_known(unknown_of({one: in_files[one] for one in (left, right) if one in in_files}))
    return _preview(_merging(left, right, now, filed), counts, filed)


def preview_unmerge(*, identity: str, now: datetime, counts: Counts | None = None) -> Preview:
    """What `unmerge` would change."""
    return _preview(_unmerging(identity, now), counts)


def dismiss(*, suggestion_id: int, actor: str, now: datetime) -> None:
    """A suggestion is not wanted; it comes again only when somebody else is in it. Raises `NoSuchSuggestion`."""
    with write_tx():
        one_writer()
        found = models.Suggestion.objects.filter(pk=suggestion_id).first()
        if found is None:
            raise NoSuchSuggestion(
                f"There is no suggestion {suggestion_id}.", expected="one of the list", remedy="Load the list again; it has changed."
            )
        decision = Decision("dismiss", (found.rests_on,), tuple(found.customers), *_stamp(now), found.code)
        _write(decision, actor, "")
        models.Suggestion.objects.filter(code=found.code, rests_on=found.rests_on, pk=found.pk).delete()
        subjects = sorted(reference_of(one) for one in found.customers)
        record_change(actor=actor, action="suggestion.dismissed", now=now, subjects=subjects, details={"decision": decision.decision_id})


def _merging(left: str, right: str, now: datetime, filed: Mapping[str, Row] = MappingProxyType({})) -> Decision:
    rows = _known(left, right, filed=filed)
    if rows[left].customer_id == rows[right].customer_id:
        raise OnePersonAlready("The two are one person already.", expected="identities of two customers", remedy="Nothing is left to do.")
    part, members = _around([rows[left].customer_id, rows[right].customer_id], filed)
    outside = part.outside()
    natural = connect(part.sightings, part.constraints.without(part.constraints.ties), part.rules, known=part.barred, outside=outside)
    sides = []
    for identity in (left, right):
        own = [one for one, row in members.items() if row.customer_id == rows[identity].customer_id and row.kind != LENT]
        anchor = part_of(_plain(rows[identity]), own, natural, part.sightings)[0]
        sides.append((anchor, *sorted(one for one in own if one != anchor)))
    decision = Decision("merge", *sides, *_stamp(now))
    joined = connect(part.sightings, Constraints([*read_decisions(), decision]), part.rules, known=part.barred, outside=outside)
    ends = [_plain(rows[identity]) for identity in (left, right)]
    if joined.customer_of(ends[0]) != joined.customer_of(ends[1]):
        # What names a side may be held by it loosely, by a device only: then the tie is between the very two.
        sides = [(end, *sorted({*side} - {end})) for end, side in zip(ends, sides, strict=True)]
    return decision._replace(left=sides[0], right=sides[1])


def _unmerging(identity: str, now: datetime) -> Decision:
    row = _known(identity)[identity]
    part, members = _around([row.customer_id])
    own = [one for one, member in members.items() if member.kind != LENT]
    if row.kind == LENT or len(own) < 2:
        raise NothingToPart(
            "This identity cannot leave its customer.",
            expected="one of several identities of a customer; what an anonymous id lent to a user stays with that user",
            remedy="Choose another identity.",
        )
    sides = sides_of(identity, own, part.sightings, part.constraints, part.rules, known=part.barred, outside=part.outside())
    return Decision("unmerge", *sides, *_stamp(now))


def _preview(decision: Decision, counts: Counts | None, filed: Mapping[str, Row] = MappingProxyType({})) -> Preview:
    constraints = Constraints([*read_decisions(), decision])
    part = _part_of(decision, constraints, filed)
    graph = connect(part.sightings, constraints, part.rules, known=part.barred, outside=part.outside())
    moving = [one for one in sorted(part.inside) if one in part.rows and graph.customer_of(one) != part.rows[one].customer_id]
    lent_too = [one for one, row in part.rows.items() if row.kind == LENT and row.via in moving]
    concerned = sorted([*moving, *lent_too])
    return Preview(
        left=tuple(sorted(decision.left)),
        right=tuple(sorted(decision.right)),
        left_customer=graph.customer_of(decision.left[0]),
        right_customer=graph.customer_of(decision.right[0]),
        moving=tuple(concerned),
        counts=dict(counts(concerned)) if counts else {},
    )


def _decide(decision: Decision, actor: str, evidence: str) -> None:
    _write(decision, actor, evidence)
    part = _part_of(decision, Constraints(read_decisions()))
    said = dict.fromkeys((*decision.left, *decision.right), (decision.occurred_at, decision.decision_id))
    rebuild(part, said, news={decision.decision_id}, rule=decision.kind)


def _part_of(decision: Decision, constraints: Constraints, filed: Mapping[str, Row] = MappingProxyType({})) -> Part:
    part = Part(constraints, rules())
    named = {*decision.left, *decision.right}
    part.know({**filed, **read_rows(list(named))})
    # Whoever is seen with two users is shared by them, until a decision makes these one, and again when it does not.
    part.reach(
        [one for one in named if one in part.rows], around=[one for one in named if one in part.rows and part.rows[one].kind == "user"]
    )
    return part


def _around(customers: list[str], filed: Mapping[str, Row] = MappingProxyType({})) -> tuple[Part, dict[str, Row]]:
    part = Part(Constraints(read_decisions()), rules())
    members = {**filed, **read_members(customers)}
    part.know(members)
    part.reach(one for one, row in members.items() if row.kind != LENT)
    return part, members


def _write(decision: Decision, actor: str, evidence: str) -> None:
    models.Decision.objects.create(
        decision_id=decision.decision_id,
        kind=decision.kind,
        code=decision.code,
        left=list(decision.left),
        right=list(decision.right),
        seen=dict(decision.seen),
        occurred_at=decision.occurred_at,
        actor=actor,
        evidence=evidence,
    )
    changed_by_hand()


def _known(*identities: str, filed: Mapping[str, Row] = MappingProxyType({})) -> dict[str, Row]:
    rows = {**filed, **read_rows([one for one in identities if "\0" not in one])}
    if len(rows) < len(set(identities)):
        raise UnknownIdentity("Nobody is known under this id.", expected="an identity of a customer", remedy="Load the page again.")
    return rows


def _customer(identity: str) -> str:
    row = read_rows([identity]).get(identity)
    return row.customer_id if row else identity


def _plain(row: Row) -> str:
    """An identity; the user's where it was lent to a user."""
    return row.via if row.kind == LENT else row.identity


def _stamp(now: datetime) -> tuple[int, str]:
    """Instant and id of a new decision: always after all others, also where a clock was set back."""
    latest = models.Decision.objects.aggregate(latest=Max("occurred_at"))["latest"] or 0
    at = max(round((now - _ZERO).total_seconds() * 1_000_000), latest + 1)
    return at, f"{at}-{secrets.token_hex(8)}"
