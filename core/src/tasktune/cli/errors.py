"""How a command ends: its exit code, and how an error is shown.

0 done; 1 the run failed or the criteria were not met; 2 the user can fix the input; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import click

from tasktune.cli import output
from tasktune.cli.settings import Settings
from tasktune.errors import Problem, RecordError, TuneError
from tasktune.locale import translate as _

INTERRUPTED = 130
MAX_SHOWN = 50


@dataclass(frozen=True)
class Failure:
    """An error as it is shown: what happened, the single problems, and what to do next."""

    exit_code: int
    message: str
    problems: tuple[Problem, ...] = ()
    hint: str | None = None


def exit_code_of(command: Callable[[], Any], settings: Settings) -> int:
    """Run a command to its end, show the error that ended it if one did, and return the exit code.

    With ``--json`` the error is one JSON object on stdout, ``{"error": …}``, and stderr says it in words too.
    """
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing is left to say, and the interpreter must not try on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the outermost place: whatever comes here ends in a message and a code
        if settings.debug:
            traceback.print_exception(error)
        failure = failure_of(error, settings)
        output.say(words(failure))
        if settings.json:
            output.show_json({"error": asdict(failure)})
        return failure.exit_code
    return code if isinstance(code, int) else 0


def failure_of(error: Exception, settings: Settings) -> Failure:
    """What to show of an error: a :class:`TuneError`, a misused option, an interruption, or a bug of ours."""
    match error:
        case TuneError():
            return _of_tune_error(error)
        case click.Abort():
            return Failure(INTERRUPTED, _("interrupted"), hint=str(error) or None)
        case click.ClickException():
            return _of_click(error)
        case _:
            see = _("please report it with what this shows: the same command with --debug")
            report = _("please report it with the traceback above")
            message = _("this is a bug in tasktune: {error}", error=f"{type(error).__name__}: {error}")
            return Failure(1, message, hint=report if settings.debug else see)


def words(failure: Failure) -> str:
    """A failure in lines: the message, one line for each of the first problems, the hint."""
    lines = [output.paint(_("Error: "), "red", sys.stderr) + failure.message]
    lines += [f"  {problem}" for problem in failure.problems[:MAX_SHOWN]]
    more = len(failure.problems) - MAX_SHOWN
    if more > 0:
        lines.append("  " + _("… and {more} more", more=more))
    if failure.hint:
        lines.append(output.paint(_("Hint: "), "cyan", sys.stderr) + failure.hint)
    return "\n".join(lines)


def _of_tune_error(error: TuneError) -> Failure:
    # A RecordError's message is its problems again.
    message = "" if isinstance(error, RecordError) else error.message
    if message or not error.problems:
        return Failure(error.exit_code, message or type(error).__name__, error.problems, error.hint)
    if len(error.problems) == 1:
        [problem] = error.problems
        return Failure(error.exit_code, str(problem), hint=error.hint)
    count = _("the input has {count} problems", count=len(error.problems))
    return Failure(error.exit_code, count, error.problems, error.hint)


def _of_click(error: click.ClickException) -> Failure:
    """A misused command line. Click's commonest complaints are said in our words, which are translated."""
    hints = []
    match error:
        case click.NoSuchOption():
            message = _("there is no option {name}", name=error.option_name)
            if error.possibilities:
                hints.append(_("did you mean {name}?", name=error.possibilities[0]))
        case click.MissingParameter() if error.param is not None:
            option = isinstance(error.param, click.Option)
            name = error.param.opts[0] if option else error.param.human_readable_name
            message = _("{name} is missing", name=name)
        case click.BadParameter() if error.param is not None:
            message = f"{error.param.opts[0]}: {error.message}"
        case _:
            message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hints.append(_("{program} --help shows how it is used", program=error.ctx.command_path))
    return Failure(error.exit_code, message, hint=" ".join(hints) or None)
