"""Whole installations for tests that start processes: prepared in a folder, on SQLite or PostgreSQL."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Installed:
    """An installation and the environment of its processes."""

    folder: Path
    database_url: str | None = None
    port: int = 0

    def __post_init__(self) -> None:
        self.port = self.port or free_port()

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("REGULARS_") and name != "DJANGO_SETTINGS_MODULE"}
        own |= {
            "REGULARS_WORKSPACE": str(self.folder),
            "REGULARS_LISTEN": f"127.0.0.1:{self.port}",
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'src'}",
        }
        return own | ({"REGULARS_DATABASE_URL": self.database_url} if self.database_url else {})

    def prepare(self) -> Installed:
        subprocess.run(
            self.command("regulars_server.running.preparing"), check=True, env=self.environment, capture_output=True, timeout=300
        )
        return self

    def command(self, module: str) -> list[str]:
        return [sys.executable, "-m", module]

    def start(self, module: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command(module), env=self.environment | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def python(self, script: str, *arguments: str, timeout: float = 800) -> object:
        """What a script prints as JSON, run within the installation."""
        done = subprocess.run(
            [sys.executable, script, *arguments], env=self.environment, cwd=REPOSITORY, capture_output=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        return json.loads(done.stdout)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
