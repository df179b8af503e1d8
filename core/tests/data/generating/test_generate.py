"""``tune data generate`` against a server: what is asked, what is kept, what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Read = Callable[..., list[dict[str, Any]]]


def texts(body: dict[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def test_rows_of_a_class_come_with_their_origin(task: Path, server: Any, generate: Invoke, generated: Read) -> None:
    train = (task / "data" / "train.jsonl").read_bytes()
    done = generate("--class", "yes", "--count", 12, "--temperature", 0.7, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["finished"], report["rows"], report["received"]) == (True, 12, 12)
    assert report["usage"] == {"prompt_tokens": 300, "completion_tokens": 60}
    rows = generated()
    assert [row["text"] for row in rows] == [f"text {n}" for n in range(1, 13)]
    assert {row["label"] for row in rows} == {"yes"}
    assert [row["_generated"]["request"] for row in rows] == [1] * 5 + [2] * 5 + [3] * 2
    assert {(row["_generated"]["model"], row["_generated"]["class"]) for row in rows} == {("fake-1", "yes")}
    requests = generated("generated_yes.requests.jsonl")
    assert {line["temperature"] for line in requests} == {body["temperature"] for body in server.requests} == {0.7}
    assert [(line["asked_for"], line["kept"]) for line in requests] == [
        (5, [1, 2, 3, 4, 5]),
        (5, [6, 7, 8, 9, 10]),
        (2, [11, 12]),
    ]
    assert (task / "data" / "train.jsonl").read_bytes() == train


def test_the_request_shows_rows_of_the_class_in_train_and_no_others(server: Any, generate: Invoke) -> None:
    assert generate("--class", "yes", "--count", 30, "--shots", 4).exit_code == 0
    for body in server.requests:
        said = texts(body)
        assert "valid row" not in said
        assert "test row" not in said
        shown = [n for n in range(20) if f'"train row {n}"' in said]
        assert len(shown) == 4
        assert all(n % 2 == 0 for n in shown)
        assert "class yes" in said
    assert len({texts(body) for body in server.requests}) > 1


def test_a_training_row_that_is_in_test_too_is_not_shown(task: Path, server: Any, generate: Invoke) -> None:
    rows = [{"text": "Test row 0!", "label": "yes"}, {"text": "only here", "label": "yes"}]
    (task / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert generate("--class", "yes", "--count", 5).exit_code == 0
    assert "only here" in texts(server.requests[0])
    assert "Test row 0" not in texts(server.requests[0])


def test_a_fixed_answer_is_not_asked_for(server: Any, generate: Invoke) -> None:
    assert generate("--class", "no", "--count", 5).exit_code == 0
    form = server.requests[0]["response_format"]["json_schema"]
    example = form["schema"]["properties"]["examples"]["items"]
    assert form["strict"] is True
    assert list(example["properties"]) == example["required"] == ["text"]


def test_without_a_class_the_answer_is_asked_for(server: Any, generate: Invoke, generated: Read) -> None:
    server.write = lambda n: {"text": f"text {n}", "label": {"label": "yes" if n % 2 else "no"}}
    assert generate("--count", 5).exit_code == 0
    example = server.requests[0]["response_format"]["json_schema"]["schema"]["properties"]["examples"]["items"]
    assert example["properties"]["label"]["properties"]["label"] == {"enum": ["yes", "no"]}
    assert '"label": {"label": "yes"}' in texts(server.requests[0])
    assert [row["label"] for row in generated("generated_all.jsonl")] == ["yes", "no", "yes", "no", "yes"]


def test_inputs_that_any_split_has_are_left_out(server: Any, generate: Invoke, generated: Read) -> None:
    taken = ["train row 3", "TEST ROW 1", "valid　row 2。", "new", "New!"]
    server.write = lambda n: {"text": taken[n - 1] if n <= len(taken) else f"text {n}"}
    report = json.loads(generate("--class", "yes", "--count", 5, "--json").stdout)
    assert (report["kept"], report["duplicates"], report["refused"]) == (5, 4, 0)
    assert [row["text"] for row in generated()] == ["new", "text 6", "text 7", "text 8", "text 9"]


def test_inputs_that_were_generated_before_are_left_out(server: Any, generate: Invoke, generated: Read) -> None:
    assert generate("--class", "yes", "--count", 5).exit_code == 0
    server.written = 0
    report = json.loads(generate("--class", "no", "--count", 5, "--json").stdout)
    assert (report["kept"], report["duplicates"]) == (5, 5)
    assert not {row["text"] for row in generated()} & {row["text"] for row in generated("generated_no.jsonl")}


def test_examples_that_the_task_refuses_are_counted_with_the_reason(
    server: Any, generate: Invoke, generated: Read
) -> None:
    bad: list[Any] = [
        {"text": "a", "label": {"label": "maybe"}},
        {"text": "b"},
        {"text": "  ", "label": {"label": "yes"}},
        {"text": ["c"], "label": {"label": "yes"}},
        "d",
    ]
    good = {"label": {"label": "yes"}}
    server.write = lambda n: bad[n - 1] if n <= 4 else {"text": f"text {n}", **good}
    done = generate("--count", 4)
    assert done.exit_code == 0, done.output
    assert "8 = 4 + 0 + 4" in done.output
    assert "2 × text: the example has no text here" in done.output
    [first, _second] = generated("generated_all.requests.jsonl")
    assert [each["example"] for each in first["refused"]] == bad[:4]


def test_the_same_command_goes_on_and_then_has_nothing_to_do(server: Any, generate: Invoke, generated: Read) -> None:
    assert generate("--class", "yes", "--count", 5).exit_code == 0
    assert generate("--class", "yes", "--count", 8).exit_code == 0
    assert [row["_generated"]["request"] for row in generated()] == [1] * 5 + [2] * 3
    asked = len(server.requests)
    done = generate("--class", "yes", "--count", 8)
    assert done.exit_code == 0
    assert "8 of 8 rows" in done.output
    assert len(server.requests) == asked


def test_nothing_new_ends_a_run(server: Any, generate: Invoke) -> None:
    server.write = lambda n: {"text": "always this"}
    done = generate("--class", "yes", "--count", 40)
    assert done.exit_code == 1
    assert "5 answers in a row brought no new row" in done.output
    assert len(server.requests) == 6


def test_no_more_is_sent_than_was_agreed_to(server: Any, generate: Invoke) -> None:
    # One new row of five in each answer.
    server.write = lambda n: {"text": f"text {n}" if n % 5 == 0 else "always this"}
    done = generate("--class", "yes", "--count", 10)
    assert done.exit_code == 1
    assert "as many requests were sent as were agreed to" in done.output
    assert len(server.requests) == 5


def test_an_estimate_sends_nothing(task: Path, server: Any, invoke: Invoke) -> None:
    said = ("data", "generate", task, "--class", "yes", "--count", 12, "--model", "m", "--base-url", server.url)
    prices = ("--input-price", 2, "--output-price", 10)
    done = invoke(*said, *prices, "--estimate", "--json")
    assert done.exit_code == 0, done.output
    estimate = json.loads(done.stdout)
    assert (estimate["wanted"], estimate["there"], estimate["requests"], estimate["requests_at_most"]) == (12, 0, 3, 7)
    assert estimate["cost"] == pytest.approx((2 * estimate["prompt_tokens"] + 10 * estimate["answer_tokens"]) / 1e6)
    assert "requests       3 (at most 7)" in invoke(*said, "--estimate").output
    assert server.requests == []
    assert not (task / "data" / "raw").exists()


def test_nobody_there_to_agree(task: Path, server: Any, invoke: Invoke) -> None:
    said = ("data", "generate", task, "--count", 5, "--model", "m", "--base-url", server.url)
    for more in ((), ("--json",)):
        done = invoke(*said, *more)
        assert done.exit_code == 2
        assert "--yes sends them" in done.output
    assert server.requests == []


def test_settings_come_from_task_yaml_and_the_environment(
    task: Path, server: Any, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    definition["data"] = {"generate": {"model": "of-the-task", "base_url": server.url, "api_key_env": "MY_KEY"}}
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    monkeypatch.setenv("MY_KEY", "secret-1")
    assert invoke("data", "generate", task, "--count", 5, "--class", "no", "--yes").exit_code == 0
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_MODEL", "of-the-environment")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-2")
    del definition["data"]
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    assert invoke("data", "generate", task, "--count", 10, "--class", "no", "--yes").exit_code == 0
    assert [body["model"] for body in server.requests] == ["of-the-task", "of-the-environment"]
    assert [sent["authorization"] for sent in server.headers] == ["Bearer secret-1", "Bearer secret-2"]
    written = b"".join(path.read_bytes() for path in task.rglob("*") if path.is_file())
    assert b"secret" not in written


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no model is named"),
        (("--model", "m"), "OPENAI_API_KEY: the environment has no key"),
        (("--model", "m", "--base-url", "localhost:8000"), "not the address of a server"),
        (("--model", "m", "--base-url", "http://me:secret@host/v1"), "may have no user, password or query"),
        (("--model", "m", "--base-url", "http://host:99999/v1"), "not the address of a server"),
        (("--model", "m", "--api-key-env", "sk-secret"), "not the name of an environment variable"),
        (("--model", "m", "--base-url", "http://host/v1", "--api-key-env", "NO_SUCH"), "NO_SUCH: the environment has"),
        (("--model", "m", "--input-price", "1"), "one price alone makes no cost"),
        (("--model", "m", "--class", "yse", "--base-url", "http://host/v1"), "did you mean yes?"),
        (("--model", "m", "--pairs"), "--count does not go with --pairs"),
        (("--split", "train"), "--split goes with --pairs only"),
    ],
)
def test_misuse_is_explained(task: Path, invoke: Invoke, arguments: tuple[str, ...], told: str) -> None:
    done = invoke("data", "generate", task, "--count", 5, "--yes", *arguments)
    assert done.exit_code == 2
    assert told in done.output
    assert "secret" not in done.output


def test_a_count_is_needed(task: Path, invoke: Invoke) -> None:
    done = invoke("data", "generate", task, "--class", "yes")
    assert done.exit_code == 2
    assert "--count is missing" in done.output


def test_held_out_rows_must_have_files(task: Path, generate: Invoke) -> None:
    (task / "data" / "test.jsonl").unlink()
    done = generate("--count", 5)
    assert done.exit_code == 2
    assert "tune data split" in done.output


def test_faulty_data_are_named_before_anything_is_sent(task: Path, server: Any, generate: Invoke) -> None:
    with (task / "data" / "valid.jsonl").open("a") as file:
        file.write('{"text": "x", "label": "maybe"}\n{"text": 3}\n')
    done = generate("--count", 5)
    assert done.exit_code == 2
    assert "data/valid.jsonl:6: label: 'maybe' is not a class" in done.output
    assert "data/valid.jsonl:7: text: missing" in done.output
    assert server.requests == []


def test_a_class_whose_name_is_no_file_name(task: Path, server: Any, generate: Invoke, generated: Read) -> None:
    definition = json.loads((task / "task.yaml").read_text("utf-8"))
    definition["options"]["classes"] += ["../a b", "..?a b", "all"]
    (task / "task.yaml").write_text(json.dumps(definition), "utf-8")
    for name in ("../a b", "..?a b", "all"):
        assert generate("--class", name, "--count", 5).exit_code == 0
    files = sorted(path.name for path in (task / "data" / "raw").glob("generated_*.jsonl") if ".r" not in path.name)
    assert len(files) == 3
    assert "generated_all.jsonl" not in files
    assert all(len({row["label"] for row in generated(name)}) == 1 for name in files)


def test_without_the_client_it_says_what_to_install(generate: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    done = generate("--count", 5)
    assert done.exit_code == 2
    assert "pip install 'tasktune[generate]'" in done.output


def test_where_rows_come_from_does_not_make_a_new_version(task: Path) -> None:
    from tasktune.definition import fingerprint, load_task

    before = fingerprint(load_task(task))
    assert fingerprint(load_task(task, overrides=["data.generate.model=m"])) == before
    assert fingerprint(load_task(task, overrides=["data.split.seed=7"])) != before
