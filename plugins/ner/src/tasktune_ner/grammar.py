"""What a right answer can look like: entities of the known types whose text stands in the record's text."""

from __future__ import annotations

import json

from tasktune.types import Record
from tasktune_ner.entities import TEXT
from tasktune_ner.options import NerOptions


def answer_grammar(record: Record, options: NerOptions) -> str:
    """The grammar of :func:`tasktune_ner.prompt.write_answer`'s answers, in the dialect of the llguidance package.

    A mention is a substring of the text, so that nothing can be made up. Its pieces are characters as JSON writes
    them: half an escape sequence is none.
    """
    pieces = [_json(character)[1:-1] for character in str(record.inputs[TEXT])]
    labels = " | ".join(_json(_json(label)) for label in options.labels)
    return "\n".join(
        [
            'start: "[" (entity (", " entity)*)? "]"',
            r'entity: "{\"text\": \"" MENTION "\", \"label\": " LABEL nth? "}"',
            r'nth: ", \"nth\": " ORDINAL',
            "ORDINAL: /[2-9]|[1-9][0-9]{1,3}/",
            f"LABEL: {labels}",
            "MENTION: PART & /(.|\\n)+/",
            f'PART: %regex {{"substring_chunks": {json.dumps(pieces)}}}',
            "",
        ]
    )


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
