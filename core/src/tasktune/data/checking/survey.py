"""What a check remembers of every sound row: a few numbers each, and the main text's letters on disk.

So memory does not grow with the length of the rows, and a million rows take some hundred megabytes.
"""

from __future__ import annotations

import mmap
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from tasktune.data.checking.characters import folded, marks_of
from tasktune.data.checking.findings import IDS_KEPT
from tasktune.data.records import SPLITS, Split
from tasktune.templates import Template
from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.data.scan import Scan
    from tasktune.definition import Task

UNUSED = len(SPLITS)
"""Stands for the split of a row that no split uses."""


class Survey:
    """A context that gathers rows while a scan reads them; :meth:`settle` says which split each is in, once known.

    All columns have one value a row, in the order in which the scan reads: held-out files first, then train.
    ``contents`` is a hash of the prompt, ``folds`` of the inputs' letters and digits, ``texts`` of those of the main
    input alone, ``others`` of the other inputs', ``targets`` of the answer. ``input_marks`` are
    the marks of the inputs' characters, ``all_marks`` those of inputs and answer. The main input is the row's longest.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._fields = asked_fields(task)
        self._files: list[str] = []
        self._file = array("H")
        self._line = array("I")
        self._train_row = array("i")
        self.splits = bytearray()
        self.contents = array("q")
        self.folds = array("q")
        self.texts = array("q")
        self.others = array("q")
        self.targets = array("q")
        self.input_marks = array("I")
        self.all_marks = array("I")
        self.remarks: dict[tuple[str, str, str], Evidence] = defaultdict(Evidence)
        self.choices: frozenset[str] = frozenset()
        self._letters = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("Q")
        self._end = 0

    def __enter__(self) -> Survey:
        return self

    def __exit__(self, *exception: object) -> None:
        self._letters.close()

    def __len__(self) -> int:
        return len(self.contents)

    def add(self, split: Split, number: int, record: Record, prompt: Prompt, content: int) -> None:
        """Take in a row, the ``number``-th of its split's files."""
        if not self.contents and prompt.choices is not None:
            self.choices = self._chosen(record, prompt.choices)
        file, _colon, line = record.id.rpartition(":")
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        self._file.append(len(self._files) - 1)
        self._line.append(int(line))
        self._train_row.append(number if split == "train" else -1)
        self.splits.append(SPLITS.index(split))

        given = [str(record.inputs[name]) for name in self._fields if record.inputs.get(name) is not None]
        letters = [folded(text) for text in given]
        main = max(range(len(letters)), key=lambda position: len(letters[position]), default=None)
        text = "" if main is None else letters[main]
        self.contents.append(hash(content))
        self.folds.append(hash(tuple(letters)))
        self.texts.append(hash(text))
        self.others.append(hash(tuple(other for position, other in enumerate(letters) if position != main)))
        self.targets.append(hash(prompt.completion))
        # Asking the file where it stands would cost more than all that is written.
        self._end += self._letters.write(text.encode("utf-8", "surrogatepass"))
        self._ends.append(self._end)

        marks = 0
        for each in given:
            marks |= marks_of(each)
        self.input_marks.append(marks)
        self.all_marks.append(marks | _answer_marks(prompt.completion or ""))
        for remark in self._task.plugin.remarks(record, self._task.options):
            self.remarks[remark.code, remark.message, remark.fix].add(record.id)

    def _chosen(self, record: Record, choices: Sequence[str]) -> frozenset[str]:
        """What the answers that a prompt lets choose from mean, where that is a name."""
        answers = (self._task.plugin.parse_output(choice, record, self._task.options) for choice in choices)
        return frozenset(answer.value for answer in answers if isinstance(answer.value, str))

    def settle(self, found: Scan) -> None:
        """Note the splits that the train files' rows are shared out to."""
        for row, number in enumerate(self._train_row):
            if number >= 0:
                split = found.split_of(number)
                self.splits[row] = UNUSED if split is None else SPLITS.index(split)
        self._letters.flush()

    def id_of(self, row: int) -> str:
        """``file:line`` of a row."""
        return f"{self._files[self._file[row]]}:{self._line[row]}"

    def ids(self, rows: Sequence[int]) -> tuple[str, ...]:
        """The ids of the first few rows."""
        return tuple(self.id_of(row) for row in sorted(rows)[:IDS_KEPT])

    def used(self) -> Iterator[int]:
        """The rows that a split uses."""
        return (row for row, split in enumerate(self.splits) if split != UNUSED)

    def marked(self, marks: Sequence[int], wanted: Callable[[int], bool]) -> Evidence:
        """The used rows whose ``marks`` are wanted; that is asked once for each combination of marks."""
        verdicts: dict[int, bool] = {}
        found = Evidence()
        for row in self.used():
            verdict = verdicts.get(marks[row])
            if verdict is None:
                verdict = verdicts[marks[row]] = wanted(marks[row])
            if verdict:
                found.count += 1
                if len(found.ids) < IDS_KEPT:
                    found.ids.append(self.id_of(row))
        return found

    def letters(self) -> Letters:
        """The main texts' letters and digits, by row."""
        return Letters(self._letters.fileno(), self._ends)


# Labels are few, and the marks of each are found once.
_answer_marks = lru_cache(maxsize=1024)(marks_of)


class Evidence:
    """Counts rows and keeps the ids of the first few."""

    def __init__(self) -> None:
        self.count = 0
        self.ids: list[str] = []

    def add(self, row_id: str) -> None:
        self.count += 1
        if len(self.ids) < IDS_KEPT:
            self.ids.append(row_id)


class Letters:
    """Reads texts back from the file that a survey wrote them to."""

    def __init__(self, file: int, ends: Sequence[int]) -> None:
        self._ends = ends
        # An empty file cannot be mapped.
        self._map = mmap.mmap(file, 0, access=mmap.ACCESS_READ) if ends and ends[-1] else b""

    def __getitem__(self, row: int) -> str:
        start = self._ends[row - 1] if row else 0
        return self._map[start : self._ends[row]].decode("utf-8", "surrogatepass")


def asked_fields(task: Task) -> tuple[str, ...]:
    """The inputs that a prompt is made of."""
    template = task.spec.input_template
    return task.options.default_fields if template is None else Template(template).fields
