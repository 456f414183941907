"""Anonymous ids of several users: which user's their rows are at which time, and which rows move when that changes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from regulars.identities.evidence import Identification
from regulars.identities.spans import moves, spans_of
from regulars_server.profiles.bulk import rows_among, write_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from regulars.identities.evidence import Instant, Pair
    from regulars.identities.spans import Span
    from regulars_server.profiles.known import Known


class Lending:
    """The spans that a batch reads and changes."""

    def __init__(self, known: Known) -> None:
        self.spans: dict[str, tuple[Span, ...]] = {}
        self.changed: set[str] = set()
        self.becoming: set[str] = set()
        """Anonymous ids that had one user at most, and have several now."""
        self._borrowers: set[str] = set()
        self._known = known
        self._said: list[Identification] = []
        self._moves: list[tuple[object, ...]] = []

    def of(self, anonymous: str) -> tuple[Span, ...]:
        """The spans of an anonymous id that was read."""
        found = self.spans.get(anonymous)
        return self._known.spans.get(anonymous, ()) if found is None else found

    def borrowers(self) -> set[str]:
        """The users of those that have several now and had not."""
        return self._borrowers

    def read(self, anonymous_ids: Collection[str]) -> None:
        """Read the spans that are not remembered."""
        known = self._known
        unread = [one for one in anonymous_ids if one not in self.spans and (one not in known.spans or one in known.unsure)]
        lending = set(_lending(unread))
        explicit, implied = _read_explicit(lending), _read_implied(lending)
        for one in unread:
            self.spans[one] = spans_of(one, [*explicit[one], *implied[one].values()]) if one in lending else ()

    def note(self, identifications: Sequence[Identification], pairs: Mapping[Pair, Instant], kinds: Mapping[str, str]) -> None:
        """Find out which spans change with a batch's identifications and new pairs. To be called before either is written."""
        self._said = list(identifications)
        paired = _paired(pairs, kinds)
        named = {call.anonymous for call in identifications}
        concerned = {*paired, *_lending(named - paired.keys())}
        if not concerned:
            return
        explicit, implied = _read_explicit(concerned), _read_implied(concerned)
        said: dict[str, list[Identification]] = defaultdict(list)
        for call in identifications:
            said[call.anonymous].append(call)
        for one in sorted(concerned):
            before = [*explicit[one], *implied[one].values()]
            after = [*explicit[one], *said[one], *{**implied[one], **paired.get(one, {})}.values()]
            self._change(one, before, after)

    def write(self) -> None:
        """Write the identifications and the moves."""
        rows = [(call.anonymous, call.user, call.occurred_at, call.message_id) for call in self._said]
        columns = ("anonymous", "user", "occurred_at", "message_id")
        write_rows("profiles_identification", columns, rows, '(anonymous, occurred_at, message_id, "user") DO NOTHING')
        write_rows("profiles_reattribution", ("identity", "since", "until", "to"), self._moves, "")

    def _change(self, one: str, before: list[Identification], after: list[Identification]) -> None:
        old, new = spans_of(one, before), spans_of(one, after)
        self.spans[one] = new
        if old == new:
            return
        self.changed.add(one)
        self._moves += moves(one, old, new)
        if not old:
            self.becoming.add(one)
            self._borrowers |= {call.user for call in after}


def _paired(pairs: Mapping[Pair, Instant], kinds: Mapping[str, str]) -> dict[str, dict[str, Identification]]:
    """Pairs of an anonymous id and a user, by both."""
    found: dict[str, dict[str, Identification]] = defaultdict(dict)
    for pair, instant in pairs.items():
        for anonymous, user in (pair, pair[::-1]):
            if kinds[anonymous] == "anonymous" and kinds[user] == "user":
                found[anonymous][user] = Identification(anonymous, user, *instant)
    return found


def _lending(identities: Collection[str]) -> list[str]:
    return [identity for (identity,) in rows_among("profiles_identity", "identity", "identity", identities, "AND lent")]


def _read_explicit(anonymous_ids: Collection[str]) -> dict[str, list[Identification]]:
    """What identify and alias calls said of these."""
    found: dict[str, list[Identification]] = defaultdict(list)
    for row in rows_among("profiles_identification", 'anonymous, "user", occurred_at, message_id', "anonymous", anonymous_ids):
        found[row[0]].append(Identification(*row))
    return found


def _read_implied(anonymous_ids: Collection[str]) -> dict[str, dict[str, Identification]]:
    """What pairs say of these."""
    found: dict[str, dict[str, Identification]] = defaultdict(dict)
    for own, other in (('"left"', '"right"'), ('"right"', '"left"')):
        tables = f"profiles_link AS link JOIN profiles_identity AS who ON who.identity = link.{other}"
        columns = f"link.{own}, link.{other}, link.occurred_at, link.message_id"
        for row in rows_among(tables, columns, f"link.{own}", anonymous_ids, "AND who.kind = 'user'"):
            found[row[0]][row[1]] = Identification(*row)
    return found
