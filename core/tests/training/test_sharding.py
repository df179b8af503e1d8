"""A model that is split over processes takes up no checkpoint of a whole one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tasktune.errors import RunError
from tasktune.training.sharding import Shards


def test_a_whole_models_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(RunError, match="holds a whole model") as caught:
        Shards(torch.nn.Linear(1, 1), bf16=False).load_weights(tmp_path)
    assert caught.value.hint
