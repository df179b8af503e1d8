"""Where two definitions differ, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = ("version", "versioning")
"""Keys of task.yaml that only name a version."""


def differing_keys(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The dotted keys whose values are not the same, with both values (None: not set), in the order of the new one.

    Sections are gone into, lists are values. What only names a version is no difference.
    """
    old, new = dict(_leaves(then)), dict(_leaves(now))
    for key in dict.fromkeys([*new, *old]):
        if key.split(".")[0] not in NAMES and old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, list(value) if isinstance(value, tuple) else value
