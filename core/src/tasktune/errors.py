"""Errors that a user can act on, and the place and problem they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is, and what to do about it.

    ``path`` is a dotted path inside the file (``training.epochs``) or the field of a data row (``label``);
    ``line`` counts from 1. Printed as ``file:line: path: message (hint)``, absent parts left out.
    """

    message: str
    hint: str | None = None
    path: str | None = None
    file: str | None = None
    line: int | None = None

    def at(self, file: str | Path, line: int | None = None) -> Problem:
        """The same problem with its file and line filled in."""
        return replace(self, file=str(file), line=line)

    def __str__(self) -> str:
        place = "" if self.file is None else self.file + ("" if self.line is None else f":{self.line}") + ": "
        where = "" if self.path is None else f"{self.path}: "
        return f"{place}{where}{self.message}" + ("" if self.hint is None else f" ({self.hint})")


class TuneError(Exception):
    """Something went wrong that is not a bug of ours: printed without a traceback.

    ``exit_code`` is 1 when the run failed and 2 when the user can fix the input.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines if self.message else lines[1:])


class RunError(TuneError):
    """A stage failed for a reason outside the input: out of memory, a dead worker, a full disk."""


class InputError(TuneError):
    """The input (task.yaml, data, an option, the installed packages) has problems, all of them listed."""

    exit_code = 2


class PluginError(InputError):
    """A plugin could not be found or loaded, or it broke its contract."""


class RecordError(InputError):
    """A data row cannot become a record. Plugins raise it with problems that name fields, not files."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems), problems=problems)

    def __str__(self) -> str:
        return self.message
