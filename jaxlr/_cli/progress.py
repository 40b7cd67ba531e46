"""A progress bar, for what takes more than a second."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import Progress

from jaxlr._verify.side import Each

_LONG = 100_000  # counts whose diagnosis may take more than a second


def tracked(steps: int) -> Each:
    """Goes through items, of so many steps in all, with a bar beside what takes long."""
    console = Console(stderr=True)

    def each(items: Sequence[Any], what: str) -> Iterator[Any]:
        if not console.is_terminal:
            yield from items
            return
        progress = Progress(console=console, transient=True)
        task = progress.add_task(what, total=len(items) if len(items) > 1 else None)
        due = time.monotonic() + (0 if len(items) == 1 and steps >= _LONG else 1)
        try:
            for done, item in enumerate(items):
                if time.monotonic() >= due:
                    progress.start()
                    progress.update(task, completed=done)
                    due = time.monotonic() + 0.1
                yield item
        finally:
            if progress.live.is_started:
                progress.stop()

    return each
