"""Evaluation through an OpenAI-compatible endpoint: a real HTTP server answers, and fails, for a version."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.data.rows import read_split
from tasktune.definition import load_task
from tasktune.evaluation.predictions import FILE_NAME, Prediction, parse_outputs, write_predictions
from tasktune.pipeline.judge import judge
from tasktune.workspace.versions import State, Version

TESTS = Path(__file__).parents[1]
Evaluate = Callable[..., Result]
TEST_ROWS = 12


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(scope="session")
def protocol() -> Any:
    return SimpleNamespace(**runpy.run_path(str(TESTS / "openai_server.py")))


@pytest.fixture
def server(protocol: Any) -> Iterator[Any]:
    """Answers every row with its class."""
    with protocol.serving() as server:
        server.reply = right
        server.models = ["m"]
        yield server


def right(body: dict[str, Any]) -> str:
    return json.dumps({"label": "no" if "odd" in body["messages"][-1]["content"] else "yes"})


@pytest.fixture
def version(make_trained: Callable[..., Version]) -> Version:
    return make_trained()


@pytest.fixture
def evaluate(server: Any, tmp_path: Path) -> Evaluate:
    def run(*arguments: object, url: str | None = None) -> Result:
        given = ["evaluate", tmp_path / "task", "--engine", "openai", "--endpoint", url or server.url, "--retries", 0]
        return CliRunner().invoke(tune, [*map(str, given), *map(str, arguments)], prog_name="tune")

    return run


def own_answers(version: Version) -> None:
    """The version is evaluated, as if its own model had answered everything with yes, half of it wrongly."""
    task = load_task(version.definition, folder=version.folder.parent.parent)
    wrong = ((record, json.dumps({"label": "yes"})) for record in read_split(version.prepared, "test"))
    write_predictions(version.evaluation / FILE_NAME, map(Prediction.of, parse_outputs(task, wrong)))
    judge(task, version, "test")
    version.finish_stage("evaluate")


def beside(version: Version) -> Path:
    [folder] = version.engines.iterdir()
    return folder


def test_a_served_model_is_asked_by_the_versions_rules(version: Version, server: Any, evaluate: Evaluate) -> None:
    done = evaluate("--model", "m", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["evaluation"]["value"] == 1.0
    use = found["evaluation"]["engine"]
    assert (use["engine"], use["endpoint"], use["model"], use["answered_by"]) == ("openai", server.url, "m", ["m"])
    assert use["notes"] == []
    assert len(server.requests) == TEST_ROWS
    for body in server.requests:
        assert body["temperature"] == 0.0
        assert body["max_tokens"] == 16
        assert body["stop"] == ["<|im_end|>"]
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
        assert not body.get("stream")
        assert "response_format" not in body
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert all("authorization" not in h or h["authorization"] == "Bearer none" for h in server.headers)
    folder = Path(found["evaluation_dir"])
    assert folder == beside(version)
    assert json.loads((folder / "results.json").read_text("utf-8")) == found["evaluation"]
    assert f"- Engine: m @ {server.url}" in (folder / "report.md").read_text("utf-8").replace("\\", "")
    assert not version.results.exists()
    assert not version.evaluation.exists()
    assert not list(folder.glob(".*"))


def test_the_versions_own_score_stays_and_is_shown_beside(
    make_trained: Callable[..., Version], server: Any, evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = make_trained()
    own_answers(version)
    own = {path: path.read_bytes() for path in version.folder.rglob("*") if path.is_file()}
    done = evaluate("--model", "m")
    assert done.exit_code == 0, done.output
    assert "v1 (transformers)" in done.output
    assert f"6 of {TEST_ROWS} answers are those of the version's own evaluation" in done.output
    assert {path: path.read_bytes() for path in own} == own
    results = json.loads((beside(version) / "results.json").read_text("utf-8"))
    assert results["baselines"]["v1 (transformers)"]["accuracy"] == 0.5
    assert results["engine"]["agreement"] == {"rows": TEST_ROWS, "same": 6}
    assert json.loads(version.results.read_text("utf-8"))["engine"]["engine"] == "transformers"


def test_requests_are_sent_several_at_a_time_but_not_more(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate
) -> None:
    meet = threading.Barrier(3)

    def together(handler: Any) -> None:
        meet.wait(30)
        protocol.said()(handler)

    server.script = [protocol.said(), *[together] * 9]
    done = evaluate("--model", "m", "--concurrency", 3)
    assert done.exit_code == 0, done.output
    assert server.most_at_once == 3


def test_one_at_a_time(version: Version, server: Any, evaluate: Evaluate) -> None:
    assert evaluate("--model", "m", "--concurrency", 1).exit_code == 0
    assert server.most_at_once == 1


def test_the_order_of_answers_does_not_matter(version: Version, server: Any, protocol: Any, evaluate: Evaluate) -> None:
    server.script = [protocol.said(), protocol.said(seconds=0.5)]
    done = evaluate("--model", "m", "--json")
    assert json.loads(done.stdout)["evaluation"]["value"] == 1.0


@pytest.mark.parametrize("split", ["valid", "train"])
def test_other_splits_lie_apart(version: Version, server: Any, evaluate: Evaluate, split: str) -> None:
    assert evaluate("--model", "m").exit_code == 0
    assert evaluate("--model", "m", "--split", split).exit_code == 0
    names = sorted(folder.name for folder in version.engines.iterdir())
    assert names[1] == f"{names[0]}-{split}"


def test_without_a_name_the_only_model_is_asked(version: Version, server: Any, evaluate: Evaluate) -> None:
    assert evaluate().exit_code == 0
    assert {body["model"] for body in server.requests} == {"m"}


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["big", "small"], "name one with --model: big, small"),
        ([], "load one into the server"),
        (None, "answers 404"),
    ],
)
def test_without_a_name_and_no_only_model(
    version: Version, server: Any, evaluate: Evaluate, models: list[str] | None, told: str
) -> None:
    server.models = models
    done = evaluate()
    assert done.exit_code == 2
    assert told in done.output
    assert not version.engines.exists()


def test_an_unknown_model_is_told_what_there_is(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate
) -> None:
    server.models = ["qwen3-4b", "other"]
    server.script = [protocol.status(404, "model 'qwen3_4b' not found")]
    done = evaluate("--model", "qwen3_4b")
    assert done.exit_code == 2
    assert "answers 404: model 'qwen3_4b' not found" in done.output
    assert "the server has the models qwen3-4b, other; did you mean qwen3-4b?" in done.output
    assert not version.engines.exists()


def test_an_address_without_its_end(version: Version, server: Any, evaluate: Evaluate) -> None:
    done = evaluate("--model", "m", url=server.url.removesuffix("/v1"))
    assert done.exit_code == 2
    assert f"did you mean {server.url}?" in done.output


def test_an_address_of_something_else(version: Version, server: Any, protocol: Any, evaluate: Evaluate) -> None:
    server.script = [protocol.whole(b"<html>a page</html>")]
    done = evaluate("--model", "m")
    assert done.exit_code == 1
    assert "sends what is no answer: it is not JSON: '<html>a page</html>'" in done.output
    assert "mostly ends in /v1" in done.output


def test_nobody_there(version: Version, evaluate: Evaluate) -> None:
    done = evaluate("--model", "m", url="http://127.0.0.1:1/v1")
    assert done.exit_code == 1
    assert "http://127.0.0.1:1/v1 cannot be reached" in done.output
    assert "Traceback" not in done.output
    assert not version.engines.exists()


def test_a_slow_server(version: Version, server: Any, protocol: Any, evaluate: Evaluate) -> None:
    server.script = [protocol.silence(1.5)]
    done = evaluate("--model", "m", "--timeout", 0.3)
    assert done.exit_code == 1
    assert "does not answer in time" in done.output


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_never_shown_or_kept(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    server.script = [protocol.status(code, "Incorrect API key provided: sk-very-secret.")]
    done = evaluate("--model", "m", "--api-key-env", "MY_KEY", "--debug")
    assert done.exit_code == 2
    assert "check the key in MY_KEY" in done.output
    again = evaluate("--model", "m", "--api-key-env", "MY_KEY")
    assert again.exit_code == 0
    assert server.headers[-1]["authorization"] == "Bearer sk-very-secret"
    written = "".join(path.read_text("utf-8") for path in version.folder.rglob("*") if path.is_file())
    assert "sk-very-secret" not in done.output + again.output + written


def test_a_key_goes_only_where_it_is_asked_to(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    server.script = [protocol.status(401, "who are you?")]
    done = evaluate("--model", "m")
    assert done.exit_code == 2
    assert "no key was sent; name the variable that holds it with --api-key-env" in done.output
    assert "sk-very-secret" not in json.dumps(server.headers)


@pytest.mark.parametrize(
    "fault",
    [
        lambda protocol: protocol.status(429, "slow down", Retry_After="0.1"),
        lambda protocol: protocol.status(500, "out of luck"),
        lambda protocol: protocol.cut_body(),
        lambda protocol: protocol.silence(0.0),
        lambda protocol: protocol.whole(b'{"choices": []}'),
        lambda protocol: protocol.whole(b'{"choices": [{"message": {"content": 7}}]}'),
        lambda protocol: protocol.whole(b'{"error": "loading the model"}'),
        lambda protocol: protocol.whole(b'{"choices": [{'),
    ],
)
def test_faults_that_pass_cost_nothing(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate, fault: Callable[[Any], Any]
) -> None:
    server.script = [fault(protocol), protocol.said(), fault(protocol)]
    done = evaluate("--model", "m", "--retries", 2, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["evaluation"]["value"] == 1.0
    assert len(server.requests) == TEST_ROWS + 2


@pytest.mark.parametrize(("code", "exit_code"), [(429, 1), (500, 1), (400, 2), (413, 2)])
def test_a_fault_that_stays_ends_it_and_what_was_answered_is_kept(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate, code: int, exit_code: int
) -> None:
    server.script = [*[protocol.said()] * 5, protocol.status(code, "no more")]
    done = evaluate("--model", "m", "--concurrency", 1)
    assert done.exit_code == exit_code
    assert f"answers {code}: no more" in done.output
    assert not (beside(version) / "predictions.jsonl").exists()
    before = len(server.requests)
    again = evaluate("--model", "m", "--concurrency", 1, "--json")
    assert again.exit_code == 0, again.output
    assert len(server.requests) - before == TEST_ROWS - 5
    assert json.loads(again.stdout)["evaluation"]["value"] == 1.0


def test_an_empty_answer_is_an_unreadable_one(version: Version, server: Any, protocol: Any, evaluate: Evaluate) -> None:
    server.script = [protocol.said(), protocol.whole(b'{"choices": [{"message": {"content": null}}]}')]
    done = evaluate("--model", "m", "--json")
    assert json.loads(done.stdout)["evaluation"]["counts"]["unparsed"] == 1


def test_what_an_endpoint_does_not_follow_is_said(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate
) -> None:
    server.script = [
        protocol.status(400, "Unrecognized request argument supplied: chat_template_kwargs"),
        protocol.said(),
        protocol.said(reasoning="well"),
        protocol.said(text='<think>let me see</think>{"label": "yes"}'),
        protocol.said(text='{"lab', finish="length"),
    ]
    done = evaluate("--model", "m", "--concurrency", 1)
    assert "the endpoint takes no chat_template_kwargs, so enable_thinking=false is left to its own" in done.output
    assert f"the model thought before 2 of {TEST_ROWS} answers" in done.output
    assert f"1 of {TEST_ROWS} answers were cut at 16 tokens" in done.output
    assert ["chat_template_kwargs" in body for body in server.requests[:3]] == [True, False, False]
    report = (beside(version) / "report.md").read_text("utf-8")
    assert "## Engine" in report
    assert "the model thought before 2" in report


def test_a_question_that_is_refused_with_and_without_its_switches(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate
) -> None:
    server.script = [protocol.status(400, "the prompt is too long")] * 2
    done = evaluate("--model", "m")
    assert done.exit_code == 2
    assert "answers 400: the prompt is too long" in done.output


def test_another_model_that_answers_is_named(version: Version, server: Any, protocol: Any, evaluate: Evaluate) -> None:
    body = {"model": "base.gguf", "choices": [{"message": {"content": '{"label": "yes"}'}, "finish_reason": "stop"}]}
    server.script = [protocol.whole(json.dumps(body).encode())] * TEST_ROWS
    done = evaluate("--model", "m")
    assert "the server says that base.gguf answered" in done.output


class TestConstrained:
    """``evaluation.decoding: constrained`` over an endpoint."""

    def test_the_schema_goes_along(self, make_trained: Callable[..., Version], server: Any, evaluate: Evaluate) -> None:
        make_trained("constrained")
        done = evaluate("--model", "m", "--json")
        assert done.exit_code == 0, done.output
        form = server.requests[-1]["response_format"]
        assert form["type"] == "json_schema"
        assert form["json_schema"]["schema"]["properties"] == {"label": {"enum": ["yes", "no"]}}
        assert json.loads(done.stdout)["evaluation"]["decoding"] == "constrained"

    @pytest.mark.parametrize("text", ["yes, I think", '{"label": "maybe"}', ""])
    def test_a_server_that_does_not_keep_to_it_is_refused(
        self, make_trained: Callable[..., Version], server: Any, protocol: Any, evaluate: Evaluate, text: str
    ) -> None:
        make_trained("constrained")
        server.script = [protocol.said(), protocol.said(text=text)]
        done = evaluate("--model", "m", "--concurrency", 1)
        assert done.exit_code == 2
        assert (
            f"does not hold answers to the form that was asked for; to data/test.jsonl:2 it says {text!r}"
            in done.output
        )

    def test_a_server_that_knows_no_schema_is_refused(
        self, make_trained: Callable[..., Version], server: Any, protocol: Any, evaluate: Evaluate
    ) -> None:
        make_trained("constrained")
        server.script = [protocol.status(400, "response_format is not supported")] * 2
        done = evaluate("--model", "m")
        assert done.exit_code == 2
        assert "response_format is not supported" in done.output

    def test_a_cut_answer_is_no_breach(
        self, make_trained: Callable[..., Version], server: Any, protocol: Any, evaluate: Evaluate
    ) -> None:
        make_trained("constrained")
        server.script = [protocol.said(text='{"lab', finish="length")]
        assert json.loads(evaluate("--model", "m", "--json").stdout)["evaluation"]["counts"]["unparsed"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--engine", "openai"), "--endpoint: no address is given"),
        (("--engine", "openai", "--endpoint", "localhost:8000"), "--endpoint: not the address of a server"),
        (("--engine", "openai", "--endpoint", "http://me:pw@host/v1"), "may have no user, password or query"),
        (
            ("--engine", "openai", "--endpoint", "http://host/v1", "--api-key-env", "ABSENT_KEY"),
            "ABSENT_KEY: the environment has no key",
        ),
        (
            ("--engine", "openai", "--endpoint", "http://host/v1", "--api-key-env", "sk-secret"),
            "--api-key-env: not the name of an environment variable",
        ),
        (("--model", "m"), "--model goes with --engine openai only"),
        (("--engine", "vllm", "--endpoint", "http://host/v1"), "--endpoint goes with --engine openai only"),
        (("--engine", "vllm"), "vLLM is not installed"),
    ],
)
def test_options_that_do_not_do(version: Version, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(tune, ["evaluate", str(tmp_path / "task"), *arguments], prog_name="tune")
    assert done.exit_code == 2
    assert told in done.output
    assert "sk-secret" not in done.output


def test_weights_are_not_needed(version: Version, server: Any, evaluate: Evaluate, tmp_path: Path) -> None:
    version.pruned.write_text("{}")
    assert evaluate("--model", "m", "--version", "v1").exit_code == 0
    assert evaluate("--model", "m").exit_code == 0
    done = CliRunner().invoke(tune, ["evaluate", str(tmp_path / "task"), "--version", "v1"], prog_name="tune")
    assert done.exit_code == 2
    assert "the weights of version v1 were pruned" in done.output


def test_an_untrained_version(version: Version, server: Any, evaluate: Evaluate) -> None:
    version.set_state(State(fingerprint="f", stages_done=("prepare",)))
    done = evaluate("--model", "m", "--version", "v1")
    assert done.exit_code == 2
    assert "not trained" in done.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_it_goes_on(
    version: Version, server: Any, protocol: Any, evaluate: Evaluate, tmp_path: Path, how: signal.Signals
) -> None:
    let_go = threading.Event()

    def stuck(handler: Any) -> None:
        let_go.wait(60)
        handler.cut()

    server.script = [*[protocol.said()] * 5, stuck]
    given = ["evaluate", str(tmp_path / "task"), "--engine", "openai", "--endpoint", server.url, "--model", "m"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tasktune", *given, "--concurrency", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        until = time.monotonic() + 60
        while len(server.requests) < 6:
            assert time.monotonic() < until, process.communicate()
            time.sleep(0.01)
        process.send_signal(how)
        _stdout, stderr = process.communicate(timeout=30)
    let_go.set()
    if how is signal.SIGINT:
        assert process.returncode == 130, stderr
        assert "the same command goes on where this one stopped" in stderr
    before = len(server.requests)
    done = evaluate("--model", "m", "--json")
    assert done.exit_code == 0, done.output
    assert len(server.requests) - before == TEST_ROWS - 5
    assert json.loads(done.stdout)["evaluation"]["value"] == 1.0


def test_no_training_library_is_imported(version: Version, server: Any, tmp_path: Path) -> None:
    probe = (
        "import sys\nfrom tasktune.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'transformers', 'datasets', 'sklearn'} & set(sys.modules)), file=sys.stderr)"
    )
    given = ["evaluate", str(tmp_path / "task"), "--engine", "openai", "--endpoint", server.url, "--model", "m"]
    result = subprocess.run(
        [sys.executable, "-c", probe, *given],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert result.stderr.splitlines()[-1] == "[]", result.stderr


def test_the_status_shows_both(make_trained: Callable[..., Version], server: Any, evaluate: Evaluate) -> None:
    version = make_trained()
    own_answers(version)
    assert evaluate("--model", "m").exit_code == 0
    assert evaluate("--model", "m", "--split", "valid").exit_code == 0
    folder = version.folder.parent.parent
    done = CliRunner().invoke(tune, ["status", str(folder)], prog_name="tune")
    assert done.exit_code == 0, done.output
    assert "v1 by other engines" in done.output
    assert f"m @ {server.url}" in done.output
    assert "6 / 12" in done.output
    told = json.loads(CliRunner().invoke(tune, ["status", str(folder), "--json"], prog_name="tune").stdout)
    [row] = told["engines"]
    assert (row["verdict"]["value"], row["agreement"]) == (1.0, {"rows": 12, "same": 6})
    assert row["interval"]["high"] == 1.0
    assert (version.folder / row["folder"] / "report.md").exists()
    assert told["scores"]["verdict"]["value"] == 0.5
