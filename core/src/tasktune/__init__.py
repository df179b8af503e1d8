"""Turn labelled examples into a deployed, measured, reproducible small language model.

The public names below are resolved when first used, so that ``import tasktune`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasktune.definition import Task, load_task
    from tasktune.hookspecs import hookimpl, hookspec
    from tasktune.pipeline import run

__version__ = "0.1.0"

_PUBLIC = {
    "Task": "tasktune.definition",
    "hookimpl": "tasktune.hookspecs",
    "hookspec": "tasktune.hookspecs",
    "load_task": "tasktune.definition",
    "run": "tasktune.pipeline",
}

__all__ = ["Task", "hookimpl", "hookspec", "load_task", "run"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tasktune' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
