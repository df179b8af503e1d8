"""Read the label in a model's text.

An answer with a label is kept even if the label is not in the set: such an answer has the right form (it counts in
the format rate) and is wrong (it counts as an out-of-set label). Spelling is not mended: ``Positive`` for
``positive`` is out of the set, because the program that uses the model's answers would find it so.
"""

from __future__ import annotations

from tasktune.answers import clean, find_json
from tasktune.types import Answer
from tasktune_classification import translate as _
from tasktune_classification.options import ClassificationOptions

_WRAPPING = " \t\u3000\"'`*“”‘’「」『』。．.！!"
"""What may stand around a bare label: quotes, Markdown's emphasis, a full stop."""


def parse_output(text: str, options: ClassificationOptions) -> Answer:
    """The label that the text answers, or why there is none."""
    text = clean(text)
    if not text:
        return Answer(error=_("the answer is empty"))
    name = options.json_property
    return _bare_label(text, options) if name is None else _json_label(text, name)


def _json_label(text: str, name: str) -> Answer:
    """The label in the first JSON object of the text; further properties do not matter."""
    try:
        value = find_json(text, dict)
    except ValueError as error:
        return Answer(error=str(error))
    if name not in value:
        return Answer(error=_("the JSON has no property {name!r}", name=name))
    label = value[name]
    if not isinstance(label, str):
        return Answer(error=_("the property {name!r} is not text", name=name))
    label = label.strip()
    return Answer(value=label) if label else Answer(error=_("the property {name!r} is empty", name=name))


def _bare_label(text: str, options: ClassificationOptions) -> Answer:
    """The whole text or its first line if that is a label, quoted or not; else the first line as it is."""
    first_line = text.splitlines()[0].strip()
    for candidate in (text, first_line, first_line.strip(_WRAPPING)):
        if candidate in options.completions:
            return Answer(value=candidate)
    return Answer(value=first_line)
