"""The commands that the application adds to `regulars`."""

from __future__ import annotations

from regulars.cli.app import AddedCommand

COMMANDS = {
    "up": AddedCommand("start the application: collect, resolve, show", "regulars_server.running.up_command"),
    "backup": AddedCommand("one consistent copy of everything", "regulars_server.running.backup_command"),
    "restore": AddedCommand("an installation from a backup", "regulars_server.running.restore_command"),
    "upgrade": AddedCommand("bring an installation to this version", "regulars_server.running.upgrade_command"),
}
"""By name: a few words, and where the command is."""
