"""The snapshot of a version loads back to the same task, and the fingerprint changes exactly with the outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasktune.definition import TaskSpec, load_task
from tasktune.definition.snapshot import dump_spec, dump_task, fingerprint
from tasktune.definition.tree import plain
from tasktune.definition.yaml_positions import parse

TASK = "task_name: a\ntask_type: toy\noptions: {classes: [x, y]}\n"

WORDS = (
    "NO",
    "yes",
    "null",
    "true",
    "1e-5",
    "1E5",
    "012",
    "0o7",
    "1_000",
    "1:30",
    "2025-01-07",
    ".inf",
    "~",
    "",
    "<<",
    "=",
)
MARKS = (
    "a: b",
    "a #b",
    "- a",
    "# a",
    "'",
    '"',
    "\\",
    "{a}",
    "!a",
    "&a",
    "*a",
    "\t",
    "\x00",
    "\ufeff",
    "é\x85b",
    "a\u2028b\n",
)
BLOCKS = (
    "a\n",
    "a\n\nb",
    "\na",
    " a\nb",
    " a",
    "a ",
    "a\tb\n",
    "a\r\nb",
    "一\n二\n",
    "😀\n",
    "---\na\n",
    "%a\nb\n",
    "...\n",
    "a \nb",
)
TRAPS = st.sampled_from((*WORDS, *MARKS, *BLOCKS))
TEXT = TRAPS | st.text(max_size=12)
FILLED = TEXT.filter(bool)
NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: len(name) > 4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


SPECS = st.fixed_dictionaries(
    {"task_name": NAMES, "task_type": FILLED},
    optional={
        "version": NAMES,
        "description": FILLED,
        "constraints": st.lists(FILLED, max_size=2),
        "language": st.sampled_from(["zh-TW", "en", "no"]),
        "input_template": FILLED,
        "output_format": maybe(
            type=st.sampled_from(["json", "text"]), schema=st.dictionaries(TEXT, VALUES, max_size=2)
        ),
        "options": st.dictionaries(TEXT, VALUES, max_size=3),
        "data": maybe(
            train=st.lists(NAMES, min_size=1, max_size=3) | NAMES,
            test=NAMES,
            fields=st.dictionaries(FILLED, FILLED, max_size=2),
            split=maybe(
                valid=st.floats(0, 0.4), test=st.floats(0, 0.4), seed=st.integers(0, 2**32 - 1), group_by=FILLED
            ),
            generate=maybe(model=FILLED, base_url=st.just("http://localhost:8000/v1"), api_key_env=st.just("KEY")),
        ),
        "training": maybe(
            base_model=FILLED,
            epochs=POSITIVE,
            learning_rate=POSITIVE,
            max_steps=st.none() | st.integers(1),
            lora=maybe(r=st.integers(1, 512), alpha=st.integers(1), target_modules=st.lists(FILLED, min_size=1)),
            class_weights=st.dictionaries(FILLED, POSITIVE, max_size=2) | st.just("balanced"),
        ),
        "success_criteria": maybe(baseline=FILLED | st.floats(0, 1), threshold=st.floats(0, 1)),
        "execution": maybe(ssh_key=FILLED, cuda_devices=st.integers(0, 9) | st.lists(st.integers(0, 9), min_size=1)),
        "versioning": maybe(retention=st.integers(1), deploy_target=FILLED),
    },
).map(TaskSpec.model_validate)


@given(SPECS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_a_dumped_spec_loads_back_equal(spec: TaskSpec) -> None:
    assert TaskSpec.model_validate(plain(parse(dump_spec(spec), "t.yaml"))) == spec


@given(TEXT)
def test_other_yaml_readers_see_the_same_text(text: str) -> None:
    spec = TaskSpec(task_name="a", task_type="b", options={"text": text})
    assert yaml.safe_load(dump_spec(spec))["options"]["text"] == text


def define(folder: Path, text: str = TASK) -> Path:
    path = folder / "task.yaml"
    path.write_text(text, "utf-8")
    return path


def test_snapshot_of_a_task(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(
        define(tmp_path), overrides=["training.epochs=2", "server.host=gpu1", "input_template='一：\n{text}\n'"]
    )
    version = tmp_path / "versions/v1"
    version.mkdir(parents=True)
    (version / "task.yaml").write_text(dump_task(task), "utf-8")
    again = load_task(version / "task.yaml", folder=tmp_path)
    assert (again.spec, again.options, again.folder) == (task.spec, task.options, tmp_path)
    assert dump_task(again) == dump_task(task)
    assert fingerprint(again) == fingerprint(task)


def test_snapshot_shows_every_default(tmp_path: Path, toy_task_type: str) -> None:
    text = dump_task(load_task(define(tmp_path)))
    written = yaml.safe_load(text)
    assert set(written) == set(TaskSpec.model_fields)
    assert written["training"]["seed"] == written["data"]["split"]["seed"] == 42
    defaults = {"r": 16, "alpha": 32, "dropout": 0.0, "target_modules": "all-linear", "rslora": False}
    assert written["training"]["lora"] == defaults
    assert text.startswith("# Written by tasktune ")


def test_lines_stay_lines(tmp_path: Path, toy_task_type: str) -> None:
    task = load_task(define(tmp_path, TASK + "input_template: |\n  分析「{entity}」。\n  文本：{text}\n"))
    assert "input_template: |\n  分析「{entity}」。\n  文本：{text}\n" in dump_task(task)


@pytest.mark.parametrize(
    "setting",
    [
        "version=v7",
        "description=other words",
        "constraints=[two weeks]",
        "input_format.description=a text",
        "versioning.retention=2",
        "huggingface.org=me",
        "server.host=gpu1",
        "success_criteria.threshold=0.9",
        "options.shout=false",
        "training.lora.alpha=32",
        "training.learning_rate=1e-4",
    ],
)
def test_same_fingerprint(tmp_path: Path, toy_task_type: str, setting: str) -> None:
    path = define(tmp_path)
    assert fingerprint(load_task(path, overrides=[setting])) == fingerprint(load_task(path))


@pytest.mark.parametrize(
    "setting",
    [
        "training.epochs=2",
        "training.seed=1",
        "lora.r=8",
        "options.shout=true",
        "options.classes=[y, x]",
        "system_prompt=hello",
        "data.split.seed=1",
        "evaluation.decoding=constrained",
        "language=en",
    ],
)
def test_other_fingerprint(tmp_path: Path, toy_task_type: str, setting: str) -> None:
    path = define(tmp_path)
    assert fingerprint(load_task(path, overrides=[setting])) != fingerprint(load_task(path))


def test_only_decoding_leaves_the_training_as_it_is(tmp_path: Path, toy_task_type: str) -> None:
    path = define(tmp_path)
    same = load_task(path, overrides=["evaluation.decoding=constrained"])
    other = load_task(path, overrides=["training.seed=1"])
    assert fingerprint(same, of_training=True) == fingerprint(load_task(path), of_training=True)
    assert fingerprint(other, of_training=True) != fingerprint(load_task(path), of_training=True)


def test_fingerprint_follows_the_plugin_version(tmp_path: Path, install_plugin: Any) -> None:
    source = (Path(__file__).parents[1] / "toy_plugin.py").read_text("utf-8")
    marks = []
    for version in ("1.0", "1.1"):
        folder = install_plugin("toy", source, version=version)
        marks.append(fingerprint(load_task(define(tmp_path))))
        for metadata in folder.glob("*.dist-info/*"):
            metadata.unlink()
    assert marks[0] != marks[1]
