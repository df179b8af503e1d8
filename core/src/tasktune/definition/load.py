"""From a task.yaml to a :class:`~tasktune.definition.task.Task`, or to every problem in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasktune.definition.overlays import as_section, read_overlay, read_override, read_tree
from tasktune.definition.problems import keys_of, problems_of
from tasktune.definition.spec import TaskSpec, sections
from tasktune.definition.spellings import canonical
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.sweep_keys import sweep_problems
from tasktune.definition.task import Task
from tasktune.definition.tree import KeyPath, Node, Place, find, merge, plain
from tasktune.errors import InputError, PluginError, Problem
from tasktune.locale import translate as _
from tasktune.plugins import TaskType, load_task_type
from tasktune.types import TaskOptions

FILE_NAMES = ("task.yaml", "task_definition.yaml")
SHARED = tuple(TaskOptions.model_fields)
"""Keys of task.yaml that every task type's options model has too."""


def load_task(
    path: str | Path,
    *,
    task_type: str | None = None,
    overlays: Sequence[str | Path] = (),
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
) -> Task:
    """Load a definition and its task type.

    :param path: a task.yaml or task_definition.yaml, or the folder that holds one.
    :param task_type: fills in ``task_type:`` where the file has none; where it has one, both must agree.
    :param overlays: ``--config``: names of files in ``configs/`` beside the file, or paths; later ones win.
    :param overrides: ``--set``: ``a.b=value`` with a YAML value; they win over overlays.
    :param folder: what data paths are relative to; by default the file's folder. A version's snapshot is loaded with
        the folder of its task.
    :raises InputError: every problem of the definition, one line each.
    """
    file = definition_file(path)
    base = as_section(read_tree(file))
    if not base.value:
        raise InputError("", problems=[Problem(_("the file is empty"), _("start with task_name: …"), file=str(file))])
    root, problems = _layers(base, file, overlays, overrides)
    root, disagreement = _with_task_type(root, task_type)
    problems += disagreement
    plugin, unavailable = _plugin(root)
    problems += unavailable
    spec, broken, found = _spec(root, plugin)
    problems += found
    if "sweep" not in broken:
        problems += sweep_problems(root)
    options = None
    if plugin is not None:
        options, found = _options(root, plugin, broken)
        problems += [*found, *_metric_problems(root, plugin)]
    if problems or spec is None or plugin is None or options is None:
        raise InputError("", problems=_in_order(problems))
    where = file.parent if folder is None else Path(folder)
    return Task(spec=spec, plugin=plugin, options=options, file=file, folder=where, source=root)


def definition_file(path: str | Path) -> Path:
    """The definition at ``path``: the file itself, or the one definition in the folder.

    :raises InputError: there is none, or a folder has both.
    """
    path = Path(path)
    if not path.is_dir():
        if path.exists():
            return path
        hint = _("give a task.yaml, or the folder that holds one")
        raise InputError("", problems=[Problem(_("no such file"), hint, file=str(path))])
    there = [path / name for name in FILE_NAMES if (path / name).is_file()]
    if len(there) == 1:
        return there[0]
    names = _(" and ").join(FILE_NAMES)
    if there:
        problem = Problem(_("both {names} are here", names=names), _("keep only one of them"), file=str(path))
    else:
        hint = _("name the file, or the task's folder")
        problem = Problem(_("neither {names} is here", names=names), hint, file=str(path))
    raise InputError("", problems=[problem])


def _layers(
    base: Node, file: Path, overlays: Sequence[str | Path], overrides: Sequence[str]
) -> tuple[Node, list[Problem]]:
    """The file with its overlays and overrides on it, each under canonical keys."""
    root, problems = canonical(base)
    readers: list[Callable[[], tuple[Node, list[Problem]]]] = [
        *(partial(read_overlay, name, file.parent) for name in overlays),
        *(partial(read_override, setting) for setting in overrides),
    ]
    for read in readers:
        try:
            layer, found = read()
        except InputError as error:
            problems += error.problems
        else:
            root = merge(root, layer)
            problems += found
    return root, problems


def _with_task_type(root: Node, asked: str | None) -> tuple[Node, list[Problem]]:
    written = find(root, ("task_type",))
    if asked is None:
        return root, []
    if written is None or written.value is None:
        return root.with_child("task_type", Node(asked, Place(f"--task-type {asked}", None, ("task_type",)))), []
    if written.value == asked:
        return root, []
    message = _("is {written!r}, but --task-type asks for {asked!r}", written=written.value, asked=asked)
    return root, [written.problem(message, _("leave --task-type out, or change the file"))]


def _plugin(root: Node) -> tuple[TaskType | None, list[Problem]]:
    """The task type, or why it cannot be had. A missing or odd ``task_type`` is the spec's to report."""
    written = find(root, ("task_type",))
    if written is None or not isinstance(written.value, str) or not written.value:
        return None, []
    try:
        return load_task_type(written.value), []
    except PluginError as error:
        return None, [written.problem(error.message, error.hint)]


def _spec(root: Node, plugin: TaskType | None) -> tuple[TaskSpec | None, set[str], list[Problem]]:
    """The spec, or the top-level keys that are wrong in it and what is wrong."""
    elsewhere = {
        key: f"{section}.{key}" for section, model in reversed(sections().items()) for key in model.model_fields
    }
    if plugin is not None:
        elsewhere |= {key: f"options.{key}" for key in keys_of(plugin.info.options) if key not in SHARED}
    try:
        return TaskSpec.model_validate(plain(root)), set(), []
    except ValidationError as error:
        broken = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
        return None, broken, problems_of(error, root, TaskSpec, elsewhere=elsewhere)


def _options(root: Node, plugin: TaskType, broken: set[str]) -> tuple[TaskOptions | None, list[Problem]]:
    """The task type's options: the shared keys of the top level with ``options:``.

    The ``broken`` keys are validated too, so that the task type knows they are there, but only the spec's word on them
    is reported.
    """
    own = find(root, ("options",)) or Node({}, root.place)
    if "options" in broken:
        return None, []
    problems = [
        child.problem(_("{key} is a key of the top level", key=key), _("move it out of options:"))
        for key, child in own.value.items()
        if key in SHARED
    ]
    values: dict[str, Any] = {"language": TaskSpec.model_fields["language"].default}
    values |= {key: plain(node) for key, node in root.value.items() if key in SHARED and node.value is not None}
    values |= {key: plain(node) for key, node in own.value.items() if key not in SHARED}
    try:
        return plugin.info.options.model_validate(values), problems
    except ValidationError as error:
        found = problems_of(error, root, plugin.info.options, prefix=_where_option, skip=broken & set(SHARED))
        return None, [*problems, *found]


def _where_option(loc: KeyPath) -> KeyPath:
    """What stands before a path of the options model: the shared keys are top-level keys of the file."""
    return () if loc and loc[0] in SHARED else ("options",)


def _metric_problems(root: Node, plugin: TaskType) -> list[Problem]:
    """A criterion's metric must be one that the task type reports, and that a threshold can judge."""
    written = find(root, ("success_criteria", "primary_metric"))
    if written is None or not isinstance(written.value, str):
        return []
    name, info = written.value, plugin.info
    if name == info.primary_metric:
        return []
    judged = [key for key, metric in info.metrics.items() if metric.unit == "share" and metric.higher_is_better]
    known = sorted({info.primary_metric, *judged})
    if name not in known:
        if name in info.metrics:
            message = _("{name} cannot decide: it is no share of 0 to 1 in which more is better", name=name)
        else:
            message = _("{name!r} is not a metric of {task_type}", name=name, task_type=plugin.name)
        hint = did_you_mean(name, known) or _("one of {known}", known=", ".join(known))
        return [written.problem(message, hint)]
    threshold = find(root, ("success_criteria", "threshold"))
    if threshold is None or threshold.value is None:
        message = _("{name} needs a threshold of its own", name=name)
        hint = _(
            "add success_criteria.threshold; the suggestion {value} is for {primary}",
            value=info.suggested_threshold,
            primary=info.primary_metric,
        )
        return [written.problem(message, hint)]
    return []


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file in the order they came up, then by line; each once."""
    unique = list(dict.fromkeys(problems))
    files: Mapping[str | None, int] = {file: n for n, file in enumerate(dict.fromkeys(p.file for p in unique))}
    return sorted(unique, key=lambda problem: (files[problem.file], problem.line or 0))
