"""What ``tune init --data`` makes of other people's rows, with the task types that come with tasktune."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = current_language()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield tmp_path
    use_language(before)


def begin(*arguments: str) -> Result:
    return CliRunner().invoke(tune, ["init", "mine", "--answer", "goal=g", *arguments, "--lang", "en"])


def made(*arguments: str) -> dict[str, Any]:
    """The new task's definition; its check has to be clean."""
    done = begin(*arguments, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["check"]["ok"], result["check"]["problems"]
    checked = CliRunner().invoke(tune, ["check", "mine"])
    assert checked.exit_code == 0, checked.output
    definition: dict[str, Any] = result["definition"]
    return definition


def rows_of(split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(f"mine/data/{split}.jsonl").read_text("utf-8").splitlines()]


def test_an_answer_for_each_of_several_things_becomes_entity_sentiment(here: Path) -> None:
    """As SEntFiN is published: one headline, several entities; its rows must not be in train and in test."""
    lines = [f"{n},Up {n} and down {n},\"{{'Up {n}': 'positive', 'Down {n}': 'negative'}}\"" for n in range(60)]
    text = "\n".join(["No,Title,Decisions", *lines, "61,Odd,\"{'Osian's': 'neutral'}\""]) + "\n"
    (here / "headlines.csv").write_text(text, "utf-8")
    task = made("--data", "headlines.csv")
    assert task["task_type"] == "classification"
    assert task["options"] == {"kind": "entity-sentiment", "labels": ["negative", "positive"]}
    assert task["language"] == "en"
    assert task["data"] == {"split": {"group_by": "text"}}
    texts = {split: {row["text"] for row in rows_of(split)} for split in ("train", "valid", "test")}
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["valid"]
    assert all(texts.values())
    guide = Path("mine/docs/annotation-guide.md").read_text("utf-8")
    assert "### positive" in guide
    assert '{"label": "positive"}' in guide


def test_tags_at_tokens_become_entities(here: Path) -> None:
    tagged = [("台積電", "B-ORG"), ("在", "O"), ("新竹", "B-LOC"), ("{n}", "O"), ("設廠", "O"), ("。", "O")]
    lines = [f"{number}\t{token}\t{tag}" for number, (token, tag) in enumerate(tagged, start=1)]
    sentence = "\n".join(["# text = 台積電在新竹{n}設廠。", *lines]) + "\n\n"
    (here / "news.iob2").write_text("".join(sentence.format(n=n) for n in range(50)), "utf-8")
    task = made("--data", "news.iob2")
    assert (task["task_type"], sorted(task["options"]["labels"])) == ("ner", ["LOC", "ORG"])
    assert (task["language"], task["success_criteria"]["primary_metric"]) == ("zh-TW", "entity_f1")


def test_offsets_that_may_count_something_else_are_asked_about(here: Path) -> None:
    """Without the spans' texts nothing proves it; the option that the error names is one of this command."""
    rows = [{"text": f"🎉🎉恭喜台積電{n}", "label": [[6, 9, "ORG"]]} for n in range(40)]
    (here / "emoji.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    refused = begin("--data", "emoji.jsonl", "--task-type", "ner")
    assert refused.exit_code == 2
    assert "--offsets utf-16" in refused.output
    task = made("--data", "emoji.jsonl", "--task-type", "ner", "--offsets", "utf-16")
    assert task["options"]["labels"] == ["ORG"]
    assert {entity["text"] for row in rows_of("train") for entity in row["entities"]} == {"台積電"}


def test_texts_with_answers_of_their_own_become_generation(here: Path) -> None:
    lines = [json.dumps({"input": f"這是第 {n} 句很長很長的口語說法", "output": f"第 {n} 句。"}) for n in range(40)]
    (here / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    task = made("--data", "pairs.jsonl")
    assert (task["task_type"], task["options"]["kind"]) == ("generation", "summary")
    guide = Path("mine/docs/annotation-guide.md").read_text("utf-8")
    assert "## Answers" in guide


def test_stars_of_reviews_are_classes(here: Path) -> None:
    """As ASAP is published: numbers in text, Simplified characters, one class far larger than the others."""
    stars = ["5.0"] * 30 + ["4.0"] * 12 + ["1.0"] * 6
    lines = [f"{n},这家店的味道很好，服务也不错，第{n}次来,{star}" for n, star in enumerate(stars)]
    (here / "sample.csv").write_text("\n".join(["id,reviewbody,star", *lines]) + "\n", "utf-8-sig")
    done = begin("--data", "sample.csv", "--json")
    result = json.loads(done.stdout)
    task = result["definition"]
    assert (task["options"]["labels"], task["language"]) == (["5.0", "4.0", "1.0"], "zh-CN")
    said = " ".join(each["because"] for each in result["recommendations"])
    assert "5 times the rows of the smallest" in said
    assert "a class has only 6 rows" in said


def test_pairs_of_a_chosen_and_a_rejected_answer_are_told_of_orpo(here: Path) -> None:
    lines = [json.dumps({"prompt": f"ask {n}", "chosen": f"good {n}", "rejected": "bad"}) for n in range(40)]
    (here / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    done = begin("--data", "pairs.jsonl", "--task-type", "generation", "--field", "output=chosen", "--json")
    result = json.loads(done.stdout)
    assert result["definition"]["training"]["method"] == "sft"
    assert any("ORPO" in each["because"] for each in result["recommendations"])
    assert result["check"]["ok"]


def test_rows_for_two_task_types_go_to_the_one_that_is_asked_for(here: Path) -> None:
    row = {"text": "台積電在新竹", "entities": [[0, 3, "ORG"]]}
    rows = [{**row, "text": f"台積電在新竹{n}", "label": ("正面", "負面")[n % 2]} for n in range(40)]
    (here / "both.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    assert made("--data", "both.jsonl", "--task-type", "classification")["options"]["kind"] == "sentiment"
    assert made("--data", "both.jsonl", "--force")["task_type"] == "ner"


def test_long_rows_get_a_longer_limit(here: Path) -> None:
    lines = [f"{'很長的文章' * 700}{n},{('好', '壞')[n % 2]}" for n in range(30)]
    (here / "long.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    assert made("--data", "long.csv")["training"]["max_length"] == 4096


def test_an_interruption_while_the_project_is_made_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "rows.csv").write_text("text,label\n" + "a,x\nb,y\n" * 20, "utf-8")

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tasktune.coach.build.project_files", interrupt)
    done = begin("--data", "rows.csv", "--answer", "compute=remote", "--answer", "host=me@gpu")
    assert done.exit_code == 130
    assert [path.name for path in here.iterdir()] == ["rows.csv"]


def test_every_overlay_and_script_of_a_new_task_can_be_used(here: Path) -> None:
    (here / "rows.csv").write_text("text,label\n" + "".join(f"t{n},{'xy'[n % 2]}\n" for n in range(40)), "utf-8")
    made("--data", "rows.csv")
    overlays = sorted(path.stem for path in Path("mine/configs").iterdir())
    assert overlays == ["larger", "quick"]
    for overlay in overlays:
        checked = CliRunner().invoke(tune, ["check", "mine", "--config", overlay])
        assert checked.exit_code == 0, checked.output
    told = [path for path in Path("mine").rglob("*") if path.suffix in (".md", ".py", ".sh")]
    assert not [path for path in told if "deploy" in path.read_text("utf-8")]
