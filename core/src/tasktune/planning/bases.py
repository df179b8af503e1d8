"""The architecture of a base model: from its own config.json where that is at hand, else from a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

from tasktune import base_models
from tasktune.definition.suggest import did_you_mean
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.planning.architecture import Architecture, from_config


def architecture_of(base_model: str, revision: str | None, task_folder: Path) -> Architecture:
    """The architecture of a ``training.base_model``. Nothing is downloaded.

    :raises InputError: it cannot be found, or it is of a kind that is not planned for.
    """
    config = config_file(base_model, revision, task_folder)
    if config is not None:
        return _read(config, base_model)
    shape = well_known().get(base_model)
    if shape is not None:
        return shape
    known = ", ".join(well_known())
    fetch = _(
        "fetch it with `hf download {name} config.json`, or plan for one of {known}", name=base_model, known=known
    )
    hint = did_you_mean(base_model, well_known())
    raise InputError(
        _("the dimensions of {name} are not known: its config.json is not on this machine", name=base_model),
        hint=f"{hint} {fetch}" if hint else fetch,
    )


def config_file(base_model: str, revision: str | None, task_folder: Path) -> Path | None:
    """The base's config.json on this machine, None if it is not here.

    :raises InputError: the name is a path to no model, or no installed distribution offers that built-in base.
    """
    location = Path(base_models.locate(base_model, task_folder))
    if location.is_dir():
        return location / "config.json"
    return _cached(base_model, revision)


@cache
def well_known() -> Mapping[str, Architecture]:
    """The models of ``shapes.yaml`` by their names on the Hub."""
    rows = yaml.safe_load(Path(__file__).with_name("shapes.yaml").read_text("utf-8"))
    return {name: from_config(row["config"], name) for row in rows for name in row["ids"]}


def _read(path: Path, base_model: str) -> Architecture:
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(_("{name}: config.json cannot be read: {reason}", name=base_model, reason=error)) from error
    if not isinstance(config, dict):
        raise InputError(_("{name}: config.json is no JSON object", name=base_model))
    return from_config(config, base_model)


def _cached(hub_id: str, revision: str | None) -> Path | None:
    """The newest cached config.json of a Hub id, at ``revision`` if one is asked for.

    The layout is the cache's documented one: ``models--ORG--NAME/refs/REVISION`` holds a commit, ``snapshots/COMMIT``
    its files.
    """
    home = (
        os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface"
    )
    folder = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub") / f"models--{hub_id.replace('/', '--')}"
    reference = folder / "refs" / (revision or "main")
    commits: Iterable[str] = [reference.read_text("utf-8").strip()] if reference.is_file() else []
    if revision is not None:
        commits = [*commits, revision]
    for commit in commits:
        config = folder / "snapshots" / commit / "config.json"
        if config.is_file():
            return config
    return None
