"""Load a base model's tokenizer, with errors that say what to do when it cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasktune.base_models import locate
from tasktune.errors import InputError
from tasktune.locale import translate as _


def load_tokenizer(base_model: str, revision: str | None, task_folder: Path) -> tuple[str, Any]:
    """Where the base lies (a folder or a Hub id) and its tokenizer.

    :raises InputError: the base cannot be found or downloaded.
    """
    from transformers import AutoTokenizer

    base = locate(base_model, task_folder)
    try:
        return base, AutoTokenizer.from_pretrained(base, revision=revision)
    except (OSError, ValueError) as error:
        raise InputError(
            _("the base model {name} cannot be loaded: {error}", name=base_model, error=str(error).splitlines()[0]),
            hint=_("check the name and the network; gated models need hf auth login"),
        ) from error
