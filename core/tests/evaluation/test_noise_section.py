"""The report lists rows whose label is probably wrong, and nothing where that cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasktune.data.noise import LabelNoise, Suspect, noise_in
from tasktune.definition import Task
from tasktune.evaluation.noise_section import MOST_SHOWN, noise_section, read_noise, write_noise
from tasktune.evaluation.wording import Wording
from tasktune.types import Record

MakeTask = Callable[..., Task]
SUSPECTS = tuple(
    Suspect(
        id=f"test.jsonl:{number}", split="test", text="a | b", given="red", probable="blue", score=0.02, probability=0.9
    )
    for number in range(1, 14)
)
FOUND = LabelNoise(rows=200, all_rows=200, rare=0, suspects=SUSPECTS)


def test_the_most_suspicious_rows_are_listed() -> None:
    section = noise_section(FOUND, Wording("en", {}))
    assert "13 of 200 rows (6.5%)" in section
    assert f"| test.jsonl:{MOST_SHOWN} | a &#124; b | red | blue | 2.0% |" in section
    assert f"test.jsonl:{MOST_SHOWN + 1} " not in section
    assert "label_noise.json" in section
    assert "13" in noise_section(FOUND, Wording("zh-TW", {}))


def test_without_a_suspect_there_is_no_section() -> None:
    assert noise_section(FOUND.model_copy(update={"suspects": ()}), Wording("en", {})) == ""
    assert noise_section(None, Wording("en", {})) == ""


def test_what_is_kept_is_read_back_and_a_damaged_file_counts_for_none(tmp_path: Path) -> None:
    assert read_noise(tmp_path) is None
    write_noise(tmp_path, FOUND)
    assert read_noise(tmp_path) == FOUND
    (tmp_path / "label_noise.json").write_text("{", "utf-8")
    assert read_noise(tmp_path) is None


def test_open_answers_have_no_labels_to_doubt(make_task: MakeTask) -> None:
    record = Record(id="train.jsonl:1", inputs={"text": "fire"}, target="red")
    assert noise_in(make_task({"closed": False}), [("train", record)]) is None
    assert noise_in(make_task(), [("train", record)]) is not None
