"""Rows against ``max_length``, and how much of each class carries loss, as the base model's tokenizer counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tasktune.data.checking.findings import DataFinding
from tasktune.data.checking.survey import Evidence
from tasktune.data.records import Split
from tasktune.data.rows import chat, used_records
from tasktune.data.scan import Scan
from tasktune.data.tokenizing import tokenized
from tasktune.locale import translate as _
from tasktune.types import Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class ClassLoss(Value):
    """What training sees of a class: its rows that are short enough, and their answers' tokens, which carry the loss.

    ``lost`` counts its rows that are too long.
    """

    rows: int
    answer_tokens: int
    lost: int


class TokenAudit(Value):
    """The training rows in tokens: the longest row, and each class (``""``: rows that show none)."""

    max_length: int
    longest: int
    classes: Mapping[str, ClassLoss]


def audit(task: Task, found: Scan) -> tuple[TokenAudit, list[DataFinding]]:
    """Count the tokens of every row that a run uses.

    :raises InputError: the base model's tokenizer cannot be had.
    """
    limit = task.spec.training.max_length
    splits: list[Split] = []
    ids: list[str] = []
    classes: list[tuple[str, ...]] = []
    names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def chats() -> Iterator[list[dict[str, str]]]:
        for split, record in used_records(task, found):
            shown = tuple(sorted(set(task.plugin.target_classes(record, task.options)))) or ("",)
            splits.append(split)
            ids.append(record.id)
            classes.append(names.setdefault(shown, shown))
            yield chat(task.plugin.build_prompt(record, task.options))

    rows, tokens, lost = Counter[str](), Counter[str](), Counter[str]()
    long = Evidence()
    longest = 0
    with tokenized(task, chats(), "lengths") as lengths:
        for number, (prompt, answer) in enumerate(lengths):
            fits = prompt + answer <= limit
            longest = max(longest, prompt + answer)
            if not fits:
                long.add(ids[number])
            if splits[number] != "train":
                continue
            for name in classes[number]:
                (rows if fits else lost)[name] += 1
                tokens[name] += answer if fits else 0
    by_class = {
        name: ClassLoss(rows=rows[name], answer_tokens=tokens[name], lost=lost[name]) for name in sorted(rows | lost)
    }
    result = TokenAudit(max_length=limit, longest=longest, classes=by_class)
    return result, list(_findings(task, result, long))


def _findings(task: Task, audit: TokenAudit, long: Evidence) -> Iterator[DataFinding]:
    drops = task.spec.data.over_length == "drop"
    if long.count:
        yield DataFinding(
            code="too_long",
            severity="warning" if drops else "error",
            message=_(
                "{count} rows are longer than training.max_length ({limit} tokens; the longest has {longest})",
                count=long.count,
                limit=audit.max_length,
                longest=audit.longest,
            )
            + (_(", and are left out") if drops else ""),
            fix=_("shorten them, raise training.max_length, or set data.over_length: drop"),
            count=long.count,
            ids=tuple(long.ids),
        )
    silent = [name or _("(no class)") for name, of in audit.classes.items() if of.lost and not of.rows]
    if silent:
        yield DataFinding(
            code="classes_without_loss",
            severity="error",
            message=_(
                "every training row of these classes is too long, so they would not be learnt: {classes}",
                classes=", ".join(silent),
            ),
            fix=_("shorten them, or raise training.max_length"),
            count=len(silent),
        )
