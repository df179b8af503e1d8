"""How a worker's error reaches the parent process whole: as ``failure.json`` in the version's folder."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from tasktune.errors import InputError, Problem, RunError, TuneError
from tasktune.workspace.files import read_json, write_json_atomically


def record_failure(path: Path, error: TuneError) -> None:
    """Write an error down."""
    problems = [asdict(problem) for problem in error.problems]
    data = {"message": error.message, "hint": error.hint, "problems": problems, "exit_code": error.exit_code}
    # Several processes of a training may fail of the same at once.
    own = path.with_name(f"{path.stem}-{os.getpid()}{path.suffix}")
    write_json_atomically(own, data)
    own.replace(path)


def take_failure(path: Path) -> TuneError | None:
    """The error that was written down, once."""
    if not path.exists():
        return None
    data = read_json(path)
    path.unlink()
    kind = InputError if data["exit_code"] == InputError.exit_code else RunError
    problems = [Problem(**problem) for problem in data["problems"]]
    return kind(data["message"], hint=data["hint"], problems=problems)
