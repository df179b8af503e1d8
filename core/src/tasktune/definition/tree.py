"""A definition as a tree in which every value remembers where it was written.

Merging overlays and renaming spellings move nodes about; the places travel with them, so that a problem found in
the end still names the file, the line and the key as the user wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tasktune.errors import Problem

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where something was written: a file (or ``--set …``), the line of its key, and its path there."""

    file: str
    line: int | None = None
    path: KeyPath = ()


@dataclass(frozen=True)
class Node:
    """A value and its place. A mapping holds nodes by key, a list holds nodes, a scalar is plain."""

    value: Any
    place: Place

    @property
    def is_section(self) -> bool:
        return isinstance(self.value, dict)

    def with_child(self, key: str, child: Node) -> Node:
        """This section with one key set."""
        return Node({**self.value, key: child}, self.place)

    def without(self, key: str) -> Node:
        """This section with one key removed."""
        return Node({name: child for name, child in self.value.items() if name != key}, self.place)

    def problem(self, message: str, hint: str | None = None) -> Problem:
        """A problem with this value, at its place."""
        return Problem(
            message, hint=hint, path=dotted(self.place.path) or None, file=self.place.file, line=self.place.line
        )


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: ``data.train[3].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def plain(node: Node) -> Any:
    """The value without its places: dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def find(node: Node, path: Sequence[str | int]) -> Node | None:
    """The node at ``path``, or None."""
    for part in path:
        child = _child(node, part)
        if child is None:
            return None
        node = child
    return node


def place_of(node: Node, path: Sequence[str | int]) -> Place:
    """The place of ``path``; of a missing value, the section that lacks it with the path it would have there."""
    for depth, part in enumerate(path):
        child = _child(node, part)
        if child is None:
            return Place(node.place.file, node.place.line, (*node.place.path, *path[depth:]))
        node = child
    return node.place


def put(node: Node, path: Sequence[str], child: Node) -> Node:
    """``node`` with ``child`` at ``path``; sections on the way are made where they are missing, at child's place."""
    if not path:
        return child
    key, *rest = path
    below = node.value.get(key)
    if below is None or (rest and not below.is_section):
        below = Node({}, child.place)
    return node.with_child(key, put(below, rest, child))


def take(node: Node, path: Sequence[str]) -> Node:
    """``node`` without what is at ``path``, and without the sections that this leaves empty."""
    key, *rest = path
    if not rest:
        return node.without(key)
    below = take(node.value[key], rest)
    return node.with_child(key, below) if below.value else node.without(key)


def merge(base: Node, over: Node) -> Node:
    """``over`` on top of ``base``: sections are merged key by key, anything else is replaced."""
    if not (base.is_section and over.is_section):
        return over
    merged = dict(base.value)
    for key, child in over.value.items():
        merged[key] = merge(merged[key], child) if key in merged else child
    return Node(merged, base.place)


def contradictions(first: Node, second: Node) -> Iterator[tuple[Node, Node]]:
    """The pairs of values at which two trees contradict each other: same key, neither both sections nor equal."""
    if first.is_section and second.is_section:
        for key, child in first.value.items():
            if key in second.value:
                yield from contradictions(child, second.value[key])
    elif plain(first) != plain(second) and str(first.value) != str(second.value):  # cuda_devices: 0 and "0" agree
        yield first, second


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(node.value, dict) and isinstance(part, str):
        return node.value.get(part)
    if isinstance(node.value, list) and isinstance(part, int) and -1 < part < len(node.value):
        child: Node = node.value[part]
        return child
    return None
