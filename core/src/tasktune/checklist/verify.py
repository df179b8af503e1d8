"""The checklist with a verdict on every item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tasktune.checklist import definition, rows, runs
from tasktune.checklist.facts import Facts, State, Verdict, unknown
from tasktune.data.check import check
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.types import Value

if TYPE_CHECKING:
    from tasktune.definition import Task

ITEMS = Path(__file__).with_name("items.yaml")
Verify = Callable[[Facts], Verdict]
CHECKS: Mapping[str, Verify] = {
    **{
        function.__name__: function
        for function in (
            definition.task_name,
            definition.task_type,
            definition.input_format,
            definition.output_format,
            definition.labels,
            definition.primary_metric,
            definition.threshold,
            definition.other_metrics,
            definition.amount,
            definition.gpu,
            definition.base_model,
            definition.base_model_here,
            definition.project_made,
            definition.folders,
            definition.readme,
            definition.configs,
            definition.parameters,
            definition.scripts,
            definition.packages,
            definition.learning_rate,
            definition.epochs,
            rows.raw_data,
            rows.jsonl,
            rows.all_classes,
            rows.validated,
            rows.readable,
            rows.fields,
            rows.label_values,
            rows.distribution,
            rows.class_counts,
            rows.balance,
            rows.oversampled,
            rows.chat_files,
            rows.chats,
            rows.split,
            rows.chat_train,
            rows.chat_valid,
            rows.test_file,
            rows.no_leak,
            runs.trained,
            runs.loss_falls,
            runs.eval_loss,
            runs.loss_finite,
            runs.evaluated,
            runs.decoding,
            runs.criteria_met,
            runs.per_class,
            runs.confusion,
            runs.mistakes,
            runs.report,
            runs.metrics_file,
            runs.nothing_to_improve,
            runs.versions_kept,
        )
    },
    "hub_token": definition.token,
}
"""How each item is verified, by the name that ``items.yaml`` has for it."""


class Item(Value):
    """One line of the checklist. ``state`` is open, done, not_needed, or unknown when nothing here can tell."""

    text: str
    state: State
    evidence: str


class Section(Value):
    """Items under one heading."""

    title: str
    items: tuple[Item, ...]


class Phase(Value):
    """One phase of the work, and the files that it makes."""

    title: str
    makes: str
    sections: tuple[Section, ...]


class Checklist(Value):
    """The whole list, and how many of its items are in each state."""

    task: str
    phases: tuple[Phase, ...]
    counts: Mapping[State, int]


def checklist(task: Task) -> Checklist:
    """Verify every item of the checklist; every row of the data is read."""
    facts = Facts(task, check(task))
    language = current_language()
    phases = tuple(
        Phase(
            title=phase["title"][language],
            makes=phase["makes"],
            sections=tuple(
                Section(
                    title=section["title"][language],
                    items=tuple(_item(item, facts, language) for item in section["items"]),
                )
                for section in phase["sections"]
            ),
        )
        for phase in yaml.safe_load(ITEMS.read_text("utf-8"))
    )
    counts = Counter(item.state for phase in phases for section in phase.sections for item in section.items)
    states: tuple[State, ...] = ("done", "open", "not_needed", "unknown")
    return Checklist(task=task.name, phases=phases, counts={state: counts[state] for state in states})


def _item(item: Mapping[str, Any], facts: Facts, language: str) -> Item:
    if "check" in item:
        verdict = CHECKS[item["check"]](facts)
    else:
        verdict = unknown(
            {"judgement": _("for a person to judge"), "later": _("no command verifies it yet")}[item["why"]]
        )
    return Item(text=item[language], state=verdict.state, evidence=verdict.evidence)
