"""Look at a plugin from a fresh Python process: what its import drags in, what its prompts are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasktune.types import Record

HEAVY = (
    "accelerate",
    "datasets",
    "fabric",
    "huggingface_hub",
    "numpy",
    "pandas",
    "peft",
    "sacrebleu",
    "scipy",
    "seqeval",
    "sklearn",
    "torch",
    "transformers",
    "trl",
    "unsloth",
)
"""Packages that a command which does not train must not pay for."""

_PROBE = """
import json, sys
before = set(sys.modules)
from importlib import import_module
from tasktune.plugins import TaskType
from tasktune.types import Record
request = json.load(sys.stdin)
def heavy():
    return sorted(set(request["heavy"]) & (set(sys.modules) - before))
module = import_module(request["module"])
after_import = heavy()
plugin = TaskType("probe", "probe", module)
after_info = heavy()
options = plugin.info.options.model_validate(request["options"])
prompts = []
for given in request["records"]:
    record = Record.model_validate(given)
    row = {**record.inputs, plugin.info.target_field: record.target}
    plugin.target_classes(plugin.read_record(row, record.id, options), options)
    prompts.append(plugin.build_prompt(record, options).model_dump_json())
answer = {"after_import": after_import, "after_info": after_info, "after_check": heavy(), "prompts": prompts}
print("\\n" + json.dumps(answer))
"""


@dataclass(frozen=True)
class Fresh:
    """What the fresh process saw. ``heavy`` maps the moment to the heavy packages imported by then."""

    heavy: Mapping[str, Sequence[str]]
    prompts: Sequence[str]
    failure: str | None = None


def look(module: str, options: Mapping[str, Any], records: Sequence[Record], hash_seed: int) -> Fresh:
    """Import ``module`` in a new process with this one's search path; check and prompt ``records`` there.

    :param hash_seed: PYTHONHASHSEED of the process: two seeds show an order that comes from a set.
    """
    request = {
        "module": module,
        "options": options,
        "heavy": HEAVY,
        "records": [record.model_dump(mode="json") for record in records],
    }
    path = os.pathsep.join(part for part in sys.path if part)
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    if done.returncode:
        return Fresh({}, (), done.stderr.strip() or f"exit code {done.returncode}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Fresh(
        {moment: answer[moment] for moment in ("after_import", "after_info", "after_check")}, answer["prompts"]
    )
