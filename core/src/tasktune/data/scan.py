"""One pass over all data files of a task: is every row sound, which class does it show, have we seen its text before.

What is remembered of a row is two numbers, so a million rows cost megabytes, not gigabytes.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.files import Row
from tasktune.data.records import SPLITS, Problems, Split, broken_at, missing_files, refusal, rows_and_records
from tasktune.data.split import ALONE, grouped_split, stratified_split
from tasktune.errors import PluginError, Problem, RecordError
from tasktune.grammar import constraint_problem
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task

Observe = Callable[[Split, int, Record, Prompt, int], None]
"""Is shown every sound row: the split of its file, its number there, record, prompt, and :func:`content_hash`."""

SAME_INPUT = "the test split has the same input, so the score would measure memory"
"""What is said of a training row that is in test too, as the key of its translation."""

# Ids of overlapping rows that are remembered; the rest are counted.
_IDS_KEPT = 5
# Stands for the content hash of a row without a prompt.
_REFUSED = 0


@dataclass
class Overlap:
    """Train rows whose prompt is also in a held-out split: how many, and the ids of the first few."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, record_id: str) -> None:
        self.count += 1
        if len(self.ids) < _IDS_KEPT:
            self.ids.append(record_id)


@dataclass
class Scan:
    """What is known of the data after one pass.

    ``files`` are the files that each split is read from; a split without files is cut from the train files as
    ``assigned`` says, one number per readable train row in file order. ``dropped`` marks train rows left out because
    a held-out split has the same prompt, and ``overlap`` tells of such rows, dropped or not. ``rows`` and ``classes``
    count what each split holds in the end; a class counts once for every row that shows it. ``groups`` counts the
    groups that rows were kept together by, if they were (``data.split.group_by``). ``tested`` are the
    :func:`content_hash` of the test rows.
    """

    files: dict[Split, list[Path]]
    problems: Problems = field(default_factory=Problems)
    rows: dict[Split, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    classes: dict[Split, Counter[str]] = field(default_factory=lambda: {split: Counter() for split in SPLITS})
    overlap: dict[Split, Overlap] = field(default_factory=dict)
    assigned: bytearray | None = None
    groups: int | None = None
    dropped: set[int] = field(default_factory=set)
    tested: set[int] = field(default_factory=set)

    def split_of(self, train_row: int) -> Split | None:
        """The split that the n-th readable row of the train files belongs to; None when it is dropped."""
        if train_row in self.dropped:
            return None
        # A row that was not there during the scan shows in the count of train, for write_rows to see.
        if self.assigned is None or train_row >= len(self.assigned):
            return "train"
        return SPLITS[self.assigned[train_row]]


class Combinations:
    """Numbers the combinations of classes that rows show, in order of appearance."""

    def __init__(self) -> None:
        self.classes: list[tuple[str, ...]] = []
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, classes: tuple[str, ...]) -> int:
        number = self._numbers.setdefault(classes, len(self.classes))
        if number == len(self.classes):
            self.classes.append(classes)
        return number

    def numbered(self) -> list[list[int]]:
        """The classes of each combination as numbers."""
        numbers: dict[str, int] = {}
        return [[numbers.setdefault(name, len(numbers)) for name in classes] for classes in self.classes]

    def strata(self, counts: Mapping[str, int]) -> list[int]:
        """The stratum of each combination: that of its rarest class.

        Combinations themselves are too many to be strata: of those that only one row shows none could be held out.
        """
        rarest = [min(classes, key=lambda name: (counts[name], name), default="") for classes in self.classes]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(rarest))}
        return [numbers[name] for name in rarest]


def scan(task: Task, observe: Observe | None = None) -> Scan:
    """Read every row of every split once and check it against the task type's laws, ``observe`` looking on."""
    result = Scan(files={split: task.data_files(split) for split in SPLITS})
    result.problems.add(*missing_files(task))
    combinations = Combinations()
    held_out: dict[Split, set[int]] = {}
    for split in SPLITS[1:]:
        if result.files[split]:
            held_out[split] = set(_scan_files(task, split, result, combinations, {}, observe).contents) - {_REFUSED}
    cut = [split for split in SPLITS[1:] if not result.files[split]]
    group_by = task.spec.data.split.group_by if cut else None
    seen = _scan_files(task, "train", result, combinations, held_out, observe, group_by)

    if cut and seen.contents:
        result.assigned = _assign(task, cut, seen, result, combinations)
        result.groups = len(set(seen.groups) - {ALONE}) if group_by else None
    result.tested = held_out.get("test") or {
        content for row, content in enumerate(seen.contents) if result.split_of(row) == "test"
    }
    if result.assigned is not None or result.dropped:
        _recount(result, combinations, seen.combinations, ["train", *cut])
    return result


@dataclass
class _Seen:
    """What is remembered of the rows of a split: a number each for classes, contents, and group if there are any."""

    combinations: array[int] = field(default_factory=lambda: array("i"))
    contents: array[int] = field(default_factory=lambda: array("Q"))
    groups: array[int] = field(default_factory=lambda: array("Q"))


def _assign(task: Task, cut: list[Split], seen: _Seen, result: Scan, combinations: Combinations) -> bytearray:
    """The split of every train row, when the ``cut`` ones are taken from train."""
    shares = task.spec.data.split
    valid = shares.valid if "valid" in cut else 0.0
    test = shares.test if "test" in cut else 0.0
    taking_part = array("i", (-1 if n in result.dropped else number for n, number in enumerate(seen.combinations)))
    if shares.group_by is not None:
        numbered = combinations.numbered()
        return grouped_split(taking_part, numbered, seen.contents, seen.groups, valid, test, shares.seed)
    stratum_of = combinations.strata(result.classes["train"])
    strata = array("i", (number if number < 0 else stratum_of[number] for number in taking_part))
    return stratified_split(strata, seen.contents, valid, test, shares.seed)


def _scan_files(
    task: Task,
    split: Split,
    result: Scan,
    combinations: Combinations,
    held_out: Mapping[Split, set[int]],
    observe: Observe | None,
    group_by: str | None = None,
) -> _Seen:
    """What is remembered of each row; rows whose prompt is in a ``held_out`` split are noted as overlapping."""
    seen = _Seen()
    files = filter(Path.is_file, result.files[split])
    for row, record in rows_and_records(task, files, result.problems):
        try:
            classes = tuple(sorted(set(task.plugin.target_classes(record, task.options))))
            prompt = checked_prompt(task, record, result.problems)
            # A row that is refused still takes its place, so that row numbers stay those of read_records.
            content = content_hash(prompt) if prompt else _REFUSED
            if observe is not None and prompt is not None:
                observe(split, len(seen.contents), record, prompt, content)
        except PluginError as error:
            raise broken_at(error, *_place(record)) from error
        if split == "train" and not seen.contents and prompt and task.spec.evaluation.constrains:
            # All rows' answers are of one form; finding out after the training would be late.
            unconstrained = constraint_problem(task, record, prompt)
            result.problems.add(*[unconstrained] if unconstrained else [])
        for other, contents in held_out.items():
            if content in contents:
                _note_overlap(task, record, other, len(seen.contents), result)
        seen.combinations.append(combinations.number(classes))
        seen.contents.append(content)
        if group_by is not None:
            seen.groups.append(_group(task, row, record, group_by, result.problems))
        result.rows[split] += 1
        result.classes[split].update(classes)
    return seen


def _group(task: Task, row: Row, record: Record, name: str, problems: Problems) -> int:
    """A number for the row's value of the field that rows are grouped by; ``ALONE`` for an empty one."""
    column = task.spec.data.fields.get(name, name)
    if column not in row.fields and name not in row.fields:
        hint = _("rows are grouped by it (group_by); fill it in, or leave it empty for a row of no group")
        problems.add(Problem(_("missing"), hint, name).at(*_place(record)))
        return ALONE
    value = row.fields.get(column, row.fields.get(name))
    if value is None or value == "":
        return ALONE
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return _hash(text.encode("utf-8", "surrogatepass")) or ALONE + 1


def _note_overlap(task: Task, record: Record, other: Split, row: int, result: Scan) -> None:
    result.overlap.setdefault(other, Overlap()).add(record.id)
    if task.spec.data.overlap == "drop":
        result.dropped.add(row)
    elif task.spec.data.overlap == "refuse" and other == "test":
        result.problems.add(
            Problem(
                _(SAME_INPUT),
                _("take it out of one of them, or set data.overlap: drop (leave it out of train) or keep"),
            ).at(*_place(record))
        )


def checked_prompt(task: Task, record: Record, problems: Problems) -> Prompt | None:
    """The record's prompt, or None with the reason among the problems: as training wants it, with its answer."""
    file, line = _place(record)
    if record.target is None:
        name = task.plugin.info.target_field
        problems.add(
            Problem(_("missing; the row has no target"), _("label the row or take it out"), name).at(file, line)
        )
        return None
    try:
        prompt = task.plugin.build_prompt(record, task.options)
    except RecordError as error:
        problems.add(*refusal(error, file, line))
        return None
    answer = task.plugin.parse_output(prompt.completion or "", record, task.options)
    if answer.error is not None or answer.value != record.target:
        read = answer.error or repr(answer.value)
        problems.add(
            Problem(
                _(
                    "the target does not survive as text: {completion} reads back as {read}",
                    completion=prompt.completion,
                    read=read,
                ),
                _("this is a fault of {origin}; report it", origin=task.plugin.origin),
            ).at(file, line)
        )
    return prompt


def content_hash(prompt: Prompt) -> int:
    """64 bits of what the model sees; two of a million rows collide by chance once in 37 million times (n²/2⁶⁵)."""
    parts = (f"{message.role}\0{message.content}\0" for message in prompt.messages)
    return _hash("".join(parts).encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _recount(result: Scan, combinations: Combinations, numbers: Iterable[int], splits: Iterable[Split]) -> None:
    """Count the splits that the train files' rows were shared out to."""
    for split in splits:
        result.rows[split] = 0
        result.classes[split] = Counter()
    for row, number in enumerate(numbers):
        split_of_row = result.split_of(row)
        if split_of_row is not None:
            result.rows[split_of_row] += 1
            result.classes[split_of_row].update(combinations.classes[number])


def _place(record: Record) -> tuple[str, int]:
    file, _colon, line = record.id.rpartition(":")
    return file, int(line)
