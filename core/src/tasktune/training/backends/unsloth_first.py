"""Import unsloth, before anything that it patches, with what it reads from the environment set."""

from __future__ import annotations

import os
from pathlib import Path

from tasktune.training.quiet import QUIET

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()

os.environ.update(QUIET)
# We give it no labels, and compute losses from the logits ourselves; it keeps them to itself unless told.
os.environ["UNSLOTH_RETURN_LOGITS"] = "1"
os.environ["UNSLOTH_RETURN_HIDDEN_STATES"] = "0"
# Else the code that it makes goes to the folder in which the command was given.
os.environ.setdefault("UNSLOTH_COMPILE_LOCATION", str(_CACHE / "tasktune" / "unsloth"))

from unsloth import FastLanguageModel  # noqa: E402

__all__ = ["FastLanguageModel"]
