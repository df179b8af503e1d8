"""Progress: plain lines when piped, a bar on a terminal, rich only when it is needed."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tasktune.cli import progress
from tasktune.cli.bar import Bar
from tasktune.cli.sparkline import BLOCKS, Curve, sparkline
from tasktune.cli.wording import Progress, duration, stage_line
from tasktune.workspace.events import Event


def step(done: int, total: int = 1000, stage: Any = "train", **figures: float | str | None) -> Event:
    return Event(kind="progress", stage=stage, data={"done": done, "total": total, "unit": "step", **figures})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines_of(events: list[Event], seconds: float) -> list[str]:
    """What is written when so many seconds pass between two events."""
    written: list[str] = []
    clock = Clock()
    lines = progress.Lines(written.append, clock)
    for event in events:
        lines(event)
        clock.now += seconds
    lines.close()
    return written


def test_fast_progress_is_a_line_per_tenth() -> None:
    written = lines_of([step(n) for n in range(1001)], seconds=0.001)
    assert [line.split(" ")[1] for line in written] == [f"{n}/1000" for n in range(0, 1001, 100)]


def test_slow_progress_is_a_line_every_ten_seconds() -> None:
    written = lines_of([step(n) for n in range(1, 9)], seconds=4)
    assert [line.split(" ")[1] for line in written] == ["1/1000", "4/1000", "7/1000"]


def test_each_stage_begins_with_a_line() -> None:
    events = [step(1, 1000), step(2, 1000), step(1, 1000, "evaluate"), step(2, 1000, "evaluate")]
    assert [line.split(" ")[0] for line in lines_of(events, 0.1)] == ["train:", "evaluate:"]


def test_stages_and_messages_are_never_left_out() -> None:
    message = Event(kind="message", stage="train", data={"level": "info", "text": "[bold]hello"})
    assert lines_of([message] * 5, 0) == ["train: [bold]hello"] * 5


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            step(120, loss=0.5312, tokens_per_second=3400.2, seconds_left=130.0, epoch=1.25),
            "train: 120/1000 steps (12%), epoch 1.2, loss 0.531, 3,400 tokens/s, 2 min 10 s left",
        ),
        (
            step(120, loss=0.5312, eval_loss=0.61, metric=0.825, metric_name="macro_f1", grad_norm=3.0),
            "train: 120/1000 steps (12%), loss 0.531, eval loss 0.610, macro_f1 0.825",
        ),
        (step(5, 0), "train: 5/0 steps"),
        (step(1, 3, loss=None, seconds_left=None), "train: 1/3 steps (33%)"),
        (step(1, 3, loss=0.0, seconds_left=0.0), "train: 1/3 steps (33%), loss 0.000, 0 s left"),
        (step(3, 3, seconds_left=0.0), "train: 3/3 steps (100%)"),
    ],
)
def test_progress_in_words(event: Event, text: str) -> None:
    assert str(Progress.of(event)) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"status": "started"}, "train: started"),
        ({"status": "skipped"}, "train: already done"),
        ({"status": "finished", "rows": 1200, "seconds": 75.2}, "train: finished (rows: 1,200, 1 min 15 s)"),
        ({"status": "finished", "met": True, "loss": 0.123456}, "train: finished (met: yes, loss: 0.1235)"),
        ({"status": "finished", "rows": {"train": 900}, "gone": None}, "train: finished (rows: train 900)"),
    ],
)
def test_stages_in_words(data: dict[str, object], text: str) -> None:
    assert stage_line(Event(kind="stage", stage="train", data=data)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_bar_shows_the_figures_and_leaves_nothing_behind() -> None:
    screen = io.StringIO()
    clock = Clock()
    bar = Bar(Console(file=screen, force_terminal=True, width=120, color_system=None), clock)
    bar(Event(kind="stage", stage="train", data={"status": "started"}))
    clock.now = 1.0
    bar(step(250, loss=0.5, tokens_per_second=3400.0, seconds_left=130.0))
    bar(step(251, loss=0.49))
    clock.now = 2.0
    bar(step(500, loss=0.25))
    bar(Event(kind="message", stage="train", data={"level": "warning", "text": "[red]late[/red]"}))
    bar(Event(kind="stage", stage="train", data={"status": "finished"}))
    bar(step(2, 2, "evaluate"))
    bar.close()
    shown = screen.getvalue()
    assert "train: started\n" in shown
    assert "250/1000 steps loss 0.500, 3,400 tokens/s 2 min 10 s left" in shown
    assert "251/1000" not in shown
    assert "500/1000 steps loss 0.250" in shown
    assert "train: warning: [red]late[/red]\n" in shown
    assert "evaluate" in shown.split("train: finished")[1]
    assert "2/2 steps" in shown
    assert shown.endswith("\x1b[2K\x1b[?25h\r")


@pytest.mark.parametrize(("width", "shown"), [(140, True), (120, False)])
def test_a_wide_terminal_shows_the_curve_of_the_loss(width: int, shown: bool) -> None:
    screen = io.StringIO()
    clock = Clock()
    bar = Bar(Console(file=screen, force_terminal=True, width=width, color_system=None), clock)
    for number, loss in enumerate([2.0, 1.0], 1):
        clock.now = number
        bar(step(number, loss=loss))
    assert ("█▁ 2/1000" in screen.getvalue()) == shown
    assert any(block in screen.getvalue() for block in BLOCKS) == shown
    clock.now = 3
    bar(step(1, stage="evaluate"))
    assert "evaluate" in screen.getvalue()
    assert not any(block in screen.getvalue().rpartition("evaluate")[2] for block in BLOCKS)
    bar.close()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60), st.integers(1, 30))
def test_a_sparkline_fits_and_reaches_from_the_lowest_to_the_highest(values: list[float], width: int) -> None:
    made = sparkline(values, width)
    finite = [value for value in values if math.isfinite(value)]
    assert len(made) == min(width, len(finite))
    assert set(made) <= set(BLOCKS)
    if len(finite) <= width and len(set(finite)) > 1:
        assert made[finite.index(min(finite))] == BLOCKS[0]
        assert made[finite.index(max(finite))] == BLOCKS[-1]


def test_a_long_curve_keeps_its_shape_in_bounded_memory() -> None:
    curve = Curve()
    for number in range(10_000):
        curve.add(10_000.0 - number)
    curve.add(math.nan)
    assert curve.drawn(8) == BLOCKS[::-1]


@pytest.mark.parametrize(
    ("terminal", "term", "kind"),
    [(True, "xterm", progress.Terminal), (True, "dumb", progress.Lines), (False, "xterm", progress.Lines)],
)
def test_a_bar_needs_a_terminal(monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str, kind: type) -> None:
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.setattr(sys, "stderr", Stream())
    monkeypatch.setenv("TERM", term)
    with progress.shown() as on_event:
        assert isinstance(on_event, kind)


def test_rich_is_imported_by_the_first_event() -> None:
    code = """
import sys
from tasktune.cli.progress import Terminal
from tasktune.workspace.events import Event
terminal = Terminal()
assert "rich.progress" not in sys.modules
terminal(Event(kind="stage", stage="train", data={"status": "started"}))
assert "rich.progress" in sys.modules
terminal.close()
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
