"""``--config`` and ``--set``: what they change, and which of them a problem names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition import TaskSpec, load_task
from tasktune.definition.tree import Node, Place, merge, plain
from tasktune.errors import InputError

TASK = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\ntraining: {epochs: 8, lora: {r: 32}}\n"
QUICK = "training:\n  epochs: 1\n  max_steps: 20\nlora: {alpha: 8}\n"


@pytest.fixture
def task(tmp_path: Path, toy_task_type: str) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "configs/quick.yaml").write_text(QUICK)
    (tmp_path / "configs/full.yml").write_text("training: {max_steps: 500}\n")
    (tmp_path / "configs/nothing.yaml").write_text("# nothing yet\n")
    return tmp_path


def spec(task: Path, *overlays: str | Path, sets: tuple[str, ...] = ()) -> TaskSpec:
    return load_task(task, overlays=overlays, overrides=sets).spec


def problems(task: Path, *overlays: str | Path, sets: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InputError) as caught:
        spec(task, *overlays, sets=sets)
    return [str(problem).replace(f"{task}/", "") for problem in caught.value.problems]


def test_overlay_by_name(task: Path) -> None:
    training = spec(task, "quick").training
    assert (training.epochs, training.max_steps, training.lora.r, training.lora.alpha) == (1.0, 20, 32, 8)


def test_later_overlays_win_and_settings_win_over_them(task: Path) -> None:
    assert spec(task, "quick", "full").training.max_steps == 500
    assert spec(task, "full", "quick").training.max_steps == 20
    assert spec(task, "quick", sets=("training.max_steps=7", "training.max_steps=8")).training.max_steps == 8


def test_empty_overlay_changes_nothing(task: Path) -> None:
    assert spec(task, "nothing") == spec(task)


def test_overlay_by_path(task: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "mine.yaml"
    other.write_text("task_name: b\n")
    assert spec(task, other).task_name == spec(task, str(other)).task_name == "b"


@pytest.mark.parametrize(
    ("setting", "section", "key", "value"),
    [
        ("training.epochs=2", "training", "epochs", 2.0),
        ("training.learning_rate=1e-5", "training", "learning_rate", 1e-5),
        ("training.max_steps=null", "training", "max_steps", None),
        ("training.max_steps=", "training", "max_steps", None),
        ("training.base_model=builtin:tiny", "training", "base_model", "builtin:tiny"),
        ("training.base_model=a=b", "training", "base_model", "a=b"),
        ("data.train=[a.jsonl, b.jsonl]", "data", "train", ("a.jsonl", "b.jsonl")),
        ("data.fields={text: 內容}", "data", "fields", {"text": "內容"}),
        ("server.host=gpu1", "execution", "host", "gpu1"),
        ("success_criteria.threshold=0", "success_criteria", "threshold", 0.0),
    ],
)
def test_settings(task: Path, setting: str, section: str, key: str, value: object) -> None:
    assert getattr(getattr(spec(task, sets=(setting,)), section), key) == value


def test_setting_an_option(task: Path) -> None:
    assert spec(task, sets=("options.classes=[NO, on]",)).options == {"classes": ["NO", "on"]}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("training.epoch=2", "--set training.epoch=2: training.epoch: unknown key (did you mean epochs?)"),
        ("training.epochs=two", "--set training.epochs=two: training.epochs: must be a number, not 'two'"),
        ("lora.r=0", "--set lora.r=0: lora.r: must be at least 1, not 0"),
        ("training=3", "--set training=3: training: must be a section with keys of its own, not 3"),
        ("epochs 2", "--set epochs 2: is not key=value (for example --set training.epochs=2)"),
        ("=2", "--set =2: is not key=value (for example --set training.epochs=2)"),
        ("a..b=2", "--set a..b=2: is not key=value (for example --set training.epochs=2)"),
        ("data.train=[a", "--set data.train=[a: not valid YAML: "),
        ("data.fields={a: 1, a: 2}", "--set data.fields={a: 1, a: 2}: data.fields.a: the key stands here twice"),
        ("options.weight=-1", "--set options.weight=-1: options.weight: must be greater than 0, not -1"),
        ("task_type=tyo", "--set task_type=tyo: task_type: no task type named 'tyo' is installed"),
        ("data.train=[a, 3]", "--set data.train=[a, 3]: data.train[1]: must be text, not 3"),
    ],
)
def test_problems_of_settings(task: Path, setting: str, said: str) -> None:
    [problem] = problems(task, sets=(setting,))
    assert problem.startswith(said)


def test_problems_name_the_overlay(task: Path) -> None:
    (task / "configs/bad.yaml").write_text("training:\n  epochs: 1\n  batch_size: 0\n  epoch: 3\n")
    (task / "configs/broken.yaml").write_text("training: [\n")
    (task / "configs/list.yaml").write_text("- a\n")
    found = problems(task, "bad", "broken", "list", "quik", sets=("training.seed=-1",))
    assert found[0].startswith("configs/broken.yaml:2: not valid YAML: ")
    assert found[1].startswith("configs/list.yaml:1: the file must hold keys and values")
    assert found[2].endswith("(did you mean quick?)")
    assert found[3:] == [
        "configs/bad.yaml:3: training.batch_size: must be at least 1, not 0",
        "configs/bad.yaml:4: training.epoch: unknown key (did you mean epochs?)",
        "--set training.seed=-1: training.seed: must be at least 0, not -1",
    ]


def test_unknown_overlay_lists_what_there_is(task: Path) -> None:
    [said] = problems(task, "zzz")
    assert said.startswith("there is no overlay 'zzz' in ")
    assert said.endswith("(there are: full, nothing, quick)")


def test_unknown_overlay_where_there_is_none(tmp_path: Path, toy_task_type: str) -> None:
    (tmp_path / "task.yaml").write_text(TASK)
    [said] = problems(tmp_path, "quick")
    assert said.endswith("(make configs/quick.yaml)")


def test_missing_overlay_file(task: Path) -> None:
    assert problems(task, "configs/none.yaml") == ["configs/none.yaml: cannot be read: No such file or directory"]


HERE = Place("here")
KEYS = st.sampled_from(["a", "b", "c"])


def layers(depth: int) -> st.SearchStrategy[Node]:
    """Trees of one shape: what is a section in one is a section in all, as sections of a definition are."""
    children: st.SearchStrategy[dict[str, Node]] = st.dictionaries(KEYS, st.integers().map(lambda n: Node(n, HERE)))
    if depth:
        sections = st.dictionaries(st.sampled_from(["x", "y"]), layers(depth - 1))
        children = st.tuples(children, sections).map(lambda both: {**both[0], **both[1]})
    return children.map(lambda entries: Node(entries, HERE))


@given(layers(2), layers(2), layers(2))
def test_layers_can_be_merged_in_any_grouping(a: Node, b: Node, c: Node) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(layers(2))
def test_merging_with_itself_or_nothing_changes_nothing(a: Node) -> None:
    nothing: Any = {}
    assert merge(a, a) == merge(a, Node(nothing, HERE)) == merge(Node(nothing, HERE), a) == a


@given(layers(2), layers(2))
def test_the_upper_layer_wins(a: Node, b: Node) -> None:
    def contained(part: Any, whole: Any) -> bool:
        if isinstance(part, dict):
            return all(key in whole and contained(value, whole[key]) for key, value in part.items())
        return bool(part == whole)

    assert contained(plain(b), plain(merge(a, b)))
