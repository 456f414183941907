"""People whom only rows of imported files name: the graph does not know them until somebody decides something about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.identities.evidence import gather, seen_in_files
from regulars.identities.identifiers import is_usable
from regulars_server.profiles.known import KNOWN
from regulars_server.profiles.lending import Lending
from regulars_server.profiles.part import Row, read_rows
from regulars_server.profiles.resolving import take_in

if TYPE_CHECKING:
    from collections.abc import Mapping


def unknown_of(in_files: Mapping[str, int]) -> dict[str, int]:
    """Those of the people of files (with the instant of their earliest row) whom the graph does not know, and who can be known."""
    usable = {identity: at for identity, at in in_files.items() if is_usable(identity)}
    known = read_rows(list(usable))
    return {identity: at for identity, at in usable.items() if identity not in known}


def as_if_known(unknown: Mapping[str, int]) -> dict[str, Row]:
    """How they would stand if they were known: each a customer by itself."""
    firsts = gather(seen_in_files(unknown.items())).firsts
    return {one: Row(one, kind, *first, one, first[0], "", "", 0, False, "", 0, False, None, 0) for one, (kind, first) in firsts.items()}


def make_known(in_files: Mapping[str, int]) -> dict[str, int]:
    """Take them into the graph; says who was not in it before. Inside the transaction of the decision, which notes them.

    The map of identities gets no row for them: without one, an identity is its own customer already.
    """
    unknown = unknown_of(in_files)
    if unknown:
        KNOWN.refresh()
        take_in(gather(seen_in_files(unknown.items())), {}, [], Lending(KNOWN))
    return unknown
