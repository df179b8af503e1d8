"""Files of a task to which a line of JSON is added at a time: decisions, improvements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.workspace.files import write_text_atomically

Entry = TypeVar("Entry")


def read_entries(path: Path, read: Callable[[bytes], Entry], no_entry: Callable[[str], str]) -> list[Entry]:
    """All entries, the first one first; none where there is no file.

    ``read`` makes an entry of a line, and ``no_entry`` says in words that one is none, and why.

    :raises InputError: a line of the file is none; the first such is named.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else [], 1):
        try:
            found.append(read(line))
        except ValidationError as error:
            hint = _("it was changed by hand; mend the line, or take it out")
            problem = Problem(no_entry(error.errors()[0]["msg"]), hint).at(path, number)
            raise InputError("", problems=[problem]) from error
    return found


def add_entry(path: Path, entry: BaseModel) -> None:
    """Add one to the file, which is there whole before and after."""
    before = path.read_text("utf-8") if path.exists() else ""
    write_text_atomically(path, before + entry.model_dump_json() + "\n")
