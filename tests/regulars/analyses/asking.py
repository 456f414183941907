"""Asks one question of a small company and closes it."""

from regulars import analyses


def ask(session, name, **arguments):
    """The analysis `name` of a session that nobody needs any more."""
    with session:
        return analyses.run(session, name, **arguments)
