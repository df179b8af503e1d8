"""Packages that only some commands need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tasktune.errors import InputError
from tasktune.locale import translate as _


def installed(name: str, purpose: str, extra: str = "data") -> Any:
    """The package, imported now; ``extra`` is the one of ours that brings it.

    :raises InputError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            _("{purpose} need the package {name}, which is not installed", purpose=purpose, name=error.name or name),
            hint=f"pip install 'tasktune[{extra}]'",
        ) from error
