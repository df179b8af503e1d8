"""What the rules may look at: of an evaluation, of the training, of the rows; None where there is none of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.intervals import Intervals
from tasktune.evaluation.wording import Wording
from tasktune.improve.diagnosing.rows import RowFacts
from tasktune.locale import current_language
from tasktune.training.audit import Audit
from tasktune.training.hints import Hint
from tasktune.types import Metrics, RunContext, Scored

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.definition.training import TrainingSpec

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Answers:
    """The scored rows of an evaluation and what was made of them.

    ``rivals`` are other methods' scores on the headline metric, by name; ``within`` the metrics' confidence intervals;
    ``decoding`` how answers were generated (free or constrained).
    """

    rows: Sequence[Scored]
    metrics: Metrics
    verdict: Verdict
    rivals: Mapping[str, float]
    decoding: str = "free"
    within: Intervals | None = None
    split: str = "test"

    @cached_property
    def unparsed(self) -> list[Scored]:
        """The rows whose answer cannot be read."""
        return [row for row in self.rows if not row.answer.parsed]


@dataclass(frozen=True)
class TrainingLog:
    """What a training wrote down: figures as (step, value), what it planned, and whether it came to its end.

    Figures of an unfinished training are those of its events, of which there are fewer. ``broken`` is the message of a
    loss or gradient that was no number, with which it ended. ``keeps_best``: the weights are the best evaluation's.
    """

    loss: Curve
    eval_loss: Curve = ()
    steps: int = 0
    planned: int | None = None
    hints: tuple[Hint, ...] = ()
    ended: bool = True
    keeps_best: bool = False
    broken: str | None = None

    @cached_property
    def first(self) -> float | None:
        """The loss of the first logged step, before anything has been learnt; None without one that is a number."""
        return next((loss for _step, loss in self.loss if math.isfinite(loss)), None)

    @cached_property
    def last(self) -> float | None:
        """The mean loss of the last fifth of the logged steps."""
        return self.part(4)

    def part(self, number: int, of: int = 5) -> float | None:
        """The mean loss of one of so many equal parts of the logged steps; None with too few of them."""
        values = self.values(number, of)
        return fmean(values) if values else None

    def values(self, number: int, of: int = 5) -> list[float]:
        """The losses of such a part that are numbers."""
        size = len(self.loss) / of
        if size < 1:
            return []
        part = self.loss[round(number * size) : round((number + 1) * size)]
        return [loss for _step, loss in part if math.isfinite(loss)]


@dataclass(frozen=True)
class PromptFacts:
    """Whether rows are asked as they were in training.

    Of ``looked_at`` rows the ids of those ``changed``, and the first such prompt ``before`` (in training) and ``after``
    (now).
    """

    looked_at: int
    changed: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class NoiseFacts:
    """What a search for wrong labels left behind: of ``rows`` it suspects those of these ids, the worst first; with the
    label that each has and the one that is more probable."""

    rows: int
    suspects: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Traces:
    """What a version's training and its rows left behind; ``max_new_tokens`` is where its answers are cut off."""

    training: TrainingLog | None = None
    rows: RowFacts | None = None
    audit: Audit | None = None
    prompts: PromptFacts | None = None
    max_new_tokens: int | None = None
    noise: NoiseFacts | None = None


@dataclass(frozen=True)
class Evidence:
    """All that is known of a run."""

    task: Task
    context: RunContext
    answers: Answers | None = None
    traces: Traces = field(default_factory=Traces)

    @property
    def training(self) -> TrainingLog | None:
        """How training went."""
        return self.traces.training

    @property
    def rows(self) -> RowFacts | None:
        """What the version's rows tell."""
        return self.traces.rows

    @property
    def audit(self) -> Audit | None:
        """The rows and tokens that were trained on."""
        return self.traces.audit

    @property
    def prompts(self) -> PromptFacts | None:
        """Whether the prompts are those of training."""
        return self.traces.prompts

    @property
    def spec(self) -> TrainingSpec:
        """The section ``training`` of the definition."""
        return self.task.spec.training

    @property
    def missed(self) -> bool:
        """Whether the target is known to be missed."""
        return self.answers is not None and not self.answers.verdict.met

    @property
    def gap(self) -> float:
        """How far the score is below its target; 0 where it is not."""
        return 0.0 if self.answers is None else max(0.0, self.answers.verdict.threshold - self.answers.verdict.value)

    @property
    def epochs(self) -> float | None:
        """How often training saw every row; None if unknown."""
        log, rows = self.training, self.context.train_rows
        if log is None or not rows:
            return None
        # The last step of an epoch takes the rows that are left.
        return log.steps / -(-rows // self.rows_per_step)

    @property
    def rows_per_step(self) -> int:
        """How many rows an optimizer step sees."""
        return self.spec.batch_size * self.spec.gradient_accumulation * self.task.spec.execution.together

    @cached_property
    def wording(self) -> Wording:
        """How metrics are called in the process's language."""
        return Wording(current_language(), self.task.plugin.info.metrics)
