"""``report.md``: what a run reached, where it fails, and what to do next, in Traditional Chinese or English.

The shape is that of requirements/create-mode.md, phase 5. Everything that comes from data or a model is escaped.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasktune.evaluation.decoding_section import decoding_table
from tasktune.evaluation.engine_section import engine_section
from tasktune.evaluation.markdown import as_text, escape, shorten
from tasktune.evaluation.noise_section import noise_section
from tasktune.evaluation.predictions import Prediction
from tasktune.evaluation.report_tables import (
    baselines_table,
    classes_table,
    confusion_table,
    error_groups_table,
    mistakes_table,
    parts_table,
    scores_table,
    slices_table,
)
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.training_section import training_section
from tasktune.evaluation.trust_section import sure_mistakes, trust_section
from tasktune.evaluation.wording import Wording
from tasktune.locale import nearest_language
from tasktune.types import Action, Finding, Severity, Value

if TYPE_CHECKING:
    from tasktune.data.noise import LabelNoise
    from tasktune.definition import Task
    from tasktune.training.record import TrainingRecord

MOST_MISTAKES = 5
MOST_IDS = 5
_KINDS_COUNTED = 10_000
"""Different mistakes that are told apart; more, as free text has, would only fill memory."""
_MARKS: Mapping[Severity, str] = {"error": "❌", "warning": "⚠️", "info": "ℹ️"}
_ADAPTERS = {"lora": "LoRA", "dora": "DoRA", "qlora": "QLoRA"}
_EFFORTS = {"low": "low effort", "medium": "medium effort", "high": "high effort"}


class RunFacts(Value):
    """What a report says of the run besides its scores.

    ``rows`` counts the rows of each split; ``trained_in`` is the version whose model this one has taken over;
    ``backend`` is the library that trained it, and why that one.
    """

    version: str
    date: datetime.date
    rows: Mapping[str, int] = {}
    trained_in: str | None = None
    backend: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report in Markdown: its heading, in the report's language, and what stands under it.

    ``key`` is the heading in English, by which a part is found. The first part's heading is the report's title.
    """

    key: str
    heading: str
    body: str


def as_markdown(sections: Sequence[Section]) -> str:
    """The parts as one Markdown document."""
    marks = ["#", *("##" for _section in sections[1:])]
    return (
        "\n\n".join(f"{mark} {each.heading}\n\n{each.body}" for mark, each in zip(marks, sections, strict=True)) + "\n"
    )


def report_wording(task: Task, language: str | None) -> Wording:
    """The report's words: ``language`` is by default the task's."""
    info = task.plugin.info
    return Wording(nearest_language(language or task.spec.language), info.metrics, info.mistakes, info.parts)


def report_sections(
    evaluation: Evaluation,
    task: Task,
    facts: RunFacts,
    predictions: Iterable[Prediction] = (),
    *,
    language: str | None = None,
    data_figures: Sequence[str] = (),
    training: TrainingRecord | None = None,
    noise: LabelNoise | None = None,
) -> list[Section]:
    """The parts of the report that have something to say.

    ``language`` is by default the task's. ``predictions`` are read once, for examples of mistakes. ``data_figures`` are
    paths relative to the report.
    """
    wording = report_wording(task, language)
    name = escape(evaluation.task_name)
    return [
        Section("", wording.say("{task} evaluation report", task=name), _facts(evaluation, task, facts, wording)),
        *_section("Overall", scores_table(evaluation, wording), wording),
        *_section("Engine", engine_section(evaluation, wording), wording),
        *_section("Free and constrained decoding", decoding_table(evaluation, wording), wording),
        *_section("Against baselines", baselines_table(evaluation, wording), wording),
        *_section("Per class", classes_table(evaluation, wording), wording),
        *_section("Confusion matrix", confusion_table(evaluation, wording), wording),
        *_section(
            "Distribution of the data",
            "\n\n".join(_figure(path, "Distribution of the data", wording) for path in data_figures),
            wording,
        ),
        *_section("Training curve", training_section(training, wording) if training else "", wording),
        *_section("Kinds of mistakes", error_groups_table(evaluation, wording), wording),
        *_section("Slices of the rows", slices_table(evaluation, wording), wording),
        *_section("Parts of the answers", parts_table(evaluation, wording), wording),
        *_section("Probabilities of the answers", trust_section(evaluation, wording), wording),
        *_section("Most confident mistakes", sure_mistakes(evaluation, wording), wording),
        *_section("Labels that are probably wrong", noise_section(noise, wording), wording),
        *_section("Diagnosis", _findings(evaluation.findings, wording), wording),
        *_section("Typical mistakes", mistakes_table(typical_mistakes(predictions), wording), wording),
        *_section("Decision", _decision(evaluation, wording), wording),
    ]


def typical_mistakes(predictions: Iterable[Prediction], count: int = MOST_MISTAKES) -> list[Prediction]:
    """One wrong prediction of each of the commonest kinds. A kind is a pair of right and given answer."""
    firsts: dict[str, Prediction] = {}
    seen: Counter[str] = Counter()
    for prediction in predictions:
        if prediction.correct is not False:
            continue
        given = as_text(prediction.answer.value) if prediction.answer.parsed else None
        kind = json.dumps([as_text(prediction.target), given])
        if kind in firsts or len(firsts) < _KINDS_COUNTED:
            firsts.setdefault(kind, prediction)
            seen[kind] += 1
    return [firsts[kind] for kind, _count in seen.most_common(count)]


def _section(title: str, body: str, wording: Wording) -> Iterator[Section]:
    """A part under a heading, or nothing when there is nothing to say."""
    if body:
        yield Section(title, wording.say(title), body)


def _facts(evaluation: Evaluation, task: Task, facts: RunFacts, wording: Wording) -> str:
    training, say = task.spec.training, wording.say
    adapter = _ADAPTERS.get(training.tuning)
    tuning = f"{adapter} r={training.lora.r}" if adapter else say("full fine-tuning")
    counts = evaluation.counts
    rows = wording.list(f"{split} {number:,}" for split, number in facts.rows.items())
    scored = say("{scored} rows of {split}", scored=f"{counts.scored:,}", split=evaluation.split)
    if counts.unlabelled:
        scored += say(", {unlabelled} without a target passed over", unlabelled=f"{counts.unlabelled:,}")
    stated = evaluation.stated_baseline
    lines = {
        "Base model": training.base_model + (f" @ {training.revision}" if training.revision else ""),
        "Training": f"{training.method.upper()}, {tuning}" + _taken_over(facts, wording),
        "Trained with": facts.backend,
        "Version": facts.version,
        "Date": facts.date.isoformat(),
        "Data": rows,
        "Scored": scored,
        "Correct to the letter": f"{counts.correct:,} / {counts.scored:,}",
        "Unreadable answers": f"{counts.unparsed:,} / {counts.scored:,}",
        "Out-of-set answers": "" if counts.out_of_set is None else f"{counts.out_of_set:,} / {counts.scored:,}",
        "Engine": evaluation.engine.title if evaluation.engine is not None else "",
        "Decoding": say("constrained" if evaluation.decoding == "constrained" else evaluation.decoding),
        "Earlier method": stated.name if stated is not None and stated.score is None else "",
    }
    colon = "：" if wording.language == "zh-TW" else ": "
    return "\n".join(f"- {say(title)}{colon}{escape(text)}" for title, text in lines.items() if text)


def _taken_over(facts: RunFacts, wording: Wording) -> str:
    if facts.trained_in is None:
        return ""
    return wording.say(" (the model is that of {version})", version=facts.trained_in)


def _figure(path: str, title: str, wording: Wording) -> str:
    return f"![{wording.say(title)}]({path})"


def _findings(findings: Iterable[Finding], wording: Wording) -> str:
    lines = [line for finding in findings for line in _finding(finding, wording)]
    return "\n".join(lines) or wording.say("Nothing to remark.")


def _finding(finding: Finding, wording: Wording) -> Iterator[str]:
    say = wording.say
    yield f"- {_MARKS[finding.severity]} **{say(finding.severity)}** {escape(finding.message)}"
    if finding.record_ids:
        ids = wording.list(escape(record_id) for record_id in finding.record_ids[:MOST_IDS])
        more = "…" if len(finding.record_ids) > MOST_IDS else ""
        yield "  - " + say("for example {ids}", ids=ids + more)
    for action in finding.actions:
        yield "  - " + _action(action, wording)
    if finding.reference:
        yield "  - " + say("see {reference}", reference=escape(finding.reference))


def _action(action: Action, wording: Wording) -> str:
    return wording.say(
        "what to do: {action} (expected: {effect}; {effort})",
        action=escape(action.title) + _patch(action, wording),
        effect=escape(action.expected_effect),
        effort=wording.say(_EFFORTS[action.effort]),
    )


def _patch(action: Action, wording: Wording) -> str:
    if not action.patch:
        return ""
    changes = (f"{path}: {as_text(value)}" for path, value in action.patch.items())
    return wording.say(", in task.yaml {changes}", changes=wording.list(escape(shorten(text)) for text in changes))


def _decision(evaluation: Evaluation, wording: Wording) -> str:
    say = wording.say
    if evaluation.met:
        return "✅ " + say("Target met: go on to deployment")
    missed = wording.list(
        say(
            "{metric} {value}, target {target}, {gap} short",
            metric=escape(wording.title(verdict.metric)),
            value=wording.judged(verdict),
            target=wording.target(verdict),
            gap=wording.gap(verdict),
        )
        for verdict in evaluation.criteria
        if not verdict.met
    )
    first = next((action for finding in evaluation.findings for action in finding.actions), None)
    if first is None:
        step = say("go through the mistakes above, improve the data, and train the next version")
    else:
        step = say(
            "{action}, then train the next version with tune run", action=escape(first.title) + _patch(first, wording)
        )
    return "❌ " + say("Target missed: {missed}", missed=missed) + "\n\n" + say("Next step: {step}", step=step)
