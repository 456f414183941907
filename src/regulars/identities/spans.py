"""Spans of an anonymous id that several users were identified on: which of them its own events belong to, by time."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regulars.identities.evidence import Identification

FOREVER = 62 * 10**15
"""The year 3934, and with a minus sign the year 5: before and after these nothing happens. Both fit a datetime."""


class Span(NamedTuple):
    """From `since` on and before `until` (microseconds), events of the anonymous id carry `identity`."""

    since: int
    until: int
    identity: str


def lent(anonymous: str, user: str) -> str:
    """The identity that events of a shared anonymous id carry while they belong to `user`.

    An identity of its own, not the user's: so it stays known where they came from, and a call that is learned of later can move them on.

    >>> lent("anon:7f", "4711")
    'anon:7f>4711'
    """
    return f"{anonymous}>{user}"


def spans_of(anonymous: str, identifications: Iterable[Identification]) -> tuple[Span, ...]:
    """Who holds an anonymous id when: the events up to an identification, its instant included, belong to its user.

    Nobody's are those after the last one; of two at one instant the smaller message id comes first, and then the smaller user. Fewer than
    two users give no spans: all events are then joined to the one.

    >>> from regulars.identities.evidence import Identification
    >>> calls = [Identification("anon:7f", "ann", 100, "m1"), Identification("anon:7f", "bob", 200, "m2")]
    >>> [(span.until, span.identity) for span in spans_of("anon:7f", calls)]
    [(101, 'anon:7f>ann'), (201, 'anon:7f>bob')]
    """
    ordered = sorted({(call.occurred_at, call.message_id, call.user) for call in identifications})
    if len({user for _, _, user in ordered}) < 2:
        return ()
    spans: list[Span] = []
    since = -FOREVER
    for occurred_at, _, user in ordered:
        if occurred_at < since:
            continue
        identity = lent(anonymous, user)
        if spans and spans[-1].identity == identity:
            spans[-1] = spans[-1]._replace(until=occurred_at + 1)
        else:
            spans.append(Span(since, occurred_at + 1, identity))
        since = occurred_at + 1
    return tuple(spans)


def holder(anonymous: str, spans: Sequence[Span], instant: int) -> str:
    """The identity that an event of the anonymous id carries at an instant."""
    place = bisect_right(spans, instant, key=lambda span: span.since) - 1
    return spans[place].identity if place >= 0 and instant < spans[place].until else anonymous


class Move(NamedTuple):
    """Rows that carry `identity` and occurred from `since` on and before `until` carry `to` from now on."""

    identity: str
    since: int
    until: int
    to: str


def moves(anonymous: str, before: Sequence[Span], after: Sequence[Span]) -> list[Move]:
    """What has to move when the spans of an anonymous id change; applied in their order, rows stand as if `after` had always been known.

    >>> moves("anon:7f", (), (Span(-FOREVER, 101, "anon:7f>ann"),)) == [Move("anon:7f", -FOREVER, 101, "anon:7f>ann")]
    True
    """
    edges = sorted({-FOREVER, FOREVER, *(edge for span in (*before, *after) for edge in (span.since, span.until))})
    found: list[Move] = []
    for since, until in pairwise(edges):
        old, new = holder(anonymous, before, since), holder(anonymous, after, since)
        if old == new:
            continue
        if found and found[-1].until == since and (found[-1].identity, found[-1].to) == (old, new):
            found[-1] = found[-1]._replace(until=until)
        else:
            found.append(Move(old, since, until, new))
    return found
