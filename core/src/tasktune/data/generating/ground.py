"""What the data have already: the inputs that must not come again, and the training rows to show as examples."""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasktune.data.records import Problems, missing_files, read_records
from tasktune.data.scan import checked_prompt
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task

POOL = 200
"""Training rows, of however many, from which those that a request shows are drawn."""

# Punctuation, spaces and control characters are among these; so are signs that mean something, such as emoji.
_NO_LETTER = re.compile(r"[\W_]")


@dataclass
class Ground:
    """``known`` has a number for the input of every row; ``rows`` are up to ``POOL`` training rows of the class.

    ``others`` are of other classes, and fill up where the class has too few. ``classes`` counts the training rows that
    show a class. No row is among them that a held-out split has too.
    """

    known: set[int] = field(default_factory=set)
    classes: Counter[str] = field(default_factory=Counter)
    rows: list[Record] = field(default_factory=list)
    others: list[Record] = field(default_factory=list)


def survey(task: Task, wanted_class: str | None = None, seed: int = 0) -> Ground:
    """Go through the rows of every split once.

    :raises tasktune.errors.InputError: rows have problems; all of them are named.
    """
    ground, problems, draw = Ground(), Problems(), random.Random(seed)
    problems.add(*missing_files(task))
    for split in ("test", "valid"):
        files = filter(Path.is_file, task.data_files(split))
        ground.known.update(number for _record, number in _numbered(task, files, problems))
    held_out, seen = set(ground.known), Counter[bool]()
    for record, number in _numbered(task, filter(Path.is_file, task.data_files("train")), problems):
        ground.known.add(number)
        if number in held_out:
            continue
        classes = set(task.plugin.target_classes(record, task.options))
        ground.classes.update(classes)
        right = wanted_class is None or wanted_class in classes
        seen[right] += 1
        _keep(ground.rows if right else ground.others, record, seen[right], draw)
    problems.raise_if_any(_("the data have {count} problems", count=problems.count))
    return ground


def input_number(prompt: Prompt) -> int:
    """64 bits of what a row asks, the same for texts that differ only in punctuation, spaces, width and case."""
    text = "\0".join(message.content for message in prompt.messages if message.role != "system")
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = _NO_LETTER.sub(lambda found: "" if unicodedata.category(found[0])[0] in "PZC" else found[0], folded)
    return int.from_bytes(hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _numbered(task: Task, files: Iterable[Path], problems: Problems) -> Iterable[tuple[Record, int]]:
    for record in read_records(task, files, problems):
        prompt = checked_prompt(task, record, problems)
        if prompt is not None:
            yield record, input_number(prompt)


def _keep(pool: list[Record], record: Record, count: int, draw: random.Random) -> None:
    """Keep ``POOL`` of the records that come, each with the same chance (Vitter 1985, algorithm R)."""
    if len(pool) < POOL:
        pool.append(record)
    elif (place := draw.randrange(count)) < POOL:
        pool[place] = record
