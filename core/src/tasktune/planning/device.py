"""What a run is planned for: a GPU by its name, by its memory, or the one that is here; else this machine's CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from tasktune.data.checking.needs import gpus as gpus_here
from tasktune.definition.suggest import did_you_mean
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value

GIB = 2**30
MIB = 2**20


class Gpu(Value):
    """A row of ``gpus.yaml``, which says what each figure means and where it is from."""

    name: str
    memory_mib: int
    tflops: float
    bandwidth: float
    reported: tuple[str, ...]
    source: str


class Device(Value):
    """A device with ``memory`` in bytes; ``tflops`` (10^12 FLOP/s) and ``bandwidth`` (10^9 bytes/s) where known.

    ``bf16`` tells whether a run with ``precision: auto`` computes in bfloat16 there.
    """

    name: str
    kind: Literal["gpu", "cpu"]
    memory: int
    tflops: float | None = None
    bandwidth: float | None = None
    bf16: bool = True


@cache
def known_gpus() -> Mapping[str, Gpu]:
    """The GPUs of ``gpus.yaml`` by name."""
    rows = yaml.safe_load(Path(__file__).with_name("gpus.yaml").read_text("utf-8"))
    return {gpu.name: gpu for gpu in map(Gpu.model_validate, rows)}


def named(name: str) -> Device:
    """The GPU of that name, whatever its case and spaces.

    :raises InputError: there is none.
    """
    for gpu in known_gpus().values():
        if _form(name) == _form(gpu.name):
            return _of(gpu)
    known = _("known: {known}; --memory GB plans for any other", known=", ".join(known_gpus()))
    longer = [gpu for gpu in known_gpus() if name and _form(gpu).startswith(_form(name))]
    hint = _("did you mean {name}?", name=" / ".join(longer)) if longer else did_you_mean(name, known_gpus())
    raise InputError(_("there is no GPU {name!r} in the table", name=name), hint=f"{hint} {known}" if hint else known)


def with_memory(gigabytes: float) -> Device:
    """A GPU of which only the memory is known, in GB of 2^30 bytes, as cards are sold."""
    return Device(name=_("a GPU"), kind="gpu", memory=round(gigabytes * GIB))


def here() -> Device:
    """The GPU of this machine with the most memory, as nvidia-smi tells, else its CPU with all of its memory."""
    # A GPU that shares the machine's memory reports none of its own.
    found = [device for device in map(_reported, gpus_here()) if device.memory]
    if found:
        return max(found, key=lambda device: device.memory)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Device(name=_("this machine's CPU"), kind="cpu", memory=memory, bf16=_cpu_has_bf16())


def _of(gpu: Gpu) -> Device:
    return Device(name=gpu.name, kind="gpu", memory=gpu.memory_mib * MIB, tflops=gpu.tflops, bandwidth=gpu.bandwidth)


def _reported(line: str) -> Device:
    """The device of a line of nvidia-smi, such as ``NVIDIA H200, 143771 MiB``."""
    name, _comma, memory = line.rpartition(",")
    mebibytes = int("".join(filter(str.isdigit, memory)) or 0)
    for gpu in known_gpus().values():
        if name in gpu.reported:
            return _of(gpu).model_copy(update={"memory": mebibytes * MIB or gpu.memory_mib * MIB})
    return Device(name=name, kind="gpu", memory=mebibytes * MIB)


def _cpu_has_bf16() -> bool:
    """Whether the CPU has the instructions that :func:`tasktune.training.base.use_bf16` asks torch for."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False


def _form(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
