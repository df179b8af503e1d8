"""CoNLL-like files (IOB2, CoNLL-2003 …): a token a line with its tag, sentences apart by an empty line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tasktune.data.importing.items import Item, Rejected, Source, SourceRow
from tasktune.data.importing.tags import OUTSIDE, find_tokens, is_tag, join_tokens, spans_of
from tasktune.data.importing.text import Line, read_lines, shown
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _

_COMMENT = re.compile(r"#\s*(?P<key>[\w:.-]+)\s*=\s?(?P<value>.*)")
_LOOKED_AT = 2000
# A longer line in a file of one token a line is damage, and tells nothing of its columns.
_LONGEST = 10_000
# More tokens than this without an empty line are a file whose sentences are not apart.
_MAX_TOKENS = 20_000
# A file whose only sentence has more than this probably is one.
_ONE_SENTENCE = 500


@dataclass(frozen=True)
class Columns:
    """Which column (from 0) has the tokens and which the tags."""

    token: int
    tag: int
    tabs: bool

    def split(self, text: str) -> list[str]:
        """The values of a line."""
        return _split(text, tabs=self.tabs)


@dataclass
class _Sentence:
    lines: list[Line] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    tokens: int = 0

    def add(self, line: Line) -> None:
        """Take a line in; of a sentence that is too long only the beginning is kept."""
        self.tokens += 1
        if self.tokens <= _MAX_TOKENS:
            self.lines.append(line)


def find_columns(path: Path, encoding: str) -> Columns:
    """The columns of a file: tags are in the last one that holds mostly tags, tokens in the first that is no count.

    :raises InputError: no column holds tags.
    """
    lines = [
        line.text.rstrip("\r\n")
        for line in islice(read_lines(path, encoding), _LOOKED_AT)
        if line.problem is None
        and len(line.text) < _LONGEST
        and line.text.strip()
        and not _is_comment(line.text)
        and not _is_document(line.text)
    ]
    tabs = sum("\t" in line for line in lines) * 2 > len(lines)
    rows = [_split(line, tabs=tabs) for line in lines]
    width = max((len(row) for row in rows), default=0)
    # A few broken lines must not hide the column; a file of nothing but O has tags too.
    shares = [sum(len(row) > n and is_tag(row[n]) for row in rows) / max(1, len(rows)) for n in range(width)]
    tagged = [n for n in range(1, width) if shares[n] > 0.5]
    if not tagged:
        raise InputError(
            _("{file}: no column of tags such as O, B-ORG, I-ORG", file=path),
            hint=_("each line must be a token and its tag, apart by a tab or a space"),
        )
    counted = all(row[0].replace("-", "").replace(".", "").isdigit() for row in rows)
    return Columns(token=1 if counted and tagged[-1] > 1 else 0, tag=tagged[-1], tabs=tabs)


def read_conll(path: Path, encoding: str, columns: Columns, source: Source) -> Iterator[Item]:
    """One row a sentence: ``text``, ``entities``, and what its comments say (``# sent_id = …``).

    The text is that of the comment ``# text = …`` if there is one, else the tokens joined.
    """
    odd = 0
    sizes: list[int] = []
    for sentence in _sentences(read_lines(path, encoding), columns):
        sizes = [*sizes[:1], sentence.tokens]
        try:
            row, irregular = _row(sentence, columns)
        except RecordError as error:
            content = "\n".join(shown(line.text) for line in sentence.lines[:200])
            yield Rejected(sentence.lines[0].number, error.problems, content)
            continue
        odd += irregular
        yield row
    if len(sizes) == 1 and sizes[0] > _ONE_SENTENCE:
        source.notice(
            _(
                "the whole file is one sentence of {count} tokens: are the empty lines between sentences missing?",
                count=f"{sizes[0]:,}",
            )
        )
    if odd:
        source.notice(
            _("{count} entities begin with a tag other than B- (as in IOB1); they are read as begun", count=odd)
        )


def _sentences(lines: Iterator[Line], columns: Columns) -> Iterator[_Sentence]:
    current = _Sentence()
    for line in lines:
        text = line.text.strip("\r\n")
        if not text.strip() or _is_document(text):
            if current.lines:
                yield current
            current = _Sentence()
        elif _is_comment(text, columns):
            match = _COMMENT.match(text)
            if match:
                current.comments[match["key"]] = match["value"]
        else:
            current.add(line)
    if current.lines:
        yield current


def _row(sentence: _Sentence, columns: Columns) -> tuple[SourceRow, int]:
    if sentence.tokens > _MAX_TOKENS:
        message = _("more than {limit} tokens without an empty line between sentences", limit=f"{_MAX_TOKENS:,}")
        raise RecordError(Problem(message, _("put an empty line behind the last token of each sentence")))
    problems = [line.problem for line in sentence.lines if line.problem is not None]
    tokens, tags, glued = [], [], []
    for line in sentence.lines:
        if line.problem is not None:
            continue
        values = columns.split(line.text.rstrip("\r\n"))
        # In the range lines (3-4) of CoNLL-U the parts follow.
        if columns.token == 1 and not values[0].isdigit() and values[0].replace("-", "").replace(".", "").isdigit():
            continue
        if len(values) <= columns.tag or not values[columns.token]:
            message = _("line {line}: no token and tag in it: {text!r}", line=line.number, text=shown(line.text)[:60])
            problems.append(Problem(message))
            continue
        tokens.append(values[columns.token])
        tags.append(values[columns.tag])
        glued.append("SpaceAfter=No" in line.text)
    if problems:
        raise RecordError(*problems)
    text = sentence.comments.get("text")
    if text is None:
        text, places = join_tokens(tokens, glued)
    else:
        places = find_tokens(text, tokens)
    spans, odd = spans_of(text, places, tags)
    others = {key: value for key, value in sentence.comments.items() if key not in ("text", "entities")}
    return SourceRow(sentence.lines[0].number, {"text": text, "entities": spans, **others}), odd


def _split(text: str, *, tabs: bool) -> list[str]:
    # Spaces at the end of a line are no part of its tag.
    return text.rstrip(" ").split("\t") if tabs else text.split()


def _is_comment(text: str, columns: Columns | None = None) -> bool:
    """Whether a line is a comment; ``#`` with a tag is a token."""
    if not text.startswith("#") or columns is None:
        return text.startswith("#")
    values = columns.split(text)
    return _COMMENT.match(text) is not None or len(values) <= columns.tag or not is_tag(values[columns.tag])


def _is_document(text: str) -> bool:
    return text.startswith("-DOCSTART-")


def looks_like_conll(texts: Sequence[str]) -> bool:
    """Whether lines are tokens with tags."""
    ends = [text.split()[-1] for text in texts if len(text.split()) > 1 and not _is_comment(text)]
    return bool(ends) and all(is_tag(end) for end in ends) and any(end in OUTSIDE for end in ends)
