"""Fill a row's fields into a template such as ``文本：{text}``, and nothing more than that.

``str.format`` would also evaluate ``{text.__class__}``, ``{rows[0]}`` and ``{text!r}``; a template here knows only
``{field}`` and the literal braces ``{{`` and ``}}``. A filled-in value is never expanded again.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FIELD = re.compile(r"[^\W\d](?:[\w -]*\w)?")


class Template:
    """A text with fields, checked when it is made.

    ``fields`` are the names in it, each once, in order of appearance. A name begins with a letter and goes on
    with letters, digits, ``_``, ``-`` and spaces, in any script.

    :raises ValueError: at anything in braces that is not a field's name; the message says what to write instead.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        literals = [""]
        names: list[str] = []
        end = 0
        for token in _TOKEN.finditer(text):
            literals[-1] += text[end : token.start()]
            end = token.end()
            if token[0] in ("{{", "}}"):
                literals[-1] += token[0][0]
            else:
                names.append(_checked(token))
                literals.append("")
        literals[-1] += text[end:]
        self._literals = tuple(literals)
        self._names = tuple(names)
        self.fields: tuple[str, ...] = tuple(dict.fromkeys(names))

    def render(self, inputs: Mapping[str, Any]) -> str:
        """The text with every field replaced: a string by itself, any other value by its JSON.

        :raises RecordError: naming every field that ``inputs`` lacks or has as None, and what it does have; a field
            with a lone surrogate, which no tokenizer takes.
        """
        missing = [name for name in self.fields if inputs.get(name) is None]
        if missing:
            raise RecordError(*(self._missing(name, inputs) for name in missing))
        parts = [self._literals[0]]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            parts += (_shown(inputs[name]), literal)
        rendered = "".join(parts)
        if not is_unicode(rendered):
            raise RecordError(*(self._garbled(name) for name in self.fields if not is_unicode(_shown(inputs[name]))))
        return rendered

    def _garbled(self, name: str) -> Problem:
        return Problem(
            _("the field has half of a surrogate pair, which is not text"),
            hint=_("write the character itself, or check the file's encoding"),
            path=name,
        )

    def _missing(self, name: str, inputs: Mapping[str, Any]) -> Problem:
        if name in inputs:
            return Problem(
                _("the field is empty, but the input template uses {field}", field=f"{{{name}}}"),
                hint=_("fill it in, or leave the row out"),
                path=name,
            )
        close = difflib.get_close_matches(name, [str(key) for key in inputs], n=1, cutoff=0.5)
        return Problem(
            _(
                "the input template uses {field}, which the row does not have; its fields: {known}; template: {text}",
                field=f"{{{name}}}",
                known=", ".join(map(str, inputs)) or _("none"),
                text=_abridged(self.text),
            ),
            hint=_("did you mean {name}?", name=f"{{{close[0]}}}")
            if close
            else _("add the field to the data, or change input_template"),
            path=name,
        )

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def _checked(token: re.Match[str]) -> str:
    """The field's name in ``{name}``; an error that says what is wrong with anything else."""
    name = token[1]
    if name is None:
        raise ValueError(
            _(
                "the template has a single {brace} at character {position}; write {doubled} for a literal brace",
                brace=token[0],
                position=token.start() + 1,
                doubled=token[0] * 2,
            )
        )
    if _FIELD.fullmatch(name):
        return name
    shown = _abridged(token[0])
    if not name.strip():
        raise ValueError(_("the template has {shown} without a field's name", shown=shown))
    plain = _FIELD.match(name.strip())
    if plain and name.strip() == plain[0]:
        raise ValueError(_("write {plain} instead of {shown}", plain=f"{{{plain[0]}}}", shown=shown))
    if plain and name[plain.end() : plain.end() + 1] in (".", "[", "!", ":"):
        raise ValueError(
            _(
                "the template has {shown}: only a field's name may stand in braces, as in {plain}, "
                "without attributes, indexes, conversions or formats",
                shown=shown,
                plain=f"{{{plain[0]}}}",
            )
        )
    raise ValueError(
        _(
            "the template has {shown}, which is not a field's name; write {{{{ and }}}} for literal braces",
            shown=shown,
        )
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def is_unicode(text: str) -> bool:
    """Whether a text can be written down: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _abridged(text: str, limit: int = 80) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
