"""Refusals of starting, backup and restore."""

from __future__ import annotations

from regulars.errors import CallerError, RegularsError


class AlreadyRunning(CallerError):
    """The application runs on this workspace, and what was asked needs it to itself."""

    code = "server.already_running"


class AddressTaken(CallerError):
    """Another program listens at the address."""

    code = "server.address_taken"


class StartFailed(RegularsError):
    """The installation could not be made ready."""

    code = "server.start_failed"


class OtherDatabase(CallerError):
    """The installation's data lie in a database of another kind than the one that is configured."""

    code = "server.other_database"


class LaterVersion(CallerError):
    """The data were written by a later version of Regulars."""

    code = "server.later_version"


class BackupUnreadable(CallerError):
    """A backup that is damaged, incomplete or no backup at all."""

    code = "backup.unreadable"


class BackupRefused(CallerError):
    """A backup cannot be written or restored there."""

    code = "backup.refused"


class UpgradeFailed(RegularsError):
    """The data could not be brought to this version; the backup that was made first is whole."""

    code = "server.upgrade_failed"
