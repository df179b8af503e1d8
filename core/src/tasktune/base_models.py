"""Where a base model's files come from: a folder, the Hub, or ``builtin:<name>`` in an installed distribution.

A distribution offers a built-in base by an entry point in the group ``tasktune.base_models`` whose value is the
``Path`` of a folder that ``from_pretrained`` can load.
"""

from __future__ import annotations

import os
import re
from importlib.metadata import entry_points
from pathlib import Path

from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.workspace.files import sha256_of

GROUP = "tasktune.base_models"
BUILTIN = "builtin:"
_COMMIT = re.compile(r"[0-9a-f]{40}")


def locate(base_model: str, task_folder: Path) -> str:
    """What to give ``from_pretrained`` for a ``training.base_model``: a folder's path or a Hub id.

    A folder is named absolutely, from the user's home (``~/``), or relative to the task's folder.

    :raises InputError: no distribution offers that built-in base, or the name is a path to no folder.
    """
    if base_model.startswith(BUILTIN):
        return str(_builtin(base_model))
    path = Path(base_model).expanduser() if base_model.startswith("~/") else task_folder / base_model
    if (path / "config.json").exists():
        return str(path.resolve())
    if base_model.startswith((".", "/", "~")) or base_model.count("/") != 1:
        raise InputError(
            _("{name} is no folder with a model (config.json)", name=base_model),
            hint=_("give a model's folder, a Hub id such as Qwen/Qwen3-4B, or builtin:tiny"),
        )
    return base_model


def fingerprint(base_model: str, revision: str | None, task_folder: Path) -> str:
    """What tells one base from another without reading gigabytes: sizes and times of a folder, revision of a Hub id."""
    location = locate(base_model, task_folder)
    folder = Path(location)
    if not folder.is_dir():
        return f"{base_model}@{revision or 'main'}"
    if base_model.startswith(BUILTIN):
        return ",".join(f"{path.name}:{sha256_of(path)}" for path in sorted(folder.iterdir()) if path.is_file())
    stats = ((path, path.stat()) for path in sorted(folder.iterdir()) if path.is_file())
    return ",".join(f"{path.name}:{stat.st_size}:{stat.st_mtime_ns}" for path, stat in stats)


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a model's folder by its name; hidden files and Markdown say nothing to a model."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: sha256_of(path) for path in files if not path.name.startswith(".") and path.suffix != ".md"}


def hub_home() -> Path:
    """Where Hugging Face's libraries keep their files."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("HF_HOME") or cache / "huggingface")


def hub_cache() -> Path:
    """Where models from the Hub lie once they are downloaded."""
    return Path(os.environ.get("HF_HUB_CACHE") or hub_home() / "hub")


def hub_commit(hub_id: str, revision: str | None) -> str | None:
    """The commit that a revision (``main`` when None) of a downloaded model is; None if that is not known.

    Hugging Face's cache notes under ``refs/`` what a branch or a tag was at the last download.
    """
    if revision is not None and _COMMIT.fullmatch(revision):
        return revision
    note = hub_cache() / f"models--{hub_id.replace('/', '--')}" / "refs" / (revision or "main")
    return note.read_text("utf-8").strip() if note.is_file() else None


def offered() -> list[str]:
    """The names of the built-in bases that installed distributions offer."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def _builtin(base_model: str) -> Path:
    name = base_model.removeprefix(BUILTIN)
    there = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in there:
        known = ", ".join(BUILTIN + known for known in offered()) or _("none")
        raise InputError(
            _("no installed distribution offers {name}; offered: {known}", name=base_model, known=known),
            hint=_("pip install tasktune-{name}, or give a model's folder or Hub id", name=name),
        )
    return Path(there[name].load())
