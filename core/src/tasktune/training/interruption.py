"""Being told to stop: Ctrl-C, a termination signal, or the parent's death. Work done so far is kept."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_POLL_SECONDS = 0.5


class Interruption:
    """Remembers a request to stop, so that loops can end at a good point; outside such loops it interrupts at once."""

    def __init__(self) -> None:
        self.requested = False
        self._patient = False

    def install(self, parent: int, ancestor: int | None = None) -> None:
        """Catch SIGINT and SIGTERM, and watch for the death of the process ``parent`` and of ``ancestor``, its own."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        threading.Thread(target=_watch, args=(parent, ancestor), daemon=True).start()

    @contextmanager
    def at_good_points(self) -> Iterator[None]:
        """Inside the block a signal only sets ``requested``, and the loop inside must look at it."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False

    def check(self) -> None:
        """:raises KeyboardInterrupt: stopping was requested."""
        if self.requested:
            raise KeyboardInterrupt

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        second_time, self.requested = self.requested, True
        if second_time or not self._patient:
            raise KeyboardInterrupt


def _watch(parent: int, ancestor: int | None) -> None:
    """A worker whose parent was killed must not go on alone: its successor waits for it."""
    while os.getppid() == parent and (ancestor is None or _lives(ancestor)):
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
