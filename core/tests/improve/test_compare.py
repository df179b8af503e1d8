"""Versions compared: which rows they share, what changed, and what is more than chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from tasktune.definition import load_task
from tasktune.errors import InputError
from tasktune.evaluation.predictions import Prediction
from tasktune.improve.comparing.compare import Comparison, compare
from tasktune.improve.comparing.rows import common_rows
from tasktune.plugins import TaskType
from tasktune.types import Answer, Record
from tasktune.workspace.versions import get_version

Rows = list[tuple[Record, str]]


@pytest.fixture
def task(made: Any, toy_task_type: str, tmp_path: Path) -> Path:
    folder: Path = made.toy_task(tmp_path / "toys", success_criteria={"threshold": 0.8})
    return folder


@pytest.fixture
def compared(made: Any, task: Path) -> Callable[..., Comparison]:
    """Compare versions v1, v2, … by their answers, each a string of + - and ?, or rows."""

    def run(*answers: str | Rows, **options: Any) -> Comparison:
        versions = []
        for number, each in enumerate(answers, start=1):
            rows = made.toy_rows(each) if isinstance(each, str) else each
            versions.append(made.make_version(task, f"v{number}", rows, **options.get(f"v{number}", {})))
        return compare([load_task(v.definition, folder=task) for v in versions], versions)

    return run


def test_a_better_version_is_told_from_chance(compared: Callable[..., Comparison]) -> None:
    found = compared("+" * 60 + "-" * 40, "+" * 85 + "-" * 15)
    [pair] = found.pairs
    headline = pair.headline
    assert (headline.metric, headline.before, headline.after) == ("accuracy", 0.6, 0.85)
    assert headline.difference == pytest.approx(0.25)
    assert headline.verdict == "better"
    assert headline.interval is not None
    assert 0.15 < headline.interval.low < 0.25 < headline.interval.high < 0.36
    assert (pair.met, pair.advice, pair.rows_needed, found.best) == (True, "adopt", None, "v2")
    correctness = pair.correctness
    assert (correctness.before, correctness.after, correctness.verdict) == (60, 85, "better")
    assert [row.id for row in correctness.fixed] == [f"data/test.jsonl:{n}" for n in range(61, 86)]
    assert correctness.broken == ()
    assert (correctness.fixed[0].before, correctness.fixed[0].after) == ('{"label": "no"}', '{"label": "yes"}')
    assert not found.worse


def test_less_of_what_is_bad_is_better(compared: Callable[..., Comparison]) -> None:
    metrics = {each.metric: each for each in compared("+" * 60 + "-" * 40, "+" * 85 + "-" * 15).pairs[0].metrics}
    assert metrics["wrong"].difference == pytest.approx(-0.25)
    assert metrics["wrong"].verdict == "better"
    assert metrics["parsed"].verdict == "not distinguishable"


def test_what_chance_can_do_is_not_distinguishable(compared: Callable[..., Comparison]) -> None:
    found = compared("+" * 10 + "-" * 10, "-" * 3 + "+" * 12 + "-" * 5)
    [pair] = found.pairs
    assert pair.headline.verdict == "not distinguishable"
    assert pair.headline.p == pytest.approx(stats.binomtest(3, 8).pvalue, abs=0.03)
    assert pair.advice == "keep"
    assert found.best == "v1"
    assert pair.rows_needed is not None
    assert pair.rows_needed > 20


def test_equal_versions_differ_nowhere(compared: Callable[..., Comparison]) -> None:
    [pair] = compared("+-?+", "+-?+").pairs
    assert {each.p for each in pair.metrics} == {1.0}
    assert pair.correctness.p == 1.0
    assert pair.rows_needed is None
    assert pair.changes.nothing


def test_a_worse_version(compared: Callable[..., Comparison]) -> None:
    found = compared("+" * 90 + "-" * 10, "+" * 50 + "-" * 50)
    assert found.worse
    assert (found.pairs[0].headline.verdict, found.pairs[0].advice, found.best) == ("worse", "keep", "v1")
    assert len(found.pairs[0].correctness.broken) == 40


def test_better_and_still_short_of_the_target(compared: Callable[..., Comparison]) -> None:
    [pair] = compared("+" * 30 + "-" * 70, "+" * 70 + "-" * 30).pairs
    assert (pair.headline.verdict, pair.met, pair.advice) == ("better", False, "adjust")


def test_several_versions_each_beside_the_first(compared: Callable[..., Comparison]) -> None:
    found = compared("+" * 60 + "-" * 40, "+" * 85 + "-" * 15, "+" * 95 + "-" * 5)
    assert [(pair.before, pair.after) for pair in found.pairs] == [("v1", "v2"), ("v1", "v3")]
    assert found.best == "v3"


def test_more_versions_need_stronger_evidence(compared: Callable[..., Comparison]) -> None:
    """Six rows fixed, none broken: p is 2/64 for one version and four times that, by Holm, for four alike."""
    better = "+" * 16 + "-" * 4
    one, four = compared("+" * 10 + "-" * 10, better), compared("+" * 10 + "-" * 10, *[better] * 4)
    assert one.pairs[0].headline.p == pytest.approx(2 / 64, abs=0.01)
    assert one.pairs[0].headline.verdict == "better"
    assert all(pair.headline.p == pytest.approx(8 / 64, abs=0.03) for pair in four.pairs)
    assert {pair.headline.verdict for pair in four.pairs} == {"not distinguishable"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["++", "+-", "-+", "--", "?+"]), min_size=1, max_size=40))
def test_p_of_an_accuracy_is_mcnemars(compared: Callable[..., Comparison], pairs: list[str]) -> None:
    """Exchanging answers of an accuracy is throwing a coin for each row that one version alone answers rightly."""
    before, after = ("".join(pair[side] for pair in pairs) for side in (0, 1))
    [pair] = compared(before, after).pairs
    fixed, broken = len(pair.correctness.fixed), len(pair.correctness.broken)
    exact = stats.binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert pair.headline.p == pytest.approx(exact, abs=0.03)
    assert (fixed, broken) == (sum(p in ("-+", "?+") for p in pairs), pairs.count("+-"))


def test_the_same_versions_compare_alike_each_time(compared: Callable[..., Comparison], task: Path, made: Any) -> None:
    first = compared("+" * 30 + "-" * 10, "+" * 35 + "-" * 5)
    versions = [task / "versions" / name / "task.yaml" for name in ("v1", "v2")]
    again = compare([load_task(v, folder=task) for v in versions], [get_version(task, name) for name in ("v1", "v2")])
    assert again == first


def test_kept_statistics_are_used_while_they_hold(
    compared: Callable[..., Comparison], task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = "+" * 30 + "-" * 10, "?" + "+" * 34 + "-" * 5
    without = compared(*answers)
    kept: Any = {"keep_statistics": True}
    assert compared(*answers, v1=kept, v2=kept) == without
    versions = [get_version(task, name) for name in ("v1", "v2")]
    tasks = [load_task(version.definition, folder=task) for version in versions]
    computed: list[str] = []
    real = TaskType.row_statistics
    monkeypatch.setattr(TaskType, "row_statistics", lambda *given: computed.append("row") or real(*given))
    assert compare(tasks, versions) == without
    assert computed == []
    predictions = versions[0].evaluation / "predictions.jsonl"
    lines = predictions.read_text("utf-8").splitlines()
    predictions.write_text("\n".join(lines[1:]) + "\n", "utf-8")
    assert compare(tasks, versions).rows == 39
    assert len(computed) == 39, "v1's do not hold for other predictions; v2's do"
    (versions[1].evaluation / "statistics.json").write_text("{", "utf-8")
    computed.clear()
    assert compare(tasks, versions).rows == 39
    assert len(computed) == 2 * 39


def test_what_changed_between_them(compared: Callable[..., Comparison]) -> None:
    [pair] = compared(
        "++",
        "+-",
        v1={"train": ["yes"] * 3 + ["no"], "data": {"data/train.jsonl": "a", "data/old.jsonl": "b"}},
        v2={
            "train": ["yes"] * 3 + ["no"] * 5,
            "data": {"data/train.jsonl": "c", "data/new.jsonl": "d"},
            "overrides": ["training.epochs=9", "training.lora.r=64", "training.class_weights={yes: 1, no: 2}"],
            "mode": "constrained",
        },
    ).pairs
    keys = {change.key: (change.before, change.after) for change in pair.changes.definition}
    assert keys["training.epochs"][1] == 9
    assert keys["training.lora.r"] == (16, 64)
    assert keys["training.class_weights.no"] == (None, 2) or "training.class_weights" in keys
    assert "version" not in keys
    rows = {change.name: (change.before, change.after) for change in pair.changes.rows}
    assert rows == {None: (4, 8), "no": (1, 5)}
    assert {(file.path, file.what) for file in pair.changes.files} == {
        ("data/train.jsonl", "changed"),
        ("data/old.jsonl", "removed"),
        ("data/new.jsonl", "added"),
    }
    assert [(change.key, change.after) for change in pair.changes.decoding] == [("mode", "constrained")]


def test_rows_that_only_one_was_asked_are_left_out(compared: Callable[..., Comparison], made: Any) -> None:
    found = compared(made.toy_rows("+-+-"), [*made.toy_rows("++", first=3), *made.toy_rows("-", first=9)])
    assert found.rows == 2
    assert found.left_out == {"v1": 2, "v2": 1}
    assert found.pairs[0].headline.before == 0.5
    assert found.pairs[0].headline.after == 1.0


def test_without_a_common_row_there_is_nothing_to_compare(compared: Callable[..., Comparison], made: Any) -> None:
    with pytest.raises(InputError, match="v1, v2 have no labelled test row in common"):
        compared(made.toy_rows("+-"), made.toy_rows("+-", first=7))


def test_contradicting_targets_are_refused(compared: Callable[..., Comparison], made: Any) -> None:
    rows = made.toy_rows("+++")
    other = [*rows[:2], *made.toy_rows("+", first=3, target="no")]
    with pytest.raises(
        InputError, match=r"1 test rows have different targets.*v1 data/test.jsonl:3, v2 data/test.jsonl:3"
    ):
        compared(rows, other)


def test_versions_of_two_task_types_are_refused(
    made: Any, task: Path, install_plugin: Callable[..., Path], tmp_path: Path
) -> None:
    source = (Path(__file__).parents[1] / "toy_plugin.py").read_text("utf-8")
    install_plugin("toy_two", source)
    one = made.make_version(task, "v1", made.toy_rows("++"))
    other = made.make_version(made.toy_task(tmp_path / "two", task_type="toy_two"), "v2", made.toy_rows("++"))
    with pytest.raises(InputError, match="different task types cannot be compared"):
        compare([load_task(v.definition, folder=task) for v in (one, other)], [one, other])


def prediction(text: str, target: str | None, number: int) -> Prediction:
    answer = Answer(value="yes")
    return Prediction(id=f"t:{number}", inputs={"text": text}, target=target, output="", answer=answer, correct=True)


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12), st.randoms())
def test_common_rows_are_the_common_multiset(one: list[str], other: list[str], chance: random.Random) -> None:
    lists: dict[str, Sequence[Prediction]] = {
        name: [prediction(text, text.upper(), n) for n, text in enumerate(texts)]
        for name, texts in (("v1", one), ("v2", other))
    }
    shared = sum(min(one.count(text), other.count(text)) for text in "abcd")
    if not shared:
        with pytest.raises(InputError):
            common_rows(lists)
        return
    found = common_rows(lists)
    assert found.count == shared
    assert found.left_out == {"v1": len(one) - shared, "v2": len(other) - shared}
    texts = [[row.inputs["text"] for row in found.predictions[name]] for name in ("v1", "v2")]
    assert texts[0] == texts[1]
    assert [row.id for row in found.predictions["v1"]] == sorted(
        (row.id for row in found.predictions["v1"]), key=lambda name: int(name[2:])
    )


def test_unlabelled_rows_are_no_part_of_it() -> None:
    rows = [prediction("a", None, 1), prediction("b", "B", 2)]
    found = common_rows({"v1": rows, "v2": rows[1:]})
    assert found.count == 1
    assert found.same
