"""``class_weights`` in ner, from task.yaml to the loss that training logs: each entity weighs what its type weighs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tasktune.definition import load_task
from tasktune.pipeline import run
from tasktune.training.base import load_tokenizer
from tasktune.training.interruption import Interruption
from tasktune.training.tokens import load_tokens
from tasktune.training.worker import train_version
from tasktune.workspace.versions import Version

pytestmark = pytest.mark.slow

# The e with its accent apart is two characters, of which some tokenizers make one.
ROWS = (
    ("台積電董事長魏哲家宣布擴廠", [("台積電", "ORG"), ("魏哲家", "PER")]),
    ("Rene\u0301 說，陳雅婷😀到了聯電", [("Rene\u0301", "PER"), ("陳雅婷", "PER"), ("聯電", "ORG")]),
    ("鴻海與廣達合作", [("鴻海", "ORG"), ("廣達", "ORG")]),
    ("午後有雷陣雨", []),
)
WEIGHT = 5.0


def train(folder: Path, **training: Any) -> Version:
    """Train for one step that sees all rows and changes nothing."""
    (folder / "data").mkdir(parents=True)
    for split, rows in (("train", ROWS), ("test", (("新竹有風", []),))):
        lines = [
            json.dumps({"text": text, "entities": [{"text": mention, "label": label} for mention, label in found]})
            for text, found in rows
        ]
        (folder / "data" / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    definition = {
        "task_name": "weighed",
        "task_type": "ner",
        "options": {"labels": ["ORG", "PER"]},
        "data": {"train": "data/train.jsonl", "test": "data/test.jsonl", "split": {"valid": 0}},
        "training": {
            "base_model": "builtin:tiny",
            "tuning": "full",
            "max_steps": 1,
            "batch_size": len(ROWS),
            "learning_rate": 1e-12,
            "precision": "fp32",
            **training,
        },
    }
    (folder / "task.yaml").write_text(json.dumps(definition), "utf-8")
    task = load_task(folder)
    version = Version(run(task, stages=("prepare",)).version_dir)
    train_version(task, version, Interruption())
    return version


def by_hand(version: Version, weight: float) -> float:
    """Σ w·l / Σ w of the version's rows, from the base model's logits and the text that each token adds."""
    base, tokenizer = load_tokenizer("builtin:tiny", None, version.folder)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    weighed = size = 0.0
    for (_text, found), row in zip(ROWS, load_tokens(version.prepared, "train"), strict=True):
        [answer] = row["answers"]
        objects = [f'{{"text": "{mention}", "label": "{label}"}}' for mention, label in found]
        parts = [part for each in objects for part in (each, ", ")][:-1]
        labels = [label for _mention, label in found for label in (label, "")][:-1]
        heavy = [False, *(label == "PER" for part, label in zip(parts, labels, strict=True) for _ in part), False]
        written = f"[{''.join(parts)}]"
        assert tokenizer.decode(answer) == written + tokenizer.eos_token
        heavy += [False] * len(tokenizer.eos_token)
        with torch.no_grad():
            logits = model(torch.tensor([row["prompt"] + answer])).logits[0].double().log_softmax(-1)
        for place, token in enumerate(answer):
            before, after = (tokenizer.decode(answer[:end]).rstrip("\ufffd") for end in (place, place + 1))
            # Part of a character that is not whole yet adds no text: it is of the next character.
            mine = heavy[len(before) : max(len(after), len(before) + 1)]
            of_token = sum(weight if each else 1.0 for each in mine) / len(mine)
            weighed -= of_token * float(logits[len(row["prompt"]) + place - 1, token])
            size += of_token
    return weighed / size


def test_the_logged_loss_is_the_one_computed_by_hand(tmp_path: Path) -> None:
    version = train(tmp_path, class_weights={"PER": WEIGHT})
    [entry] = [each for each in json.loads(version.training.read_text("utf-8"))["history"] if "loss" in each]
    expected = by_hand(version, WEIGHT)
    assert entry["loss"] == pytest.approx(expected, rel=1e-5)
    assert not math.isclose(expected, by_hand(version, 1.0), rel_tol=1e-3)
