"""Random calls about a handful of people, for tests of the graph and of the application."""

from __future__ import annotations

from hypothesis import strategies as st

from regulars.identities.evidence import Decision, Identification, Link
from regulars.identities.identifiers import Identifier

IDS = [
    *(Identifier("user", name) for name in ("u1", "u2", "u3")),
    *(Identifier("anonymous", name) for name in ("w1", "w2", "w3", "w4")),
    *(Identifier("email", name) for name in ("a@x.eu", "b@x.eu")),
    *(Identifier("phone", name) for name in ("+491511111111",)),
    *(Identifier("device", name) for name in ("d1", "d2")),
    Identifier("shopify", "7"),
]

identifiers = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True).filter(
    lambda found: sum(one.kind == "user" for one in found) < 3
)
call = st.tuples(identifiers, st.integers(1, 12), st.sampled_from(["identify", "track", "track", "alias"]))
calls = st.lists(call, max_size=14).map(
    lambda found: [(tuple(ids), at * 10, f"m{number:02}", kind) for number, (ids, at, kind) in enumerate(found)]
)
side = st.lists(st.sampled_from([one.identity for one in IDS]), min_size=1, max_size=3, unique=True)
decision = st.tuples(st.sampled_from(["merge", "unmerge"]), side, side, st.integers(1, 12)).filter(lambda d: not set(d[1]) & set(d[2]))
decisions = st.lists(decision, max_size=3).map(
    lambda found: [Decision(kind, tuple(left), tuple(right), at * 10, f"d{n}") for n, (kind, left, right, at) in enumerate(found)]
)


def links_of(found):
    """The calls as links."""
    return [Link(ids, at, message) for ids, at, message, _ in found]


def identifications_of(found):
    """What identify and alias calls among them say of anonymous ids."""
    return [
        Identification(one.identity, other.identity, at, message)
        for ids, at, message, kind in found
        if kind in {"identify", "alias"}
        for one in ids
        for other in ids
        if one.kind == "anonymous" and other.kind == "user"
    ]
