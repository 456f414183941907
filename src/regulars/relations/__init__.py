"""Named building blocks of queries, and the session that creates them as of an instant. The registry finds them by itself."""

from regulars.relations.session import Session

__all__ = ["Session"]
