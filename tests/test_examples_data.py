"""The data of the examples: made by their scripts, right by construction, and split so that memorising fails."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tasktune.definition import load_task

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZES = {
    "entity-sentiment": {"train": 1500, "valid": 100, "test": 180},
    "news-ner": {"train": 1600, "valid": 100, "test": 150},
    "official-rewrite": {"train": 1200, "valid": 80, "test": 100},
}
PAIRS = (("train", "valid"), ("train", "test"), ("valid", "test"))

Rows = dict[str, list[dict[str, Any]]]


def rows_of(name: str) -> Rows:
    return {
        split: [json.loads(line) for line in (EXAMPLES / name / f"data/{split}.jsonl").read_bytes().splitlines()]
        for split in SIZES[name]
    }


def all_rows(name: str) -> list[dict[str, Any]]:
    return [row for rows in rows_of(name).values() for row in rows]


def script_of(name: str) -> ModuleType:
    """The example's make_data.py as a module, under a name of its own."""
    module_name = f"make_data_{name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(module_name, EXAMPLES / name / "make_data.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def longest_shared_run(left: list[str], right: list[str]) -> int:
    """Characters in the longest run that occurs in a piece of both sides."""
    length = 0
    while {p[i : i + length + 1] for p in left for i in range(len(p) - length)} & {
        p[i : i + length + 1] for p in right for i in range(len(p) - length)
    }:
        length += 1
    return length


def form_of(frame: str) -> re.Pattern[str]:
    """What a sentence made from the frame looks like."""
    return re.compile(".+?".join(map(re.escape, re.split(r"\{.+?\}", frame))))


def disjoint(lists: dict[str, set[str]]) -> bool:
    return not any(lists[a] & lists[b] for a, b in PAIRS)


@pytest.mark.parametrize("overlays", [(), ("quick",)], ids=["full", "quick"])
@pytest.mark.parametrize("name", SIZES)
def test_every_row_is_a_labelled_record_of_the_task(name: str, overlays: tuple[str, ...]) -> None:
    task = load_task(EXAMPLES / name / "task.yaml", overlays=overlays)
    assert task.spec.training.base_model == "builtin:tiny"
    assert (task.spec.training.max_steps is not None) == ("quick" in overlays)
    for split, rows in rows_of(name).items():
        for number, row in enumerate(rows, 1):
            record = task.plugin.read_record(row, f"{split}.jsonl:{number}", task.options)
            assert record.target == row[task.plugin.info.target_field]


@pytest.mark.parametrize("name", SIZES)
def test_the_script_writes_the_committed_bytes(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / name / "make_data.py"), "--out", str(tmp_path)]
    for seed in ("0", "1"):  # nothing may hang on the order of a set
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        for split in SIZES[name]:
            made = (tmp_path / f"{split}.jsonl").read_bytes()
            assert made == (EXAMPLES / name / f"data/{split}.jsonl").read_bytes()


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_those_that_the_readme_states(name: str) -> None:
    assert {split: len(rows) for split, rows in rows_of(name).items()} == SIZES[name]
    readme = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    stated = {split: int(count) for split, count in re.findall(r"^\| `(\w+)\.jsonl` \| (\d+) \|", readme, re.MULTILINE)}
    assert stated == SIZES[name]


@pytest.mark.parametrize("name", SIZES)
def test_the_rows_that_the_readme_shows_are_rows_of_the_data(name: str) -> None:
    shown = re.findall(r"^```jsonl\n(.+?)```", (EXAMPLES / name / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len(shown) == 1
    assert all(json.loads(line) in all_rows(name) for line in shown[0].splitlines())


@pytest.mark.parametrize("name", SIZES)
def test_no_row_occurs_twice_and_no_text_in_two_splits(name: str) -> None:
    rows = rows_of(name)
    for split in rows.values():
        asked = [(row["text"], row.get("entity")) for row in split]
        assert len(set(asked)) == len(asked)
    # Not even after punctuation and spaces are taken away.
    assert disjoint({split: {re.sub(r"\W", "", row["text"]) for row in some} for split, some in rows.items()})


@pytest.mark.parametrize("name", SIZES)
def test_texts_are_short_and_clean(name: str) -> None:
    for row in all_rows(name):
        assert 8 <= len(row["text"]) <= 80
        assert row["text"] == row["text"].strip()
        assert not re.search(r"[{}*≠→@#]|，，|。。|，。|；；", row["text"])


class TestEntitySentiment:
    NAME = "entity-sentiment"
    LABELS = ("正面", "負面", "中立")

    def frames(self, split: str) -> list[str]:
        script = script_of(self.NAME)
        found: dict[str, list[str]] = script.sections(EXAMPLES / self.NAME / f"source/{split}.txt")
        glue = ("連接", "開頭", "結尾")
        return [frame for heading, lines in found.items() if not heading.startswith(glue) for frame in lines]

    def stems(self) -> dict[str, list[str]]:
        found = script_of(self.NAME).sections(EXAMPLES / self.NAME / "source/companies.txt")
        return {split: " ".join(lines).split() for split, lines in found.items()}

    def test_rows_ask_for_one_company_of_the_text_and_carry_a_label_of_the_set(self) -> None:
        for row in all_rows(self.NAME):
            assert set(row) == {"text", "entity", "label"}
            assert row["label"] in self.LABELS
            assert row["text"].count(row["entity"]) == 1
            assert 12 <= len(row["text"]) <= 70

    def test_labels_are_balanced(self) -> None:
        for rows in rows_of(self.NAME).values():
            counts = Counter(row["label"] for row in rows)
            assert set(counts) == set(self.LABELS)
            assert max(counts.values()) < 2 * min(counts.values())

    def test_companies_are_disjoint(self) -> None:
        stems, rows = self.stems(), rows_of(self.NAME)
        assert disjoint({split: set(names) for split, names in stems.items()})
        for split, some in rows.items():
            texts = "\n".join(row["text"] for row in some)
            others = [stem for other, names in stems.items() if other != split for stem in names]
            assert not [stem for stem in others if stem in texts]
            assert all(any(row["entity"].startswith(stem) for stem in stems[split]) for row in some)

    def test_sentence_frames_share_no_wording(self) -> None:
        pieces = {
            split: [piece for frame in self.frames(split) for piece in re.split(r"\{.+?\}", frame.replace("*", ""))]
            for split in SIZES[self.NAME]
        }
        for left, right in PAIRS:
            assert longest_shared_run(pieces[left], pieces[right]) <= 4

    def test_about_six_test_frames_of_ten_carry_a_tone_word_that_training_has(self) -> None:
        script = script_of(self.NAME)
        seen = "\n".join(row["text"] for row in rows_of(self.NAME)["train"])
        frames = self.frames("test")
        known = sum(any(cue in seen for cue in script.cues(frame)) for frame in frames)
        assert all(script.cues(frame) for frame in frames)
        assert 0.5 <= known / len(frames) <= 0.65

    def test_most_test_texts_name_several_companies_and_many_carry_several_labels(self) -> None:
        rows, stems = rows_of(self.NAME)["test"], self.stems()["test"]
        named = Counter(min(3, sum(stem in row["text"] for stem in stems)) for row in rows)
        assert named[2] + named[3] >= 0.7 * len(rows)
        assert named[3] >= 0.15 * len(rows)
        labels = defaultdict(set)
        for row in rows:
            labels[row["text"]].add(row["label"])
        assert sum(len(labels[row["text"]]) > 1 for row in rows) >= 0.5 * len(rows)

    @pytest.mark.parametrize("ngrams", [(1, 3), (2, 4)])
    def test_a_bag_of_characters_fails(self, ngrams: tuple[int, int]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.metrics import f1_score
        from sklearn.svm import LinearSVC

        rows = rows_of(self.NAME)
        vectors = TfidfVectorizer(analyzer="char", ngram_range=ngrams)
        train = vectors.fit_transform(f"{row['entity']}\n{row['text']}" for row in rows["train"])
        model = LinearSVC(random_state=0).fit(train, [row["label"] for row in rows["train"]])
        predicted = model.predict(vectors.transform(f"{row['entity']}\n{row['text']}" for row in rows["test"]))
        score = f1_score([row["label"] for row in rows["test"]], predicted, average="macro")
        assert 0.3 < score <= 0.65


class TestOfficialRewrite:
    NAME = "official-rewrite"
    OFFICIAL = "主旨：[^：。{}]{8,}，(請查照|請查照辦理|請查照轉知|敬請鑒核|請惠予同意)。"

    def test_outputs_are_one_official_sentence(self) -> None:
        for row in all_rows(self.NAME):
            assert set(row) == {"text", "output"}
            assert re.fullmatch(self.OFFICIAL, row["output"])
            assert len(row["output"]) <= 60
            assert not re.search(r"你們|我們|長官|\d[塊號點]", row["output"])

    def test_numbers_and_dates_are_copied(self) -> None:
        for row in all_rows(self.NAME):
            written = re.sub("1份|1日，敬", "", row["output"])  # said in words
            assert Counter(re.findall(r"\d+", written)) == Counter(re.findall(r"\d+", row["text"]))

    def test_all_phrasings_of_a_matter_hold_what_its_letter_needs(self) -> None:
        matters = script_of(self.NAME).matters()
        assert len(matters) == 24
        for matter in matters:
            needed = Counter(re.findall(r"\{.+?\}", matter.official))
            assert len(matter.spoken["train"]) >= 5
            assert len(matter.spoken["test"]) >= 2
            for phrasing in (phrasing for some in matter.spoken.values() for phrasing in some):
                assert Counter(re.findall(r"\{.+?\}", phrasing)) == needed

    def test_phrasings_contents_and_outputs_are_disjoint(self) -> None:
        script = script_of(self.NAME)
        splits = SIZES[self.NAME]
        assert disjoint({split: {p for matter in script.matters() for p in matter.spoken[split]} for split in splits})
        rows = rows_of(self.NAME)
        assert disjoint({split: {row["output"] for row in some} for split, some in rows.items()})
        slots = script.sections(EXAMPLES / self.NAME / "source/slots.txt")
        own = {heading.split()[1] for heading in slots if heading.startswith("train ")}
        assert own == {"地點", "社區", "活動", "文件", "會議", "設施", "課程", "設備", "名", "開場", "收尾"}
        for slot in own:
            assert disjoint({split: set(" ".join(slots[f"{split} {slot}"]).split()) for split in splits})

    def test_every_matter_occurs_in_every_split(self) -> None:
        matters = script_of(self.NAME).matters()
        for rows in rows_of(self.NAME).values():
            for matter in matters:
                assert any(form_of(matter.official).fullmatch(row["output"]) for row in rows), matter.name
