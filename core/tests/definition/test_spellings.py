"""Every spelling that the client's documents use gives the same canonical definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasktune.definition import TaskSpec, load_task
from tasktune.errors import InputError

HERE = Path(__file__).parent
TASK_DEFINITION, TASK_SUMMARY, TASK, TRAINING_CONFIG, PREFERENCE_CONFIG = (
    (HERE / "client" / f"{name}.yaml").read_text("utf-8")
    for name in ("task_definition", "task_summary", "task", "training_config", "preference_config")
)
"""The examples of the client's documents, with a task type that core's tests can install."""

TEMPLATE = "分析以下文本對「{entity}」的情感傾向。\n文本：{text}\n"
TRAINING: dict[str, Any] = {
    "base_model": "Qwen/Qwen3-4B",
    "method": "sft",
    "lora": {"r": 32, "alpha": 64},
    "epochs": 8.0,
    "learning_rate": 1e-5,
}
CRITERIA: dict[str, Any] = {"primary_metric": "macro_f1", "threshold": 0.8}


def sentiment(name: str) -> dict[str, Any]:
    return {"type": "json", "schema": {name: {"type": "string", "enum": ["正面", "負面", "中立"]}}}


@pytest.fixture(autouse=True)
def _open_task_type(install_plugin: Any) -> None:
    install_plugin("open", (HERE / "open_plugin.py").read_text("utf-8"))


def spec_of(folder: Path, text: str, **how: Any) -> TaskSpec:
    (folder / "task.yaml").write_text(text, "utf-8")
    return load_task(folder, **how).spec


def test_task_definition_of_create_mode(tmp_path: Path) -> None:
    assert spec_of(tmp_path, TASK_DEFINITION) == TaskSpec.model_validate(
        {
            "task_name": "entity-sentiment",
            "task_type": "open",
            "domain": "finance",
            "language": "zh-TW",
            "input_template": TEMPLATE,
            "input_description": "文本和指定實體",
            "output_format": sentiment("entity_sentiment"),
            "training": TRAINING,
            "success_criteria": CRITERIA,
            "huggingface": {"org": "your-hf-org", "prefix": "your-prefix"},
            "execution": {
                "type": "local",
                "host": "user@your-gpu-server",
                "ssh_key": "~/.ssh/id_rsa",
                "cuda_devices": "0",
                "remote_path": "~/tasks",
            },
        }
    )


def test_task_summary_of_the_coach(tmp_path: Path) -> None:
    assert spec_of(tmp_path, TASK_SUMMARY) == TaskSpec.model_validate(
        {
            "task_name": "entity-sentiment",
            "task_type": "open",
            "domain": "finance",
            "description": "分析金融新聞中特定實體的情感傾向，\n支援投資決策系統的輿情監控功能。\n",
            "constraints": ["資料量: 500 筆已標註", "GPU: 遠端 A100 x1", "時程: 2 週內上線"],
            "success_criteria": {**CRITERIA, "baseline": "rule_based_0.65"},
            "versioning": {"strategy": "semantic", "deploy_target": "huggingface", "retention": 3},
        }
    )


TASK_CANONICAL: dict[str, Any] = {
    "task_name": "entity-sentiment",
    "version": "v1",
    "task_type": "open",
    "domain": "finance",
    "input_template": TEMPLATE,
    "output_format": sentiment("sentiment"),
    "training": TRAINING,
    "success_criteria": CRITERIA,
    "execution": {"type": "remote_ssh", "host": "user@gpu-server"},
    "versioning": {
        "strategy": "semantic",
        "naming": "{task}-v{n}",
        "retention": 3,
        "deploy_target": "huggingface",
    },
}


def test_task_of_the_coach(tmp_path: Path) -> None:
    assert spec_of(tmp_path, TASK) == TaskSpec.model_validate(TASK_CANONICAL)


def test_training_config_of_iterate_mode(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/training_config.yaml").write_text(TRAINING_CONFIG, "utf-8")
    (tmp_path / "configs/orpo.yaml").write_text(PREFERENCE_CONFIG, "utf-8")
    weights = {"正面": 1.0, "負面": 1.2, "中立": 1.5}
    training = {**TRAINING, "lora": {"r": 64, "alpha": 128}, "epochs": 6.0, "class_weights": weights}
    second = spec_of(tmp_path, TASK, overlays=["training_config"])
    assert second == TaskSpec.model_validate({**TASK_CANONICAL, "training": training})
    third = spec_of(tmp_path, TASK, overlays=["training_config", "orpo"])
    training = {**training, "method": "orpo", "beta": 0.1}
    assert third == TaskSpec.model_validate({**TASK_CANONICAL, "training": training})


SAME = [
    ("input_format: {template: '{text}'}", "input_template: '{text}'"),
    ("input_format: {description: d}", "input_description: d"),
    ("server: {host: a, cuda_devices: 0}", "execution: {host: a, cuda_devices: '0'}"),
    ("server: {remote_path: ~/tasks}", "execution: {remote_path: ~/tasks}"),
    ("lora: {r: 4}", "training: {lora: {r: 4}}"),
    ("lora: {r: 4}\ntraining: {lora: {dropout: 0.1}}", "training: {lora: {r: 4, dropout: 0.1}}"),
    ("lora: {r: 4}\ntraining: {lora:}", "training: {lora: {r: 4}}"),
    ("lora:\nserver:\ntask_summary:\ninput_format:", ""),
    ("output_format: {properties: {a: {}}}", "output_format: {schema: {a: {}}}"),
    ("task_summary: {goal: g}", "description: g"),
    ("task_summary: {language: en}", "language: en"),
    (
        "task_summary: {versioning: {retention: 2}}\nversioning: {strategy: date}",
        "versioning: {retention: 2, strategy: date}",
    ),
]


@pytest.mark.parametrize(("spelling", "canonical"), SAME)
def test_spellings_of_single_keys(tmp_path: Path, spelling: str, canonical: str) -> None:
    head = "task_name: a\ntask_type: open\n"
    assert spec_of(tmp_path, head + spelling) == spec_of(tmp_path, head + canonical)


def test_both_spellings_may_agree(tmp_path: Path) -> None:
    text = (
        "task_name: a\ntask_type: open\nserver: {host: x, cuda_devices: 0}\nexecution: {host: x, cuda_devices: '0'}\n"
    )
    assert spec_of(tmp_path, text).execution.host == "x"


def test_both_spellings_may_not_differ(tmp_path: Path) -> None:
    text = """\
task_name: a
task_type: open
server:
  host: x
  cuda_devices: 1
execution:
  host: y
lora: {r: 8}
training:
  lora:
    r: 16
task_summary: {name: b}
"""
    with pytest.raises(InputError) as caught:
        spec_of(tmp_path, text)
    said = [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]
    assert said == [
        "task.yaml:4: server.host: contradicts execution.host on line 7 (keep only one of them)",
        "task.yaml:8: lora.r: contradicts training.lora.r on line 11 (keep only one of them)",
        "task.yaml:12: task_summary.name: contradicts task_name on line 1 (keep only one of them)",
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("server: gpu1", "server: must be a section with keys of its own (the keys here are host, ssh_key"),
        (
            "server: {type: local}",
            "server.type: unknown key (the keys here are host, ssh_key, cuda_dev",
        ),
        ("input_format: {templete: x}", "input_format.templete: unknown key (did you mean template?)"),
        ("server: {host: 3}", 'server.host: must be text, not 3 (put it in quotes: "3")'),
        ("lora: 3", "lora: must be a section with keys of its own, not 3"),
        ("task_summary: {type: tyo}", "task_summary.type: no task type named 'tyo' is installed"),
        ("training: 3\nlora: {r: 3}", "training: must be a section with keys of its own, not 3"),
        ("sever: {host: x}", "sever: unknown key (did you mean server?)"),
    ],
)
def test_problems_name_the_spelling_that_was_used(tmp_path: Path, lines: str, said: str) -> None:
    head = "task_name: a\n" if "type: tyo" in lines else "task_name: a\ntask_type: open\n"
    with pytest.raises(InputError) as caught:
        spec_of(tmp_path, head + lines)
    [problem] = caught.value.problems
    assert str(problem).startswith(f"{tmp_path}/task.yaml:{head.count(chr(10)) + 1}: {said}")
