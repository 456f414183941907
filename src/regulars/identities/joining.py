"""Joining identities to sets, one pair after the other, and refusing what the rules do not allow."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regulars.identities.constraints import Constraints
    from regulars.identities.evidence import Decision, Instant

USERS, TOO_MANY = "users", "too_many"


class Join(NamedTuple):
    """Two identities became one person's: by a call (its message id) or by a decision (its id)."""

    left: str
    right: str
    occurred_at: int
    evidence: str
    by_hand: bool

    def other(self, identity: str) -> str:
        """The other one of the two."""
        return self.right if identity == self.left else self.left


class Refusal(NamedTuple):
    """A call named two identities at once that were not joined: `users` (each side has a user) or `too_many`."""

    left: str
    right: str
    reason: str


class Sets:
    """Disjoint sets of identities that know their users and members."""

    def __init__(self, identities: Iterable[str], users: set[str], constraints: Constraints, at_most: int) -> None:
        self.joins: dict[str, list[Join]] = defaultdict(list)
        self.refusals: list[Refusal] = []
        self._root = {identity: identity for identity in identities}
        self._members = {identity: [identity] for identity in self._root}
        self._with_user = set(users)
        self._constraints = constraints
        self._at_most = at_most

    def members(self) -> Iterable[list[str]]:
        """The sets as they stand."""
        return self._members.values()

    def tie(self, left: str, right: str, decision: Decision) -> None:
        """Join by hand: no rule refuses it."""
        self._unite(left, right, Join(left, right, decision.occurred_at, decision.decision_id, by_hand=True))

    def join(self, left: str, right: str, instant: Instant) -> None:
        """Join by a call, unless both sides have users, a person kept them apart, or they would be too many."""
        one, other = self._find(left), self._find(right)
        if one == other:
            return
        if self._constraints.are_apart(self._members[one], self._members[other]):
            return
        if one in self._with_user and other in self._with_user:
            self.refusals.append(Refusal(left, right, USERS))
        elif len(self._members[one]) + len(self._members[other]) > self._at_most:
            self.refusals.append(Refusal(left, right, TOO_MANY))
        else:
            self._unite(left, right, Join(left, right, *instant, by_hand=False))

    def _unite(self, left: str, right: str, join: Join) -> None:
        one, other = self._find(left), self._find(right)
        if one == other:
            return
        if len(self._members[one]) < len(self._members[other]):
            one, other = other, one
        self._root[other] = one
        self._members[one] += self._members.pop(other)
        if other in self._with_user:
            self._with_user.add(one)
        self.joins[left].append(join)
        self.joins[right].append(join)

    def _find(self, identity: str) -> str:
        root = identity
        while self._root[root] != root:
            root = self._root[root]
        while self._root[identity] != root:
            self._root[identity], identity = root, self._root[identity]
        return root
