"""Data rows to records: what annotators and their tools write, checked and made canonical."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tasktune.answers import clean
from tasktune.errors import Problem, RecordError
from tasktune.types import Record
from tasktune_ner import translate as _
from tasktune_ner.entities import ENTITIES, TEXT, Entity, Locator, entity
from tasktune_ner.offsets import read_offsets
from tasktune_ner.options import NerOptions, nearest

_SURROGATE = re.compile("[\ud800-\udfff]")
_SEARCHED = 2_000
"""Characters of a text in which a misspelt entity is looked for: the search takes time by the text's length."""
_ALIKE = 0.5
_FORM = '{"text": "台積電", "label": "ORG"}'


def read_record(row: Mapping[str, Any], record_id: str, options: NerOptions) -> Record:
    """The record of a data row: the field ``entities`` is the target, every other field an input.

    The field is a list of objects with ``text``, ``label`` (or ``type``) and, if known, ``start`` and ``end``; in a
    CSV file it is that list as JSON text. A row whose entities are missing or null is unlabelled; ``[]`` says that
    there are none. Missing offsets are recovered as :class:`~tasktune_ner.entities.Locator` does.

    :raises RecordError: with every problem of the row.
    """
    inputs = {name: value for name, value in row.items() if name != ENTITIES}
    problems = _text_problems(inputs, options)
    given = row.get(ENTITIES)
    target = None
    if given is not None:
        text = inputs.get(TEXT)
        target = _read_entities(given, text if isinstance(text, str) else None, options, problems)
    if problems:
        raise RecordError(*problems)
    return Record(id=record_id, inputs=inputs, target=target)


def _text_problems(inputs: Mapping[str, Any], options: NerOptions) -> list[Problem]:
    problems: list[Problem] = []
    try:
        options.template.render(inputs)
    except RecordError as error:
        problems += error.problems
    text = inputs.get(TEXT)
    if text is None:
        return problems
    if not isinstance(text, str):
        problems.append(Problem(_("must be text, not {value}", value=_shown(text)), path=TEXT))
    elif not text.strip():
        problems.append(Problem(_("there is no text"), hint=_("fill it in, or leave the row out"), path=TEXT))
    elif not _encodable(text):
        problems.append(
            Problem(
                _("the text has half of a surrogate pair"),
                hint=_("a character was cut in two, perhaps by slicing in JavaScript; export the row again"),
                path=TEXT,
            )
        )
    return problems


def _read_entities(given: Any, text: str | None, options: NerOptions, problems: list[Problem]) -> list[Entity]:
    """The canonical entities; what is wrong with them is added to ``problems``."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, list):
        problems.append(
            Problem(
                _("must be a list of entities"),
                hint=_("such as [{form}]; [] when there are none", form=_FORM),
                path=ENTITIES,
            )
        )
        return []
    found: list[tuple[Entity, str]] = []
    locator = Locator(text or "")
    for index, each in enumerate(given):
        path = f"{ENTITIES}[{index}]"
        if not isinstance(each, Mapping):
            problems.append(Problem(_("must be an object such as {form}", form=_FORM), path=path))
            continue
        label = _read_label(each, path, options, problems)
        span = None if text is None else _read_span(each, path, text, locator, problems)
        if text is not None and label is not None and span is not None:
            found.append((entity(text[slice(*span)], label, *span), path))
    found.sort(key=lambda each: (each[0]["start"], each[0]["end"]))
    problems += _unwritable(found)
    problems += _overlaps(found)
    return [each for each, _path in found]


def _read_label(each: Mapping[str, Any], path: str, options: NerOptions, problems: list[Problem]) -> str | None:
    key = "label" if "label" in each or "type" not in each else "type"
    label = each.get(key)
    if label is None:
        problems.append(Problem(_("the entity has no label"), hint=", ".join(options.labels), path=f"{path}.label"))
    elif not isinstance(label, str):
        problems.append(Problem(_("must be text, not {value}", value=_shown(label)), path=f"{path}.{key}"))
    elif label not in options.labels:
        problems.append(
            Problem(
                _("{label} is not one of the labels", label=_shown(label)),
                hint=nearest(label, options.labels),
                path=f"{path}.{key}",
            )
        )
    else:
        return label
    return None


def _read_span(
    each: Mapping[str, Any], path: str, text: str, locator: Locator, problems: list[Problem]
) -> tuple[int, int] | None:
    mention, start, end = each.get("text"), each.get("start"), each.get("end")
    if mention is not None and (not isinstance(mention, str) or not mention):
        shown = _shown(mention)
        problems.append(Problem(_("must be the entity's text, not {value}", value=shown), path=f"{path}.text"))
        return None
    if start is None and end is None:
        return _recover(mention, path, text, locator, problems)
    if mention is not None and end is None:
        end = start + len(mention) if isinstance(start, int) else None
    span = read_offsets(text, mention, start, end, path)
    if isinstance(span, Problem):
        problems.append(span)
        return None
    locator.take(text[slice(*span)], span[0])
    return span


def _recover(
    mention: str | None, path: str, text: str, locator: Locator, problems: list[Problem]
) -> tuple[int, int] | None:
    if mention is None:
        problems.append(Problem(_("the entity has no text"), hint=_FORM, path=f"{path}.text"))
        return None
    start = locator.find(mention)
    if start is not None:
        return start, start + len(mention)
    problems.append(
        Problem(
            _("{mention} is not in the text, or not so often", mention=_shown(mention))
            if mention in text
            else _("{mention} is not in the text", mention=_shown(mention)),
            hint=_closest(mention, text),
            path=f"{path}.text",
        )
    )
    return None


def _unwritable(found: Sequence[tuple[Entity, str]]) -> list[Problem]:
    """Entities that could not be read back from an answer, as everything after an end token is cut off."""
    return [
        Problem(
            _("{mention} holds a special token, which would end the answer", mention=_shown(each["text"])),
            hint=_("remove the token from the text and the entity"),
            path=f"{path}.text",
        )
        for each, path in found
        if clean(f"[{each['text']}]") != f"[{each['text']}]"
    ]


def _overlaps(found: Sequence[tuple[Entity, str]]) -> list[Problem]:
    """Entities that share characters with the one before them, which flat NER cannot express."""
    problems = []
    for (one, one_path), (other, path) in pairwise(found):
        if other["start"] >= one["end"]:
            continue
        names = {
            "one": f"{_shown(one['text'])} {one['label']} {one['start']}–{one['end']}",
            "other": f"{_shown(other['text'])} {other['label']} {other['start']}–{other['end']}",
            "path": one_path,
        }
        if (one["start"], one["end"]) != (other["start"], other["end"]):
            problem = _("{other} overlaps {one} ({path})", **names)
            hint = _("entities cannot be nested; keep one of them, usually the longer, or correct the offsets")
        elif one["label"] == other["label"]:
            problem = _("{other} is listed twice ({path})", **names)
            hint = _("remove one, or give start and end if another mention is meant")
        else:
            problem = _("{other} has the same place as {one} ({path})", **names)
            hint = _("an entity has one label; keep one of them")
        problems.append(Problem(problem, hint=hint, path=path))
    return problems


def _closest(mention: str, text: str) -> str:
    """The part of the text that ``mention`` may be meant for."""
    matcher = difflib.SequenceMatcher(None, text[:_SEARCHED], mention, autojunk=False)
    block = matcher.find_longest_match()
    start = max(0, block.a - block.b)
    window = text[start : start + len(mention)]
    if block.size and difflib.SequenceMatcher(None, window, mention, autojunk=False).ratio() > _ALIKE:
        return _("did you mean {text}?", text=_shown(window))
    return _("copy it from the text exactly as it is written there, or remove the entity")


def _encodable(text: str) -> bool:
    return _SURROGATE.search(text) is None


def _shown(value: Any) -> str:
    """A value in a message: its JSON, which is readable Chinese, at most some 60 characters of it."""
    text = json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:59] + "…"
