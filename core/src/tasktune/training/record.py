"""``training.json``: how a version's training went. Where it is, the training is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tasktune.training.hints import Hint
from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically


class Kept(Value):
    """Which weights the version has: those of ``step``; of the best evaluation, with the figure that says so."""

    step: int
    by: Literal["last", "best"] = "last"
    figure: str | None = None
    value: float | None = None


class TrainingRecord(Value):
    """What is kept of a training.

    ``steps`` were made of the ``planned`` ones; ``history`` holds the logged figures, those of training (``loss``,
    ``grad_norm``, ``learning_rate``, …) and of evaluations (``eval_loss``, …), each with its ``step``. ``watched`` is
    the name of the figure that evaluations were compared by. ``backend`` trained it, for the ``backend_reason``, in
    words. ``trained_in`` is the version whose model was taken over.
    """

    steps: int
    history: tuple[Mapping[str, Any], ...]
    planned: int | None = None
    watched: str = "eval_loss"
    kept: Kept | None = None
    hints: tuple[Hint, ...] = ()
    backend: str | None = None
    backend_reason: str | None = None
    trained_in: str | None = None

    @property
    def stopped_early(self) -> bool:
        """Whether evaluations that were no better ended it."""
        return self.planned is not None and self.steps < self.planned

    @property
    def loss_curve(self) -> tuple[tuple[int, float], ...]:
        """The training loss as (step, nats per token)."""
        return self.curve("loss")

    def curve(self, name: str) -> tuple[tuple[int, float], ...]:
        """One figure of the history as (step, value)."""
        return tuple((int(entry["step"]), float(entry[name])) for entry in self.history if entry.get(name) is not None)


def write_record(path: Path, record: TrainingRecord) -> None:
    """Keep the record."""
    write_json_atomically(path, record.model_dump(mode="json", exclude_none=True))


def read_record(path: Path) -> TrainingRecord:
    """The record of a trained version."""
    return TrainingRecord.model_validate(read_json(path))
