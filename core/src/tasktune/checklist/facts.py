"""What the checklist is told by: the definition, a check of the data, and the newest trained version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.check import CheckReport
from tasktune.data.checking.findings import DataFinding
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.score import Evaluation
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.decisions import adopted_name
from tasktune.workspace.files import read_json
from tasktune.workspace.versions import Version, versions

if TYPE_CHECKING:
    from tasktune.definition import Task

State = Literal["done", "open", "unknown", "not_needed"]


class Verdict(Value):
    """Whether an item is done, and what says so. ``unknown``: it was not, or cannot be, verified."""

    state: State
    evidence: str


@dataclass(frozen=True)
class Facts:
    """Everything that verdicts rest on."""

    task: Task
    report: CheckReport

    def finding(self, code: str) -> DataFinding | None:
        """The data's finding of that code, if there is one."""
        return next((finding for finding in self.report.findings if finding.code == code), None)

    @cached_property
    def versions(self) -> list[Version]:
        return versions(self.task.folder)

    @cached_property
    def adopted(self) -> str | None:
        """The name of the adopted version."""
        return adopted_name(self.task.folder)

    @cached_property
    def trained(self) -> Version | None:
        """The newest version that was trained to its end."""
        return next((version for version in reversed(self.versions) if version.training.exists()), None)

    @cached_property
    def losses(self) -> Mapping[str, list[float]]:
        """The training and validation losses of that version, in order of steps."""
        if self.trained is None:
            return {}
        history: list[dict[str, Any]] = read_json(self.trained.training)["history"]
        return {
            name: [float(entry[name]) for entry in history if entry.get(name) is not None]
            for name in ("loss", "eval_loss")
        }

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """The evaluation of that version on test."""
        if self.trained is None or not (self.trained.evaluation / "metrics.json").exists():
            return None
        return read_evaluation(self.trained)


def done(evidence: str) -> Verdict:
    return Verdict(state="done", evidence=evidence)


def not_yet(evidence: str) -> Verdict:
    return Verdict(state="open", evidence=evidence)


def unknown(evidence: str) -> Verdict:
    return Verdict(state="unknown", evidence=evidence)


def not_needed(evidence: str) -> Verdict:
    return Verdict(state="not_needed", evidence=evidence)


def either(holds: bool, evidence: str) -> Verdict:
    """Done or open, on the same evidence."""
    return done(evidence) if holds else not_yet(evidence)


def after_training(facts: Facts) -> Verdict | None:
    """The verdict on what only a trained version can tell, when there is none."""
    return unknown(_("no version is trained yet")) if facts.trained is None else None


def falls(losses: list[float]) -> bool:
    """Whether the last quarter of losses is lower on average than the first."""
    part = max(1, len(losses) // 4)
    return math.fsum(losses[-part:]) < math.fsum(losses[:part])
