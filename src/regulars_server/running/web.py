"""The web process: the pages, on a socket file that only its owner may open. `python -m regulars_server.running.web`."""

from __future__ import annotations

import contextlib
from pathlib import Path

from regulars_server.config import Config

THREADS = 4
"""Requests answered at the same time; each has a database connection of its own."""
DRAIN_SECONDS = 20


def main() -> None:
    """Serve until SIGTERM; then finish what was begun."""
    from granian import Granian
    from granian.constants import Interfaces

    config = Config.from_environment()
    config.make_folders()
    with contextlib.suppress(FileNotFoundError):
        config.web_socket.unlink()
    server = Granian(
        "regulars_server.running.web_application:application",
        interface=Interfaces.WSGI,
        uds=config.web_socket,
        uds_permissions=0o600,
        workers=1,
        blocking_threads=THREADS,
        backpressure=64,
        workers_kill_timeout=DRAIN_SECONDS,
        websockets=False,
        log_level="warning",
    )
    server.bind_uds = Path(config.web_address)
    server.serve()


if __name__ == "__main__":
    main()
