"""Baselines and findings: what they answer, what they claim, and with what evidence."""

from __future__ import annotations

from typing import Any

from tasktune.plugins import load_task_type
from tasktune.types import Answer, Finding, Record, RunContext, Scored
from tasktune_generation.options import GenerationOptions

PLUGIN = load_task_type("generation")
TEXT = GenerationOptions.model_validate({})


def json_options(**schema: Any) -> GenerationOptions:
    return GenerationOptions.model_validate({"output_format": {"schema": schema}})


def record(number: int, target: Any = None, **inputs: Any) -> Record:
    return Record(id=f"rows.jsonl:{number}", inputs=inputs or {"text": "好"}, target=target)


def test_copy_answers_with_the_main_input() -> None:
    [copy] = PLUGIN.baselines([], [record(1, text=" 好的 "), record(2, text=" ")], TEXT)
    assert copy.name == "copy"
    assert copy.answers[0] == Answer(value="好的")
    assert not copy.answers[1].parsed
    titled = GenerationOptions.model_validate({"input_template": "{title}：{body}"})
    [copy] = PLUGIN.baselines([], [record(1, title="題", body="內文")], titled)
    assert copy.answers == (Answer(value="內文"),)


def test_most_frequent_takes_each_fields_most_frequent_value() -> None:
    options = json_options(a={"type": "string"}, b={"type": "integer"})
    train = [record(1, {"a": "x", "b": 1}), record(2, {"a": "x", "b": 2}), record(3, {"a": "y", "b": 2}), record(4)]
    [found] = PLUGIN.baselines(train, [record(5), record(6)], options)
    assert found.name == "most-frequent"
    assert found.answers == (Answer(value={"a": "x", "b": 2}),) * 2
    assert list(PLUGIN.baselines([record(4)], [record(5)], options)) == []


def test_most_frequent_leaves_out_what_is_mostly_left_out() -> None:
    options = GenerationOptions.model_validate({"output_format": {"type": "json"}})
    train = [record(1, {"a": 1, "note": "x"}), record(2, {"a": 1}), record(3, {"a": 2})]
    [found] = PLUGIN.baselines(train, [record(4)], options)
    assert found.answers == (Answer(value={"a": 1}),)


def test_most_frequent_values_that_do_not_fit_together_give_way_to_a_whole_target() -> None:
    pairs = [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 4, "b": 5}, {"a": 6, "b": 5}, {"a": 1, "b": 3}, {"a": 0, "b": 5}]
    options = GenerationOptions.model_validate(
        {"output_format": {"schema": {"type": "object", "properties": {}, "not": {"enum": [{"a": 1, "b": 5}]}}}}
    )
    [found] = PLUGIN.baselines([record(n, pair) for n, pair in enumerate(pairs)], [record(9)], options)
    assert found.answers == (Answer(value={"a": 1, "b": 3}),)


def diagnosed(rows: list[Scored], options: GenerationOptions = TEXT) -> dict[str, Finding]:
    run = RunContext(task_name="t", language="zh-TW", threshold=0.95, train_rows=9)
    found = PLUGIN.diagnose(rows, PLUGIN.compute_metrics(rows, options), run, options)
    return {finding.code: finding for finding in found}


def row(number: int, gold: Any, answer: Any, text: str = "好", output: str = "x") -> Scored:
    read = Answer(error="?") if answer is None else Answer(value=answer)
    return Scored(record=record(number, gold, text=text), output=output, answer=read)


def test_good_answers_have_no_findings() -> None:
    assert diagnosed([row(n, f"敬悉{n}。", f"敬悉{n}。") for n in range(20)]) == {}


def test_copied_inputs() -> None:
    rows = [row(n, "敬悉。", "收到了", text="收到了 ") for n in range(3)]
    rows += [row(n, "收到。", "收到。", text="收到。") for n in range(3, 30)]  # here a copy is right
    found = diagnosed(rows)["copied-inputs"]
    assert found.evidence == {"share": 1.0}
    assert found.record_ids == ("rows.jsonl:0", "rows.jsonl:1", "rows.jsonl:2")


def test_empty_answers() -> None:
    rows = [row(n, "敬悉。", "敬悉。") for n in range(8)]
    thinking = [row(n, "敬悉。", None, output="<think>嗯") for n in range(8, 10)]
    found = diagnosed([*rows, *thinking, row(10, "敬悉。", None, output=" ")])["empty-answers"]
    assert found.severity == "error"
    assert found.evidence == {"share": 3 / 11, "unfinished_thinking": 2}
    assert "max_new_tokens" in found.actions[0].title
    assert (
        "max_new_tokens" not in diagnosed([*rows, row(8, "敬悉。", None, output="")])["empty-answers"].actions[0].title
    )


def test_answers_of_the_wrong_length() -> None:
    long = diagnosed([row(n, "敬悉。", "敬悉。" * (n + 1)) for n in range(6)])["answer-length"]
    assert "3.50 times" in long.message
    assert long.record_ids[0] == "rows.jsonl:5"
    assert "rows.jsonl:0" not in long.record_ids
    short = diagnosed([row(n, "敬悉敬悉敬悉。", "敬悉。") for n in range(6)])["answer-length"]
    assert "only 0.43 times" in short.message
    assert "answer-length" not in diagnosed([row(n, "敬悉敬悉敬悉。", "敬悉。") for n in range(4)])


def test_a_weak_field() -> None:
    options = json_options(a={}, b={}, c={})
    rows = [row(n, {"a": 1, "b": 1, "c": n}, {"a": 1, "b": 1, "c": n % 2}) for n in range(10)]
    found = diagnosed(rows, options)
    assert set(found) == {"weak-field"}
    assert found["weak-field"].evidence == {"field": "c", "field_accuracy": 0.2}
    assert found["weak-field"].record_ids == tuple(f"rows.jsonl:{n}" for n in range(2, 10))
