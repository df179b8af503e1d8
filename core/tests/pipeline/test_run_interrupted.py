"""Runs that are interrupted or killed at any stage end with the very results of an undisturbed one."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasktune.definition import Task, load_task
from tasktune.errors import RunError
from tasktune.pipeline import RunResult, run
from tasktune.workspace.events import Event, EventLog
from tasktune.workspace.provenance import read_provenance
from tasktune.workspace.versions import Version, get_version

pytestmark = pytest.mark.slow
MakeTask = Callable[..., Task]
# conftest.Finished, which importlib mode gives no name to import it by.
Finished = Any
Disturb = Callable[[], None]


def workers(parent: int | None = None) -> list[psutil.Process]:
    """The worker processes that a process (this one by default) has started."""
    return [child for child in psutil.Process(parent).children() if "tasktune.training.worker" in child.cmdline()]


class Disturber:
    """Listens to a run, remembers what it heard, and acts once when a stage has come so far."""

    def __init__(self, stage: str, done: int, act: Disturb) -> None:
        self.stage, self.done, self.act = stage, done, act
        self.acted = False
        self.heard: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.heard.append(event)
        if (
            not self.acted
            and event.kind == "progress"
            and event.stage == self.stage
            and event.data["done"] >= self.done
        ):
            self.acted = True
            self.act()

    def first(self, stage: str) -> int:
        """How far a stage was when it was first heard of."""
        return next(int(e.data["done"]) for e in self.heard if e.kind == "progress" and e.stage == stage)


def interrupt_worker() -> None:
    [worker] = workers()
    worker.send_signal(signal.SIGINT)


def kill_worker() -> None:
    [worker] = workers()
    worker.kill()


def press_ctrl_c() -> None:
    raise KeyboardInterrupt


def stages_done(task: Task) -> tuple[str, ...]:
    state = get_version(task.folder, "v1").state()
    assert state is not None
    return state.stages_done


def same_as(finished: Finished, result: RunResult) -> None:
    """Byte for byte what an undisturbed run leaves, and nothing besides."""
    assert (result.version, result.status) == ("v1", "finished")
    for path in ("adapter/adapter_model.safetensors", "evaluation/predictions.jsonl", "results.json", "decoding.json"):
        assert (result.version_dir / path).read_bytes() == finished.file(path), path
    names = {path.name for path in result.version_dir.rglob("*")}
    assert names == {path.name for path in finished.result.version_dir.rglob("*")}
    assert not workers()


def test_interrupted_runs_go_on_where_they_stopped(make_task: MakeTask, finished: Finished) -> None:
    task = make_task()
    first = Disturber("train", 12, interrupt_worker)
    with pytest.raises(KeyboardInterrupt):
        run(task, on_event=first)
    assert stages_done(task) == ("prepare",)
    stopped = [event.data["done"] for event in first.heard if event.kind == "progress" and event.stage == "train"][-1]

    second = Disturber("train", stopped + 12, press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        run(task, on_event=second)
    assert second.first("train") >= stopped + 1
    assert stages_done(task) == ("prepare",)
    assert not workers()

    third = Disturber("evaluate", 2, kill_worker)
    with pytest.raises(RunError) as caught:
        run(task, on_event=third)
    assert "ended by SIGKILL" in caught.value.message
    assert "goes on where it stopped" in str(caught.value.hint)
    assert third.first("train") > second.first("train")
    assert stages_done(task) == ("prepare", "train")
    evaluated = get_version(task.folder, "v1").evaluation
    assert not (evaluated / "predictions.jsonl").exists()

    fourth = Disturber("never", 0, kill_worker)
    result = run(task, on_event=fourth)
    assert fourth.first("evaluate") > 2
    same_as(finished, result)
    recorded = read_provenance(Version(result.version_dir))
    ended = [(session.stage, session.ended is not None) for session in recorded.sessions]
    assert ended == [("train", True), ("train", True), ("train", True), ("evaluate", False), ("evaluate", True)]
    assert recorded.finished is not None


RUN = """
import sys
from tasktune.definition import load_task
from tasktune.pipeline import run
run(load_task(sys.argv[1]), on_event=lambda event: print(event.stage, event.data.get("done", 0), flush=True))
"""


def kill_parent(task: Task, stage: str, done: int) -> psutil.Process:
    """Run the task in another process, kill that when a stage has come so far, and return its orphaned worker."""
    with subprocess.Popen([sys.executable, "-c", RUN, str(task.folder)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            name, count = line.split()
            if name == stage and int(count) >= done:
                break
        else:
            pytest.fail("the run ended before it could be killed")
        [orphan] = workers(parent.pid)
        parent.kill()
    return orphan


def at_work(process: psutil.Process) -> bool:
    """Whether a process still runs; one that has ended and waits to be collected does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_runs_go_on_where_they_stopped(make_task: MakeTask, finished: Finished) -> None:
    task = make_task()
    first = Disturber("train", 12, kill_worker)
    with pytest.raises(RunError, match="ended by SIGKILL"):
        run(task, on_event=first)
    assert stages_done(task) == ("prepare",)

    # The worker is left alone in the middle of its work: it must end by itself, and no two may work at once.
    orphan = kill_parent(task, "train", 25)
    alone: list[bool] = []

    def look() -> None:
        alone.append(not at_work(orphan))
        EventLog(get_version(task.folder, "v1").events).message("train", "last words of an orphan")

    second = Disturber("train", 11, look)
    result = run(task, on_event=second)
    assert alone == [True]
    said = [event.data["text"] for event in second.heard if event.kind == "message"]
    assert "last words of an orphan" not in said, "the words of another process were passed on"
    assert second.first("train") > 10
    same_as(finished, result)


def taken_back(finished: Finished, folder: Path, *stages_done: str) -> tuple[Task, Version]:
    """A copy of the finished version in which only some stages are noted as done."""
    shutil.copytree(finished.task.folder, folder)
    task = load_task(folder)
    version = get_version(folder, "v1")
    state = version.state()
    assert state is not None
    version.set_state(state.model_copy(update={"stages_done": stages_done, "finished": False}))
    return task, version


def test_a_parent_killed_after_its_worker_ended_has_nothing_done_twice(finished: Finished, tmp_path: Path) -> None:
    task, version = taken_back(finished, tmp_path / "task", "prepare")
    version.results.unlink()
    before = version.events.read_bytes()
    same_as(finished, run(task))
    assert version.events.read_bytes() == before


def test_a_parent_killed_while_evaluating(finished: Finished, tmp_path: Path) -> None:
    task, version = taken_back(finished, tmp_path / "task", "prepare", "train")
    version.results.unlink()
    shutil.rmtree(version.evaluation)

    orphan = kill_parent(task, "evaluate", 2)
    deadline = time.monotonic() + 30
    while at_work(orphan):
        assert time.monotonic() < deadline, "the worker goes on without its parent"
        time.sleep(0.1)
    same_as(finished, run(task))
