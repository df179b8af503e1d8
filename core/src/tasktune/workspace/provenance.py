"""``provenance.json``: everything needed to say where a version's numbers come from."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = (
    "tasktune",
    "torch",
    "transformers",
    "unsloth",
    "bitsandbytes",
    "peft",
    "datasets",
    "accelerate",
    "tokenizers",
    "safetensors",
    "numpy",
)


def provenance(data_hashes: Mapping[str, str], base: Mapping[str, str | None], plugin: str) -> dict[str, Any]:
    """What a run starts from. ``data_hashes`` maps files to their SHA-256, ``plugin`` is the task type's origin."""
    return {
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": [os.path.basename(sys.argv[0]), *sys.argv[1:]],  # noqa: PTH119
        "data": dict(data_hashes),
        "base": dict(base),
        "plugin": plugin,
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
