"""What a run of requests will be: how much is left to ask for, and what that takes, told before anything is sent."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.files import Row, read_rows
from tasktune.data.generating.asking import Asking, asking_for
from tasktune.data.generating.files import PROVENANCE, generated_file, generated_files
from tasktune.data.generating.ground import Ground, input_number, survey
from tasktune.data.made import refuse_cutting
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Message, Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

ASCII_TOKENS, OTHER_TOKENS = 0.3, 1.0
"""Tokens per character. DeepSeek's documentation of token usage gives 0.3 for a character of English and 0.6 for one of
Chinese, Cohere's multilingual-22-12 0.9 for Chinese: one token is on the safe side of both."""


class Estimate(Value):
    """What is left to ask for, and what it takes if every answer is good; ``at_most`` is where a run stops by itself.

    Tokens are estimated from characters. ``cost`` is in the currency of the prices, None where none were given.
    """

    wanted: int
    there: int
    requests: int
    requests_at_most: int
    prompt_tokens: int
    answer_tokens: int
    cost: float | None
    cost_at_most: float | None


@dataclass
class Plan:
    """A run that has not begun: what is asked, how often, what is there already, and what came before."""

    task: Task
    asking: Asking
    ground: Ground
    rows: Path
    count: int
    there: int
    per_request: int
    shots: int
    seed: int
    estimate: Estimate

    @property
    def missing(self) -> int:
        return max(0, self.count - self.there)

    def request(self, number: int, count: int) -> tuple[list[Record], tuple[Message, Message]]:
        """The rows that the n-th request of a file shows, and its messages; always the same for a seed."""
        return request(self.task, self.asking, self.ground, random.Random(f"{self.seed}:{number}"), self.shots, count)


def plan(task: Task, *, wanted_class: str | None, count: int, per_request: int, shots: int, seed: int) -> Plan:
    """Look at the data and plan to bring the file of a class to ``count`` rows.

    :raises InputError: the data have problems, no row shows the class, or held-out rows would be cut from train.
    """
    refuse_cutting(task, _("generated rows are for train only"))
    ground = survey(task, wanted_class, seed)
    pool = ground.rows or ground.others
    if not pool:
        hint = _("write a few rows by hand first: they are the examples that a request shows")
        raise InputError(_("there are no training rows to learn from"), hint=hint)
    asking = asking_for(task, pool[0], wanted_class, ground.classes)
    if PROVENANCE in (*asking.inputs, asking.target):
        raise InputError(_("{field} is the field of a generated row's origin", field=PROVENANCE))
    rows = generated_file(task, wanted_class)
    there = sum(_note(task, ground, path, of_class=path == rows) for path in generated_files(task))
    missing = max(0, count - there)
    sent, back = 0, 0
    if missing:
        shown, messages = request(task, asking, ground, random.Random(seed), shots, min(per_request, missing))
        sent = tokens("".join(message.content for message in messages))
        lines = [_line(task, asking, record) for record in shown] or [_line(task, asking, pool[0])]
        back = math.ceil(sum(map(tokens, lines)) / len(lines)) + 1
    requests = math.ceil(missing / per_request)
    at_most = 2 * requests + 1 if requests else 0
    spec = task.spec.data.generate
    cost = None
    if spec.input_price is not None and spec.output_price is not None:
        cost = (requests * sent * spec.input_price + missing * back * spec.output_price) / 1_000_000
    return Plan(
        task=task,
        asking=asking,
        ground=ground,
        rows=rows,
        count=count,
        there=there,
        per_request=per_request,
        shots=shots,
        seed=seed,
        estimate=Estimate(
            wanted=count,
            there=there,
            requests=requests,
            requests_at_most=at_most,
            prompt_tokens=requests * sent,
            answer_tokens=missing * back,
            cost=cost,
            cost_at_most=None if cost is None or not requests else cost * at_most / requests,
        ),
    )


def request(
    task: Task, asking: Asking, ground: Ground, draw: random.Random, shots: int, count: int
) -> tuple[list[Record], tuple[Message, Message]]:
    """Rows to show, drawn at random, those of the class first; and the messages that show them.

    :raises InputError: a row cannot be shown.
    """
    rows = draw.sample(ground.rows, min(shots, len(ground.rows)))
    # A fixed answer is not shown, so that rows of other classes would teach the wrong one.
    if asking.fixed is None:
        rows += draw.sample(ground.others, min(shots - len(rows), len(ground.others)))
    try:
        shown = [asking.example(record, task.plugin.build_prompt(record, task.options)) for record in rows]
    except RecordError as error:
        raise InputError("", problems=error.problems) from error
    return rows, asking.messages(shown, count)


def tokens(text: str) -> int:
    """About how many tokens a text is."""
    plain = sum(each.isascii() for each in text)
    return math.ceil(plain * ASCII_TOKENS + (len(text) - plain) * OTHER_TOKENS)


def _line(task: Task, asking: Asking, record: Record) -> str:
    example: Mapping[str, Any] = asking.example(record, task.plugin.build_prompt(record, task.options))
    return json.dumps(example, ensure_ascii=False)


def _note(task: Task, ground: Ground, path: Path, *, of_class: bool) -> int:
    """Take in the inputs of rows that were generated before; the number of rows that count towards the file's."""
    rows = 0
    for row in read_rows(path):
        if isinstance(row, Problem):
            continue
        rows += of_class
        number = _input_of(task, row)
        if number is not None:
            ground.known.add(number)
    return rows


def _input_of(task: Task, row: Row) -> int | None:
    """The number of a generated row's input; None for one that the task does not read any more."""
    fields = {name: value for name, value in row.fields.items() if name != PROVENANCE}
    try:
        record = task.plugin.read_record(fields, f"{row.line}", task.options)
        return input_number(task.plugin.build_prompt(record, task.options))
    except RecordError:
        return None
