"""One measurement, in a process of its own: ``measure.py NAME TASK_FILE OUTPUT_FOLDER``. Its last line is JSON.

All train the same rows once, a QLoRA adapter (NF4) of every linear layer in bfloat16, and save it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def with_tasktune(backend: str) -> Callable[[Path, Path], dict[str, Any]]:
    """Through tasktune's own training; the loop's time includes checkpoints and saving."""

    def measure(task_file: Path, _output: Path) -> dict[str, Any]:
        from tasktune import load_task, run
        from tasktune.training.interruption import Interruption
        from tasktune.training.worker import train_version
        from tasktune.workspace.events import Event
        from tasktune.workspace.versions import Version

        task = load_task(task_file, overrides=[f"training.backend={backend}"])
        version = Version(run(task, stages=("prepare",), version=backend).version_dir)
        train_version(task, version, Interruption())
        events = [Event.model_validate_json(line) for line in version.events.read_text("utf-8").splitlines()]
        stages = {event.data["status"]: event for event in events if event.kind == "stage" and event.stage == "train"}
        audit = json.loads((version.prepared / "audit.json").read_text("utf-8"))["train"]
        training = json.loads(version.training.read_text("utf-8"))
        return {
            "rows": audit["rows"],
            "row_tokens": audit["prompt_tokens"] + audit["completion_tokens"],
            "seconds": stages["finished"].time - stages["started"].time,
            "prefix": stages["started"].data["prefix"],
            "last_loss": training["history"][-1]["loss"],
        }

    return measure


def with_trl(*, defaults: bool) -> Callable[[Path, Path], dict[str, Any]]:
    """TRL's SFTTrainer with its defaults, gradient checkpointing among them, or without that."""

    def measure(task_file: Path, output: Path) -> dict[str, Any]:
        import torch
        from peft import LoraConfig
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        training, tokenizer, chats = _chats(task_file)
        quantised = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
        model = AutoModelForCausalLM.from_pretrained(
            training.base_model, quantization_config=quantised, dtype=torch.bfloat16, device_map={"": device}
        )
        adapter = LoraConfig(
            r=training.lora.r, lora_alpha=training.lora.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        rows = [{"prompt": turns[:-1], "completion": turns[-1:]} for turns in chats]
        return _sft(model, tokenizer, rows, training, output, checkpointing=defaults, peft_config=adapter)

    return measure


def with_unsloth(*, notebook: bool) -> Callable[[Path, Path], dict[str, Any]]:
    """Unsloth as its notebooks call it, with its gradient checkpointing, or without that, which takes more memory."""

    def measure(task_file: Path, output: Path) -> dict[str, Any]:
        # First of all: it patches what follows.
        from unsloth import FastLanguageModel

        training, tokenizer, chats = _chats(task_file)
        model, _its_own = FastLanguageModel.from_pretrained(
            model_name=training.base_model, max_seq_length=training.max_length, dtype=None, load_in_4bit=True
        )
        model = FastLanguageModel.get_peft_model(
            model,
            r=training.lora.r,
            lora_alpha=training.lora.alpha,
            lora_dropout=0,
            bias="none",
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            use_gradient_checkpointing="unsloth" if notebook else False,
            random_state=training.seed,
        )
        rows = [{"text": tokenizer.apply_chat_template(turns, tokenize=False)} for turns in chats]
        return _sft(model, tokenizer, rows, training, output, checkpointing=notebook, dataset_text_field="text")

    return measure


MEASUREMENTS: Mapping[str, Callable[[Path, Path], dict[str, Any]]] = {
    "tasktune_transformers": with_tasktune("transformers"),
    "tasktune_unsloth": with_tasktune("unsloth"),
    "unsloth_notebook": with_unsloth(notebook=True),
    "unsloth_plain": with_unsloth(notebook=False),
    "trl_default": with_trl(defaults=True),
    "trl_plain": with_trl(defaults=False),
}


def _chats(task_file: Path) -> tuple[Any, Any, list[Any]]:
    """What to train, the tokenizer, and the rows as chats: the very messages that tasktune trains on."""
    from transformers import AutoTokenizer

    from tasktune import load_task
    from tasktune.data.records import Problems, read_records
    from tasktune.data.rows import chat

    task = load_task(task_file)
    records = read_records(task, task.data_files("train"), Problems())
    chats = [chat(task.plugin.build_prompt(record, task.options)) for record in records]
    return task.spec.training, AutoTokenizer.from_pretrained(task.spec.training.base_model), chats


def _sft(
    model: Any,
    tokenizer: Any,
    rows: list[dict[str, Any]],
    training: Any,
    output: Path,
    *,
    checkpointing: bool,
    peft_config: Any = None,
    **config: Any,
) -> dict[str, Any]:
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(output),
            num_train_epochs=1,
            per_device_train_batch_size=training.batch_size,
            learning_rate=training.learning_rate,
            max_length=training.max_length,
            lr_scheduler_type="linear",
            bf16=True,
            use_cpu=not torch.cuda.is_available(),
            gradient_checkpointing=checkpointing,
            logging_steps=1,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
            **config,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    started = time.time()
    trainer.train()
    trainer.save_model(str(output / "adapter"))
    seconds = time.time() - started
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {"rows": len(rows), "seconds": seconds, "last_loss": losses[-1]}


def _peak() -> dict[str, int]:
    """The most memory that torch used of the GPU, and that it held, in bytes; nothing without one."""
    import torch

    if not torch.cuda.is_available():
        return {}
    return {"peak_allocated": torch.cuda.max_memory_allocated(), "peak_reserved": torch.cuda.max_memory_reserved()}


def main() -> None:
    name, task_file, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if name == "make":
        from gpu.material import make_model

        make_model(output, tiny=task_file.name == "tiny")
        found: dict[str, Any] = {}
    else:
        from tasktune.errors import TuneError

        try:
            found = {**MEASUREMENTS[name](task_file, output), **_peak()}
        except TuneError as error:
            raise SystemExit(str(error)) from error
    print(json.dumps(found))


if __name__ == "__main__":
    main()
