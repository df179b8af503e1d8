"""Entities that are allowed and yet odd: cut out of a word, or with something around them that is not theirs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tasktune.types import Record, Remark
from tasktune_ner import translate as _
from tasktune_ner.entities import TEXT, Entity

# Marks that end a sentence or a clause; brackets, quotes and hyphens may belong to a name.
_STOPS = frozenset("，。、；：！？,;!?…")


def remarks(record: Record) -> list[Remark]:
    """What is odd about the entities of a record, each kind once."""
    text = record.inputs[TEXT]
    found = {remark.code: remark for entity in record.target for remark in _of_entity(entity, text)}
    return list(found.values())


def _of_entity(entity: Entity, text: str) -> Iterator[Remark]:
    start, end, mention = entity["start"], entity["end"], entity["text"]
    if _inside_word(text, start) or _inside_word(text, end):
        yield Remark(
            code="entity_cut",
            message=_("entities begin or end inside a word or a number"),
            fix=_("take the whole word into the entity, or check whether the offsets are right"),
        )
    if mention != mention.strip() or mention[0] in _STOPS or mention[-1] in _STOPS:
        yield Remark(
            code="entity_with_punctuation",
            message=_("entities begin or end with a space or a punctuation mark"),
            fix=_("leave it outside of the entity"),
        )
    if end < len(text) and unicodedata.combining(text[end]):
        yield Remark(
            code="entity_cut_accent",
            message=_("entities end before the accent of their last letter"),
            fix=_("take the accent into the entity"),
        )


def _inside_word(text: str, place: int) -> bool:
    """Whether a place is between two letters, or two digits, of a script that writes words apart."""
    if not 0 < place < len(text):
        return False
    before, after = text[place - 1], text[place]
    if before.isdecimal() and after.isdecimal():
        return True
    return before.isalpha() and after.isalpha() and _narrow(before) and _narrow(after) and not _new_word(before, after)


def _narrow(letter: str) -> bool:
    return unicodedata.category(letter) in ("Lu", "Ll", "Lt") and unicodedata.east_asian_width(letter) != "F"


def _new_word(before: str, after: str) -> bool:
    """YouTube and the like: a capital begins a part of its own."""
    return before.islower() and after.isupper()
