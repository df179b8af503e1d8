"""What of a machine and of what is installed on it can change a run's numbers, and how two of them differ."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tasktune
from tasktune.definition.task import Task
from tasktune.types import Value
from tasktune.workspace.files import sha256_of

_PACKAGES = (
    "tasktune",
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "accelerate",
    "datasets",
    "safetensors",
    "numpy",
    "Jinja2",
)
_VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
    "PYTORCH_CUDA_ALLOC_CONF",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)
_OURS = "TASKTUNE_"
# They choose the language of messages.
_WITHOUT_EFFECT = ("TASKTUNE_LANG", "TASKTUNE_LANGUAGE")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_SECONDS = 10
NONE = "—"


class Source(Value):
    """tasktune's own code: ``code``, a SHA-256 over its modules, and for a git checkout the ``commit`` that it is of
    and whether files were ``modified`` since."""

    code: str
    commit: str | None = None
    modified: bool | None = None


class Device(Value):
    """What torch computes with: the number of ``processes`` and of CPU ``threads`` in each, the names of the ``gpus``
    that it sees, and, where there are any, the versions of CUDA and cuDNN that it was built with. ``rows_at_once`` and
    ``tokens_at_once`` are None unless memory ran out and less than a batch had to be computed at a time."""

    processes: int = 1
    rows_at_once: int | None = None
    tokens_at_once: int | None = None
    threads: int
    gpus: tuple[str, ...] = ()
    cuda: str | None = None
    cudnn: str | None = None


class Environment(Value):
    """A machine and what is installed on it.

    ``packages`` maps those that decide a run's outcome to their versions, the task type's distribution among them;
    ``driver`` is NVIDIA's; ``variables`` are those of the environment that libraries compute by, and never a secret.
    ``device`` is None where torch was not imported to be asked.
    """

    python: str
    packages: Mapping[str, str]
    tasktune: Source
    system: str
    cpu: str
    cores: int | None
    driver: str | None
    variables: Mapping[str, str]
    device: Device | None = None


class Difference(Value):
    """One fact as it was ``then`` and is ``now``; of several machines, that of each."""

    name: str
    then: str
    now: str


def environment(task: Task, variables: Mapping[str, str] = os.environ) -> Environment:
    """The environment of a run of the task here, with these environment variables; ``device`` is left to a process
    that imports torch."""
    return Environment(
        python=platform.python_version(),
        packages={name: found for name in packages_for(task) if (found := _version(name))},
        tasktune=_source(Path(tasktune.__file__).parent),
        system=f"{platform.system()} {platform.release()}",
        cpu=_cpu(),
        cores=os.cpu_count(),
        driver=_driver(),
        variables={
            name: value
            for name, value in sorted(variables.items())
            if (name in _VARIABLES or (name.startswith(_OURS) and name not in _WITHOUT_EFFECT))
            and not _SECRET.search(name)
        },
    )


def packages_for(task: Task) -> tuple[str, ...]:
    """The packages that a run of the task uses and whose versions can change its outcome."""
    spec, distribution = task.spec, task.plugin.origin.partition(" ")[0]
    used = [*_PACKAGES, distribution]
    if spec.training.tuning == "qlora":
        used.append("bitsandbytes")
    if spec.training.backend != "transformers":
        used += ["unsloth", "unsloth_zoo"]
    if spec.evaluation.constrains:
        used.append("llguidance")
    return tuple(used)


def code_hash(modules: Iterable[Path]) -> str:
    """SHA-256 over the contents of modules, in the order given."""
    return hashlib.sha256("".join(sha256_of(module) for module in modules).encode()).hexdigest()


def code_of(task: Task) -> str:
    """A hash of the task type's modules: its author edits them without changing its version."""
    file = getattr(task.plugin.module, "__file__", None)
    if file is None:
        return ""
    # A plugin that is one module lies among others' modules.
    one_module = "." not in task.plugin.module.__name__ and Path(file).name != "__init__.py"
    modules = [Path(file)] if one_module else sorted(Path(file).parent.rglob("*.py"))
    return code_hash(modules)


def facts(of: Environment) -> dict[str, str]:
    """Every fact of an environment in words, by its name; those that are not known are left out."""
    found = {
        "Python": of.python,
        **of.packages,
        "tasktune (code)": of.tasktune.code[:12],
        "operating system": of.system,
        "CPU": of.cpu,
        "CPU cores": str(of.cores),
        "NVIDIA driver": of.driver or NONE,
        **of.variables,
    }
    if of.device is not None:
        found |= {
            "processes": str(of.device.processes),
            "rows at a time": NONE if of.device.rows_at_once is None else str(of.device.rows_at_once),
            "tokens at a time": NONE if of.device.tokens_at_once is None else str(of.device.tokens_at_once),
            "CPU threads": str(of.device.threads),
            "GPUs": ", ".join(of.device.gpus) or NONE,
            "CUDA": of.device.cuda or NONE,
            "cuDNN": of.device.cudnn or NONE,
        }
    return found


def differences(then: Sequence[Environment], now: Sequence[Environment]) -> tuple[Difference, ...]:
    """The facts in which the environments of then are not those of now, by name.

    What torch would tell is compared only where all were asked; a package or a variable that is not there counts.
    """
    if any(each.device is None for each in [*then, *now]):
        then, now = ([each.model_copy(update={"device": None}) for each in side] for side in (then, now))
    before, today = [facts(each) for each in then], [facts(each) for each in now]
    found = []
    for name in dict.fromkeys(name for each in [*before, *today] for name in each):
        was, became = (list(dict.fromkeys(each.get(name, NONE) for each in side)) for side in (before, today))
        if set(was) != set(became):
            found.append(Difference(name=name, then=", ".join(was), now=", ".join(became)))
    return tuple(found)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _source(package: Path) -> Source:
    code = code_hash(sorted(package.rglob("*.py")))
    # A package in site-packages may lie in somebody's checkout too: only one that git keeps is of a commit.
    if _output("git", "-C", str(package), "ls-files", "--error-unmatch", "__init__.py") is None:
        return Source(code=code)
    changed = _output("git", "-C", str(package), "status", "--porcelain", "--", ".")
    return Source(
        code=code,
        commit=_output("git", "-C", str(package), "rev-parse", "HEAD"),
        modified=None if changed is None else bool(changed),
    )


def _cpu() -> str:
    """The processor's name as Linux tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _driver() -> str | None:
    told = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return told.splitlines()[0] if told else None


def _output(program: str, *arguments: str) -> str | None:
    """What a program says; None where it is not installed, fails or does not end."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
