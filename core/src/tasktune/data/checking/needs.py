"""What a run needs beside data: packages, space on disk, a GPU, and credentials where the definition calls for them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune import base_models
from tasktune.data.checking.findings import DataFinding
from tasktune.data.records import SPLITS
from tasktune.errors import InputError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

PACKAGES = ("torch", "transformers", "peft", "accelerate", "datasets")
"""What ``tasktune[train]`` brings."""
_COPIES_OF_DATA = 4
"""A version keeps its rows as text with their prompts, and as token ids."""
_COPIES_OF_MODEL = 4
"""Full fine-tuning writes the weights, and a checkpoint of weights and AdamW's two moments."""
_NVIDIA_SMI_SECONDS = 10


def needs(task: Task) -> Iterator[DataFinding]:
    """What is missing on this machine for the run that the definition describes."""
    yield from _packages()
    yield from _base_model(task)
    yield from _disk(task)
    yield from _gpu(task)
    yield from _credentials(task)


def gpus() -> list[str]:
    """Name and memory of each NVIDIA GPU, as nvidia-smi lists them; none without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_NVIDIA_SMI_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()] if done.returncode == 0 else []


def hub_token() -> bool:
    """Whether a Hugging Face token is at hand; it is not read."""
    if os.environ.get("HF_TOKEN"):
        return True
    return Path(os.environ.get("HF_TOKEN_PATH") or base_models.hub_home() / "token").is_file()


def missing_packages() -> list[str]:
    """The packages that training needs and that are not installed."""
    return [name for name in PACKAGES if find_spec(name) is None]


def _packages() -> Iterator[DataFinding]:
    missing = missing_packages()
    if missing:
        yield DataFinding(
            code="training_not_installed",
            severity="warning",
            message=_("training needs packages that are not installed: {names}", names=", ".join(missing)),
            fix="pip install 'tasktune[train]'",
            count=len(missing),
        )


def _base_model(task: Task) -> Iterator[DataFinding]:
    name = task.spec.training.base_model
    try:
        location = base_models.locate(name, task.folder)
    except InputError as error:
        yield DataFinding(
            code="no_base_model",
            severity="error",
            message=f"training.base_model: {error.message}",
            fix=error.hint or _("give a model's folder, a Hub id such as Qwen/Qwen3-4B, or builtin:tiny"),
        )
        return
    if Path(location).is_dir() or _cached(location):
        return
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    yield DataFinding(
        code="base_model_not_here",
        severity="error" if offline else "info",
        message=_("the base model {name} is not on this machine; a run downloads it from the Hub", name=name)
        if not offline
        else _("the base model {name} is not on this machine, and HF_HUB_OFFLINE forbids to download it", name=name),
        fix=_("download it before, or let the run do so; a model with restricted access wants hf auth login"),
    )


def _cached(hub_id: str) -> bool:
    return any(base_models.hub_cache().glob(f"models--{hub_id.replace('/', '--')}/snapshots/*/config.json"))


def _disk(task: Task) -> Iterator[DataFinding]:
    data = sum(path.stat().st_size for split in SPLITS for path in task.data_files(split) if path.is_file())
    needed = _COPIES_OF_DATA * data + _model_bytes(task)
    free = shutil.disk_usage(task.folder).free
    if free < needed:
        yield DataFinding(
            code="disk_full",
            severity="error",
            message=_(
                "a run writes some {needed:.1f} GB, and {free:.1f} GB are free", needed=needed / 1e9, free=free / 1e9
            ),
            fix=_("make room on the disk of {folder}", folder=task.folder),
        )


def _model_bytes(task: Task) -> int:
    """What a fully trained model takes, if the base is here to be measured; an adapter is small beside it."""
    if task.spec.training.tuning != "full":
        return 0
    try:
        folder = Path(base_models.locate(task.spec.training.base_model, task.folder))
    except InputError:
        return 0
    return _COPIES_OF_MODEL * sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _gpu(task: Task) -> Iterator[DataFinding]:
    if not task.spec.training.base_model.startswith(base_models.BUILTIN) and not gpus():
        yield DataFinding(
            code="no_gpu",
            severity="warning",
            message=_(
                "no NVIDIA GPU is here (nvidia-smi lists none), so {name} is trained on the CPU",
                name=task.spec.training.base_model,
            ),
            fix=_("train on a machine with a GPU, or take builtin:tiny for a first look"),
        )


def _credentials(task: Task) -> Iterator[DataFinding]:
    spec = task.spec
    if (spec.huggingface.org or spec.versioning.deploy_target == "huggingface") and not hub_token():
        yield DataFinding(
            code="no_hub_token",
            severity="info",
            message=_("the task is to be published on the Hugging Face Hub, and no token is at hand"),
            fix="hf auth login",
        )
    key = spec.execution.ssh_key
    if key is not None and not Path(key).expanduser().is_file():
        yield DataFinding(
            code="no_ssh_key",
            severity="warning",
            message=_("execution.ssh_key: {path} is not there", path=key),
            fix=_("give the path of the private key"),
        )
