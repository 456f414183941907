"""Refusals of the loader."""

from __future__ import annotations

from regulars.errors import CallerError, RegularsError


class LeaseTaken(RegularsError):
    """Another loader is at work."""

    code = "loading.lease_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another loader is at work.",
            expected="one loader at a time",
            remedy="Wait until it has ended; a dead process lets go by itself.",
        )


class LeaseLost(RegularsError):
    """The connection that held the lease is gone, so somebody else may be loading."""

    code = "loading.lease_lost"

    def __init__(self) -> None:
        super().__init__(
            "The database server no longer knows of our lease.",
            expected="the connection that holds the lease",
            remedy="Nothing was written; the loader takes the lease anew.",
        )


class ReplayRefused(CallerError):
    """A quarantined call that cannot be replayed as it stands."""

    code = "loading.replay_refused"
