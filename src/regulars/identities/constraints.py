"""What decisions by hand add up to: which identities are tied, which are kept apart, which suggestions are not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regulars.identities.evidence import Decision, Pair


class Constraints:
    """The decisions, taken in the order of (occurred_at, decision_id). Later ones overrule earlier ones on the same identities.

    A merge ties the first identities of its sides; as long as the tie holds, nothing keeps the two sides apart. An un-merge takes back
    every tie between its sides, and keeps each identity of the left from each of the right.
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self.ties: dict[Pair, Decision] = {}
        self.apart: dict[str, dict[str, Decision]] = {}
        self.dismissed: set[tuple[str, str, tuple[str, ...]]] = set()
        self._lifted: dict[Pair, list[tuple[str, str, Decision]]] = {}
        for decision in sorted(decisions, key=lambda one: (one.occurred_at, one.decision_id)):
            getattr(self, f"_{decision.kind}")(decision)
        self._take(self.ties)

    def class_of(self, identity: str) -> str:
        """A representative of the identities that are tied with this one, directly or over others."""
        while identity in self._class:
            identity = self._class[identity]
        return identity

    def are_apart(self, left: Iterable[str], right: Iterable[str]) -> bool:
        """Whether somebody kept an identity of one side from one of the other."""
        if not self.apart:
            return False
        others = set(right)
        return any(not others.isdisjoint(self.apart[identity]) for identity in left if identity in self.apart)

    def tied_with(self, identity: str) -> Sequence[str]:
        """The other ends of the ties of an identity."""
        return self._tied.get(identity, ())

    def without(self, ties: Iterable[Pair]) -> Constraints:
        """These constraints without some of the ties."""
        gone = set(ties)
        rest = Constraints()
        rest.apart = {identity: dict(others) for identity, others in self.apart.items()}
        rest.dismissed = self.dismissed
        for pair in gone:
            rest._keep_apart(self._lifted.get(pair, ()))
        rest._take({pair: decision for pair, decision in self.ties.items() if pair not in gone})
        return rest

    def _take(self, ties: dict[Pair, Decision]) -> None:
        self.ties = ties
        self._class: dict[str, str] = {}
        self._tied: dict[str, list[str]] = {}
        for left, right in ties:
            if self.class_of(left) != self.class_of(right):
                self._class[self.class_of(left)] = self.class_of(right)
            self._tied.setdefault(left, []).append(right)
            self._tied.setdefault(right, []).append(left)

    def _merge(self, decision: Decision) -> None:
        across = [(left, right) for left in decision.left for right in decision.right]
        lifted = [(left, right, self.apart[left].pop(right)) for left, right in across if right in self.apart.get(left, ())]
        for left, right, _ in lifted:
            self.apart[right].pop(left)
        one, other = sorted((decision.left[0], decision.right[0]))
        # Popped first, so that ties stand in the order of the decisions that hold.
        self.ties.pop((one, other), None)
        self.ties[one, other] = decision
        self._lifted[one, other] = [*self._lifted.get((one, other), ()), *lifted]

    def _unmerge(self, decision: Decision) -> None:
        leaving, staying = set(decision.left), set(decision.right)
        for pair in [pair for pair in self.ties if len(leaving & set(pair)) == 1 and len(staying & set(pair)) == 1]:
            del self.ties[pair]
            self._keep_apart(self._lifted.pop(pair, ()))
        self._keep_apart((left, right, decision) for left in decision.left for right in decision.right)

    def _dismiss(self, decision: Decision) -> None:
        self.dismissed.add((decision.code, decision.left[0], tuple(sorted(decision.right))))

    def _keep_apart(self, pairs: Iterable[tuple[str, str, Decision]]) -> None:
        for left, right, decision in pairs:
            self.apart.setdefault(left, {})[right] = decision
            self.apart.setdefault(right, {})[left] = decision
