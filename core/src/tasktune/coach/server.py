"""The GPU server of the user, asked once and kept for all tasks: never a key or a password, only where the key is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tasktune.coach.questions import core_questions
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.workspace.files import read_json, write_json_atomically


def server_file() -> Path:
    """Where it is kept, by the XDG Base Directory Specification."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "tasktune" / "server.json"


def kept_server() -> dict[str, str]:
    """The answers about the server by the ids of their questions; none when nothing is kept.

    :raises InputError: the file is damaged.
    """
    path = server_file()
    if not path.is_file():
        return {}
    try:
        values = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(_("{file} is damaged: {why}", file=path, why=error), hint=_("remove it")) from error
    known = _ids()
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise InputError(_("{file} is damaged: {why}", file=path, why=_("no texts by name")), hint=_("remove it"))
    return {name: value for name, value in values.items() if name in known}


def keep_server(answers: Mapping[str, object]) -> Path | None:
    """Keep the answers about the server, if there are any and they are new; returns the file that was written."""
    values = {name: _text(answers[name]) for name in _ids() if answers.get(name) is not None}
    if not values or values == kept_server():
        return None
    write_json_atomically(server_file(), values)
    return server_file()


def _text(answer: object) -> str:
    return ",".join(map(str, answer)) if isinstance(answer, (list, tuple)) else str(answer)


def _ids() -> tuple[str, ...]:
    return tuple(question.id for question in core_questions() if question.server)
