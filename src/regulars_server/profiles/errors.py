"""Refusals about who is who."""

from __future__ import annotations

from regulars.errors import CallerError


class UnknownIdentity(CallerError):
    """Nobody is known under this id."""

    code = "profiles.unknown_identity"


class OnePersonAlready(CallerError):
    """Both are one person already."""

    code = "profiles.one_person_already"


class NothingToPart(CallerError):
    """The identity is all there is of its customer, or follows another one."""

    code = "profiles.nothing_to_part"


class NoSuchSuggestion(CallerError):
    """The suggestion is not there any more."""

    code = "profiles.no_such_suggestion"


class NoteRefused(CallerError):
    """A note is empty or too long."""

    code = "profiles.note_refused"
