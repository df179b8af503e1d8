"""A model that another version has already trained from the same: a change of decoding costs no second training."""

from __future__ import annotations

import os
import shutil

from tasktune.workspace.files import read_json, write_json_atomically
from tasktune.workspace.versions import Version, versions


def trained_alike(version: Version) -> Version | None:
    """The newest other version of the task whose training started from the same things and is done."""
    state = version.state()
    if state is None or state.training is None:
        return None
    for other in reversed(versions(version.folder.parent.parent)):
        theirs = other.state()
        alike = theirs is not None and theirs.training == state.training and other.name != version.name
        if alike and _has_model(other):
            return other
    return None


def _has_model(version: Version) -> bool:
    there = version.adapter.is_dir() or version.model.is_dir()
    return there and version.training.exists() and not version.pruned.exists()


def take_over(version: Version, trained: Version) -> None:
    """Give ``version`` the model of ``trained``. A version's files never change, so both may hold the same ones.

    ``training.json``, which says that a version is trained, comes last.
    """
    for folder in (trained.adapter, trained.model):
        if folder.is_dir():
            temporary = version.folder / f".{folder.name}.tmp"
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.copytree(folder, temporary, copy_function=_link)
            shutil.rmtree(version.folder / folder.name, ignore_errors=True)
            temporary.rename(version.folder / folder.name)
    told = read_json(trained.training)
    write_json_atomically(version.training, {**told, "trained_in": told.get("trained_in", trained.name)})


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Not every file system has hard links.
        shutil.copy2(source, target)
