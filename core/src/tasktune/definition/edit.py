"""Change values of a definition's file and nothing else of it: comments, order and spellings stay as they were written.

The places of YAML's own parser say where a value begins and ends, and only that text is replaced; a key that is not
there is added behind the last one of its section. What comes out is parsed again and has to say exactly what it should.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from tasktune.definition.overlays import as_section
from tasktune.definition.spellings import canonical
from tasktune.definition.tree import KeyPath, Node, Place, find, plain, put
from tasktune.definition.yaml_positions import parse
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def edited(text: str, patch: Mapping[str, Any], file: str) -> str:
    """The text of a definition with the dotted keys of ``patch`` set; keys are canonical, however the file spells them.

    :raises InputError: the text is not YAML, or it cannot be edited so that it says what it should.
    """
    wanted = _tree(text, file)
    for key, value in patch.items():
        path = tuple(key.split("."))
        wanted = put(wanted, path, _node(value))
        text = _with_value(text, _tree(text, file), path, value, file)
    if plain(_tree(text, file)) != plain(wanted):
        raise _by_hand(file, patch)
    return text


def _tree(text: str, file: str) -> Node:
    return canonical(as_section(parse(text, file)))[0]


def _node(value: Any) -> Node:
    if isinstance(value, Mapping):
        return Node({key: _node(each) for key, each in value.items()}, Place(""))
    if isinstance(value, list | tuple):
        return Node([_node(each) for each in value], Place(""))
    return Node(value, Place(""))


def _with_value(text: str, tree: Node, path: tuple[str, ...], value: Any, file: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    there = find(tree, path)
    if there is not None:
        node = _at(root, there.place.path)
        if node is None:
            raise _by_hand(file, {".".join(path): value})
        return _replaced(text, node, value)
    for depth in range(len(path) - 1, -1, -1):
        section = find(tree, path[:depth])
        if section is not None and section.is_section:
            node = root if depth == 0 else _at(root, section.place.path)
            for key in reversed(path[depth + 1 :]):
                value = {key: value}
            return _added(text, node, path[depth], value)
    raise _by_hand(file, {".".join(path): value})


def _at(root: yaml.Node | None, path: KeyPath) -> yaml.Node | None:
    """The node that was written at a path."""
    node = root
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == part), None)
    return node


def _replaced(text: str, node: yaml.Node, value: Any) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    # The end of a block is behind its last line, and of an empty value where it begins.
    while end > start and text[end - 1].isspace():
        end -= 1
    space = " " if start > 0 and text[start - 1] == ":" else ""
    return text[:start] + space + _written(value) + text[end:]


def _added(text: str, section: yaml.Node | None, key: str, value: Any) -> str:
    """The text with a key more in a section, on a line of its own unless the section is written in braces."""
    if not isinstance(section, yaml.MappingNode):
        # An empty section is a key with nothing behind it.
        return text if section is None else _replaced(text, section, {key: value})
    if section.flow_style:
        end = section.end_mark.index - 1
        before = text[:end].rstrip()
        comma = ", " if section.value and not before.endswith(",") else ""
        return f"{before}{comma}{json.dumps(key, ensure_ascii=False)}: {_written(value)}{text[end:]}"
    column = section.value[0][0].start_mark.column
    end = _last(section).end_mark.index
    while end > 0 and text[end - 1].isspace():
        end -= 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return f"{text[:line_end]}\n{' ' * column}{key}: {_written(value)}{text[line_end:]}"


def _last(node: yaml.Node) -> yaml.Node:
    """The last value in a block, however deep."""
    while not getattr(node, "flow_style", True) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node


def _written(value: Any) -> str:
    """A value as one line of YAML; JSON is YAML."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(key)}: {_written(each)}" for key, each in value.items()) + "}"
    seen = not isinstance(value, str) or value.isprintable()
    # DEL is the one ASCII character that JSON leaves as it is and YAML does not know.
    return json.dumps(value, ensure_ascii=not seen).replace("\x7f", "\\u007f")


def _by_hand(file: str, patch: Mapping[str, Any]) -> InputError:
    changes = ", ".join(f"{key}: {_written(value)}" for key, value in patch.items())
    problem = Problem(_("cannot be changed here without a change of something else"), file=file)
    return InputError("", hint=_("set it by hand: {changes}", changes=changes), problems=[problem])
