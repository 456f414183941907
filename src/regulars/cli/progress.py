"""A line on the terminal that says what is being done, and how far it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def telling() -> Iterator[Callable[[str, int, int], None]]:
    """Inside, the function given takes what is done, how much of it and of how much (0 of 0 where nobody knows); off a terminal it says nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what, _done, _whole: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("beginning", total=None)
        yield lambda what, done, whole: bar.update(task, description=what, completed=done, total=whole or None)
