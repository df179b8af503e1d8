"""The loader: plugins are found by metadata, imported one by one, and refused with the distribution's name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune import plugins
from tasktune.errors import PluginError, Problem, RecordError
from tasktune.types import DeployRequest, Record, TaskOptions

Install = Callable[..., Path]

GOOD = """
from tasktune import hookimpl
from tasktune.types import Answer, Message, Metrics, Prompt, Record, TaskOptions, TaskTypeInfo

@hookimpl
def plugin_info():
    return TaskTypeInfo(
        contract=1, summary="echoes", options=TaskOptions, target_field="out", primary_metric="accuracy",
        examples=(Record(id="1", inputs={"text": "a"}, target="a"),), example_options={}, suggested_threshold=0.5,
    )

@hookimpl
def build_prompt(record):
    return Prompt(messages=(Message(role="user", content=record.inputs["text"]),), completion=record.target)

@hookimpl
def parse_output(text, record):
    return Answer(value=[text, record.target])

@hookimpl
def compute_metrics(rows):
    return Metrics(primary="accuracy", values={"accuracy": 0.0})
"""

OPTIONS = TaskOptions()
RECORD = Record(id="1", inputs={"text": "a"}, target="secret")


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def refused(name: str) -> PluginError:
    with pytest.raises(PluginError) as caught:
        plugins.load_task_type(name)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value


def test_good_plugin_is_loaded_by_its_name(install_plugin: Install) -> None:
    install_plugin("echo", GOOD, version="1.2.3")
    echo = plugins.load_task_type("echo")
    assert (echo.name, echo.origin, echo.info.summary) == ("echo", "tasktune-echo 1.2.3", "echoes")
    assert echo.build_prompt(RECORD, OPTIONS).completion == "secret"


def test_finding_imports_nothing(install_plugin: Install) -> None:
    install_plugin("echo", "raise SystemExit('imported')")
    assert "echo" in plugins.find("task type")
    assert "tasktune_echo" not in sys.modules


def test_loading_one_does_not_import_another(install_plugin: Install) -> None:
    install_plugin("echo", GOOD)
    install_plugin("other", "raise SystemExit('imported')")
    assert plugins.load_task_type("echo").name == "echo"


def test_unknown_name_lists_what_there_is_and_guesses(install_plugin: Install) -> None:
    install_plugin("echo", GOOD)
    error = refused("ecoh")
    assert "no task type named 'ecoh'" in error.message
    assert "echo" in error.message
    assert error.hint == "did you mean echo?"
    assert refused("zzzzzz").hint == "install the distribution that provides it with pip"


def test_a_deployer_is_no_task_type(install_plugin: Install) -> None:
    install_plugin("echo", GOOD, group="tasktune.deployers")
    assert "no task type named 'echo'" in refused("echo").message


def test_two_distributions_under_one_name(install_plugin: Install) -> None:
    install_plugin("echo", GOOD)
    folder = install_plugin("rival", GOOD, version="2.0")
    (folder / "tasktune_rival-2.0.dist-info" / "entry_points.txt").write_text(
        "[tasktune.task_types]\necho = tasktune_rival\n", "utf-8"
    )
    error = refused("echo")
    assert "two distributions provide the task type 'echo'" in error.message
    assert "tasktune-echo 0.1.0" in error.message
    assert "tasktune-rival 2.0" in error.message
    assert error.hint == "uninstall one of them"


def test_one_distribution_seen_twice_is_one(install_plugin: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editable install can stand on sys.path twice."""
    folder = install_plugin("echo", GOOD)
    monkeypatch.syspath_prepend(str(folder / ".." / folder.name))
    assert plugins.load_task_type("echo").name == "echo"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_package_at_all", "ModuleNotFoundError: No module named 'no_such_package_at_all'"),
        ("1 / 0", "ZeroDivisionError"),
        ("def (", "SyntaxError"),
    ],
)
def test_import_that_fails(install_plugin: Install, source: str, says: str) -> None:
    install_plugin("broken", source, version="3.1")
    error = refused("broken")
    assert "the task type 'broken' (tasktune-broken 3.1) cannot be imported" in error.message
    assert says in error.message
    assert error.hint == "reinstall or uninstall tasktune-broken 3.1"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (GOOD + "\n@hookimpl\ndef parse_outputs(text):\n    return None\n", "unknown hook 'parse_outputs'"),
        (changed("def parse_output(text, record)", "def parse_output(txt, record)"), "txt"),
        (changed("@hookimpl\ndef parse_output", "def parse_output"), "does not implement parse_output"),
        (changed("contract=1", "contract=2"), "written for contract 2, this tasktune has contract 1"),
        (changed("return TaskTypeInfo(", "return dict("), "plugin_info() must return TaskTypeInfo"),
        (changed("    return TaskTypeInfo(", "    return None\n    TaskTypeInfo("), "plugin_info() returned None"),
        (changed('summary="echoes", ', ""), "plugin_info() raised ValidationError"),
    ],
    ids=["unknown hook", "unknown parameter", "missing hook", "other contract", "no info", "None", "info raises"],
)
def test_broken_contract(install_plugin: Install, source: str, says: str) -> None:
    install_plugin("broken", source, version="3.1")
    error = refused("broken")
    assert error.message.startswith("the task type 'broken' (tasktune-broken 3.1): ")
    assert says in error.message
    assert error.hint == "update tasktune-broken 3.1 or tasktune"


def test_all_missing_hooks_are_named(install_plugin: Install) -> None:
    install_plugin("empty", "")
    message = refused("empty").message
    assert all(hook in message for hook in plugins.REQUIRED["task type"])


@pytest.mark.parametrize(
    ("body", "says"), [("return None", "parse_output() returned None"), ("return text[99]", "raised IndexError")]
)
def test_hook_that_fails_is_the_plugins_fault(install_plugin: Install, body: str, says: str) -> None:
    install_plugin("broken", changed("return Answer(value=[text, record.target])", body))
    plugin = plugins.load_task_type("broken")
    with pytest.raises(PluginError) as caught:
        plugin.parse_output("a", RECORD, OPTIONS)
    assert says in caught.value.message
    assert "tasktune-broken 0.1.0" in caught.value.message


def test_errors_for_the_user_pass_unchanged(install_plugin: Install) -> None:
    raising = "from tasktune.errors import Problem, RecordError\n    raise RecordError(Problem('bad', path='text'))"
    install_plugin("strict", changed("return Answer(value=[text, record.target])", raising))
    with pytest.raises(RecordError) as caught:
        plugins.load_task_type("strict").parse_output("a", RECORD, OPTIONS)
    assert caught.value.problems == (Problem("bad", path="text"),)


def test_plugin_is_not_shown_the_target_that_it_must_find(install_plugin: Install) -> None:
    baseline = """
from tasktune.types import Baseline

@hookimpl
def baselines(train, test):
    return [Baseline(name="spy", answers=tuple(Answer(value=record.target) for record in test))]
"""
    install_plugin("spy", GOOD + baseline)
    spy = plugins.load_task_type("spy")
    assert spy.parse_output("a", RECORD, OPTIONS).value == ["a", None]
    assert [answer.value for answer in spy.baselines([RECORD], [RECORD], OPTIONS)[0].answers] == [None]


def test_hooks_that_are_left_out_have_defaults(install_plugin: Install) -> None:
    install_plugin("echo", GOOD)
    echo = plugins.load_task_type("echo")
    row: dict[str, Any] = {"text": "a", "out": "b"}
    assert echo.read_record(row, "f:1", OPTIONS) == Record(id="f:1", inputs={"text": "a"}, target="b")
    assert echo.read_record({"text": "a"}, "f:1", OPTIONS).target is None
    assert list(echo.target_classes(RECORD, OPTIONS)) == []
    assert echo.class_spans("b", RECORD, OPTIONS) is None
    assert list(echo.baselines([RECORD], [RECORD], OPTIONS)) == []


@pytest.mark.parametrize(
    "spans",
    [
        "ClassSpan(name='a', start=0, end=4)",
        "ClassSpan(name='a', start=-1, end=2)",
        "ClassSpan(name='a', start=1, end=1)",
        "ClassSpan(name='a', start=1, end=3), ClassSpan(name='b', start=2, end=3)",
        "('a', 0, 1)",
    ],
)
def test_spans_that_are_no_parts_of_the_answer_are_the_plugins_fault(install_plugin: Install, spans: str) -> None:
    hook = f"""
from tasktune.types import ClassSpan

@hookimpl
def class_spans():
    return [{spans}]
"""
    install_plugin("echo", GOOD + hook)
    with pytest.raises(PluginError, match=r"tasktune-echo 0\.1\.0.*no ClassSpan .* in a completion of 3"):
        plugins.load_task_type("echo").class_spans("abc", RECORD, OPTIONS)


def test_survey_shows_a_broken_plugin_beside_the_good_ones(install_plugin: Install) -> None:
    install_plugin("echo", GOOD, version="1.0")
    install_plugin("broken", "1 / 0", version="3.1")
    install_plugin("newer", changed("contract=1", "contract=9"))
    found = {row.name: row for row in plugins.survey()}
    assert (found["echo"].origin, found["echo"].summary, found["echo"].problem) == ("tasktune-echo 1.0", "echoes", None)
    assert "ZeroDivisionError" in str(found["broken"].problem)
    assert found["broken"].origin == "tasktune-broken 3.1"
    assert "contract 9" in str(found["newer"].problem)


DEPLOYER = """
from tasktune import hookimpl
from tasktune.types import Deployment, PluginInfo

@hookimpl
def plugin_info():
    return PluginInfo(contract=1, summary="a folder")

@hookimpl
def deploy(request):
    return Deployment(target="folder", location=request.version_dir, details={"dry_run": request.dry_run})
"""


def test_deployer(install_plugin: Install) -> None:
    install_plugin("folder", DEPLOYER, group="tasktune.deployers")
    folder = plugins.load_deployer("folder")
    request = DeployRequest(task_name="t", version="v1", version_dir="versions/v1", dry_run=True)
    deployment = folder.deploy(request, folder.info.options())
    assert (deployment.location, deployment.details) == ("versions/v1", {"dry_run": True})
    assert "folder" in {row.name for row in plugins.survey() if row.kind == "deployer"}
