"""What a right answer can look like: entities of the known types that stand in the record's text, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tasktune.types import Record
from tasktune_ner.entities import TEXT
from tasktune_ner.options import NerOptions

LONGEST_IN_ORDER = 900
"""Characters of a text whose grammar keeps the order; of longer ones it would pass the parser's limits."""


def answer_grammar(record: Record, options: NerOptions) -> str:
    """The grammar of :func:`tasktune_ner.prompt.write_answer`'s answers, in the dialect of the llguidance package.

    A mention is a stretch of the text behind the mention before it, so nothing can be made up or listed twice. In a
    text of more than ``LONGEST_IN_ORDER`` characters it is any stretch of the text.
    """
    text = str(record.inputs[TEXT])
    labels = " | ".join(_quoted(_json(label)) for label in options.labels)
    rules = _in_order(text) if 0 < len(text) <= LONGEST_IN_ORDER else _anywhere(text)
    return "\n".join(
        [
            *rules,
            r'OPENED: "{\"text\": \""',
            rf'LABELLED: "\", \"label\": " ({labels}) (", \"nth\": " /[2-9]|[1-9][0-9]{{1,3}}/)? "}}"',
            "",
        ]
    )


def _in_order(text: str) -> Iterator[str]:
    """A few rules for each character. ``item_7`` is what may follow when the text is used up to its character 7."""
    yield 'start: "[" ("]" | item_0)'
    # As JSON writes it: half an escape sequence is no character.
    copied = [_quoted(_json(character)[1:-1]) for character in text]
    last = len(text)
    for place in range(last):
        after = place + 1
        yield f"item_{place}: OPENED from_{place}"
        yield f"from_{place}: {copied[place]} upto_{after}" + (f" | from_{after}" if after < last else "")
        longer = f"{copied[after]} upto_{after + 1} | " if after < last else ""
        yield f"upto_{after}: {longer}LABELLED after_{after}"
        yield f'after_{after}: "]"' + (f' | ", " item_{after}' if after < last else "")


def _anywhere(text: str) -> Iterator[str]:
    pieces = [_json(character)[1:-1] for character in text]
    yield 'start: "[" (entity (", " entity)*)? "]"'
    yield "entity: OPENED MENTION LABELLED"
    yield "MENTION: PART & /(.|\\n)+/"
    yield f'PART: %regex {{"substring_chunks": {json.dumps(pieces)}}}'


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _quoted(text: str) -> str:
    """A literal of the grammar, written as in JSON. In ASCII, as the parser takes no raw control characters."""
    return json.dumps(text)
