"""The command line: `regulars ...`. Commands are found by their names, one file each; heavy libraries are imported when a command runs."""

from regulars.cli.app import main

__all__ = ["main"]
