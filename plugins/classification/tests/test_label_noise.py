"""Planted wrong labels are found, in our own made-up rows, and right ones are mostly left alone."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tasktune.data.noise import FOLDS, MOST_CHARACTERS, LabelNoise, label_noise, noise_in, prepared_noise
from tasktune.definition import Task, load_task
from tasktune.errors import InputError
from tasktune.types import Record

WORDS = {
    "天氣": ("今天會下雨嗎", "明天氣溫幾度", "週末的降雨機率", "颱風什麼時候來", "紫外線強不強", "早晚溫差大嗎"),
    "音樂": ("播放一首輕快的歌", "換下一首歌曲", "把音量調大聲", "我想聽鋼琴曲", "重複播放這張專輯", "暫停這首歌"),
    "行事曆": ("提醒我三點開會", "取消週五的約會", "新增一個會議", "下週有什麼行程", "把會議改到早上", "約牙醫的時間"),
}
ENDS = ("", "，謝謝", "，麻煩了", "，可以嗎", "，快一點", "，拜託")
PLACES = ("台北", "高雄", "花蓮", "客廳", "公司", "家裡", "學校", "車上")


def rows() -> list[dict[str, str]]:
    return [
        {"text": f"{place}：{text}{end}", "label": label}
        for label, texts in WORDS.items()
        for text in texts
        for end in ENDS
        for place in PLACES
    ]


def write(folder: Path, data: list[dict[str, str]], /, **keys: object) -> Task:
    (folder / "data").mkdir(parents=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in data)
    (folder / "data" / "train.jsonl").write_text("".join(lines), "utf-8")
    definition = {"task_name": "a", "task_type": "classification", "options": {"labels": list(WORDS)}, **keys}
    (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
    return load_task(folder)


def with_planted() -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows of which one in ten has a wrong label, and the right labels of these by their ids."""
    data, dice, wrong = rows(), random.Random(5), {}
    for place in dice.sample(range(len(data)), len(data) // 10):
        right = data[place]["label"]
        data[place]["label"] = dice.choice([label for label in WORDS if label != right])
        wrong[f"data/train.jsonl:{place + 1}"] = right
    return data, wrong


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> tuple[LabelNoise, dict[str, str]]:
    data, wrong = with_planted()
    return label_noise(write(tmp_path_factory.mktemp("noise") / "task", data)), wrong


def test_planted_labels_are_found_with_the_right_ones(looked: tuple[LabelNoise, dict[str, str]]) -> None:
    found, wrong = looked
    suspects = {each.id: each for each in found.suspects}
    hits = suspects.keys() & wrong.keys()
    assert len(hits) / len(wrong) >= 0.9, "recall"
    assert len(hits) / len(suspects) >= 0.9, "precision"
    assert sum(suspects[each].probable == wrong[each] for each in hits) / len(hits) >= 0.95
    assert found.rows == found.all_rows == len(rows())
    assert found.share == len(suspects) / len(rows())


def test_the_most_suspicious_come_first_and_all_splits_are_looked_at(
    looked: tuple[LabelNoise, dict[str, str]],
) -> None:
    suspects = looked[0].suspects
    assert [each.score for each in suspects] == sorted(each.score for each in suspects)
    assert {each.split for each in suspects} == {"train", "valid", "test"}
    assert all(0 <= each.score <= each.probability <= 1 and each.given != each.probable for each in suspects)


def test_clean_rows_are_left_alone(tmp_path: Path) -> None:
    found = label_noise(write(tmp_path / "task", rows()))
    assert found.share <= 0.01
    assert found.agreement is not None
    assert found.agreement > 0.9


def test_the_same_rows_give_the_same_suspects(looked: tuple[LabelNoise, dict[str, str]], tmp_path: Path) -> None:
    assert label_noise(write(tmp_path / "task", with_planted()[0])) == looked[0]


def test_copies_of_a_wrong_row_do_not_vouch_for_each_other(tmp_path: Path) -> None:
    wrong = [{"text": "台北：播放一首輕快的歌曲吧", "label": "天氣"}] * 6
    data = with_planted()[0] + wrong
    task = write(tmp_path / "task", data, data={"overlap": "keep"})
    suspects = {each.id for each in label_noise(task).suspects}
    assert {f"data/train.jsonl:{len(rows()) + number}" for number in range(1, 7)} <= suspects


def test_rows_of_rare_classes_are_counted_and_left_out(tmp_path: Path) -> None:
    data = [*rows(), *[{"text": f"打給{name}", "label": "電話"} for name in ("媽媽", "經理", "房東", "客服")]]
    task = write(tmp_path / "task", data, options={"labels": [*WORDS, "電話"]})
    found = label_noise(task)
    assert found.rare == 4 == FOLDS - 1
    assert found.rows == len(rows())
    assert "電話" not in {each.given for each in found.suspects} | {each.probable for each in found.suspects}


def test_where_words_do_not_tell_the_labels_nobody_is_suspected(tmp_path: Path) -> None:
    data, dice = rows(), random.Random(3)
    for row in data:
        row["label"] = dice.choice(list(WORDS))
    found = label_noise(write(tmp_path / "task", data))
    assert not found.knows
    assert found.agreement is not None
    assert found.agreement < 0.6
    assert found.suspects == ()


def test_one_label_alone_has_no_suspects(tmp_path: Path) -> None:
    task = write(tmp_path / "task", [row for row in rows() if row["label"] == "天氣"])
    found = noise_in(
        task, [("train", Record(id=f"t:{n}", inputs={"text": f"第{n}天下雨"}, target="天氣")) for n in range(9)]
    )
    assert found == LabelNoise(rows=9, all_rows=9, rare=0, suspects=())


def test_long_texts_are_cut(tmp_path: Path) -> None:
    data, wrong = with_planted()
    long = [{**row, "text": row["text"] * 200} for row in data]
    suspects = label_noise(write(tmp_path / "task", long)).suspects
    assert {each.id for each in suspects} & wrong.keys()
    assert {len(each.text) for each in suspects} == {MOST_CHARACTERS}


def test_a_class_of_one_text_alone_is_not_doubted(tmp_path: Path) -> None:
    data = [*rows(), *[{"text": "打給經理", "label": "電話"}] * 20]
    task = write(tmp_path / "task", data, options={"labels": [*WORDS, "電話"]}, data={"overlap": "keep"})
    found = label_noise(task)
    assert found.rare == 20
    assert "電話" not in {each.given for each in found.suspects}


def test_without_cleanlab_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = write(tmp_path / "task", rows())
    monkeypatch.setattr("tasktune.data.noise.find_spec", lambda name: None)
    with pytest.raises(InputError) as raised:
        label_noise(task)
    assert "cleanlab" in raised.value.message
    assert "tasktune[data]" in str(raised.value.hint)
    assert prepared_noise(task, tmp_path) is None


def test_problems_of_the_data_come_first(tmp_path: Path) -> None:
    task = write(tmp_path / "task", [*rows(), {"text": "播放", "label": "影片"}])
    with pytest.raises(InputError) as raised:
        label_noise(task)
    assert any("影片" in problem.message for problem in raised.value.problems)
