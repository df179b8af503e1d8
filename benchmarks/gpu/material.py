"""What is trained: a random model of a given shape, and a task of many labels with one long system prompt."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from common import DATA, ROOT, read_jsonl, write_jsonl, write_task

TOKENIZER = ROOT / "models" / "tiny" / "src" / "tasktune_tiny" / "model"
"""The built-in base's, whose ids are in every vocabulary; those of the big shape can otherwise not be had offline."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
BIG = "Qwen/Qwen3-4B"
POSITIONS = 40_960
TINY = {
    "model_type": "qwen3",
    "num_hidden_layers": 2,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 8192,
    "tie_word_embeddings": True,
}
_THINGS = ("大燈", "冷氣", "窗簾", "電視", "音響", "掃地機", "熱水器", "門鎖", "風扇", "除濕機", "咖啡機", "鬧鐘")
_ACTIONS = ("打開", "關掉", "調高", "調低", "查一下")
_PLACES = ("客廳", "主臥", "書房", "廚房", "陽台", "玄關", "小孩房")
_FRAMES = ("請把{place}的{thing}{action}", "{place}{thing}{action}，謝謝", "等一下幫我{action}{place}的{thing}")


def make_model(folder: Path, *, tiny: bool) -> None:
    """Save a model with random weights in bfloat16: the dimensions of Qwen3-4B, or a few thousand times less."""
    import torch
    import yaml
    from transformers import AutoConfig, AutoModelForCausalLM

    shapes = yaml.safe_load((ROOT / "core/src/tasktune/planning/shapes.yaml").read_text("utf-8"))
    shape: dict[str, Any] = TINY if tiny else next(row["config"] for row in shapes if BIG in row["ids"])
    rest = {name: value for name, value in shape.items() if name != "model_type"}
    config = AutoConfig.for_model(shape["model_type"], max_position_embeddings=POSITIONS, **rest)
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        shutil.copyfile(TOKENIZER / name, folder / name)


def make_task(folder: Path, base: Path, *, rows: int, batch: int, rank: int) -> tuple[Path, str]:
    """The task's file, and where its rows are from: MASSIVE zh-TW if it is here, else rows of our own, 60 labels each.

    Every row is seen once.
    """
    massive = DATA / "massive_zh-TW" / "train.jsonl"
    if massive.is_file():
        source = "massive_zh-TW"
        every = [{"text": row["text"], "label": row["label"]} for row in read_jsonl(massive)]
        found = [every[number % len(every)] for number in range(rows)]
        labels = sorted({row["label"] for row in every})
    else:
        source = "our own, of 60 labels"
        labels = [f"{thing}_{action}" for thing in _THINGS for action in _ACTIONS]
        found = _own(rows)
    write_jsonl(folder / "data/train.jsonl", found)
    # Not trained on; a task has a test split.
    write_jsonl(folder / "data/test.jsonl", [{"text": f"第{number}題", "label": labels[0]} for number in range(5)])
    training = {
        "base_model": str(base),
        "tuning": "qlora",
        "lora": {"r": rank, "alpha": 2 * rank},
        "epochs": 1,
        "batch_size": batch,
        "learning_rate": 1e-4,
        "scheduler": "linear",
        "max_length": 1024,
        "checkpoint_steps": 1_000_000,
    }
    definition = {
        "task_name": "gpu",
        "task_type": "classification",
        "options": {"kind": "intent", "labels": labels},
        "data": {"overlap": "keep", "split": {"valid": 0.0, "test": 0.0}},
        "training": training,
    }
    return write_task(folder, definition), source


def _own(rows: int) -> list[dict[str, str]]:
    dice = random.Random(0)
    found = []
    for number in range(rows):
        thing, action = dice.choice(_THINGS), dice.choice(_ACTIONS)
        text = dice.choice(_FRAMES).format(place=dice.choice(_PLACES), thing=thing, action=action)
        found.append({"text": f"{text}（第{number}次）", "label": f"{thing}_{action}"})
    return found
