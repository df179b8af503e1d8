"""Fixtures for the pages of docs/: their language, the example they are about, and somebody to follow them."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.definition import Split, Task, load_task
from tasktune.definition.fields import BASE_BASELINES
from tasktune.inference.evaluate import predict_records
from tasktune.inference.predict import read_scratch_records
from tasktune.locale import current_language, use_language
from tasktune.training.interruption import Interruption
from tasktune.training.session import recorded
from tasktune.training.worker import base_answers, evaluate_version, train_version
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"<!-- (?P<kind>file|run|refused|shows)(?:: (?P<name>\S+))? -->\n```\w*\n(?P<text>.*?)```", re.DOTALL
)
STARTING_WORKERS = (
    "tasktune.pipeline.stages",
    "tasktune.pipeline.baselines",
    "tasktune.pipeline.engines",
    "tasktune.improve.sweep.runs",
    # The last: what is imported while this one is replaced would keep the replacement.
    "tasktune.training.launch",
)
"""The modules that have a ``run_worker`` to call."""

Follow = Callable[..., tuple[list[str], list[Result]]]


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Messages are in English, and the language of other tests stays as it was."""
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of examples/entity-sentiment without versions, which is the current folder; workers run in this process,
    which has imported torch already."""
    folder = tmp_path / "entity-sentiment"
    shutil.copytree(ROOT / "examples" / "entity-sentiment", folder, ignore=shutil.ignore_patterns("versions"))
    monkeypatch.chdir(folder)
    for module in STARTING_WORKERS:
        monkeypatch.setattr(f"{module}.run_worker", _work_here)
    return folder


def _work_here(
    stage: str,
    version: Version,
    task: Task,
    on_event: Callable[[Event], None],
    *,
    split: Split = "test",
    scratch: Path | None = None,
) -> None:
    """What ``python -m tasktune.training.worker`` does."""
    loaded = load_task(version.definition, folder=task.folder)
    if stage == "train":
        with recorded(loaded, version, "train"):
            train_version(loaded, version, Interruption())
    elif stage == "evaluate":
        with recorded(loaded, version, "evaluate", split):
            evaluate_version(loaded, version, split, Interruption())
    else:
        assert scratch is not None
        if stage in BASE_BASELINES:
            base_answers(loaded, version, scratch, Interruption(), few_shot=stage == "few_shot")
        else:
            assert stage == "predict"
            predict_records(loaded, version, read_scratch_records(scratch), scratch, Interruption())


@pytest.fixture
def follow() -> Follow:
    """Do what a page of docs/ says, block by block: ``follow("improve", codes=[{0, 1}, {0}, {0}])``.

    ``file: NAME`` blocks are written, ``run`` and ``refused`` ones are commands, and what a ``shows`` block has was
    said by the command before it. ``codes`` are the exit codes that are right for each ``run``, in order: 1 is right
    where a target may be missed, since ten steps of training promise nothing. What is refused exits with 2.

    ``instead`` replaces texts in commands. ``said`` takes from a command's result what it said. Lines that are shown
    are whole to their end, unless ``whole_lines`` is false.

    Returns the kinds of the blocks and the results of the commands.
    """

    def followed(
        page: str,
        *,
        codes: Sequence[Collection[int]],
        instead: Mapping[str, str] | None = None,
        said: Callable[[Result], str] = lambda done: done.output,
        whole_lines: bool = True,
    ) -> tuple[list[str], list[Result]]:
        blocks = list(BLOCK.finditer((ROOT / "docs" / f"{page}.md").read_text("utf-8")))
        kinds = [block["kind"] for block in blocks]
        assert kinds.count("run") == len(codes)
        right = iter(codes)
        results: list[Result] = []
        for block in blocks:
            text = block["text"]
            if block["kind"] == "file":
                Path(block["name"]).write_text(text, "utf-8")
            elif block["kind"] == "shows":
                assert (text if whole_lines else text.rstrip()) in said(results[-1]), results[-1].output
            else:
                for old, new in (instead or {}).items():
                    text = text.replace(old, new)
                done = CliRunner().invoke(tune, [*shlex.split(text)[1:], "--lang", "en"], prog_name="tune")
                assert done.exit_code in ({2} if block["kind"] == "refused" else next(right)), done.output
                assert "Traceback" not in done.output
                results.append(done)
        return kinds, results

    return followed
