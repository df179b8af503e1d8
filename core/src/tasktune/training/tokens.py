"""Encode a version's rows into Arrow files of token ids, audit where the loss falls, and enforce the length policy.

A row is a prompt and its answers: the right one, or for preference training the chosen and the rejected one.

Nothing is truncated, ever: a row longer than ``training.max_length`` stops the run (``data.over_length: refuse``) or is
left out by name and in the audit (``drop``).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.encode import Encoded, Encoder
from tasktune.data.records import Problems, Split
from tasktune.data.rows import count_rows, pairs_path, read_chat_rows, rows_path
from tasktune.errors import Problem, RunError
from tasktune.locale import translate as _
from tasktune.training.audit import Audit, SplitAudit, Tally
from tasktune.training.token_weights import TokenWeights
from tasktune.workspace.files import read_json, write_json_atomically

if TYPE_CHECKING:
    from datasets import Dataset, Features

_BATCH = 1000
_AUDIT = "audit.json"


def encode_version(
    prepared: Path,
    encoder: Encoder,
    max_length: int,
    over_length: str,
    on_rows: Callable[[int, int], None] = lambda done, total: None,
    *,
    pairs: bool = False,
    weights: Mapping[str, float] | None = None,
    balanced: bool = False,
) -> Audit:
    """Encode train and valid, once: a version that has its audit has its tokens too. ``on_rows`` hears how far it is.

    With ``pairs`` the pairs of answers are what is trained on, in place of the training rows. ``weights`` are those of
    classes in the loss (1 for one that is not named). With ``balanced`` each row notes the rarest of its classes, which
    sampling goes by.

    :raises InputError: rows are longer than ``max_length`` and the policy is to refuse, or their answers contain the
        token that ends an answer; all are named. Or parts of answers are weighed, and the tokenizer does not tell which
        tokens they are.
    """
    path = prepared / _AUDIT
    if path.exists():
        return load_audit(prepared)
    problems = Problems()
    sources = {"train": trained_rows(prepared, pairs=pairs), "valid": rows_path(prepared, "valid")}
    rows_of = _Rows(encoder, weights, class_counts(sources["train"]) if balanced else None)
    audits = {
        split: _encode_split(source, _arrow(prepared, split), rows_of, max_length, over_length, problems, on_rows)
        for split, source in sources.items()
        if source.stat().st_size > 0
    }
    problems.raise_if_any(_("rows cannot be trained on; training.max_length is {limit} tokens", limit=max_length))
    if not audits["train"].rows:
        raise RunError(_("no training rows are left after dropping those that are too long"))
    audit = Audit(max_length=max_length, **audits)
    write_json_atomically(path, audit.model_dump())
    return audit


def load_audit(prepared: Path) -> Audit:
    """The audit of a version whose rows are encoded."""
    return Audit.model_validate(read_json(prepared / _AUDIT))


def load_tokens(prepared: Path, split: Split) -> Dataset:
    """The encoded rows of a split, memory-mapped: ``prompt``, ``answers``, and if asked ``weights`` and ``group``.

    ``row`` is the place of each among the rows that were written, from 0.
    """
    from datasets import Dataset

    return Dataset.from_file(str(_arrow(prepared, split)))


def trained_rows(prepared: Path, *, pairs: bool) -> Path:
    """The rows that a version trains on: those of train, or the pairs of answers."""
    return pairs_path(prepared) if pairs else rows_path(prepared, "train")


def class_counts(path: Path) -> Counter[str]:
    """How many of the rows that were written show each class."""
    return Counter(name for row in read_chat_rows(path) for name in set(row["classes"]))


def _arrow(prepared: Path, split: str) -> Path:
    return prepared / f"{split}.arrow"


def _encode_split(
    source: Path,
    target: Path,
    rows_of: _Rows,
    max_length: int,
    over_length: str,
    problems: Problems,
    on_rows: Callable[[int, int], None],
) -> SplitAudit:
    from datasets.arrow_writer import ArrowWriter

    total = count_rows(source)
    done = 0
    tally = Tally()
    dropped: list[str] = []
    temporary = target.with_suffix(".arrow.tmp")
    with ArrowWriter(path=str(temporary), features=rows_of.features()) as writer:
        for batch in _batches(read_chat_rows(source)):
            kept, numbers = [], []
            for number, (row, encoded) in enumerate(zip(batch, rows_of.encode(batch), strict=True), done):
                if rows_of.encoder.ends_early(encoded):
                    problems.add(_ends_early(row["id"], rows_of.encoder.tokenizer.eos_token))
                elif len(encoded) <= max_length:
                    tally.add(row["classes"], encoded)
                    kept.append((row, encoded))
                    numbers.append(number)
                elif over_length == "drop":
                    dropped.append(row["id"])
                else:
                    problems.add(_too_long(row["id"], len(encoded)))
            if kept:
                writer.write_batch({**rows_of.columns(kept), "row": numbers})
            done += len(batch)
            on_rows(done, total)
        writer.finalize()
    temporary.replace(target)
    return tally.audit(dropped)


class _Rows:
    """Turns rows as they were written into the columns of an Arrow file."""

    def __init__(self, encoder: Encoder, weights: Mapping[str, float] | None, counts: Mapping[str, int] | None) -> None:
        self.encoder = encoder
        self._weights = None if weights is None else TokenWeights(encoder, weights)
        self._counts = counts

    def features(self) -> Features:
        from datasets import Features, List, Value

        columns = {"prompt": List(Value("int32")), "answers": List(List(Value("int32"))), "row": Value("int32")}
        if self._weights is not None:
            columns["weights"] = List(List(Value("float32")))
        if self._counts is not None:
            columns["group"] = Value("string")
        return Features(columns)

    def encode(self, batch: Sequence[Mapping[str, Any]]) -> list[Encoded]:
        rows = self.encoder.rows([row["messages"] for row in batch])
        if "rejected" not in batch[0]:
            return rows
        rejected = self.encoder.completions([row["rejected"] for row in batch])
        return [replace(row, rejected=answer) for row, answer in zip(rows, rejected, strict=True)]

    def columns(self, rows: Sequence[tuple[Mapping[str, Any], Encoded]]) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {
            "prompt": [encoded.prompt for _row, encoded in rows],
            "answers": [encoded.answers for _row, encoded in rows],
        }
        if self._weights is not None:
            columns["weights"] = self._weights.of(rows)
        if self._counts is not None:
            columns["group"] = [self._rarest(row["classes"]) for row, _encoded in rows]
        return columns

    def _rarest(self, classes: Sequence[str]) -> str:
        counts = self._counts or {}
        return min(classes, key=lambda name: (counts.get(name, 0), name), default="")


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
