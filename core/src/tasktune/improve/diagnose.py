"""What can be wrong with a run of any task type, joined with what the task type itself finds."""

from __future__ import annotations

from tasktune.improve.diagnosing import (
    of_answers,
    of_classes,
    of_labels,
    of_learning_rate,
    of_prompts,
    of_rows,
    of_training,
)
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.order import ordered
from tasktune.improve.diagnosing.rule import Rule
from tasktune.types import Finding

RULES: tuple[Rule, ...] = (
    *of_learning_rate.RULES,
    *of_training.RULES,
    *of_classes.RULES,
    *of_rows.RULES,
    *of_labels.RULES,
    *of_prompts.RULES,
    *of_answers.RULES,
)
"""Every rule of core's, in the order in which `tune diagnose --rules` lists them. Task types add their findings."""


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """All findings, the gravest first. Rules whose evidence is not there find nothing."""
    found = [finding for rule in RULES for finding in rule.look(evidence)]
    answers = evidence.answers
    if answers is not None:
        found += evidence.task.plugin.diagnose(answers.rows, answers.metrics, evidence.context, evidence.task.options)
    return ordered(found)
