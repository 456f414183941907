"""Work of the worker that has a process of its own: one at a time, closed when it has ended, and ended with the worker."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar

from regulars_server.running.environment import environment_of

if TYPE_CHECKING:
    from regulars_server.config import Config

END_SECONDS = 10.0


class OwnProcess:
    """Runs `python -m MODULE`; who inherits says when."""

    MODULE: ClassVar[str]

    def __init__(self, config: Config) -> None:
        self._config = config
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the process that runs; what it has not finished is thrown away, and done the next time."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def _run(self) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", self.MODULE],
            env=environment_of(self._config),
            stdin=subprocess.DEVNULL,
        )

    def _ended(self) -> int | None:
        """The exit code of a process that has ended since, which is forgotten then."""
        assert self._child is not None
        code = self._child.poll()
        if code is not None:
            self._child = None
        return code
