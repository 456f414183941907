"""`python -m regulars_server.intake.door`: the one public door of an installation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import sys

import uvicorn

from regulars.errors import RegularsError
from regulars_server.config import Config
from regulars_server.intake.door.app import Door
from regulars_server.intake.door.connections import Connection, end_late_ones


class Server(uvicorn.Server):
    """uvicorn, with an end for late connections."""

    async def serve(self, sockets: list[object] | None = None) -> None:
        """Serve until told to stop; then answer what is being stored."""
        watch = asyncio.create_task(end_late_ones(self.server_state.connections))
        try:
            await super().serve(sockets)
        finally:
            watch.cancel()


def server(config: Config) -> Server:
    """The server of an installation, ready to run."""
    return Server(
        uvicorn.Config(
            Door(config),
            host=config.host,
            port=config.port,
            loop="uvloop",
            http=Connection,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            # Longer than a proxy keeps its connections to us: who ends one first must not be us, or its next request is lost.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=15,
            limit_concurrency=_connections(),
        )
    )


def _connections() -> int:
    """As many connections as this process may open files, less what it needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 8192)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return max(64, soft - 256)


def _given(arguments: list[str]) -> list[socket.socket] | None:
    """The listening socket that `--fd NUMBER` hands over: whoever knocks while the door is started anew waits there."""
    return [socket.socket(fileno=int(arguments[1]))] if arguments[:1] == ["--fd"] else None


def main() -> int:
    """Run until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        server(Config.from_environment()).run(sockets=_given(sys.argv[1:]))
    except RegularsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
