"""One pass over the data: what it counts, refuses, drops and cuts, and that the rows written are the rows counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.check import CheckReport, report_on
from tasktune.data.records import SPLITS
from tasktune.data.rows import read_chat_rows, read_split, rows_path, write_rows
from tasktune.data.scan import scan
from tasktune.definition import Task, load_task
from tasktune.errors import InputError, PluginError

MakeTask = Callable[..., Task]


def rows(count: int, prefix: str = "t", label: str | None = None) -> list[dict[str, Any]]:
    return [{"text": f"{prefix} {n}", "label": label or ("yes", "no")[n % 2]} for n in range(count)]


def check(task: Task) -> CheckReport:
    """What a run checks, which is what one pass tells."""
    return report_on(scan(task), task)


def write(task: Task, folder: Path) -> dict[str, list[str]]:
    """The ids of the rows that each split gets."""
    folder.mkdir(exist_ok=True)
    write_rows(task, scan(task), folder)
    return {split: [record.id for record in read_split(folder, split)] for split in SPLITS}


def all_ids(written: dict[str, list[str]]) -> list[str]:
    return [record_id for ids in written.values() for record_id in ids]


class TestCounts:
    def test_splits_are_cut_from_train_by_the_shares(self, make_task: MakeTask) -> None:
        report = check(make_task(train=rows(200)))
        assert report.ok
        assert dict(report.rows) == {"train": 160, "valid": 20, "test": 20}
        assert {split: dict(counts) for split, counts in report.classes.items()} == {
            "train": {"no": 80, "yes": 80},
            "valid": {"no": 10, "yes": 10},
            "test": {"no": 10, "yes": 10},
        }

    def test_files_are_taken_as_they_are(self, make_task: MakeTask) -> None:
        report = check(make_task(train=rows(100), valid=rows(7, "v"), test=rows(9, "w")))
        assert dict(report.rows) == {"train": 100, "valid": 7, "test": 9}

    def test_only_the_missing_split_is_cut(self, make_task: MakeTask) -> None:
        report = check(make_task(train=rows(100), test=rows(9, "w"), data={"split": {"valid": 0.2}}))
        assert dict(report.rows) == {"train": 80, "valid": 20, "test": 9}

    def test_several_files_are_one_split(self, make_task: MakeTask, tmp_path: Path) -> None:
        (tmp_path / "more.csv").write_text("text,label\nlast,no\n", "utf-8")
        data = {"train": ["data/train.jsonl", "more.csv"], "split": {"valid": 0.0, "test": 0.1}}
        task = make_task(train=rows(99), data=data)
        assert sum(check(task).rows.values()) == 100
        assert "more.csv:2" in all_ids(write(task, tmp_path / "prepared"))

    def test_equal_inputs_stay_together(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(train=rows(60) * 3)
        sides: dict[str, set[str]] = {}
        written = write(task, tmp_path / "prepared")
        assert {split: len(ids) for split, ids in written.items()} == dict(scan(task).rows)
        for split in SPLITS:
            for record in read_split(tmp_path / "prepared", split):
                sides.setdefault(record.inputs["text"], set()).add(split)
        assert len(sides) == 60
        assert all(len(side) == 1 for side in sides.values())

    def test_rows_written_are_rows_counted_and_all_are_there(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(train=rows(120))
        found = scan(task)
        written = write(task, tmp_path / "prepared")
        assert {split: len(ids) for split, ids in written.items()} == dict(found.rows)
        assert Counter(all_ids(written)) == Counter(f"data/train.jsonl:{n}" for n in range(1, 121))
        for split in SPLITS:
            classes = Counter(record.target for record in read_split(tmp_path / "prepared", split))
            assert classes == found.classes[split]

    def test_a_written_row_is_the_chat_that_the_model_is_trained_on(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(train=rows(20))
        write(task, tmp_path / "prepared")
        row = next(iter(read_chat_rows(rows_path(tmp_path / "prepared", "train"))))
        assert row["messages"] == [
            {"role": "system", "content": "Answer with one of: yes, no."},
            {"role": "user", "content": row["inputs"]["text"]},
            {"role": "assistant", "content": json.dumps({"label": row["target"]})},
        ]
        assert row["classes"] == [row["target"]]

    def test_the_seed_decides_the_split(self, make_task: MakeTask, tmp_path: Path) -> None:
        first = write(make_task(train=rows(100)), tmp_path / "a")
        assert write(make_task(train=rows(100)), tmp_path / "b") == first
        assert write(make_task(train=rows(100), data={"split": {"seed": 7}}), tmp_path / "c") != first


class TestOverlap:
    TRAIN = (*rows(100), {"text": "both", "label": "yes"})
    TEST = (*rows(10, "w"), {"text": "both", "label": "yes"})

    def test_a_test_input_in_train_is_refused_and_named(self, make_task: MakeTask) -> None:
        report = check(make_task(train=self.TRAIN, test=self.TEST))
        [problem] = report.problems
        assert (problem.file, problem.line) == ("data/train.jsonl", 101)
        assert "same input" in problem.message
        assert "data.overlap: drop" in str(problem.hint)

    def test_drop_leaves_it_out_of_train_and_says_so(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(train=self.TRAIN, test=self.TEST, data={"overlap": "drop", "split": {"valid": 0.0}})
        report = check(task)
        assert report.ok
        assert dict(report.rows) == {"train": 100, "valid": 0, "test": 11}
        assert any("left out of train" in text and "data/train.jsonl:101" in text for text in report.notices)
        written = write(task, tmp_path / "prepared")
        assert "data/train.jsonl:101" not in all_ids(written)
        assert len(written["train"]) == 100

    def test_keep_keeps_it_and_says_so(self, make_task: MakeTask) -> None:
        report = check(make_task(train=self.TRAIN, test=self.TEST, data={"overlap": "keep", "split": {"valid": 0.0}}))
        assert report.ok
        assert report.rows["train"] == 101
        assert any("(kept)" in text for text in report.notices)

    def test_a_valid_input_in_train_is_announced(self, make_task: MakeTask) -> None:
        report = check(make_task(train=self.TRAIN, valid=self.TEST))
        assert report.ok
        assert any("a row of valid (kept): data/train.jsonl:101" in text for text in report.notices)

    def test_dropped_rows_count_for_no_share(self, make_task: MakeTask) -> None:
        test = rows(50)
        task = make_task(train=rows(150), test=test, data={"overlap": "drop", "split": {"valid": 0.2}})
        assert dict(check(task).rows) == {"train": 80, "valid": 20, "test": 50}

    def test_overlap_of_every_row_is_told_in_one_line(self, make_task: MakeTask) -> None:
        report = check(make_task(train=rows(3000), test=rows(3000), data={"overlap": "keep"}))
        [notice] = [text for text in report.notices if "same input" in text]
        assert notice.startswith("3000 training rows")
        assert notice.endswith("data/train.jsonl:5 …")

    def test_refused_rows_do_not_overlap_with_each_other(self, make_task: MakeTask) -> None:
        unlabelled = [{"text": "a"}]
        report = check(make_task(train=[*rows(50), *unlabelled], test=[*rows(5, "w"), {"text": "b"}]))
        assert [str(problem).split(" (")[0] for problem in report.problems] == [
            "data/test.jsonl:6: label: missing; the row has no target",
            "data/train.jsonl:51: label: missing; the row has no target",
        ]


class TestProblems:
    def test_all_files_are_read_and_sorted_by_place(self, make_task: MakeTask) -> None:
        report = check(
            make_task(
                train='{"text": "a", "label": "maybe"}\n{"text": 5, "label": "no"}\noops\n',
                valid='{"text": "b"}\n',
                test="",
            )
        )
        assert [(problem.file, problem.line, problem.path) for problem in report.problems] == [
            ("data/test.jsonl", None, None),
            ("data/train.jsonl", 1, "label"),
            ("data/train.jsonl", 2, "text"),
            ("data/train.jsonl", 3, None),
            ("data/valid.jsonl", 1, "label"),
        ]
        with pytest.raises(InputError) as caught:
            report.raise_for_problems()
        assert caught.value.exit_code == 2
        assert caught.value.problems == report.problems
        assert "5 problems" in caught.value.message

    def test_a_million_problems_are_counted_not_kept(self, make_task: MakeTask) -> None:
        report = check(make_task(train='{"text": "a", "label": "maybe"}\n' * 2500))
        assert report.problem_count == 2500
        assert len(report.problems) == 1000
        with pytest.raises(InputError) as caught:
            report.raise_for_problems()
        assert caught.value.hint == "and 1500 more"

    def test_a_template_that_a_row_cannot_fill(self, make_task: MakeTask, install_plugin: Callable[..., Path]) -> None:
        source = (Path(__file__).parents[1] / "toy_plugin.py").read_text("utf-8")
        strict = source.replace(
            "    system = options",
            '    if "source" not in record.inputs:\n'
            '        raise RecordError(Problem("the template needs it", "add it", "source"))\n'
            "    system = options",
        )
        install_plugin("strict", strict)
        train = [*rows(3), {"text": "a", "label": "yes", "source": "web"}]
        report = check(make_task(train=train, task_type="strict"))
        assert [str(problem) for problem in report.problems] == [
            f"data/train.jsonl:{line}: source: the template needs it (add it)" for line in (1, 2, 3)
        ]

    def test_a_target_that_does_not_survive_as_text_is_the_plugins_fault(
        self, make_task: MakeTask, install_plugin: Callable[..., Path]
    ) -> None:
        source = (Path(__file__).parents[1] / "toy_plugin.py").read_text("utf-8")
        install_plugin("lossy", source.replace("return Answer(value=label)", 'return Answer(value="no")'))
        report = check(make_task(train=rows(2), task_type="lossy"))
        [problem] = report.problems
        assert problem.line == 1
        assert "reads back as 'no'" in problem.message
        assert "tasktune-lossy 0.1.0" in str(problem.hint)

    @pytest.mark.parametrize("hook", ["build_prompt", "parse_output", "target_classes"])
    def test_a_plugin_that_raises_is_named_with_the_row(
        self, make_task: MakeTask, install_plugin: Callable[..., Path], hook: str
    ) -> None:
        source = (Path(__file__).parents[1] / "toy_plugin.py").read_text("utf-8")
        head, rest = source.split(f"def {hook}(", 1)
        signature, body = rest.split(":\n", 1)
        install_plugin("broken", f"{head}def {hook}({signature}:\n    raise ZeroDivisionError('oops')\n{body}")
        with pytest.raises(PluginError) as caught:
            check(make_task(train=rows(3), task_type="broken"))
        assert "tasktune-broken 0.1.0" in caught.value.message
        assert f"{hook}() raised ZeroDivisionError" in caught.value.message
        assert [(problem.file, problem.line) for problem in caught.value.problems] == [("data/train.jsonl", 1)]

    def test_too_few_rows_for_a_test_split(self, make_task: MakeTask) -> None:
        report = check(make_task(train=rows(2)))
        [problem] = report.problems
        assert problem.message == "the test split has no rows"
        assert problem.hint == "add rows to data/train.jsonl"

    def test_a_share_of_nothing_is_its_own_fault(self, make_task: MakeTask, tmp_path: Path) -> None:
        [problem] = check(make_task(train=rows(50), data={"split": {"test": 0.0}})).problems
        assert "data.split.test" in str(problem.hint)
        assert problem.file == str(tmp_path / "task.yaml")

    def test_files_that_change_after_the_scan_are_noticed(self, make_task: MakeTask, tmp_path: Path) -> None:
        task = make_task(train=rows(50))
        found = scan(task)
        prepared = tmp_path / "prepared"
        one_more = "".join(json.dumps(row) + "\n" for row in rows(50)) + "not a row\n"
        for text in (rows(51), rows(49), one_more):
            make_task(train=text)
            with pytest.raises(InputError, match="changed while they were read"):
                write_rows(task, found, prepared)
            assert list(prepared.iterdir()) == []


class TestNotices:
    def test_imbalance_few_rows_and_unseen_classes(self, make_task: MakeTask) -> None:
        train = [*rows(70, "a", "yes"), *rows(20, "b", "no")]
        test = [*rows(5, "w"), {"text": "z", "label": "maybe"}]
        options = {"classes": ["yes", "no", "maybe"]}
        report = check(make_task(train=train, test=test, options=options, data={"split": {"valid": 0.0}}))
        assert report.ok
        assert list(report.notices) == [
            "classes are imbalanced: yes has 70 rows, no 20; more than 3:1",
            "test has classes that train lacks: maybe",
            "only 90 training rows: collect at least 100 before trusting any score",
        ]

    def test_sound_data_need_no_notice(self, make_task: MakeTask) -> None:
        assert check(make_task(train=rows(200))).notices == ()


MANY_CLASSES = """
from tasktune.hookspecs import CONTRACT, hookimpl
from tasktune.types import Answer, Message, Metrics, Prompt, TaskOptions, TaskTypeInfo

@hookimpl
def plugin_info():
    return TaskTypeInfo(contract=CONTRACT, summary="tags", options=TaskOptions, target_field="tags", examples=(),
                        example_options={}, primary_metric="m", suggested_threshold=0.5)

@hookimpl
def target_classes(record):
    return record.target.split()

@hookimpl
def build_prompt(record):
    return Prompt(messages=(Message(role="user", content=record.inputs["text"]),), completion=record.target)

@hookimpl
def parse_output(text):
    return Answer(value=text)

@hookimpl
def compute_metrics(rows):
    return Metrics(primary="m", values={"m": 0.0})
"""


class TestSeveralClassesInARow:
    def test_a_class_counts_once_in_a_row_however_the_splits_are_made(
        self, make_task: MakeTask, install_plugin: Callable[..., Path]
    ) -> None:
        install_plugin("tags", MANY_CLASSES)
        train = [{"text": f"t {n}", "tags": "a a b" if n % 2 else "a"} for n in range(100)]
        cut = check(make_task(train=train, task_type="tags", options={}))
        assert sum((Counter(counts) for counts in cut.classes.values()), Counter()) == {"a": 100, "b": 50}
        whole = check(make_task(train=train, test=[{"text": "w", "tags": "b b"}], task_type="tags", options={}))
        assert dict(whole.classes["test"]) == {"b": 1}

    def test_rows_with_combinations_of_their_own_are_held_out_too(
        self, make_task: MakeTask, install_plugin: Callable[..., Path]
    ) -> None:
        install_plugin("tags", MANY_CLASSES)
        names = "abcdefgh"
        # Every row shows a combination that no other row shows.
        train = [
            {"text": f"t {n}", "tags": " ".join(name for bit, name in enumerate(names) if n >> bit & 1)}
            for n in range(256)
        ]
        report = check(make_task(train=train, task_type="tags", options={}))
        assert report.rows["valid"] == pytest.approx(26, abs=2)
        assert report.rows["test"] == pytest.approx(26, abs=2)
        assert all(report.classes["test"].get(name, 0) >= 5 for name in names)


MEASURE = """
import resource, sys
from pathlib import Path
from tasktune.data.rows import write_rows
from tasktune.data.scan import scan
from tasktune.definition import load_task

def peak_bytes(train):
    task = load_task(sys.argv[1], overrides=[f"data.train={train}"])
    write_rows(task, scan(task), Path(sys.argv[1]) / "prepared")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

few = peak_bytes("few.jsonl")
print(peak_bytes("many.jsonl") - few)
"""


def test_checking_and_writing_many_rows_takes_little_memory(make_task: MakeTask, tmp_path: Path) -> None:
    make_task()
    count = 25_000
    for name, written in (("few", 1000), ("many", count)):
        lines = (json.dumps({"text": f"row {n} " + "詞" * 300, "label": ("yes", "no")[n % 2]}) for n in range(written))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "prepared").mkdir()
    command = [sys.executable, "-c", MEASURE, str(tmp_path)]
    growth = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    counts = [rows_path(tmp_path / "prepared", split).read_bytes().count(b"\n") for split in SPLITS]
    assert sum(counts) == count
    # The texts are 900 bytes a row in the file and 650 as Python strings.
    assert growth < 400 * count


def test_check_imports_nothing_heavy(make_task: MakeTask, tmp_path: Path) -> None:
    make_task(train=rows(50))
    program = (
        "import sys; from tasktune.definition import load_task; from tasktune.data.check import check;"
        f"assert check(load_task({str(tmp_path)!r})).ok;"
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    loaded = set(output.split())
    assert "tasktune_toy" in loaded
    assert not loaded & {"torch", "transformers", "trl", "datasets", "sklearn", "pandas", "fabric"}


def test_a_checked_task_is_the_one_on_disk(make_task: MakeTask, tmp_path: Path) -> None:
    make_task(train=rows(50))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    check(load_task(tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
