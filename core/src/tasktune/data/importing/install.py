"""Packages that only some sources need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tasktune.errors import InputError
from tasktune.locale import translate as _


def installed(name: str, purpose: str) -> Any:
    """The package, imported now.

    :raises InputError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(
            _("{purpose} need the package {name}, which is not installed", purpose=purpose, name=error.name or name),
            hint="pip install 'tasktune[data]'",
        ) from error
