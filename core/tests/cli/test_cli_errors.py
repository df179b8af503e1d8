"""How commands end: codes, messages, JSON, interruptions, closed pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import Result

from tasktune import cli
from tasktune.cli.errors import Failure, words
from tasktune.cli.output import colourful
from tasktune.errors import InputError, Problem, RecordError, RunError

Invoke = Callable[..., Result]
RunTune = Callable[..., subprocess.CompletedProcess[str]]
PROBLEMS = (Problem("unknown key", "did you mean epochs?", "training.epoch", "task.yaml", 7), Problem("too long"))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """``tune plugins`` raises the first exception that is put into this list."""
    errors: list[BaseException] = []

    def survey() -> None:
        raise errors[0]

    monkeypatch.setattr("tasktune.plugins.survey", survey)
    return errors


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            InputError("task.yaml has problems", hint="see the docs", problems=PROBLEMS),
            2,
            "Error: task.yaml has problems\n"
            "  task.yaml:7: training.epoch: unknown key (did you mean epochs?)\n"
            "  too long\n"
            "Hint: see the docs\n",
        ),
        (
            InputError("", problems=PROBLEMS),
            2,
            "Error: the input has 2 problems\n"
            "  task.yaml:7: training.epoch: unknown key (did you mean epochs?)\n"
            "  too long\n",
        ),
        (InputError("", problems=PROBLEMS[1:]), 2, "Error: too long\n"),
        (RecordError(PROBLEMS[1]), 2, "Error: too long\n"),
        (RunError("out of memory", hint="halve batch_size"), 1, "Error: out of memory\nHint: halve batch_size\n"),
        (KeyboardInterrupt(), 130, "\nError: interrupted\n"),
    ],
)
def test_errors_are_said_without_a_traceback(
    invoke: Invoke, failing: list[BaseException], error: BaseException, code: int, text: str
) -> None:
    failing.append(error)
    result = invoke("plugins")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", text)


def test_with_json_an_error_is_an_object_on_stdout_and_words_on_stderr(
    invoke: Invoke, failing: list[BaseException]
) -> None:
    failing.append(InputError("bad", problems=PROBLEMS))
    result = invoke("plugins", "--json")
    assert json.loads(result.stdout) == {
        "error": {
            "exit_code": 2,
            "message": "bad",
            "problems": [
                {
                    "message": "unknown key",
                    "hint": "did you mean epochs?",
                    "path": "training.epoch",
                    "file": "task.yaml",
                    "line": 7,
                },
                {"message": "too long", "hint": None, "path": None, "file": None, "line": None},
            ],
            "hint": None,
        }
    }
    assert result.stderr.startswith("Error: bad\n")


def test_a_thousand_problems_do_not_flood_the_screen_but_are_in_the_json(
    invoke: Invoke, failing: list[BaseException]
) -> None:
    failing.append(InputError("bad", problems=[Problem(f"problem {n}") for n in range(1000)]))
    result = invoke("plugins", "--json")
    assert result.stderr.splitlines()[-2:] == ["  problem 49", "  … and 950 more"]
    assert len(json.loads(result.stdout)["error"]["problems"]) == 1000


def test_a_bug_says_how_to_report_it(invoke: Invoke, failing: list[BaseException]) -> None:
    failing.append(ZeroDivisionError("division by zero"))
    result = invoke("plugins")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: this is a bug in tasktune: ZeroDivisionError: division by zero\nHint: ")
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("--debug", "plugins"), ("plugins", "--debug")])
@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), InputError("bad")])
def test_debug_shows_the_traceback(
    invoke: Invoke, failing: list[BaseException], error: Exception, arguments: tuple[str, ...]
) -> None:
    failing.append(error)
    result = invoke(*arguments)
    assert "Traceback (most recent call last)" in result.stderr
    assert "in survey" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predct",), "Error: there is no command 'predct'\nHint: did you mean predict? tune --help"),
        (("xyz",), "Error: there is no command 'xyz'\nHint: tune --help lists the commands"),
        (
            ("run", "--confg", "quick"),
            "Error: there is no option --confg\nHint: did you mean --config? tune run --help",
        ),
        (("--jsno", "run"), "Error: there is no option --jsno\n"),
        (("predict",), "Error: TASK is missing\nHint: tune predict --help"),
        (("evaluate", "--split", "dev"), "Error: --split: 'dev' is not one of 'test', 'valid', 'train'"),
        (("plugins", "--lang", "fr"), "Error: --lang: 'fr' is not one of 'zh-TW', 'en'"),
        (("plugins", "extra"), "Error: Got unexpected extra argument"),
        (("run", "no-such-task"), "Error: no-such-task: no such file"),
    ],
)
def test_a_misused_command_line_is_explained(invoke: Invoke, arguments: tuple[str, ...], said: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(said)
    assert result.stdout == ""


def test_a_misused_command_line_is_json_when_json_is_asked_for(invoke: Invoke) -> None:
    result = invoke("check", "--jso", "--json")
    assert json.loads(result.stdout)["error"]["message"] == "there is no option --jso"


def test_after_two_dashes_nothing_is_an_option(invoke: Invoke) -> None:
    result = invoke("predict", "no-such-task", "--", "--json")
    assert result.stdout == ""
    assert "no-such-task" in result.stderr


def test_suggestions_are_in_chinese_too(invoke: Invoke) -> None:
    result = invoke("predct", "--lang", "zh-TW")
    assert result.stderr.startswith("錯誤：沒有 'predct' 這個命令\n提示：您是指 predict 嗎？")


class Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "welcome"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], welcome: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colourful(Terminal()) is welcome  # type: ignore[arg-type]
    with Path("/dev/null").open("w") as file:
        assert not colourful(file)


def test_errors_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasktune.cli.output.colourful", lambda stream: True)
    text = words(Failure(1, "bad", hint="mend it"))
    assert click.unstyle(text) == "Error: bad\nHint: mend it"
    assert text.startswith("\x1b[31m")


@pytest.mark.parametrize("arguments", [("--help",), ("plugins",), ("schema",)])
def test_a_closed_pipe_is_quiet(site: Path, arguments: tuple[str, ...]) -> None:
    # The reader is gone before a word is written.
    process = subprocess.Popen(
        [sys.executable, "-m", "tasktune", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert stderr == b""


def test_a_terminal_without_chinese_gets_escapes(run_tune: RunTune) -> None:
    result = run_tune("--help", "--lang", "zh-TW", PYTHONIOENCODING="latin-1")
    assert result.returncode == 0
    assert "\\u" in result.stdout


def test_python_m_tasktune_is_tune(run_tune: RunTune) -> None:
    result = run_tune("check", "no-such-task")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_ctrl_c_while_the_program_is_being_imported_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "tasktune.cli.root", Interrupted("root"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
