"""``decoding.json``: how to prompt and decode a version's model, wherever it runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically

if TYPE_CHECKING:
    from tasktune.definition import TaskSpec
    from tasktune.training.audit import Audit

# An answer may be longer than any seen in training; beyond this it is a model that cannot stop.
_SLACK_FACTOR, _SLACK_TOKENS = 1.25, 16


class Decoding(Value):
    """Rules that evaluation and every deployment follow.

    ``temperature`` 0 is greedy. ``stop`` are the texts that end an answer. ``constrained`` allows only the choices that
    the task type lists. ``chat_template_sha256`` is of the template's text, ``template_switches`` are its arguments.
    ``context`` is the number of tokens that training allowed a prompt and its answer together. An answer of a
    probability below ``abstain_below`` is left to a person (see :mod:`tasktune.evaluation.abstaining`); None: every
    answer is given. A threshold above 1 gives none.
    """

    mode: Literal["free", "constrained"]
    temperature: float = 0.0
    max_new_tokens: int
    context: int
    stop: tuple[str, ...]
    chat_template_sha256: str
    template_switches: dict[str, bool]
    abstain_below: float | None = None


def decoding_for(spec: TaskSpec, tokenizer: Any, audit: Audit) -> Decoding:
    """The rules of a version about to be trained."""
    from tasktune.data.encode import TEMPLATE_SWITCHES

    longest = max(split.longest_completion for split in (audit.train, audit.valid) if split is not None)
    return Decoding(
        # Of both, the free answers are those that the version is judged and deployed by.
        mode="constrained" if spec.evaluation.decoding == "constrained" else "free",
        max_new_tokens=spec.evaluation.max_new_tokens or long_enough(longest),
        context=spec.training.max_length,
        stop=(tokenizer.eos_token,),
        chat_template_sha256=hashlib.sha256(tokenizer.chat_template.encode()).hexdigest(),
        template_switches=TEMPLATE_SWITCHES,
    )


def long_enough(longest: int) -> int:
    """The tokens that answers may have where right ones have up to ``longest``."""
    return int(longest * _SLACK_FACTOR) + _SLACK_TOKENS


def write_decoding(path: Path, decoding: Decoding) -> None:
    """Keep the rules with the version."""
    write_json_atomically(path, decoding.model_dump())


def read_decoding(path: Path) -> Decoding:
    """The rules of a trained version."""
    return Decoding.model_validate(read_json(path))
