"""A server that fails in every way, and a run that is stopped: what was whole is kept, and not paid for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Read = Callable[..., list[dict[str, Any]]]
FIVE = ("--class", "yes", "--count", 5)


def test_too_many_requests_wait_as_the_server_says(server: Any, protocol: Any, generate: Invoke) -> None:
    server.script = [protocol.status(429, "slow down", Retry_After="0.3")] * 2
    begun = time.monotonic()
    done = generate(*FIVE, "--retries", 2)
    assert done.exit_code == 0, done.output
    assert time.monotonic() - begun >= 0.6
    assert len(server.requests) == 3


def test_too_many_requests_end_a_run_that_goes_on_later(
    server: Any, protocol: Any, generate: Invoke, generated: Read
) -> None:
    server.script = [protocol.answer(), protocol.status(429, "quota exceeded")]
    done = generate("--class", "yes", "--count", 10)
    assert done.exit_code == 1
    assert "answers 429: quota exceeded" in done.output
    assert "the same command goes on later" in done.output
    assert len(generated()) == 5
    assert generate("--class", "yes", "--count", 10).exit_code == 0
    assert len(generated()) == 10


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_cut_connection_costs_only_what_was_not_whole(
    server: Any, protocol: Any, generate: Invoke, generated: Read, share: float
) -> None:
    server.script = [protocol.cut_after(share)]
    done = generate(*FIVE)
    assert done.exit_code == 0, done.output
    kept = {0.0: 0, 0.5: 2, 0.99: 5}[share]
    [first, *_rest] = generated("generated_yes.requests.jsonl")
    assert (len(first["kept"]), first["broken_off"], first["usage"]) == (kept, "the connection broke", None)
    assert [row["_generated"]["request"] for row in generated()] == [1] * kept + [2] * (5 - kept)
    assert len(server.requests) == (1 if kept == 5 else 2)


def test_a_server_that_falls_silent(server: Any, protocol: Any, generate: Invoke, generated: Read) -> None:
    server.script = [protocol.stall_after(0.5, 30)]
    done = generate(*FIVE, "--timeout", 2)
    assert done.exit_code == 0, done.output
    assert generated("generated_yes.requests.jsonl")[0]["broken_off"] == "the server fell silent"
    assert len(generated()) == 5


def test_a_server_that_does_not_answer(server: Any, protocol: Any, generate: Invoke) -> None:
    server.script = [protocol.silence(1.5)]
    done = generate(*FIVE, "--timeout", 0.3)
    assert done.exit_code == 1
    assert "does not answer in time" in done.output


def test_no_server(task: Path, invoke: Invoke) -> None:
    said = ("--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--yes", "--retries", 0)
    done = invoke("data", "generate", task, *FIVE, *said)
    assert done.exit_code == 1
    assert "http://127.0.0.1:1/v1 cannot be reached" in done.output
    assert "Traceback" not in done.output
    assert not list((task / "data" / "raw").iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "I am sorry, but I cannot.",
        '{"examples": [{"text": "a"}, {"text": "b" "c"}]}',
        '{"examples": [{"text": "a"},',
        '{"rows": 3}',
        '{"examples": "none"}',
    ],
)
def test_an_answer_that_is_no_good_json(
    server: Any, protocol: Any, generate: Invoke, generated: Read, text: str
) -> None:
    server.script = [protocol.answer(text)]
    done = generate(*FIVE)
    assert done.exit_code == 0, done.output
    assert len(generated()) == 5
    first = generated("generated_yes.requests.jsonl")[0]
    assert first["broken_off"] or first["refused"]
    assert not first["broken_off"] or first["answer"] == text


@pytest.mark.parametrize(
    ("finish", "told"), [("length", "the model reached its longest answer"), ("content_filter", "the server's filter")]
)
def test_an_answer_that_was_stopped(
    server: Any, protocol: Any, generate: Invoke, generated: Read, finish: str, told: str
) -> None:
    server.script = [protocol.answer('{"examples": [{"text": "whole"}, {"text": "ha', finish)]
    assert generate(*FIVE).exit_code == 0
    assert told in generated("generated_yes.requests.jsonl")[0]["broken_off"]
    assert generated()[0]["text"] == "whole"


def test_an_error_in_the_middle_of_a_stream(server: Any, protocol: Any, generate: Invoke, generated: Read) -> None:
    server.script = [
        protocol.raw_event(json.dumps({"error": {"message": "the engine died"}})),
        protocol.raw_event("no JSON at all"),
    ]
    assert generate(*FIVE).exit_code == 0
    requests = generated("generated_yes.requests.jsonl")
    assert requests[0]["broken_off"] == "the engine died"
    assert "the server sent what is no answer" in requests[1]["broken_off"]


def test_a_server_that_does_not_stream(server: Any, protocol: Any, generate: Invoke, generated: Read) -> None:
    server.script = [protocol.whole(), protocol.whole(b'{"choices": 3}'), protocol.whole(b"<html>")]
    done = generate("--class", "yes", "--count", 10)
    assert done.exit_code == 0, done.output
    requests = generated("generated_yes.requests.jsonl")
    assert [len(line["kept"]) for line in requests] == [5, 0, 0, 5]
    assert requests[0]["usage"] == {"prompt_tokens": 100, "completion_tokens": 20}
    assert all("the server sent what is no answer" in line["broken_off"] for line in requests[1:3])


def test_a_model_that_cannot_stop(server: Any, protocol: Any, generate: Invoke, generated: Read) -> None:
    protocol_piece = " " * 300_000
    server.script = [lambda handler: (handler.start(), handler.chunk(choices=[_delta(protocol_piece)]), handler.end())]
    assert generate(*FIVE).exit_code == 0
    assert generated("generated_yes.requests.jsonl")[0]["broken_off"] == "the answer is endless"


def _delta(text: str) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": text}, "finish_reason": None}


def test_a_server_that_takes_no_schema_is_asked_in_a_form_that_it_takes(
    server: Any, protocol: Any, generate: Invoke
) -> None:
    server.tells_usage = False
    server.script = [protocol.status(400, "response_format is not supported"), protocol.status(422, "nor is this")]
    done = generate("--class", "yes", "--count", 10)
    assert done.exit_code == 0, done.output
    forms = [body.get("response_format", {}).get("type") for body in server.requests]
    assert forms == ["json_schema", "json_object", None, None]
    assert ["stream_options" in body for body in server.requests] == [True, True, False, False]
    assert "answers were asked for as text" in done.output
    assert "the server does not tell tokens" in done.output


def test_a_request_that_is_refused_in_every_form(server: Any, protocol: Any, generate: Invoke) -> None:
    server.script = [protocol.status(400, "the prompt is too long")] * 3
    done = generate(*FIVE)
    assert done.exit_code == 2
    assert "answers 400: the prompt is too long" in done.output


@pytest.mark.parametrize("code", [401, 403])
def test_a_wrong_key_is_never_shown(
    task: Path, server: Any, protocol: Any, generate: Invoke, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    server.script = [protocol.status(code, "Incorrect API key provided: sk-very-secret.")]
    done = generate(*FIVE, "--debug")
    assert done.exit_code == 2
    assert "Incorrect API key provided: …." in done.output
    assert "check the key in OPENAI_API_KEY" in done.output
    written = "".join(path.read_text("utf-8") for path in task.rglob("*") if path.is_file())
    assert "sk-very-secret" not in done.output + written


def test_no_key_where_one_is_needed(server: Any, protocol: Any, generate: Invoke) -> None:
    server.script = [protocol.status(401, "who are you?")]
    done = generate(*FIVE)
    assert done.exit_code == 2
    assert "no key was sent" in done.output


@pytest.mark.parametrize(("code", "exit_code"), [(404, 2), (413, 2), (500, 1), (503, 1)])
def test_other_refusals(server: Any, protocol: Any, generate: Invoke, code: int, exit_code: int) -> None:
    server.script = [protocol.status(code, "x" * 2000)]
    done = generate(*FIVE)
    assert done.exit_code == exit_code
    assert f"answers {code}: xxx" in done.output
    assert done.output.count("x") < 320


def start(task: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tasktune", "data", "generate", str(task), "--class", "yes", "--count", "12"]
    return subprocess.Popen(
        [*command, "--model", "m", "--base-url", url, "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_goes_on(
    task: Path, server: Any, protocol: Any, generate: Invoke, generated: Read, how: signal.Signals
) -> None:
    server.script = [protocol.answer(), protocol.stall_after(0.5, 60)]
    rows = task / "data" / "raw" / "generated_yes.jsonl"
    with start(task, server.url) as process:
        until = time.monotonic() + 60
        while not (rows.exists() and rows.read_bytes().count(b"\n") == 7):
            assert time.monotonic() < until, process.communicate()
            time.sleep(0.01)
        process.send_signal(how)
        _stdout, stderr = process.communicate(timeout=30)
    if how is signal.SIGINT:
        assert process.returncode == 130, stderr
        assert "the same command goes on where this one stopped" in stderr
        assert generated("generated_yes.requests.jsonl")[-1]["broken_off"] == "interrupted"
    kept = generated()
    assert len(kept) == 7
    done = json.loads(generate("--class", "yes", "--count", 12, "--json").stdout)
    assert done["kept"] == 5
    assert len(server.requests) == 3
    assert generated()[:7] == kept
    assert len({row["text"] for row in generated()}) == 12
    assert [row["_generated"]["request"] for row in generated()] == [1] * 5 + [2] * 2 + [3] * 5


def test_two_at_once_are_not_mixed(task: Path, server: Any, generate: Invoke) -> None:
    from tasktune.data.generating.files import journal

    with journal(task / "data" / "raw" / "generated_yes.jsonl"):
        done = generate(*FIVE)
    assert done.exit_code == 2
    assert "another command is writing" in done.output
    assert server.requests == []


@pytest.mark.parametrize(("tail", "kept"), [('{"text": "torn", "la', 5), ('{"text": "open end", "label": "yes"}', 6)])
def test_a_torn_last_line(task: Path, generate: Invoke, generated: Read, tail: str, kept: int) -> None:
    assert generate(*FIVE).exit_code == 0
    with (task / "data" / "raw" / "generated_yes.jsonl").open("a") as file:
        file.write(tail)
    assert generate("--class", "yes", "--count", 7).exit_code == 0
    rows = generated()
    assert len(rows) == 7
    assert sum("_generated" not in row for row in rows) == kept - 5


def test_a_folder_that_cannot_be_written(task: Path, server: Any, generate: Invoke) -> None:
    (task / "data" / "raw").write_text("a file")
    done = generate(*FIVE)
    assert done.exit_code == 2
    assert "data/raw" in done.output
    assert "bug" not in done.output
    assert server.requests == []
