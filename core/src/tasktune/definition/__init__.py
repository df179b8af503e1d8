"""task.yaml: what it may say, in every accepted spelling, and how it is read."""

from __future__ import annotations

from tasktune.definition.load import definition_file, load_task
from tasktune.definition.snapshot import dump_task, fingerprint
from tasktune.definition.spec import (
    DataSpec,
    EvaluationSpec,
    ExecutionSpec,
    GenerateSpec,
    HubSpec,
    SplitSpec,
    SuccessCriteria,
    TaskSpec,
    VersioningSpec,
)
from tasktune.definition.task import Split, StatedBaseline, Task
from tasktune.definition.training import LoraSpec, TrainingSpec
from tasktune.definition.unsupported import limits, notices, refuse_unsupported

__all__ = [
    "DataSpec",
    "EvaluationSpec",
    "ExecutionSpec",
    "GenerateSpec",
    "HubSpec",
    "LoraSpec",
    "Split",
    "SplitSpec",
    "StatedBaseline",
    "SuccessCriteria",
    "Task",
    "TaskSpec",
    "TrainingSpec",
    "VersioningSpec",
    "definition_file",
    "dump_task",
    "fingerprint",
    "limits",
    "load_task",
    "notices",
    "refuse_unsupported",
]
