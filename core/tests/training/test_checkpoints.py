"""Only whole checkpoints are resumed from; what a kill tore is thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.errors import InputError, Problem, RunError, TuneError
from tasktune.training.checkpoints import latest_sealed, seal
from tasktune.training.failure import record_failure, take_failure


def checkpoint(folder: Path, step: int) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "model.safetensors").write_bytes(b"weights" * step)
    (made / "trainer_state.json").write_text("{}")
    return made


def test_the_newest_sealed_checkpoint_is_found_by_number(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        seal(checkpoint(tmp_path, step))
    assert latest_sealed(tmp_path) == tmp_path / "checkpoint-100"


def test_unsealed_changed_and_incomplete_checkpoints_are_deleted(tmp_path: Path) -> None:
    sound, changed, incomplete, unsealed = (checkpoint(tmp_path, step) for step in (1, 2, 3, 4))
    for made in (sound, changed, incomplete):
        seal(made)
    (changed / "model.safetensors").write_bytes(b"other")
    (incomplete / "trainer_state.json").unlink()
    assert latest_sealed(tmp_path) == sound
    assert not any(made.exists() for made in (changed, incomplete, unsealed))


def test_no_folder_means_no_checkpoint(tmp_path: Path) -> None:
    assert latest_sealed(tmp_path / "checkpoints") is None


@pytest.mark.parametrize("kind", [InputError, RunError])
def test_an_error_crosses_the_process_border_whole_and_once(tmp_path: Path, kind: type[TuneError]) -> None:
    path = tmp_path / "failure.json"
    problem = Problem("too long", "shorten it", path="text", file="train.jsonl", line=3)
    record_failure(path, kind("rows are too long", hint="look", problems=[problem]))
    found = take_failure(path)
    assert type(found) is kind
    assert (found.message, found.hint, found.problems) == ("rows are too long", "look", (problem,))
    assert take_failure(path) is None
