"""vLLM in process: what it would be told, by a stand-in with its documented interface."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasktune.data.encode import Encoder
from tasktune.data.rows import chat, read_split
from tasktune.definition import Split, Task, load_task
from tasktune.inference.prompts import blind_prompt
from tasktune.pipeline.engines import evaluate_by_vllm
from tasktune.training.base import load_tokenizer
from tasktune.training.interruption import Interruption
from tasktune.training.worker import answer_by_vllm
from tasktune.workspace.events import Event
from tasktune.workspace.versions import Version

MakeTrained = Callable[..., Version]


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in, as if installed, in this process."""
    package = tmp_path / "site" / "vllm"
    (package / "lora").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("stub_vllm.py"), package / "__init__.py")
    (package / "sampling_params.py").write_text("from vllm import SamplingParams, StructuredOutputsParams\n", "utf-8")
    (package / "lora" / "__init__.py").touch()
    (package / "lora" / "request.py").write_text("from vllm import LoRARequest\n", "utf-8")
    monkeypatch.syspath_prepend(package.parent)

    def work_here(
        stage: str,
        version: Version,
        task: Task,
        on_event: Callable[[Event], None],
        *,
        split: Split = "test",
        scratch: Path,
    ) -> None:
        assert stage == "vllm"
        answer_by_vllm(task, version, split, scratch, Interruption())

    monkeypatch.setattr("tasktune.pipeline.engines.run_worker", work_here)
    import vllm

    yield vllm
    for name in [name for name in sys.modules if name == "vllm" or name.startswith("vllm.")]:
        del sys.modules[name]


def task_of(version: Version) -> Task:
    return load_task(version.definition, folder=version.folder.parent.parent)


def test_an_adapter_runs_on_the_ids_that_training_saw(make_trained: MakeTrained, base: Path, vllm: Any) -> None:
    version = make_trained(training={"base_model": str(base), "lora": {"r": 12}})
    task = task_of(version)
    evaluation, folder = evaluate_by_vllm(task, version, "test")
    [llm] = vllm.made
    assert llm.options["model"] == llm.options["tokenizer"] == str(base)
    assert (llm.options["enable_lora"], llm.options["max_lora_rank"]) == (True, 16)
    assert llm.options["max_model_len"] == 512 + 16
    [(prompts, rules, adapter)] = llm.calls
    _base, tokenizer = load_tokenizer(str(base), None, task.folder)
    records = list(read_split(version.prepared, "test"))
    expected = Encoder(tokenizer).prompts([chat(blind_prompt(task, record)) for record in records])
    assert [prompt["prompt_token_ids"] for prompt in prompts] == expected
    assert (rules[0].temperature, rules[0].max_tokens, rules[0].stop) == (0.0, 16, ["<|im_end|>"])
    assert rules[0].structured_outputs is None
    assert adapter == vllm.LoRARequest("v1", 1, str(version.adapter))
    assert evaluation.metrics.values["accuracy"] == 0.5
    assert evaluation.engine is not None
    assert evaluation.engine.engine == "vllm"
    assert folder == version.engines / "vllm"
    assert (folder / "results.json").exists()
    assert not version.results.exists()


def test_a_whole_model_runs_alone_and_keeps_to_its_choices(make_trained: MakeTrained, base: Path, vllm: Any) -> None:
    version = make_trained("constrained", training={"base_model": str(base), "tuning": "full"})
    version.model.mkdir()
    evaluate_by_vllm(task_of(version), version, "valid")
    [llm] = vllm.made
    assert (llm.options["model"], llm.options["enable_lora"]) == (str(version.model), False)
    assert llm.options["structured_outputs_config"] == {"backend": "guidance"}
    [(prompts, rules, adapter)] = llm.calls
    assert adapter is None
    assert rules[0].structured_outputs.choice == ['{"label": "yes"}', '{"label": "no"}']
    assert len(prompts) == 5
    assert (version.engines / "vllm-valid" / "predictions.jsonl").exists()


def test_an_adapter_that_it_cannot_run(make_trained: MakeTrained, base: Path, vllm: Any) -> None:
    from tasktune.errors import InputError

    version = make_trained(training={"base_model": str(base), "tuning": "dora"})
    with pytest.raises(InputError, match="vLLM takes no DoRA adapters"):
        evaluate_by_vllm(task_of(version), version, "test")
    assert not version.engines.exists()
