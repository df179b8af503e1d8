"""A progress bar on a terminal, drawn with rich."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from tasktune.cli.sparkline import Curve
from tasktune.cli.wording import Progress, stage_line

if TYPE_CHECKING:
    from rich.progress import TaskID

    from tasktune.workspace.events import Event


SECONDS_BETWEEN_FRAMES = 0.1
CURVE_WIDTH, WIDE_ENOUGH = 16, 130
"""Characters of the loss curve, and of a terminal that has room for it."""


class Bar:
    """One bar for the stage under way; stages and messages scroll by above it.

    It is drawn when an event comes, at most ten times a second, and not by a thread: nothing moves between events.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._clock = clock
        self._drawn = 0.0
        self._progress = RichProgress(
            TextColumn("{task.fields[stage]}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[curve]}", markup=False),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}", markup=False),
            TextColumn("{task.fields[figures]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._row: TaskID | None = None
        self._stage: str | None = None
        self._losses = Curve()

    def __call__(self, event: Event) -> None:
        if event.kind == "progress":
            self._advance(event)
            return
        if event.kind == "stage":
            self._clear()
        style = "yellow" if event.data.get("level") == "warning" else ""
        self._console.print(Text(stage_line(event), style=style))

    def close(self) -> None:
        """Take the bar off the screen."""
        self._clear()
        self._progress.stop()

    def _advance(self, event: Event) -> None:
        now = Progress.of(event)
        fields: dict[str, Any] = {"stage": now.stage, "unit": now.unit, "figures": now.figures, "left": now.left}
        if event.stage != self._stage:
            self._losses = Curve()
        if event.data.get("loss") is not None:
            self._losses.add(event.data["loss"])
        fields["curve"] = self._losses.drawn(CURVE_WIDTH) if self._console.width >= WIDE_ENOUGH else ""
        if self._row is None or event.stage != self._stage:
            self._clear()
            self._row = self._progress.add_task("", completed=now.done, total=now.total, **fields)
            self._stage = event.stage
            self._progress.start()
        due = self._clock() - self._drawn >= SECONDS_BETWEEN_FRAMES or now.done == now.total
        self._progress.update(self._row, completed=now.done, total=now.total, refresh=due, **fields)
        if due:
            self._drawn = self._clock()

    def _clear(self) -> None:
        if self._row is not None:
            self._progress.remove_task(self._row)
            self._row = None
            self._progress.refresh()
