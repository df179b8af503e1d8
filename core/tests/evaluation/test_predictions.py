from __future__ import annotations

import json
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.errors import InputError
from tasktune.evaluation.predictions import Prediction, parse_outputs, read_predictions, write_predictions
from tasktune.types import Answer, Record, Scored

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
predictions = st.builds(
    Prediction,
    id=st.text(string.printable),
    inputs=st.dictionaries(st.text(), json_values, max_size=3),
    target=json_values,
    output=st.text(),
    answer=st.builds(Answer, value=json_values) | st.builds(Answer, error=st.text()),
    correct=st.none() | st.booleans(),
)


@given(st.lists(predictions, max_size=4))
def test_a_file_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, made: list[Prediction]) -> None:
    path = tmp_path_factory.mktemp("p") / "evaluation" / "predictions.jsonl"
    assert write_predictions(path, made) == len(made)
    assert list(read_predictions(path)) == made
    assert path.read_bytes().count(b"\n") == len(made)
    for line in path.read_text("utf-8").split("\n")[:-1]:
        assert {"id", "inputs", "target", "output", "answer"} <= json.loads(line).keys()


def test_text_is_readable_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    write_predictions(
        path, [Prediction(id="a:1", inputs={"text": "台積電"}, output="正面", answer=Answer(value="正面"))]
    )
    assert "台積電" in path.read_text("utf-8")


def test_half_a_surrogate_pair_in_a_row_survives(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    made = Prediction(id="a:1", inputs={"text": "\ud83d"}, output="台", answer=Answer(value="台"))
    write_predictions(path, [made])
    assert list(read_predictions(path)) == [made]


@pytest.mark.parametrize(
    ("target", "answer", "correct"),
    [
        ("red", Answer(value="red"), True),
        ("red", Answer(value="blue"), False),
        ("red", Answer(error="?"), False),
        ([], Answer(value=[]), True),
        ([], Answer(error="?"), False),
        (None, Answer(value="red"), None),
    ],
)
def test_correct_is_equality_with_the_target(target: Any, answer: Answer, correct: bool | None) -> None:
    record = Record(id="a:1", inputs={"text": "x"}, target=target)
    prediction = Prediction.of(Scored(record=record, output="raw", answer=answer))
    assert prediction.correct is correct
    assert prediction.record == record


def test_the_task_type_reads_outputs_without_seeing_the_target(make_task: Any, rows: list[tuple[Record, str]]) -> None:
    scored = list(parse_outputs(make_task(), rows))
    assert [row.record for row in scored] == [record for record, _output in rows]
    assert scored[0].answer == Answer(value="red")
    assert scored[-1].answer == Answer(error="no brackets")


def test_reading_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    one = Prediction(id="a:1", inputs={}, output="", answer=Answer(value=1))
    write_predictions(path, [one])
    path.write_text(path.read_text("utf-8") + "{broken\n", encoding="utf-8")
    reader = read_predictions(path)
    assert next(reader) == one
    with pytest.raises(InputError, match=r"p\.jsonl:2: not a prediction: .*tune evaluate"):
        next(reader)


@pytest.mark.parametrize(
    "line", ['{"id": "a:1"}', "[]", '"x"', "", '{"id": 1, "inputs": {}, "output": "", "answer": {}}']
)
def test_a_line_that_is_no_prediction_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"p\.jsonl:1: not a prediction") as caught:
        list(read_predictions(path))
    assert caught.value.exit_code == 2


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl does not exist") as caught:
        list(read_predictions(tmp_path / "none.jsonl"))
    assert caught.value.hint is not None
    assert "tune evaluate" in caught.value.hint


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    old = Prediction(id="old", inputs={}, output="", answer=Answer(value=1))
    write_predictions(path, [old])

    def breaking() -> Iterator[Prediction]:
        yield old.model_copy(update={"id": "new"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_predictions(path, breaking())
    assert list(read_predictions(path)) == [old]
    assert list(tmp_path.iterdir()) == [path]
