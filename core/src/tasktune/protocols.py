"""The same contract for static checkers: ``plugin: TaskTypePlugin = tasktune_ner.plugin`` type-checks a module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tasktune.sums import SampledMetrics, Sums
from tasktune.types import (
    Answer,
    Baseline,
    ClassSpan,
    Deployment,
    DeployRequest,
    Finding,
    Metrics,
    Mistake,
    Part,
    PluginInfo,
    Prompt,
    Proposal,
    Record,
    Remark,
    RunContext,
    Scored,
    TaskTypeInfo,
)


class TaskTypePlugin(Protocol):
    """The hooks that a task type must implement."""

    def plugin_info(self) -> TaskTypeInfo: ...

    def build_prompt(self, record: Record, options: Any) -> Prompt: ...

    def parse_output(self, text: str, record: Record, options: Any) -> Answer: ...

    def compute_metrics(self, rows: Sequence[Scored], options: Any) -> Metrics: ...


class CompleteTaskTypePlugin(TaskTypePlugin, Protocol):
    """A task type that implements the optional hooks as well."""

    def read_record(self, row: Mapping[str, Any], record_id: str, options: Any) -> Record: ...

    def propose(self, rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal: ...

    def target_classes(self, record: Record, options: Any) -> Sequence[str]: ...

    def remarks(self, record: Record, options: Any) -> Sequence[Remark]: ...

    def class_spans(self, completion: str, record: Record, options: Any) -> Sequence[ClassSpan]: ...

    def answer_grammar(self, record: Record, options: Any) -> str: ...

    def unknown_classes(self, row: Scored, options: Any) -> Sequence[str]: ...

    def row_statistics(self, row: Scored, options: Any) -> Mapping[str, float]: ...

    def metrics_of_sums(self, sums: Sums, options: Any) -> SampledMetrics: ...

    def mistakes(self, row: Scored, options: Any) -> Sequence[Mistake]: ...

    def parts(self, rows: Sequence[Scored], train: Sequence[Record], options: Any) -> Sequence[Part]: ...

    def baselines(self, train: Sequence[Record], test: Sequence[Record], options: Any) -> Sequence[Baseline]: ...

    def diagnose(
        self, rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: Any
    ) -> list[Finding]: ...


class DeployPlugin(Protocol):
    """The hooks that a deployer must implement."""

    def plugin_info(self) -> PluginInfo: ...

    def deploy(self, request: DeployRequest, options: Any) -> Deployment: ...
