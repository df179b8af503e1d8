"""Other programs that a training's figures are reported to, when asked: transformers' own integrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers.integrations import TensorBoardCallback, get_reporting_integration_callbacks

from tasktune.workspace.versions import Version


def trackers(names: Sequence[str], version: Version) -> list[Any]:
    """A callback for each; TensorBoard's writes into the version's folder ``tensorboard/``."""
    callbacks = [make() for make in get_reporting_integration_callbacks(list(names))]
    for callback in callbacks:
        if isinstance(callback, TensorBoardCallback):
            callback.logging_dir = str(version.folder / "tensorboard")
    return callbacks
