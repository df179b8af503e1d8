"""Encode a version's rows into Arrow files of token ids, audit where the loss falls, and enforce the length policy.

Nothing is truncated, ever: a row longer than ``training.max_length`` stops the run (``data.over_length: refuse``) or is
left out by name and in the audit (``drop``).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tasktune.data.encode import Encoded, Encoder
from tasktune.data.records import Problems, Split
from tasktune.data.rows import count_rows, read_chat_rows, rows_path
from tasktune.errors import Problem, RunError
from tasktune.locale import translate as _
from tasktune.types import Value
from tasktune.workspace.files import read_json, write_json_atomically

if TYPE_CHECKING:
    from datasets import Dataset

_BATCH = 1000


class ClassAudit(Value):
    """Of one class: the rows that show it and the completion tokens, all of which carry loss, in them."""

    rows: int
    completion_tokens: int


class SplitAudit(Value):
    """Where the loss of a split falls. Lengths are in tokens; ``prefix`` is what all prompts begin with."""

    rows: int
    prompt_tokens: int
    completion_tokens: int
    longest: int
    longest_completion: int
    prefix: int
    dropped: tuple[str, ...] = ()
    classes: Mapping[str, ClassAudit] = Field(default_factory=dict)


class Audit(Value):
    """The loss audit of a version, ``prepared/audit.json``."""

    max_length: int
    train: SplitAudit
    valid: SplitAudit | None = None


def encode_version(
    prepared: Path,
    encoder: Encoder,
    max_length: int,
    over_length: str,
    on_rows: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Encode train and valid, once: a version that has its audit has its tokens too. ``on_rows`` hears how far it is.

    :raises InputError: rows are longer than ``max_length`` and the policy is to refuse, or their answers contain the
        token that ends an answer; all are named.
    """
    path = prepared / "audit.json"
    if path.exists():
        return Audit.model_validate(read_json(path))
    problems = Problems()
    audits = {
        split: _encode_split(prepared, split, encoder, max_length, over_length, problems, on_rows)
        for split in ("train", "valid")
        if rows_path(prepared, split).stat().st_size > 0
    }
    problems.raise_if_any(_("rows cannot be trained on; training.max_length is {limit} tokens", limit=max_length))
    if not audits["train"].rows:
        raise RunError(_("no training rows are left after dropping those that are too long"))
    audit = Audit(max_length=max_length, **audits)
    write_json_atomically(path, audit.model_dump())
    return audit


def load_tokens(prepared: Path, split: Split) -> Dataset:
    """The encoded rows of a split, memory-mapped: ``input_ids`` and ``prompt_length``."""
    from datasets import Dataset

    return Dataset.from_file(str(_arrow(prepared, split)))


def _arrow(prepared: Path, split: Split) -> Path:
    return prepared / f"{split}.arrow"


def _encode_split(
    prepared: Path,
    split: Split,
    encoder: Encoder,
    max_length: int,
    over_length: str,
    problems: Problems,
    on_rows: Callable[[int, int], None],
) -> SplitAudit:
    from datasets import Features, List, Value
    from datasets.arrow_writer import ArrowWriter

    total = count_rows(prepared, split)
    done = 0
    tally = _Tally()
    dropped: list[str] = []
    features = Features({"input_ids": List(Value("int32")), "prompt_length": Value("int32")})
    temporary = _arrow(prepared, split).with_suffix(".arrow.tmp")
    with ArrowWriter(path=str(temporary), features=features) as writer:
        for batch in _batches(read_chat_rows(rows_path(prepared, split))):
            kept = []
            for row, encoded in zip(batch, encoder.rows([row["messages"] for row in batch]), strict=True):
                if encoder.ends_early(encoded):
                    problems.add(_ends_early(row["id"], encoder.tokenizer.eos_token))
                elif len(encoded) <= max_length:
                    tally.add(row["classes"], encoded)
                    kept.append(encoded)
                elif over_length == "drop":
                    dropped.append(row["id"])
                else:
                    problems.add(_too_long(row["id"], len(encoded)))
            if kept:
                writer.write_batch(
                    {
                        "input_ids": [encoded.prompt + encoded.completion for encoded in kept],
                        "prompt_length": [len(encoded.prompt) for encoded in kept],
                    }
                )
            done += len(batch)
            on_rows(done, total)
        writer.finalize()
    temporary.replace(_arrow(prepared, split))
    return tally.audit(dropped)


def _ends_early(row_id: str, token: str) -> Problem:
    file, _colon, line = row_id.rpartition(":")
    message = _("the answer contains {token}, which ends an answer", token=token)
    return Problem(message, _("take it out of the target")).at(file, int(line))


def _too_long(row_id: str, tokens: int) -> Problem:
    file, _colon, line = row_id.rpartition(":")
    hint = _("shorten it, raise training.max_length, or set data.over_length: drop")
    return Problem(_("{tokens} tokens", tokens=tokens), hint).at(file, int(line))


def _batches(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch


class _Tally:
    """Adds up a split's audit row by row."""

    def __init__(self) -> None:
        self.rows = self.prompt_tokens = self.completion_tokens = self.longest = self.longest_completion = 0
        self.prefix: list[int] | None = None
        self.shortest_prompt: int | None = None
        self.by_class: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, classes: list[str], encoded: Encoded) -> None:
        self.rows += 1
        self.prompt_tokens += len(encoded.prompt)
        self.completion_tokens += len(encoded.completion)
        self.longest = max(self.longest, len(encoded))
        self.longest_completion = max(self.longest_completion, len(encoded.completion))
        self.prefix = common_prefix(self.prefix, encoded.prompt)
        for name in dict.fromkeys(classes):
            self.by_class[name][0] += 1
            self.by_class[name][1] += len(encoded.completion)

    def audit(self, dropped: list[str]) -> SplitAudit:
        return SplitAudit(
            rows=self.rows,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            longest=self.longest,
            longest_completion=self.longest_completion,
            prefix=len(self.prefix or ()),
            dropped=tuple(dropped),
            classes={
                name: ClassAudit(rows=rows, completion_tokens=tokens)
                for name, (rows, tokens) in sorted(self.by_class.items())
            },
        )


SHORTEST_SHARED_PREFIX = 8
"""Below this many shared tokens, a second forward and a cache cost more than they save."""


def common_prefix(prefix: list[int] | None, prompt: list[int]) -> list[int]:
    """What ``prompt`` shares with ``prefix`` (None: nothing seen yet), short of the prompt's last token.

    At least one prompt token must stay outside the prefix: its hidden state predicts the first completion token.
    """
    longest = len(prompt) - 1
    if prefix is None:
        return prompt[:longest]
    if len(prefix) <= longest and prompt[: len(prefix)] == prefix:
        return prefix
    end = next((i for i, (a, b) in enumerate(zip(prefix, prompt[:longest], strict=False)) if a != b), None)
    return prefix[: min(len(prefix), longest) if end is None else end]
