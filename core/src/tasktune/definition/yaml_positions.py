"""YAML into a :class:`~tasktune.definition.tree.Node` tree: YAML 1.2's core schema, and a line for every value.

PyYAML speaks YAML 1.1, where ``NO`` is false, ``1e-5`` a string, ``1:30`` ninety and ``2025-01-07`` a date. Here
the resolvers are those of the core schema (YAML 1.2.2, section 10.3.2): only ``true`` and ``false`` are booleans,
``1e-5`` is a number, ``012`` is twelve, ``1_000`` and dates are text. Keys are always text, as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tasktune.definition.tree import KeyPath, Node, Place
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

MAX_BYTES = 1_000_000
MAX_DEPTH = 60
MAX_NODES = 50_000
"""Values after aliases are expanded: far more than any definition needs, far fewer than an alias bomb makes."""

_TAG = "tag:yaml.org,2002:"
CORE_RESOLVERS: tuple[tuple[str, str, str], ...] = (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
)


class _Loader(yaml.SafeLoader):
    """Composes nodes with core-schema tags; it constructs nothing."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute, filled below
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=_("nested too deeply"), problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def core_resolvers() -> Iterator[tuple[str, re.Pattern[str], list[str]]]:
    """For each type of the core schema its tag, what it looks like, and the characters it can begin with."""
    for name, pattern, first in CORE_RESOLVERS:
        yield _TAG + name, re.compile(rf"(?:{pattern})\Z"), [*first, ""] if name == "null" else list(first)


for _tag, _pattern, _firsts in core_resolvers():
    _Loader.add_implicit_resolver(_tag, _pattern, _firsts)


def decode(raw: bytes, file: str) -> str:
    """The text of a YAML file, which must be UTF-8 (a byte order mark is dropped).

    :raises InputError: another encoding, named when it can be guessed, or a file far too big.
    """
    if len(raw) > MAX_BYTES:
        message = _("{size} bytes is too big for a definition", size=len(raw))
        raise _fail(file, None, message, _("is this the task.yaml, or a data file?"))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _fail(file, None, _("the file is UTF-16"), _("save it as UTF-8"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        hint = _("it looks like {encoding}; save it as UTF-8", encoding="Big5") if _is_big5(raw) else None
        raise _fail(file, line, _("the file is not UTF-8"), hint or _("save it as UTF-8")) from error


def parse(text: str, file: str, *, path: KeyPath = ()) -> Node:
    """Parse one YAML document. ``path`` is put before the path of every place.

    :raises InputError: the syntax error, or every duplicate key, foreign tag and unreadable value at once.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise InputError("", problems=[_syntax_problem(error, file)]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = _("the character U+{code} is not allowed in YAML", code=f"{int(error.character):04X}")
        raise _fail(file, line, message, _("delete it")) from error
    if root is None:
        return Node(None, Place(file, None, path))
    builder = _Builder(file)
    node = builder.build(root, Place(file, None if isinstance(root, yaml.MappingNode) else _line(root), path))
    if builder.problems:
        raise InputError("", problems=builder.problems)
    return node


class _Builder:
    """Turns PyYAML's nodes into ours, collecting what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0
        self.open: set[int] = set()

    def build(self, node: yaml.Node, place: Place) -> Node:
        """``node``, whose key stands at ``place``."""
        self.count += 1
        if self.count > MAX_NODES:
            raise _fail(self.file, _line(node), _("the aliases expand to too many values"), _("write them out"))
        if id(node) in self.open:
            return self._refuse(node, place, _("the alias refers to itself"))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
                return Node(self._entries(node, place), place)
            if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
                places = [Place(self.file, _line(item), (*place.path, i)) for i, item in enumerate(node.value)]
                return Node([self.build(item, at) for item, at in zip(node.value, places, strict=True)], place)
        finally:
            self.open.discard(id(node))
        return self._refuse(node, place, _("the tag {tag} is not supported", tag=node.tag), _("remove the tag"))

    def _entries(self, mapping: yaml.MappingNode, place: Place) -> dict[str, Node]:
        """The entries of a mapping; those that ``<<`` brings in come first, so that its own keys win."""
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in mapping.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, place, _("a key must be text"), _("quote it if it is text"))
                continue
            if key.tag == _TAG + "merge":
                merged = {**self._merge(value, place), **merged}
                continue
            name = self._key(key, place)
            at = Place(self.file, _line(key), (*place.path, name))
            if name in own:
                message = _("the key stands here twice; first on line {line}", line=own[name].place.line)
                self.problems.append(Node(None, at).problem(message, _("remove one of them")))
                continue
            own[name] = self.build(value, at)
        return {**merged, **own}

    def _merge(self, value: yaml.Node, place: Place) -> dict[str, Node]:
        """What ``<<: *base`` or ``<<: [*one, *two]`` brings in; of two, the earlier wins (YAML 1.1 merge type)."""
        entries: dict[str, Node] = {}
        for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(item, yaml.MappingNode):
                self._refuse(item, place, _("<< must refer to a section"))
            elif id(item) in self.open:
                self._refuse(item, place, _("the alias refers to itself"))
            else:
                built = self.build(item, place).value
                entries = {**(built or {}), **entries}
        return entries

    def _key(self, node: yaml.ScalarNode, place: Place) -> str:
        try:
            return _joined(node.value)
        except UnicodeDecodeError:
            self._refuse(node, place, _("half a surrogate pair is not text"))
            return "?"

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Node:
        kind, text = node.tag.removeprefix(_TAG), node.value
        try:
            if kind == "str" or kind == "merge":
                return Node(_joined(text), place)
            if kind in ("null", "bool", "int", "float"):
                return Node(_core_value(kind, text), place)
        except UnicodeDecodeError:
            return self._refuse(node, place, _("half a surrogate pair is not text"))
        except ValueError:
            return self._refuse(node, place, _("{text!r} is no {kind}", text=text[:40], kind=kind))
        return self._refuse(node, place, _("the tag {tag} is not supported", tag=node.tag), _("remove the tag"))

    def _refuse(self, node: yaml.Node, place: Place, message: str, hint: str | None = None) -> Node:
        self.problems.append(Node(None, Place(self.file, _line(node), place.path)).problem(message, hint))
        return Node(None, place)


def _joined(text: str) -> str:
    """``text`` with each pair of surrogates, as JSON escapes write an emoji, made one character.

    :raises UnicodeDecodeError: half a pair stands alone.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _core_value(kind: str, text: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _not(kind, text)
    if kind == "int":
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base) if "_" not in text else _not(kind, text)
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        return float(text.lower().replace(".", ""))
    return float(text) if "_" not in text else _not(kind, text)


def _not(kind: str, text: str) -> Any:
    raise ValueError(f"{text!r} is not a YAML 1.2 {kind}")


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    detail = error.problem or ""
    hint = None
    if r"'\t'" in detail:
        detail, hint = _("a tab where YAML wants spaces"), _("indent with spaces")
    elif "mapping values are not allowed" in detail:
        detail = _("a second ': ' on one line, or a wrong indentation")
        hint = _("put text that contains ': ' in quotes")
    elif "expected <block end>" in detail or "could not find expected ':'" in detail:
        hint = _("check the indentation and the ':' after each key, here and on the line before")
    elif "expected a single document" in (error.context or ""):
        detail, hint = _("a second document begins here"), _("remove the '---' line")
    elif "unknown escape character" in detail:
        hint = _("inside double quotes write \\\\ for a backslash, or use single quotes")
    elif "found unexpected end of stream" in detail:
        hint = _("a quote or bracket that is opened before is never closed")
    line = mark.line + 1 if mark else None
    return Problem(_("not valid YAML: {detail}", detail=detail), hint=hint, file=file, line=line)


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _is_big5(raw: bytes) -> bool:
    try:
        raw.decode("big5")
    except UnicodeDecodeError:
        return False
    return True


def _fail(file: str, line: int | None, message: str, hint: str | None) -> InputError:
    return InputError("", problems=[Problem(message, hint=hint, file=file, line=line)])
