"""Every accepted spelling of a definition, turned into the canonical one.

Three families exist: ``task_definition.yaml`` (``input_format:``, ``server:``), ``task.yaml`` and the summary that
the coach writes (``task_summary:``); ``configs/training_config.yaml`` has ``lora:`` beside ``training:``.
"""

from __future__ import annotations

from tasktune.definition.spec import sections
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.tree import Node, contradictions, dotted, find, merge, put, take
from tasktune.errors import Problem
from tasktune.locale import translate as _

Keys = tuple[str, ...]

SPELLINGS: tuple[tuple[Keys, Keys], ...] = (
    (("task_summary", "name"), ("task_name",)),
    (("task_summary", "type"), ("task_type",)),
    (("task_summary", "domain"), ("domain",)),
    (("task_summary", "language"), ("language",)),
    (("task_summary", "goal"), ("description",)),
    (("task_summary", "constraints"), ("constraints",)),
    (("task_summary", "success_criteria"), ("success_criteria",)),
    (("task_summary", "versioning"), ("versioning",)),
    (("input_format", "template"), ("input_template",)),
    (("input_format", "description"), ("input_description",)),
    (("output_format", "properties"), ("output_format", "schema")),
    (("server", "host"), ("execution", "host")),
    (("server", "ssh_key"), ("execution", "ssh_key")),
    (("server", "cuda_devices"), ("execution", "cuda_devices")),
    (("server", "remote_path"), ("execution", "remote_path")),
    (("lora",), ("training", "lora")),
    (("training", "eval_steps"), ("training", "monitor", "eval_steps")),
    (("training", "early_stopping_patience"), ("training", "monitor", "early_stopping")),
    (("training", "report_to"), ("training", "monitor", "report_to")),
)
"""Accepted path, canonical path. Where both are given they must agree."""

WRAPPERS = ("task_summary", "input_format", "server")
"""Sections that exist only in a spelling."""


def keys_of_wrapper(wrapper: str) -> list[str]:
    """The keys that a section such as ``server:`` may have."""
    return [path[1] for path, _canonical in SPELLINGS if path[0] == wrapper and len(path) > 1]


def canonical(root: Node) -> tuple[Node, list[Problem]]:
    """The definition under canonical keys, and what stands in the way: two spellings that contradict each other,
    and a spelling's section that is not a section.

    A key that is no spelling of anything stays where it is, for validation to find.
    """
    problems: list[Problem] = []
    for wrapper in WRAPPERS:
        section = find(root, (wrapper,))
        if section is not None:
            problems += _misfits(section, keys_of_wrapper(wrapper))
    for spelling, path in SPELLINGS:
        given = find(root, spelling)
        if given is None:
            continue
        root = take(root, spelling)
        section = find(root, path[:-1])
        if section is not None and section.value is not None and not section.is_section:
            continue  # validation refuses what stands there
        standing = find(root, path)
        if standing is None or standing.value is None:
            root = put(root, path, given)
        else:
            problems += [_contradiction(*pair) for pair in contradictions(standing, given)]
            root = put(root, path, merge(given, standing))
    for wrapper in WRAPPERS:
        root = root.without(wrapper)
    return _fill_empty_sections(root), problems


def _misfits(section: Node, known: list[str]) -> list[Problem]:
    """What is wrong with a section that exists only in a spelling."""
    names = _("the keys here are {known}", known=", ".join(known))
    if section.is_section:
        unknown = [(key, child) for key, child in section.value.items() if key not in known]
        return [child.problem(_("unknown key"), did_you_mean(key, known) or names) for key, child in unknown]
    return [] if section.value is None else [section.problem(_("must be a section with keys of its own"), names)]


def _contradiction(first: Node, second: Node) -> Problem:
    other = dotted(first.place.path)
    if first.place.line is None:
        message = _("contradicts {other}", other=other)
    else:
        message = _("contradicts {other} on line {line}", other=other, line=first.place.line)
    return second.problem(message, _("keep only one of them"))


def _fill_empty_sections(root: Node) -> Node:
    """A section whose keys are all commented out reads as null: it means an empty section."""
    for path in ("options", "data.fields", *sections()):
        keys = tuple(path.split("."))
        section = find(root, keys)
        if section is not None and section.value is None:
            root = put(root, keys, Node({}, section.place))
    return root
