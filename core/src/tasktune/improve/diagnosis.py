"""What is wrong with a version, as far as it has come, judged by the criteria of today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tasktune.definition.load import load_task
from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.outputs import read_evaluation
from tasktune.evaluation.predictions import FILE_NAME
from tasktune.improve.diagnose import diagnose
from tasktune.improve.diagnosing.version import evidence_of
from tasktune.locale import translate as _
from tasktune.types import Finding, Value
from tasktune.workspace.standing import verdict_of
from tasktune.workspace.versions import Version, versions

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.score import Evaluation

Progress = Literal["begun", "trained", "evaluated"]


class Diagnosis(Value):
    """The findings on a version, the gravest first; ``verdict`` is None before it is evaluated."""

    task: str
    version: str
    progress: Progress
    verdict: Verdict | None
    findings: tuple[Finding, ...]

    @property
    def grave(self) -> bool:
        """Whether a finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)


def newest(task: Task) -> Version:
    """The newest version of a task, finished or not.

    :raises InputError: there is none.
    """
    made = versions(task.folder)
    if not made:
        raise InputError(_("{folder} has no version yet", folder=task.folder), hint=_("train one with tune run"))
    return made[-1]


def diagnosis_of(task: Task, version: Version) -> Diagnosis:
    """Look at what a version left behind. ``task`` is the definition of today, whose criteria count.

    The version's own definition says how it was trained and asked; nothing is written.

    :raises InputError: the version's definition or its evaluation is damaged.
    """
    made = load_task(version.definition, folder=task.folder)
    evaluation, verdict = _evaluated(task, version)
    found = diagnose(evidence_of(made, version, evaluation, verdict))
    progress: Progress = "trained" if version.has_done("train") else "begun"
    return Diagnosis(
        task=task.name,
        version=version.name,
        progress=progress if evaluation is None else "evaluated",
        verdict=verdict,
        findings=found,
    )


def _evaluated(task: Task, version: Version) -> tuple[Evaluation | None, Verdict | None]:
    # Only scored answers tell something: an evaluation may be under way.
    if not all((version.evaluation / name).exists() for name in (FILE_NAME, "metrics.json")):
        return None, None
    evaluation = read_evaluation(version)
    # Where today's metric was not measured then, its own verdict is what there is.
    return evaluation, verdict_of(task, version) or evaluation.headline
