"""What training sees of a row: its token ids in order, as pieces of readable text, and which of them carry the loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.encode import Encoder
from tasktune.data.files import read_rows
from tasktune.data.records import Problems, Split, missing_files, record_of, relative_to
from tasktune.data.scan import checked_prompt
from tasktune.errors import Problem
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

_HALF = "\ufffd"


class Piece(Value):
    """The fewest tokens that are whole characters together: mostly one; a rare character can take several."""

    ids: tuple[int, ...]
    text: str
    trained: bool


class Preview(Value):
    """A row's tokens. ``ends_early`` says that the answer contains the token that ends an answer."""

    pieces: tuple[Piece, ...]
    ends_early: bool = False

    def ids(self, *, trained: bool) -> list[int]:
        """The ids of the answer, or of the prompt before it."""
        return [number for piece in self.pieces if piece.trained is trained for number in piece.ids]


def preview(encoder: Encoder, chat: Sequence[dict[str, str]]) -> Preview:
    """The preview of a row, whose last message is the answer, by the encoder that training uses."""
    [row] = encoder.rows([chat])
    parts = ((row.prompt, False), (row.completion, True))
    return Preview(
        pieces=tuple(
            Piece(ids=tuple(ids), text=text, trained=trained)
            for part, trained in parts
            for ids, text in _pieces(encoder.tokenizer, part)
        ),
        ends_early=encoder.ends_early(row),
    )


def _pieces(tokenizer: Any, ids: list[int]) -> Iterator[tuple[list[int], str]]:
    """Token ids with the text that each adds.

    A token alone may decode to less than it adds (the space before a word), so each is decoded behind the one before.
    """

    def text(start: int, end: int) -> str:
        decoded: str = tokenizer.decode(ids[start:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return decoded

    before, done = 0, 0
    for end in range(1, len(ids) + 1):
        whole = text(before, end)
        # A lone part of a character decodes to U+FFFD.
        if whole.endswith(_HALF) and end < len(ids):
            continue
        yield ids[done:end], whole[len(text(before, done)) :]
        before, done = done, end


def rows_at(task: Task, places: Iterable[str], split: Split) -> list[tuple[Record, Prompt]]:
    """The rows at places, checked as training checks them: ``FILE:LINE``, or ``LINE`` of the split's only file.

    Without places, the first row of the split.

    :raises InputError: with every place at which there is no sound row.
    """
    problems = Problems()
    problems.add(*missing_files(task))
    files = task.data_files(split)
    if not files:
        hint = _("preview a training row: the tokens of a row are the same in every split")
        problems.add(task.problem(("data", split), _("the {split} split has no file", split=split), hint))
    problems.raise_if_any("")
    wanted: list[tuple[Path, int | None] | None] = [
        _place(task, place, files, problems) for place in dict.fromkeys(places)
    ]
    wanted = wanted or [(files[0], None)]
    found = [_row(task, place, problems) for place in wanted if place is not None]
    problems.raise_if_any("")
    return [row for row in found if row is not None]


def _place(task: Task, place: str, files: Sequence[Path], problems: Problems) -> tuple[Path, int | None] | None:
    """The file and the line that a place means."""
    name, _colon, line = place.rpartition(":")
    known = [path for split in ("train", "valid", "test") for path in task.data_files(split)]
    shown = ", ".join(dict.fromkeys(relative_to(path, task.folder) for path in known))
    if not line.isdecimal():
        hint = _("write it as data/train.jsonl:17, or as the line's number")
        problems.add(Problem(_("{place!r} is no place of a row", place=place), hint))
        return None
    if not name:
        if len(files) == 1:
            return files[0], int(line)
        hint = _("write it as {file}:{line}", file=relative_to(files[0], task.folder), line=line)
        problems.add(Problem(_("{place} could be in any of {files}", place=place, files=shown), hint))
        return None
    for path in known:
        if relative_to(path, task.folder) == name or path.resolve() == Path(name).resolve():
            return path, int(line)
    problems.add(Problem(_("{name} is none of the task's files: {files}", name=name, files=shown)))
    return None


def _row(task: Task, place: tuple[Path, int | None], problems: Problems) -> tuple[Record, Prompt] | None:
    path, line = place
    shown = relative_to(path, task.folder)
    for row in read_rows(path, task.spec.data.encoding):
        # A problem without a line is one of the whole file.
        if line is not None and row.line is not None and row.line != line:
            if row.line < line:
                continue
            break
        record = record_of(task, row, shown, problems)
        prompt = checked_prompt(task, record, problems) if record is not None else None
        return (record, prompt) if record is not None and prompt is not None else None
    problems.add(Problem(_("no row begins here"), _("name the line on which a row begins")).at(shown, line))
    return None
