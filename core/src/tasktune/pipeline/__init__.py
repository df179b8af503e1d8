"""A run of a task from check to report, and the evaluation of a version again."""

from __future__ import annotations

from tasktune.pipeline.stages import STAGES, RunResult, Stage, evaluate, run

__all__ = ["STAGES", "RunResult", "Stage", "evaluate", "run"]
