"""Shows the events of a run on stderr: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tasktune.cli import output
from tasktune.cli.wording import Progress, stage_line

if TYPE_CHECKING:
    from tasktune.workspace.events import Event

SECONDS_BETWEEN_LINES = 10.0
LINES_PER_STAGE = 10


class Display(Protocol):
    """Takes events and shows them."""

    def __call__(self, event: Event) -> None: ...

    def close(self) -> None:
        """Leave the screen as it should be when nothing more comes."""


class Lines:
    """One line per stage and message; of progress the first and last, one every tenth of the way or ten seconds."""

    def __init__(self, write: Callable[[str], None] = output.say, clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._stage: str | None = None
        self._tenth = -1
        self._written = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind != "progress":
            self._write(stage_line(event))
        elif self._due(event):
            self._write(str(Progress.of(event)))

    def close(self) -> None:
        """Nothing is left on the screen to take away."""

    def _due(self, event: Event) -> bool:
        done, total = event.data["done"], event.data["total"]
        tenth = LINES_PER_STAGE * done // total if total else 0
        now = self._clock()
        if event.stage == self._stage and tenth <= self._tenth and now - self._written < SECONDS_BETWEEN_LINES:
            return False
        self._stage, self._tenth, self._written = event.stage, tenth, now
        return True


class Terminal:
    """A bar that moves. Rich is imported when the first event comes."""

    def __init__(self) -> None:
        self._bar: Display | None = None

    def __call__(self, event: Event) -> None:
        if self._bar is None:
            from tasktune.cli.bar import Bar

            self._bar = Bar()
        self._bar(event)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


@contextmanager
def shown() -> Iterator[Callable[[Event], None]]:
    """A function that shows every event given to it, until the block ends."""
    display: Display = Terminal() if _moves() else Lines()
    try:
        yield display
    finally:
        display.close()


def _moves() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
