"""What a measurement needs around it: this checkout on the path, its plugins found, and a word on the GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

import tomllib
from common import ROOT

DISTRIBUTIONS = ("core", "models/tiny", "plugins/classification")
NEEDED = ("torch", "transformers", "peft", "accelerate", "datasets", "bitsandbytes")
"""Without these nothing can be measured; ``trl`` and ``unsloth`` are wanted by their own measurements only."""
SHOWN = ("unsloth", "unsloth_zoo", "xformers", "triton", "flash-attn", "accelerate")

QUIET = {"HF_HUB_OFFLINE": "1", "UNSLOTH_DISABLE_STATISTICS": "1", "UNSLOTH_AUTO_INSTALL": "0"}


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that uses this checkout, whether it has been installed or not.

    Where it has not, plugins have no metadata to be found by, so that is written into ``folder``.
    """
    paths = [str(ROOT / name / "src") for name in DISTRIBUTIONS]
    if not any(entry.name == "classification" for entry in entry_points(group="tasktune.task_types")):
        for name in DISTRIBUTIONS:
            _describe(ROOT / name / "pyproject.toml", folder)
        paths.insert(0, str(folder))
    if already := os.environ.get("PYTHONPATH"):
        paths.append(already)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **QUIET}


def missing() -> list[str]:
    """The packages without which nothing can be measured here."""
    return [name for name in NEEDED if package_version(name) is None]


def packages() -> dict[str, str]:
    """What else than the packages of every benchmark has a say in the figures of this one."""
    return {name: package_version(name) or "absent" for name in SHOWN}


def package_version(name: str) -> str | None:
    """The installed version of a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def gpu() -> str | None:
    """Name, memory and driver of the first GPU, as nvidia-smi tells."""
    if shutil.which("nvidia-smi") is None:
        return None
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return lines[0] if done.returncode == 0 and lines else None


def _describe(pyproject: Path, folder: Path) -> None:
    project: Mapping[str, object] = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    info = folder / f"{str(project['name']).replace('-', '_')}-0.dev0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n", "utf-8")
    groups = project.get("entry-points", {})
    assert isinstance(groups, dict)
    lines = [f"[{group}]\n" + "".join(f"{key} = {at}\n" for key, at in of.items()) for group, of in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
