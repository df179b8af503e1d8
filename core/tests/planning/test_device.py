"""GPUs by name, by memory, and the one that nvidia-smi lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktune.errors import InputError
from tasktune.planning import device
from tasktune.planning.device import GIB, MIB, here, known_gpus, named, with_memory


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name that prints what the test writes beside it."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\ncat "{tmp_path}/list"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "list"


def test_a_name_is_found_whatever_its_case_and_spaces() -> None:
    for name in ("RTX 4090", "rtx4090", "Rtx-4090"):
        assert named(name).memory == 24564 * MIB


@pytest.mark.parametrize(
    ("name", "hint"),
    [("A100", "did you mean A100 40GB / A100 80GB?"), ("RTX 409", "did you mean RTX 4090?"), ("", "known: T4, ")],
)
def test_an_unknown_name_is_an_error_with_what_is_known(name: str, hint: str) -> None:
    with pytest.raises(InputError, match="no GPU") as caught:
        named(name)
    assert str(caught.value.hint).startswith(hint)
    assert "--memory GB" in str(caught.value.hint)


def test_every_row_of_the_table_is_sound() -> None:
    assert {"T4", "L4", "A10", "RTX 3090", "RTX 4090", "A100 80GB", "H100", "H200"} <= set(known_gpus())
    for gpu in known_gpus().values():
        assert 8 * 1024 <= gpu.memory_mib <= 256 * 1024
        assert gpu.tflops > 0
        assert gpu.bandwidth > 0
        assert gpu.source
        assert gpu.reported
    reported = [name for gpu in known_gpus().values() for name in gpu.reported]
    assert len(reported) == len(set(reported))


def test_memory_alone() -> None:
    found = with_memory(24)
    assert found.memory == 24 * GIB
    assert found.tflops is None


def test_the_gpu_that_is_here_with_the_memory_that_it_reports(nvidia_smi: Path) -> None:
    nvidia_smi.write_text("Tesla T4, 15109 MiB\nNVIDIA H200, 143771 MiB\n", "utf-8")
    found = here()
    assert found == named("H200")
    nvidia_smi.write_text("Tesla T4, 15109 MiB\n", "utf-8")
    assert here() == named("T4").model_copy(update={"memory": 15109 * MIB})


def test_a_gpu_that_the_table_lacks(nvidia_smi: Path) -> None:
    nvidia_smi.write_text("NVIDIA Something New, 98304 MiB\n", "utf-8")
    found = here()
    assert (found.name, found.memory, found.tflops) == ("NVIDIA Something New", 98304 * MIB, None)


def test_a_gpu_that_reports_no_memory_is_passed_over(nvidia_smi: Path) -> None:
    nvidia_smi.write_text("NVIDIA Something Shared, [N/A]\n", "utf-8")
    assert here().kind == "cpu"


def test_without_a_gpu_the_cpu_and_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "gpus_here", list)
    found = here()
    assert found.kind == "cpu"
    assert found.memory > GIB / 4
