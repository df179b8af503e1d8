"""A new task before it is written: its task.yaml with the reasons in it, its goals in short, its overlays."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.base_models import BUILTIN, offered
from tasktune.coach.answers import nested
from tasktune.coach.look import Candidate, Sight
from tasktune.coach.questions import Asked
from tasktune.coach.rules import Recommendation, recommend
from tasktune.definition import load_task
from tasktune.definition.snapshot import dump_values
from tasktune.definition.spec import TaskSpec
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

# Tokens that a character takes at most, rounded up: the tokenizers of today's base models need about 0.7 for Chinese
# and 0.25 for English. And what a system prompt may take.
_TOKENS = {"zh-TW": 1.0, "zh-CN": 1.0, "ja": 1.0, "ko": 1.0}
_TOKENS_ELSE = 0.5
_PROMPT_TOKENS = 400
_QUICK = {"max_steps": 10, "warmup_ratio": 0.0}


@dataclass(frozen=True)
class Draft:
    """``text`` is task.yaml; ``overlays`` are the files of configs/ by name; ``values`` is task.yaml as plain data."""

    values: Mapping[str, Any]
    text: str
    overlays: Mapping[str, str]
    recommendations: tuple[Recommendation, ...]

    @property
    def summary(self) -> str:
        """The goal in short, as ``task_summary:``, which task.yaml takes as well."""
        wanted = {
            "name": self.values.get("task_name"),
            "type": self.values.get("task_type"),
            "domain": self.values.get("domain"),
            "goal": self.values.get("description"),
            "constraints": self.values.get("constraints"),
            "success_criteria": self.values.get("success_criteria"),
            "versioning": self.values.get("versioning"),
        }
        return dump_values({"task_summary": {name: value for name, value in wanted.items() if value}})


def draft(
    task_type: str,
    questions: Sequence[Asked],
    answers: Mapping[str, Any],
    sight: Sight | None,
    settled: Mapping[str, Any],
    chosen: Candidate | None = None,
) -> Draft:
    """The task that the answers describe. ``settled`` are dotted keys of task.yaml that the user sets himself;
    ``sight`` and ``chosen`` are what its rows show, if there are any."""
    preferences = chosen is not None and chosen.preferences
    advice = recommend(_facts(answers, sight, preferences=preferences), settled)
    values: dict[str, Any] = {"task_type": task_type}
    for question in questions:
        if question.path is not None and question.id in answers:
            values[question.path] = answers[question.id]
    limits = _constraints(answers, sight)
    if limits:
        values["constraints"] = limits
    if chosen is not None and chosen.group_by is not None:
        values["data.split.group_by"] = chosen.group_by
    for each in advice:
        values |= each.values
    values |= settled
    tree = nested(values)
    ordered = {name: tree.pop(name) for name in TaskSpec.model_fields if name in tree}
    # A key that task.yaml does not know is for its reader to refuse.
    ordered |= tree
    return Draft(ordered, _text(ordered, advice), _overlays(advice), advice)


def checked(made: Draft, folder: Path) -> Task:
    """The task as it will be read in ``folder``, which need not be there.

    :raises InputError: with every problem of its definition.
    """
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "task.yaml"
        file.write_text(made.text, "utf-8")
        try:
            return load_task(file, folder=folder)
        except InputError as error:
            problems = [replace(problem, file=None, line=None) for problem in error.problems]
            raise InputError(_("these answers make no valid task.yaml"), problems=problems) from error


def name_from(text: str) -> str | None:
    """A task's name made of another, such as a file's: lower-case English letters, digits and hyphens."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name[:60].strip("-") or None


def _facts(answers: Mapping[str, Any], sight: Sight | None, *, preferences: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {name: value for name, value in answers.items() if isinstance(value, (str, int, float))}
    facts["preferences"] = "yes" if preferences else "no"
    if sight is not None:
        per_character = _TOKENS.get(sight.language or "", _TOKENS_ELSE)
        facts["longest"] = sight.longest
        facts["longest_tokens"] = round(sight.longest * per_character) + _PROMPT_TOKENS
        facts["imbalance"] = sight.imbalance
        facts["smallest_class"] = min(sight.classes.values(), default=None)
    return facts


def _constraints(answers: Mapping[str, Any], sight: Sight | None) -> list[str]:
    rows = f"{answers.get('rows', 0):,}"
    lines = [_("data: {rows} labelled rows", rows=rows)]
    if answers.get("compute") == "none":
        lines.append(_("GPU: none yet"))
    elif "gpu_memory" in answers:
        place = _("a server") if answers.get("compute") == "remote" else _("this machine")
        lines.append(_("GPU: {memory} GB, {place}", memory=answers["gpu_memory"], place=place))
    if answers.get("schedule"):
        lines.append(_("schedule: {schedule}", schedule=answers["schedule"]))
    return lines


def _text(values: Mapping[str, Any], advice: Sequence[Recommendation]) -> str:
    """task.yaml section by section, the reasons for what was recommended above the section that it stands in."""
    blocks = [f"# {_('Made by tune init. What each key means: tune schema, and docs/task-yaml.md of tasktune.')}\n"]
    for name, value in values.items():
        reasons = [
            f"# {', '.join(key.removeprefix(name + '.') for key in keys)}: {each.because}\n"
            for each in advice
            if (keys := [key for key in each.values if key.split(".")[0] == name])
        ]
        apart = "\n" if isinstance(value, Mapping) or reasons else ""
        blocks.append(apart + "".join(reasons) + dump_values({name: value}))
    return "".join(blocks)


def _overlays(advice: Sequence[Recommendation]) -> dict[str, str]:
    made = {"quick": _quick()}
    for each in advice:
        if each.overlay is not None:
            about = f"# {each.because}\n# tune run --config {each.overlay.name}\n"
            made[each.overlay.name] = about + dump_values(nested(each.overlay.values))
    return made


def _quick() -> str:
    """A first look in a few steps: with the smallest base that is installed, which takes no download and no GPU."""
    about = [_("A first look: a few steps, to see that data and settings are right. Its scores mean nothing.")]
    quick: dict[str, Any] = {"training": _QUICK}
    built_in = next(iter(offered()), None)
    if built_in is not None:
        about.append(_("The base is a tiny built-in one; rows that are too long for it are left out."))
        quick = {
            "data": {"over_length": "drop"},
            "training": {"base_model": BUILTIN + built_in, "tuning": "full", "batch_size": 8, **_QUICK},
        }
    return "".join(f"# {line}\n" for line in (*about, "tune run --config quick")) + dump_values(quick)
