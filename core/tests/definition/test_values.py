"""One value at a time: what is refused, with its place and a hint, and what is accepted in which form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.definition import load_task
from tasktune.errors import InputError

SMALLEST = "task_name: demo\ntask_type: toy\noptions: {classes: [NO, 'yes']}\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("task_name: ../x", "task_name: '../x' cannot be a name"),
        ("task_name: .hidden", "task_name: '.hidden' cannot be a name"),
        ("task_name: a/b", "task_name: 'a/b' cannot be a name"),
        ("task_name: 情感分析", "task_name: '情感分析' cannot be a name"),
        ("task_name: COM1.x", "task_name: 'COM1.x' is a name that Windows keeps for itself"),
        ("task_name: 2025", 'task_name: must be text, not 2025 (put it in quotes: "2025")'),
        ("task_name:", "task_name: is empty (give a value, or remove the key)"),
        ("task_name: ''", "task_name: must not be empty"),
        ("version: v 2", "version: 'v 2' cannot be a name"),
        ("version: 2", 'version: must be text, not 2 (put it in quotes: "2")'),
        ("input_template: {text}", "input_template: must be text, not a section (text that begins with a brace needs"),
        ("description: true", 'description: must be text, not true (put it in quotes: "true")'),
        ("language: 繁體中文", "language: '繁體中文' is not a language tag (zh-TW for Traditional Chinese"),
        ("training: 5", "training: must be a section with keys of its own, not 5"),
        ("training: [epochs]", "training: must be a section with keys of its own, not a list"),
        ("training: {epochs: 0}", "training.epochs: must be greater than 0, not 0"),
        ("training: {epochs: true}", "training.epochs: must be a number, not true"),
        ("training: {epochs: .nan}", "training.epochs: must be a finite number, not nan"),
        ("training: {epochs: .inf}", "training.epochs: must be a finite number, not inf"),
        ("training: {epochs:}", "training.epochs: is empty (give a value, or remove the key)"),
        ("training: {epochs: five}", "training.epochs: must be a number, not 'five'"),
        ("training: {learning_rate: 0}", "training.learning_rate: must be greater than 0, not 0"),
        ("training: {learning_rate: '1e-5'}", "training.learning_rate: must be a number, not '1e-5' (write it without"),
        ("training: {batch_size: 0}", "training.batch_size: must be at least 1, not 0"),
        ("training: {batch_size: 2.5}", "training.batch_size: must be a whole number, not 2.5"),
        ("training: {method: stf}", "training.method: must be one of sft, orpo, dpo, not 'stf' (did you mean sft?)"),
        ("training: {seed: -1}", "training.seed: must be at least 0, not -1"),
        ("training: {warmup_ratio: 1}", "training.warmup_ratio: must be less than 1, not 1"),
        (
            "training: {sampling: grouped, prefix_sharing: 'off'}",
            "training: sampling: grouped is for what rows share, and prefix_sharing is off",
        ),
        ("training: {batch_tokens: 0}", "training.batch_tokens: must be at least 1, not 0"),
        ("training: {class_weights: {a: -1}}", "training.class_weights.a: must be greater than 0, not -1"),
        ("training: {lora: {r: 0}}", "training.lora.r: must be at least 1, not 0"),
        ("training: {lora: {target_modules: []}}", "training.lora.target_modules: must"),
        ("lora: {r: 0}", "lora.r: must be at least 1, not 0"),
        ("success_criteria: {threshold: 80}", "success_criteria.threshold: must be at most 1, not 80 (a share: 0.80"),
        ("success_criteria: {threshold: 80%}", "success_criteria.threshold: must be a number, not '80%' (a share"),
        (
            "success_criteria: {primary_metric: wrong}",
            "wrong cannot decide: it is no share of 0 to 1 in ",
        ),
        ("success_criteria: {primary_metric: parsed}", "parsed needs a threshold of its own (add success_criteria.thr"),
        ("data: {train: ''}", "data.train: must not be empty"),
        ("data: {train: []}", "data.train: must not be empty"),
        ("data: {train: hf://a/b}", "hf://a/b is not a local file"),
        ("data: {test: raw/}", "raw/ is a folder"),
        ("data: {encoding: utf9}", "data.encoding: 'utf9' is not a text encoding"),
        ("data: {encoding: rot13}", "data.encoding: 'rot13' is not a text encoding"),
        ("data: {fields: {text: 3}}", "data.fields.text: must be text, not 3"),
        ("data: {split: {valid: 1}}", "data.split.valid: must be less than 1, not 1"),
        ("execution: {type: remote_ssh}", "execution: remote_ssh needs a host (add host: user@server)"),
        ("execution: {host: -oProxyCommand=x}", "execution.host: '-oProxyCommand=x' cannot be given to ssh"),
        ("execution: {host: a b}", "execution.host: 'a b' cannot be given to ssh"),
        ("execution: {cuda_devices: [true]}", "execution.cuda_devices: must be device numbers"),
        ("versioning: {naming: '{tsk}-v{n}'}", "unknown field {tsk} (the fields are {task}, {n}, {date}, {version})"),
        ("versioning: {naming: 'a b'}", "versioning.naming: 'a b' cannot be a name on the Hub"),
        ("versioning: {retention: 0}", "versioning.retention: must be at least 1, not 0"),
        ("versioning: {stratgy: date}", "versioning.stratgy: unknown key (did you mean strategy?)"),
        ("huggingface: {org: a/b}", "huggingface.org: 'a/b' cannot be a name on the Hub"),
        ("huggingface: {repo: a}", "huggingface.repo: unknown key (the keys here are org, prefix)"),
        ("output_format: {schema: 3}", "output_format.schema: must be a section with keys of its own, not 3"),
        ("learning-rate: 1", "learning-rate: unknown key (did you mean training.learning_rate?)"),
        ("training: {batchsizes: 3}", "training.batchsizes: unknown key (did you mean batch_size?)"),
        ("evaluation: {learning_rates: 3}", "unknown key (did you mean training.learning_rate?)"),
        (
            "data: {task_name: a}",
            "unknown key (the keys here are train, valid, test, pairs, fields, encoding, split, over",
        ),
        ("Language: en", "Language: unknown key (did you mean language?)"),
        ("? [a, b]\n: c", "a key must be text"),
        ("options: 3", "options: must be a section with keys of its own, not 3"),
    ],
)
def test_one_problem(tmp_path: Path, toy_task_type: str, lines: str, said: str) -> None:
    written = lines.split(":")[0].strip("? ")
    kept = [line for line in SMALLEST.splitlines() if not line.startswith(f"{written}:")]
    (tmp_path / "task.yaml").write_text("\n".join([*kept, lines]) + "\n", "utf-8")
    with pytest.raises(InputError) as caught:
        load_task(tmp_path)
    [problem] = caught.value.problems
    assert problem.line == len(kept) + 1
    assert said in str(problem)


@pytest.mark.parametrize(
    ("lines", "place", "value"),
    [
        ("training: {learning_rate: 1e-5}", "training.learning_rate", 1e-5),
        ("training: {learning_rate: 1E5}", "training.learning_rate", 1e5),
        ("training: {epochs: 8}", "training.epochs", 8.0),
        ("training: {seed: 012}", "training.seed", 12),
        ("training: {lora: {r: 8}}", "training.lora.alpha", 16),
        ("training: {lora: {r: 8, alpha: null}}", "training.lora.alpha", 16),
        ("training: {lora: {r: 8, alpha: 8}}", "training.lora.alpha", 8),
        ("training: {lora: {target_modules: [q_proj]}}", "training.lora.target_modules", ("q_proj",)),
        ("training:\n#  epochs: 3", "training.epochs", 5.0),
        ("training: {class_weights: balanced}", "training.class_weights", "balanced"),
        ("training: {class_weights: {1: 2, 'no': 1}}", "training.class_weights", {"1": 2.0, "no": 1.0}),
        ("data: {train: a.csv}", "data.train", ("a.csv",)),
        ("data: {train: [a.csv, ../b.csv]}", "data.train", ("a.csv", "../b.csv")),
        ("data:", "data.encoding", "utf-8"),
        ("data: {fields: {text: 內容}}", "data.fields", {"text": "內容"}),
        ("execution: {cuda_devices: 0}", "execution.cuda_devices", "0"),
        ("execution: {cuda_devices: [0, 1]}", "execution.cuda_devices", "0,1"),
        ("execution: {cuda_devices: '0, 1'}", "execution.cuda_devices", "0,1"),
        ("success_criteria: {threshold: 1}", "success_criteria.threshold", 1.0),
        ("constraints: [GPU: A100, 兩週]", "constraints", ("GPU: A100", "兩週")),
        ("version: v2.1", "version", "v2.1"),
        ("options: {classes: [on, no, 2025-01-07, 1_000, 1:30]}", "options.classes", "on no 2025-01-07 1_000 1:30"),
    ],
)
def test_accepted_values(tmp_path: Path, toy_task_type: str, lines: str, place: str, value: object) -> None:
    kept = [line for line in SMALLEST.splitlines() if not line.startswith(lines.split(":")[0])]
    (tmp_path / "task.yaml").write_text("\n".join([*kept, lines]) + "\n", "utf-8")
    found: object = load_task(tmp_path).spec
    for key in place.split("."):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    assert (" ".join(found) if isinstance(found, list) else found) == value
