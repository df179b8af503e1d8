"""A loaded task: its definition, its task type, and where both came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tasktune.definition.spec import TaskSpec
from tasktune.definition.tree import KeyPath, Node, place_of
from tasktune.errors import Problem
from tasktune.plugins import TaskType
from tasktune.types import TaskOptions

Split = Literal["train", "valid", "test"]
# A decimal point or a percent sign makes a score: bert_v1 and gpt-4 end in a number that is none.
_ENDS_IN_SCORE = re.compile(r"^(|.*?[^\d.])[\s_:=@-]*(0?\.[0-9]+|1\.0+|[0-9]{1,3}(?:\.[0-9]+)?%)$")


@dataclass(frozen=True)
class StatedBaseline:
    """What the definition says there is today: a name, and its score on the primary metric if one was given."""

    name: str
    score: float | None


@dataclass(frozen=True)
class Task:
    """A valid definition with its task type.

    ``options`` is the task type's own model. ``file`` is what was read; ``folder`` is what the data paths are
    relative to. ``source`` remembers where every key was written.
    """

    spec: TaskSpec
    plugin: TaskType
    options: TaskOptions
    file: Path
    folder: Path
    source: Node = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.spec.task_name

    @property
    def primary_metric(self) -> str:
        """The metric that decides whether the model is good enough."""
        return self.spec.success_criteria.primary_metric or self.plugin.info.primary_metric

    @property
    def threshold(self) -> float:
        """The least value of the primary metric that passes, between 0 and 1."""
        threshold = self.spec.success_criteria.threshold
        return self.plugin.info.suggested_threshold if threshold is None else threshold

    @property
    def baseline(self) -> StatedBaseline | None:
        """The stated baseline; ``rule_based_0.65`` is named rule_based and scores 0.65."""
        stated = self.spec.success_criteria.baseline
        if stated is None:
            return None
        if isinstance(stated, float):
            return StatedBaseline("baseline", stated)
        match = _ENDS_IN_SCORE.match(stated)
        if match:
            score = float(match[2][:-1]) / 100 if match[2].endswith("%") else float(match[2])
            if score <= 1:
                return StatedBaseline(match[1] or "baseline", score)
        return StatedBaseline(stated, None)

    def data_files(self, split: Split) -> list[Path]:
        """The files of a split. None for valid or test when it is to be split off the training rows: it is not
        named in the definition and ``data/<split>.jsonl`` is not there. Named files may not exist."""
        named = getattr(self.spec.data, split)
        if named is None:
            default = self.folder / "data" / f"{split}.jsonl"
            return [default] if default.is_file() else []
        return self._located(named)

    def pairs_files(self) -> list[Path]:
        """The files of pairs of answers; none when the definition names none. Named files may not exist."""
        return self._located(self.spec.data.pairs or ())

    def _located(self, named: Iterable[str]) -> list[Path]:
        return [self.folder / (Path(path).expanduser() if path.startswith("~/") else path) for path in named]

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """A problem with what the definition says at ``path``, such as ``("data", "train")``, with file and line."""
        return Node(None, place_of(self.source, path)).problem(message, hint)
