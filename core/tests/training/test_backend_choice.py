"""Which backend trains: a decision from facts, with its reason in words."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition import Task, load_task
from tasktune.errors import InputError, RunError
from tasktune.training.backends import BACKENDS, load_backend
from tasktune.training.backends import choice as choices
from tasktune.training.backends.choice import SHARING_WINS, Gpu, choose, saved_share

H200 = Gpu(name="NVIDIA H200", capability=(9, 0))
T4 = Gpu(name="Tesla T4", capability=(7, 5))


def task_with(folder: Path, training: str) -> Task:
    path = folder / "task.yaml"
    path.write_text(f"task_name: a\ntask_type: toy\noptions: {{classes: [x, y]}}\ntraining: {training}\n", "utf-8")
    return load_task(path)


@pytest.fixture(autouse=True)
def _compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "COMPARED_ON", frozenset({H200.capability}))


def nothing() -> float:
    raise AssertionError("the answer does not depend on the rows")


@pytest.mark.parametrize(
    ("training", "installed", "gpu", "backend", "reason"),
    [
        ("{backend: transformers}", True, H200, "transformers", "training.backend asks for it"),
        ("{backend: unsloth}", True, H200, "unsloth", "training.backend asks for it"),
        ("{backend: unsloth, tuning: dora}", True, H200, "unsloth", "training.backend asks for it"),
        ("{}", False, H200, "transformers", "unsloth is not installed"),
        ("{}", True, None, "transformers", "unsloth needs a GPU, and torch finds none"),
        ("{}", True, T4, "transformers", "unsloth needs a GPU with bfloat16, and Tesla T4 has none"),
        ("{lora: {target_modules: [q_proj, lm_head]}}", True, H200, "transformers", "unsloth trains all of lm_head"),
        ("{tuning: full}", True, H200, "transformers", "unsloth has faster kernels only for"),
        ("{tuning: dora}", True, H200, "transformers", "unsloth has faster kernels only for"),
        ("{tuning: qlora, quantization: int8}", True, H200, "transformers", "unsloth has faster kernels only for"),
        ("{precision: fp32}", True, H200, "transformers", "unsloth has faster kernels only for"),
        ("{prefix_sharing: off}", True, H200, "unsloth", "the prompts share too little to save (0%)"),
    ],
)
def test_choice_without_a_look_at_the_rows(
    tmp_path: Path, toy_task_type: str, training: str, installed: bool, gpu: Gpu | None, backend: str, reason: str
) -> None:
    choice = choose(task_with(tmp_path, training), installed=installed, gpu=gpu, saved=nothing)
    assert choice.backend == backend
    assert choice.reason.startswith(reason)


@pytest.mark.parametrize(
    ("share", "backend", "said"),
    [
        (SHARING_WINS - 0.01, "unsloth", "(49%)"),
        (SHARING_WINS, "transformers", "saves 50%"),
        (0.9, "transformers", "saves 90%"),
    ],
)
@pytest.mark.parametrize("tuning", ["lora", "qlora"])
def test_what_the_prompts_share_decides(
    tmp_path: Path, toy_task_type: str, tuning: str, share: float, backend: str, said: str
) -> None:
    choice = choose(task_with(tmp_path, f"{{tuning: {tuning}}}"), installed=True, gpu=H200, saved=lambda: share)
    assert choice.backend == backend
    assert said in choice.reason


def test_auto_takes_unsloth_only_where_its_losses_have_been_compared(tmp_path: Path, toy_task_type: str) -> None:
    other = Gpu(name="NVIDIA L4", capability=(8, 9))
    choice = choose(task_with(tmp_path, "{}"), installed=True, gpu=other, saved=lambda: 0.0)
    assert choice.backend == "transformers"
    assert choice.reason.startswith("unsloth may be faster, but is not proven on this kind of GPU")
    asked = choose(task_with(tmp_path, "{backend: unsloth}"), installed=True, gpu=other, saved=nothing)
    assert asked.backend == "unsloth"


def test_several_processes_are_for_transformers(tmp_path: Path, toy_task_type: str) -> None:
    choice = choose(task_with(tmp_path, "{}"), installed=True, gpu=H200, processes=2, saved=nothing)
    assert (choice.backend, choice.reason[-8:]) == ("transformers", "not in 2")
    with pytest.raises(InputError) as caught:
        choose(task_with(tmp_path, "{backend: unsloth}"), installed=True, gpu=H200, processes=2, saved=nothing)
    assert caught.value.problems[0].line == 4


def test_what_unsloth_cannot_do_is_named_all_at_once(tmp_path: Path, toy_task_type: str) -> None:
    task = task_with(tmp_path, "{backend: unsloth, lora: {target_modules: [model.embed_tokens, q_proj]}}")
    with pytest.raises(InputError) as caught:
        choose(task, installed=False, gpu=None, saved=nothing)
    found = {problem.message: problem for problem in caught.value.problems}
    assert list(found) == [
        "unsloth is not installed",
        "unsloth trains all of model.embed_tokens in place of an adapter",
        "unsloth needs a GPU, and torch finds none",
    ]
    assert all(problem.hint and problem.line == 4 for problem in found.values())


@given(st.lists(st.text("ab", max_size=6), min_size=1), st.integers(1, 9))
def test_the_saved_share_is_that_of_the_common_prefix(prompts: list[str], batch: int) -> None:
    characters = sum(map(len, prompts))
    common = next(end for end in range(6, -1, -1) if len({prompt[:end] for prompt in prompts}) == 1)
    saved = min(common, *map(len, prompts), 6) * len(prompts) * (1 - 1 / batch)
    assert math.isclose(saved_share(prompts, batch), saved / characters if characters else 0.0)
    assert 0.0 <= saved_share(prompts, batch) < 1.0


def test_every_backend_is_in_the_table_once() -> None:
    assert len(set(BACKENDS.values())) == len(BACKENDS) == 2


def test_a_broken_unsloth_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(ModuleType):
        @property
        def FastLanguageModel(self) -> None:
            raise NotImplementedError("Unsloth cannot find any torch accelerator? You need a GPU.\nmore")

    # What the module sets for unsloth must not stay.
    for name in ("UNSLOTH_RETURN_LOGITS", "UNSLOTH_RETURN_HIDDEN_STATES", "UNSLOTH_COMPILE_LOCATION"):
        monkeypatch.setenv(name, "before")
    monkeypatch.setattr("tasktune.training.quiet.QUIET", {})
    monkeypatch.setitem(sys.modules, "unsloth", Broken("unsloth"))
    with pytest.raises(RunError) as caught:
        load_backend("unsloth")
    assert (
        caught.value.message == "unsloth cannot be imported: Unsloth cannot find any torch accelerator? You need a GPU."
    )
    assert caught.value.hint
