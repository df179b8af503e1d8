"""The files of a new project apart from its data: README, task.yaml, overlays, scripts, guides and cards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from tasktune.definition.snapshot import dump_values
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.markdown import escape
from tasktune.evaluation.wording import Wording
from tasktune.locale import current_language, spoken
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.guides import Guide, guide

if TYPE_CHECKING:
    from tasktune.definition import Task

TEMPLATES = Path(__file__).parent / "templates"
CARDS = {
    "adapter": ("peft", ""),
    "gguf": ("gguf", "-gguf"),
    "vllm": ("transformers", "-vllm"),
    "dataset": (None, "-data"),
}
"""Each card's library on the Hub, and what its repository's name ends in."""


class Reason(Value):
    """Why keys of task.yaml are set as they are."""

    keys: str
    because: str


class Plan(Value):
    """What a project is made of besides its task: the texts of task.yaml and of its overlays, reasons and advice."""

    definition: str
    overlays: Mapping[str, str]
    reasons: tuple[Reason, ...] = ()
    advice: tuple[str, ...] = ()
    today: str | None = None
    rows: Mapping[str, int] = {}


def project_files(task: Task, plan: Plan) -> dict[str, str]:
    """Every file by its path in the task's folder, in the language that messages are in.

    The task's rows are read from where its definition says, if they are there.
    """
    facts = _facts(task, plan, guide(task))
    files = {"task.yaml": plan.definition}
    files |= {f"configs/{name}.yaml": text for name, text in plan.overlays.items()}
    files |= _scripts()
    for name in ("README.md", "docs/annotation-guide.md", "docs/integration-guide.md"):
        files[name] = _render(f"{current_language()}/{name}.j2", facts)
    for card, (library, ending) in CARDS.items():
        about = {"front": _front(task, library), "repo": _repository(task, ending)}
        files[f"hf_cards/{card}_card.md"] = _render(f"{current_language()}/hf_cards/{card}_card.md.j2", facts | about)
    # Where rows belong is there to be seen before there are any.
    if not plan.rows:
        files["data/raw/.gitkeep"] = ""
    return files


def _facts(task: Task, plan: Plan, guide: Guide) -> dict[str, Any]:
    spec, info = task.spec, task.plugin.info
    wording = Wording(current_language(), info.metrics)
    verdict = Verdict.on(task.primary_metric, 0.0, task.threshold)
    prompt = guide.prompt
    return {
        "name": task.name,
        "goal": spec.description or task.name,
        "task_type": spec.task_type,
        "type_title": spoken(info.title) if info.title else info.summary,
        "domain": spec.domain,
        "language": spec.language,
        "input_description": spec.input_description,
        "metric": task.primary_metric,
        "metric_title": wording.title(task.primary_metric),
        "target": wording.target(verdict),
        "baseline": spec.success_criteria.baseline,
        "base_model": spec.training.base_model,
        "today": plan.today,
        "rows": plan.rows,
        "overlays": list(plan.overlays),
        "reasons": plan.reasons,
        "advice": plan.advice,
        "fields": guide.fields,
        "target_field": info.target_field,
        "example": guide.row,
        "classes": guide.classes,
        "answers": guide.answers,
        "messages": () if prompt is None else prompt.messages,
        "choices": None if prompt is None else prompt.choices,
        "completion": None if prompt is None else prompt.completion,
        "answer_schema": None if prompt is None or prompt.answer_schema is None else _json(prompt.answer_schema),
        "text_argument": _text_argument(guide.fields),
    }


def _text_argument(fields: Sequence[str]) -> str:
    """How ``tune predict`` is given one row on the command line."""
    main = "text" if "text" in fields else fields[-1]
    return " ".join(['"…"', *(f'--field {name}="…"' for name in fields if name != main)])


def _scripts() -> dict[str, str]:
    steps = {
        "01_validate_data": (
            ["check"],
            _("Check the definition and every row: the options are those of `tune check`."),
        ),
        "02_convert_format": (
            ["data", "convert"],
            _("Write the rows as chats to data/chat_format: the options are those of `tune data convert`."),
        ),
        "03_train": (["train"], _("Prepare the data and train: the options are those of `tune train`.")),
        "04_evaluate": (["evaluate"], _("Evaluate the newest version: the options are those of `tune evaluate`.")),
    }
    files = {
        f"scripts/{name}.py": _render(
            "scripts/step.py.j2", {"about": about, "words": ", ".join(f'"{word}"' for word in words)}
        )
        for name, (words, about) in steps.items()
    }
    about = {
        "about": _("All steps in one go; the options are those of `tune run`. It ends with its exit code."),
        "remote": _("on the server of execution:, or a plain refusal while tasktune cannot"),
        "stages": _("Prepares, trains, evaluates and reports: 03 and 04 in one, going on where it stopped."),
    }
    return {**files, "scripts/run_pipeline.sh": _render("scripts/run_pipeline.sh.j2", about)}


def _front(task: Task, library: str | None) -> str:
    """The front matter of a card, as the Hub reads it."""
    language = task.spec.language.split("-")[0]
    values: dict[str, Any] = {"language": [language], "tags": ["tasktune", task.spec.task_type]}
    if library is not None:
        values |= {"library_name": library, "pipeline_tag": "text-generation"}
        if "/" in task.spec.training.base_model:
            values["base_model"] = task.spec.training.base_model
    return dump_values(values)


def _repository(task: Task, ending: str) -> str:
    """``{org}/{prefix}-{task}-{language}-…``, as far as the definition says."""
    hub, language = task.spec.huggingface, task.spec.language.split("-")[0]
    name = "-".join(part for part in (hub.prefix, task.name, language) if part) + ending
    return f"{hub.org}/{name}" if hub.org else name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _render(name: str, values: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["md"] = lambda text: escape(str(text))
    return environment.get_template(name).render(**values)
