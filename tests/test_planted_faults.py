"""Faults that ruin fine-tuning silently, planted one at a time into clean data: each is found, and nothing else is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import CheckReport, check
from tasktune.definition import load_task
from tasktune.locale import use_language

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
Rows = list[dict[str, Any]]
SIZES = {"train": 240, "valid": 30, "test": 30}
UNLIKE = "港務局凌晨公告，外海三艘拖網船已經脫困，船員全數平安返航，原因仍待調查釐清"


@dataclass
class Data:
    """Clean rows of an example by split, and its definition, to be spoiled."""

    definition: dict[str, Any]
    splits: dict[str, Rows]
    raw: dict[str, bytes] = field(default_factory=dict)

    @property
    def train(self) -> Rows:
        return self.splits["train"]

    @property
    def test(self) -> Rows:
        return self.splits["test"]

    def write(self, folder: Path) -> None:
        (folder / "data").mkdir(parents=True)
        (folder / "task.yaml").write_text(json.dumps(self.definition), "utf-8")
        for split, rows in self.splits.items():
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / "data" / f"{split}.jsonl").write_bytes(
                self.raw.get(split, lines.encode("utf-8", "surrogatepass"))
            )


def example(name: str, definition: dict[str, Any]) -> Data:
    """Rows of an example, as many of each class as of any other where rows have a class."""
    splits: dict[str, Rows] = {}
    seen: set[str] = set()
    for split, size in SIZES.items():
        lines = (EXAMPLES / name / "data" / f"{split}.jsonl").read_text("utf-8").splitlines()
        room: dict[str | None, int] = {}
        splits[split] = []
        for row in map(json.loads, lines):
            label = row.get("label")
            letters = "".join(filter(str.isalnum, row["text"]))
            if letters in seen or room.setdefault(label, size // 3 if label else size) == 0:
                continue
            seen.add(letters)
            room[label] -= 1
            splits[split].append(row)
    return Data({"task_name": "planted", "training": {"base_model": "builtin:tiny"}, **definition}, splits)


def sentiment() -> Data:
    options = {"kind": "entity-sentiment", "labels": ["正面", "負面", "中立"]}
    return example("entity-sentiment", {"task_type": "classification", "options": options})


def entities() -> Data:
    return example("news-ner", {"task_type": "ner", "options": {"labels": ["PER", "ORG", "LOC", "DATE"]}})


Base = Callable[[], Data]
BASES: dict[str, Base] = {"sentiment": sentiment, "entities": entities}


def checked(data: Data, folder: Path) -> CheckReport:
    use_language("en")
    data.write(folder)
    return check(load_task(folder))


@pytest.mark.parametrize("name", BASES)
def test_clean_data_raise_no_alarm(name: str, tmp_path: Path) -> None:
    report = checked(BASES[name](), tmp_path / "task")
    assert report.ok
    assert report.problems == ()
    assert report.findings == ()


@dataclass(frozen=True)
class Fault:
    """What is planted, and the finding's code, how many it counts, and a row that it names; or words of a problem."""

    plant: Callable[[Data], object]
    code: str | None = None
    count: int = 1
    row: str | None = None
    problem: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()
    base: Base = sentiment


def changed(row: int, **fields: Any) -> Callable[[Data], object]:
    """Changes fields of a training row (from 0); a callable gets the old value."""

    def plant(data: Data) -> None:
        for name, value in fields.items():
            data.train[row][name] = value(data.train[row][name]) if callable(value) else value

    return plant


def other_label(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "label": {"正面": "負面", "負面": "中立", "中立": "正面"}[row["label"]]}


def nearly(text: str) -> str:
    """The text with one more character, which leaves nearly all of its pairs as they are."""
    return text[: len(text) // 2] + "更" + text[len(text) // 2 :]


def unique(**fields: Any) -> dict[str, Any]:
    return {"text": UNLIKE, "entity": "港務局", "label": "中立", **fields}


LONG = UNLIKE + "；氣象署預估週末東北季風增強，沿海空曠地區容易出現強陣風，民眾應避免前往海邊活動"

FAULTS: dict[str, Fault] = {
    # Rows that cannot be used: problems.
    "invalid JSON": Fault(
        lambda d: d.raw.update(train=b'{"text": \n' + json.dumps(d.train[0]).encode() + b"\n"),
        problem=("data/train.jsonl:1", "not valid JSON"),
        also=frozenset({"few_rows", "classes_only_in_test", "classes_without_rows", "rare_classes"}),
    ),
    "a missing field": Fault(lambda d: d.train[4].pop("entity"), problem=("data/train.jsonl:5", "entity")),
    "an empty text": Fault(changed(4, text=" ", entity=" "), problem=("data/train.jsonl:5", "no text")),
    "a row without a label": Fault(lambda d: d.train[4].pop("label"), problem=("data/train.jsonl:5", "no target")),
    "a label outside the set": Fault(changed(4, label="還好"), problem=("data/train.jsonl:5", "還好")),
    "an entity that is not in the text": Fault(
        changed(4, entities=[{"text": "查無此人", "label": "PER"}]),
        problem=("data/train.jsonl:5", "查無此人"),
        base=entities,
    ),
    "overlapping entities": Fault(
        lambda d: d.train[4].update(
            text="高雄銀行宣布增資",
            entities=[
                {"text": "高雄", "label": "LOC", "start": 0, "end": 2},
                {"text": "高雄銀行", "label": "ORG", "start": 0, "end": 4},
            ],
        ),
        problem=("data/train.jsonl:5", "overlaps"),
        base=entities,
    ),
    "offsets that count bytes": Fault(
        lambda d: d.train[4].update(
            text="董事長張三說話", entities=[{"text": "張三", "label": "PER", "start": 9, "end": 15}]
        ),
        problem=("data/train.jsonl:5", "UTF-8 bytes"),
        base=entities,
    ),
    "offsets that count UTF-16 units": Fault(
        lambda d: d.train[4].update(
            text="😀董事長張三說話", entities=[{"text": "張三", "label": "PER", "start": 5, "end": 7}]
        ),
        problem=("data/train.jsonl:5", "UTF-16"),
        base=entities,
    ),
    "half a surrogate pair": Fault(
        lambda d: d.raw.update(test=b'{"text": "\\ud83d", "entity": "x", "label": "' + "正面".encode() + b'"}\n'),
        problem=("data/test.jsonl:1", "half"),
        also=frozenset({"classes_not_in_test"}),
    ),
    # Labels that are nearly right.
    "a label in full width with a space": Fault(
        lambda d: (
            d.definition["options"].update(labels=["pos", "neg", "neu"]),
            [
                row.update(label={"正面": "pos", "負面": "neg", "中立": "neu"}[row["label"]])
                for rows in d.splits.values()
                for row in rows
            ],
            d.train[4].update(label="ＰＯＳ "),
        ),
        "misspelt",
        row="data/train.jsonl:5",
        problem=("data/train.jsonl:5", "pos"),
    ),
    "a class with no rows": Fault(
        lambda d: d.definition["options"].update(labels=["正面", "負面", "中立", "混合"]), "classes_without_rows"
    ),
    "two classes that differ in case": Fault(
        lambda d: (
            d.definition["options"].update(labels=["PER", "ORG", "LOC", "DATE", "Org"]),
            [each.update(label="Org") for row in d.train[:60] for each in row["entities"] if each["label"] == "ORG"],
        ),
        "classes_alike",
        base=entities,
        also=frozenset({"classes_not_in_test", "imbalance"}),
    ),
    # The distribution.
    "an imbalance over 3:1": Fault(
        lambda d: d.splits.update(train=[r for n, r in enumerate(d.train) if r["label"] != "負面" or n % 5 == 0]),
        "imbalance",
    ),
    "a class with hardly any rows": Fault(
        lambda d: d.splits.update(
            train=[r for r in d.train if r["label"] != "負面"] + [r for r in d.train if r["label"] == "負面"][:2]
        ),
        "rare_classes",
        also=frozenset({"imbalance"}),
    ),
    "a class that only test has": Fault(
        lambda d: d.splits.update(train=[r for r in d.train if r["label"] != "負面"]),
        "classes_only_in_test",
        also=frozenset({"classes_without_rows"}),
    ),
    "a class that test lacks": Fault(
        lambda d: d.splits.update(test=[r for r in d.test if r["label"] != "負面"]), "classes_not_in_test"
    ),
    "too few rows": Fault(lambda d: d.splits.update(train=d.train[:90]), "few_rows", count=90),
    # Copies and leaks.
    "a row that is there twice": Fault(
        lambda d: d.train.append(dict(d.train[7])), "duplicate_rows", row="data/train.jsonl:241"
    ),
    "the same input with two labels": Fault(
        lambda d: d.train.append(other_label(d.train[7])),
        "same_input_two_answers",
        count=2,
        row="data/train.jsonl:8",
        also=frozenset({"duplicate_rows"}),
    ),
    "a test row that is in train": Fault(
        lambda d: d.train.append(dict(d.test[3])),
        "same_input_in_train_and_test",
        row="data/test.jsonl:4",
        problem=("data/train.jsonl:241", "same input"),
    ),
    "a validation row that is in train": Fault(
        lambda d: d.train.append(dict(d.splits["valid"][3])),
        "same_input_in_train_and_valid",
        row="data/valid.jsonl:4",
    ),
    "a validation row that is in test": Fault(
        lambda d: d.test.append(dict(d.splits["valid"][3])), "same_input_in_valid_and_test", row="data/test.jsonl:31"
    ),
    "a row that is there twice but for form": Fault(
        lambda d: d.train.append({**d.train[7], "text": d.train[7]["text"] + "！"}),
        "same_but_for_form",
        row="data/train.jsonl:241",
    ),
    "a test row that is in train but for form": Fault(
        lambda d: d.train.append({**d.test[3], "text": "「" + d.test[3]["text"] + "」"}),
        "leak_but_for_form",
        row="data/test.jsonl:4",
    ),
    "a row that is nearly another": Fault(
        lambda d: d.train.extend([unique(text=LONG), unique(text=nearly(LONG))]),
        "near_duplicates",
        count=2,
        row="data/train.jsonl:241 ~ data/train.jsonl:242",
    ),
    "a test row that is nearly a training row": Fault(
        lambda d: (d.train.append(unique(text=LONG)), d.test.append(unique(text=nearly(LONG)))),
        "near_leak_to_test",
        row="data/test.jsonl:31 ~ data/train.jsonl:241",
    ),
    "a validation row that is nearly a training row": Fault(
        lambda d: (d.train.append(unique(text=LONG)), d.splits["valid"].append(unique(text=nearly(LONG)))),
        "near_leak_to_valid",
        row="data/valid.jsonl:31 ~ data/train.jsonl:241",
    ),
    "a text asked of one company in train and of another in test": Fault(
        lambda d: (d.train.append(unique()), d.test.append(unique(entity="拖網船"))),
        "text_in_two_splits",
        row="data/test.jsonl:31",
    ),
    # Characters and languages.
    "Simplified characters in a zh-TW task": Fault(
        changed(4, text=lambda text: text + "，这说明还没结束"), "mixed_chinese", row="data/train.jsonl:5"
    ),
    "Traditional characters in a zh-CN task": Fault(
        lambda d: d.definition.update(language="zh-CN"), "other_chinese", count=300
    ),
    "Simplified and Traditional where the task says neither": Fault(
        lambda d: (d.definition.update(language="zh"), changed(4, text=lambda text: text + "，这说明还没结束")(d)),
        "mixed_chinese",
        row="data/train.jsonl:5",
    ),
    "a language that is not the rows'": Fault(
        lambda d: d.definition.update(language="en"), "other_language", count=300, row="data/valid.jsonl:1"
    ),
    "a row in another language": Fault(
        changed(4, text="Net profit rose in the first quarter", entity="Net profit"),
        "rows_in_other_language",
        row="data/train.jsonl:5",
    ),
    "full-width letters beside half-width ones": Fault(
        lambda d: (
            changed(4, text=lambda text: text + "，ＥＰＳ達５元")(d),
            changed(5, text=lambda text: text + "，EPS 達 5 元")(d),
        ),
        "full_width_letters",
        row="data/train.jsonl:5",
    ),
    "a ligature that NFKC takes apart": Fault(
        changed(4, text=lambda text: text + "，ﬁnance"), "compatibility_characters", row="data/train.jsonl:5"
    ),
    "an accent apart from its letter": Fault(
        changed(4, text=lambda text: text + "，cafe\u0301"), "decomposed_accents", row="data/train.jsonl:5"
    ),
    "a control character": Fault(
        changed(4, text=lambda text: text + "\x07"), "control_characters", row="data/train.jsonl:5"
    ),
    "a zero-width space": Fault(
        changed(4, text=lambda text: text[:2] + "\u200b" + text[2:]),
        "invisible_characters",
        row="data/train.jsonl:5",
        also=frozenset({"entity_absent"}),
    ),
    "a character that was lost": Fault(
        changed(4, text=lambda text: text + "\ufffd"), "lost_characters", row="data/train.jsonl:5"
    ),
    "UTF-8 read as Latin-1": Fault(
        changed(4, text="台積電".encode().decode("latin-1"), entity="台積電".encode().decode("latin-1")),
        "mojibake",
        row="data/train.jsonl:5",
        also=frozenset({"control_characters", "rows_in_other_language", "invisible_characters"}),
    ),
    "a private-use character": Fault(
        changed(4, text=lambda text: text + "\ue123"), "private_characters", row="data/train.jsonl:5"
    ),
    "HTML entities": Fault(changed(4, text=lambda text: text + "&nbsp;<br/>"), "markup", row="data/train.jsonl:5"),
    "a space around the text": Fault(
        changed(4, text=lambda text: text + " \n"), "outer_spaces", row="data/train.jsonl:5"
    ),
    # What task types remark.
    "a company that the text does not name": Fault(
        changed(4, entity="查無此公司"), "entity_absent", row="data/train.jsonl:5"
    ),
    "an entity that is cut out of a word": Fault(
        lambda d: d.train[4].update(
            text="分析師 Johnson 看好", entities=[{"text": "John", "label": "PER", "start": 4, "end": 8}]
        ),
        "entity_cut",
        row="data/train.jsonl:5",
        base=entities,
    ),
    "an entity with the comma after it": Fault(
        lambda d: d.train[4].update(
            text="魏哲家，董事長", entities=[{"text": "魏哲家，", "label": "PER", "start": 0, "end": 4}]
        ),
        "entity_with_punctuation",
        row="data/train.jsonl:5",
        base=entities,
    ),
    # What a run needs.
    "a base model that is nowhere": Fault(
        lambda d: d.definition["training"].update(base_model="./nowhere"), "no_base_model", also=frozenset({"no_gpu"})
    ),
    "a key that is not there": Fault(
        lambda d: d.definition.update(execution={"ssh_key": "~/.ssh/no-such-key-here"}), "no_ssh_key"
    ),
    "training that this version cannot do": Fault(
        lambda d: d.definition["training"].update(method="orpo"), problem=("task.yaml", "orpo")
    ),
}


def test_there_are_many_kinds() -> None:
    assert len(FAULTS) >= 25


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    data = fault.base()
    fault.plant(data)
    report = checked(data, tmp_path / "task")
    found = {finding.code: finding for finding in report.findings}
    assert set(found) - fault.also == ({fault.code} if fault.code else set())
    if fault.code:
        finding = found[fault.code]
        assert finding.count == fault.count
        assert finding.message
        assert finding.fix
        assert fault.row is None or fault.row in finding.ids
    if fault.problem:
        assert not report.ok
        assert any(all(word in str(problem) for word in fault.problem) for problem in report.problems), report.problems
    else:
        assert report.problems == ()


def test_the_examples_are_clean_but_for_their_templates(tmp_path: Path) -> None:
    """What is made of templates repeats itself; nothing graver is said of any example."""
    use_language("en")
    for folder in sorted(EXAMPLES.iterdir()):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("versions"))
        report = check(load_task(tmp_path / folder.name))
        assert report.ok
        assert {finding.code for finding in report.findings} <= {"near_duplicates", "same_but_for_form"}
