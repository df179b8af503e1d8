"""Changes laid over a definition: ``--config quick`` (a file) and ``--set training.epochs=2`` (one key)."""

from __future__ import annotations

from pathlib import Path

from tasktune.definition.spellings import canonical
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.tree import Node, Place, put
from tasktune.definition.yaml_positions import decode, parse
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

CONFIGS = "configs"
_SUFFIXES = (".yaml", ".yml")


def read_tree(path: Path) -> Node:
    """The definition in a file, places and spellings as written.

    :raises InputError: the file cannot be read, or is not UTF-8 YAML.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(_("cannot be read: {reason}", reason=reason), file=str(path))
        raise InputError("", problems=[problem]) from error
    return parse(decode(raw, str(path)), str(path))


def as_section(node: Node) -> Node:
    """A document's top level, which must be a section; an empty document is an empty section.

    :raises InputError: it is a list or a single value.
    """
    if node.value is None:
        return Node({}, node.place)
    if not node.is_section:
        message = _("the file must hold keys and values, not a list or a single value")
        raise InputError("", problems=[node.problem(message, _("start with task_name: …"))])
    return node


def read_overlay(name: str | Path, folder: Path) -> tuple[Node, list[Problem]]:
    """The overlay ``name`` under canonical keys: a file of ``folder/configs``, or a path to a YAML file.

    :raises InputError: there is no such overlay, or it cannot be read.
    """
    return canonical(as_section(read_tree(_overlay_file(name, folder))))


def read_override(setting: str) -> tuple[Node, list[Problem]]:
    """The tree of one ``--set`` such as ``training.epochs=2``; the value is YAML, so that 2 is a number.

    :raises InputError: it is not ``key=value``, or the value is not YAML.
    """
    file = f"--set {setting}"
    path, equals, text = setting.partition("=")
    keys = tuple(key.strip() for key in path.split("."))
    if not equals or not all(keys):
        problem = Problem(_("is not key=value"), hint=_("for example --set training.epochs=2"), file=file)
        raise InputError("", problems=[problem])
    try:
        parsed = parse(text, file, path=keys)
    except InputError as error:
        # The line would be that of the value on the command line: always 1.
        raise InputError("", problems=[Problem(p.message, p.hint, p.path, p.file) for p in error.problems]) from error
    value = _without_lines(parsed)
    return canonical(put(Node({}, Place(file)), keys, value))


def _overlay_file(name: str | Path, folder: Path) -> Path:
    path = Path(name)
    if path.suffix in _SUFFIXES or len(path.parts) > 1:
        return path
    for suffix in _SUFFIXES:
        candidate = folder / CONFIGS / f"{name}{suffix}"
        if candidate.is_file():
            return candidate
    there = sorted(file.stem for file in (folder / CONFIGS).glob("*") if file.suffix in _SUFFIXES)
    hint = did_you_mean(str(name), there) or (_("there are: {names}", names=", ".join(there)) if there else None)
    message = _("there is no overlay {name!r} in {folder}", name=str(name), folder=str(folder / CONFIGS))
    problem = Problem(message, hint=hint or _("make {file}", file=str(folder / CONFIGS / f"{name}.yaml")))
    raise InputError("", problems=[problem])


def _without_lines(node: Node) -> Node:
    place = Place(node.place.file, None, node.place.path)
    if isinstance(node.value, dict):
        return Node({key: _without_lines(child) for key, child in node.value.items()}, place)
    if isinstance(node.value, list):
        return Node([_without_lines(child) for child in node.value], place)
    return Node(node.value, place)
