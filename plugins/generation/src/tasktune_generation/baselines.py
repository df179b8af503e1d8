"""What simple methods answer: the input again for text, every field's most frequent value for JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tasktune.types import Answer, Baseline, Record
from tasktune_generation.options import GenerationOptions
from tasktune_generation.parse import parse_output
from tasktune_generation.schema import ordered, violations


def baselines(train: Sequence[Record], test: Sequence[Record], options: GenerationOptions) -> list[Baseline]:
    """``copy`` for free text: the row's main input as the answer. ``most-frequent`` for JSON: each field's most
    frequent training value, or the most frequent whole target where these do not fit together under the schema."""
    if options.answer_schema is None:
        answers = (parse_output(str(record.inputs[options.main_field]), options) for record in test)
        return [Baseline(name="copy", answers=tuple(answers))]
    targets = [record.target for record in train if record.target is not None]
    if not targets:
        return []
    names = list(dict.fromkeys(name for target in targets for name in target))
    answer = {
        name: found for name in names if (found := _most_frequent(t.get(name, _ABSENT) for t in targets)) is not _ABSENT
    }
    if violations(answer, options.answer_schema):
        answer = _most_frequent(targets)
    answer = ordered(answer, options.answer_schema)
    return [Baseline(name="most-frequent", answers=(Answer(value=answer),) * len(test))]


_ABSENT = object()


def _most_frequent(values: Iterable[Any]) -> Any:
    """The value that occurs most often as JSON, the first in text order among equals."""
    by_text: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for value in values:
        text = "" if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)
        by_text[text] = value
        counts[text] += 1
    return by_text[min(counts, key=lambda text: (-counts[text], text))]
