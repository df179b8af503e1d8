"""Few-shot prompting: which training rows are shown to a base model before the question, as turns of the chat."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktune.types import Message, Record

if TYPE_CHECKING:
    from tasktune.definition import Task

MOST_SHOTS = 16
"""Examples in a prompt at most."""
WITHOUT_CLASSES = 4
"""Examples of a task whose rows show no classes."""
MOST_TOKENS = 4096
"""Tokens of a prompt with its examples at most: every row pays for them, though they are computed once per batch."""


def candidates(task: Task, records: Iterable[Record]) -> list[Record]:
    """Labelled records worth showing, the first ones first: one for each class, the commonest class first, then one
    that shows none. A task whose rows show no classes has :data:`WITHOUT_CLASSES`.

    Of a class it is the record with the least hash of its inputs: as good as drawn, but the same whatever the rows'
    order, and nearly always the same when rows are added. Linear in the records, of which few are kept.
    """
    firsts: dict[str, tuple[str, Record]] = {}
    counts: Counter[str] = Counter()
    plain: list[tuple[str, Record]] = []
    for record in records:
        if record.target is None:
            continue
        ranked = (_hash(record), record)
        classes = dict.fromkeys(task.plugin.target_classes(record, task.options))
        counts.update(list(classes))
        for name in classes:
            firsts[name] = min(firsts.get(name, ranked), ranked, key=_rank)
        if not classes:
            plain = heapq.nsmallest(WITHOUT_CLASSES, [*plain, ranked], key=_rank)
    by_class = [firsts[name] for name in sorted(firsts, key=lambda name: (-counts[name], name))]
    chosen = {ranked[0]: ranked[1] for ranked in [*by_class, *(plain[:1] if by_class else plain)]}
    return list(chosen.values())[:MOST_SHOTS]


def turns(task: Task, record: Record) -> tuple[Message, ...]:
    """A labelled record as turns of a chat: what is asked, and the right answer."""
    prompt = task.plugin.build_prompt(record, task.options)
    assert prompt.completion is not None, "only labelled rows are shown"
    asked = (message for message in prompt.messages if message.role != "system")
    return (*asked, Message(role="assistant", content=prompt.completion))


def with_shots(chat: Sequence[Mapping[str, str]], shots: Iterable[Message]) -> list[dict[str, str]]:
    """A chat with examples between its system message and the rest."""
    system = [dict(message) for message in chat if message["role"] == "system"]
    rest = [dict(message) for message in chat if message["role"] != "system"]
    return [*system, *(message.model_dump() for message in shots), *rest]


def _hash(record: Record) -> str:
    text = json.dumps(record.inputs, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _rank(ranked: tuple[str, Record]) -> str:
    return ranked[0]
