"""The kinds of value that a definition's fields hold, each with the rule it obeys and a message that says so."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from tasktune.locale import translate as _

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_HUB_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_DEVICES = re.compile(r"[A-Za-z0-9-]+(?:,[A-Za-z0-9-]+)*")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
NAMING_FIELDS = ("task", "n", "date", "version")


class InvalidValue(ValueError):
    """A value that breaks a field's rule; ``hint`` says how to mend it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def safe_name(name: str) -> str:
    """A name that is one folder name on every system: it cannot leave the folder that it is put in."""
    if not _NAME.fullmatch(name) or name.endswith(".") or len(name) > 100:
        suggestion = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100]
        rule = _("use English letters, digits, '-', '_' and '.', up to 100, with no '.' first or last")
        hint = _("{rule}; for example {suggestion}", rule=rule, suggestion=suggestion) if suggestion else rule
        raise InvalidValue(_("{name!r} cannot be a name", name=name), hint)
    if name.split(".")[0].lower() in _RESERVED:
        raise InvalidValue(_("{name!r} is a name that Windows keeps for itself", name=name), _("choose another"))
    return name


def hub_name(name: str) -> str:
    """A name as the Hugging Face Hub allows it."""
    if not _HUB_NAME.fullmatch(name) or ".." in name or "--" in name:
        hint = _("use letters, digits, '-', '_' and '.', each '-' or '.' on its own and none first or last")
        raise InvalidValue(_("{name!r} cannot be a name on the Hub", name=name), hint)
    return name


def language_tag(tag: str) -> str:
    """A language tag such as ``zh-TW``."""
    if not _LANGUAGE.fullmatch(tag):
        hint = _("zh-TW for Traditional Chinese, zh-CN for Simplified, en for English, mul for several")
        raise InvalidValue(_("{tag!r} is not a language tag", tag=tag), hint)
    return tag


def data_path(path: str) -> str:
    """A path of a local file, relative to the task's folder or absolute; it may lie outside the folder."""
    if "\0" in path:
        raise InvalidValue(_("a path cannot contain a NUL character"))
    if "://" in path:
        raise InvalidValue(_("{path} is not a local file", path=path), _("download it and give the file's path"))
    if path.endswith(("/", "\\")):
        raise InvalidValue(_("{path} is a folder", path=path), _("give the files in it, as a list"))
    return path


def encoding_name(name: str) -> str:
    """A text encoding that Python knows, under the name it was given by."""
    try:
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        known = False
    if not known:
        raise InvalidValue(_("{name!r} is not a text encoding", name=name), _("for example utf-8, big5 or cp950"))
    return name


def shell_word(word: str) -> str:
    """A host, user@host or remote path: one word that ssh and rsync cannot take for an option."""
    if word.startswith("-") or any(c.isspace() or not c.isprintable() for c in word):
        hint = _("it cannot start with '-' or contain spaces")
        raise InvalidValue(_("{word!r} cannot be given to ssh", word=word), hint)
    return word


def endpoint_url(url: str) -> str:
    """The base URL of a server. It is written to files and shown, so nothing secret may stand in it."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or half of an IPv6 address
        sound = False
    if not sound:
        raise InvalidValue(_("not the address of a server"), _("for example http://localhost:8000/v1"))
    if "@" in parts.netloc or parts.query or parts.fragment:
        hint = _("a key stays in an environment variable, which api_key_env names")
        raise InvalidValue(_("the address may have no user, password or query"), hint)
    return url.rstrip("/")


def variable_name(name: str) -> str:
    """The name of an environment variable, in capitals; a key written in its place is told by that, and not shown."""
    if not _VARIABLE.fullmatch(name):
        raise InvalidValue(_("not the name of an environment variable, in capitals"), _("for example OPENAI_API_KEY"))
    return name


def devices(value: Any) -> Any:
    """``0``, ``"0,1"`` and ``[0, 1]`` all as ``CUDA_VISIBLE_DEVICES`` wants it: ``"0,1"``."""
    parts = list(value) if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(part, (int, str)) and not isinstance(part, bool) for part in parts):
        raise InvalidValue(_("must be device numbers"), _("for example 0 or [0, 1]"))
    text = ",".join(str(part).replace(" ", "") for part in parts)
    if not _DEVICES.fullmatch(text) or text.startswith("-"):
        raise InvalidValue(_("must be device numbers"), _("for example 0 or [0, 1]"))
    return text


def naming_pattern(pattern: str) -> str:
    """The name a version is published under, with fields such as ``{task}-v{n}``."""
    for field in _PLACEHOLDER.findall(pattern):
        if field not in NAMING_FIELDS:
            known = ", ".join(f"{{{name}}}" for name in NAMING_FIELDS)
            raise InvalidValue(_("unknown field {{{field}}}", field=field), _("the fields are {known}", known=known))
    hub_name(_PLACEHOLDER.sub("x", pattern))
    return pattern


def one_or_more(value: Any) -> Any:
    """A single text as a list of one."""
    return (value,) if isinstance(value, str) else value


def known_modules(value: Any) -> Any:
    """``all-linear`` as it is; a list of module names stays a list."""
    if isinstance(value, str) and value != "all-linear":
        hint = _("all-linear, or a list such as [{value}]", value=value)
        raise InvalidValue(_("must be all-linear or a list of module names"), hint)
    return value


def stated_lines(value: Any) -> Any:
    """A list of sentences; the client writes some as ``key: value``, which YAML reads as a mapping."""
    if not isinstance(value, (list, tuple)):
        return one_or_more(value)
    lines: list[Any] = []
    for item in value:
        lines += [f"{key}: {text}" for key, text in item.items()] if isinstance(item, dict) else [item]
    return tuple(lines)


BASE_BASELINES = ("zero_shot", "few_shot")
"""Baselines that are the base model itself; any other one is a version."""

Text = Annotated[str, Field(min_length=1, strict=True)]
Name = Annotated[Text, AfterValidator(safe_name)]
HubName = Annotated[Text, AfterValidator(hub_name)]
Language = Annotated[Text, AfterValidator(language_tag)]
Encoding = Annotated[Text, AfterValidator(encoding_name)]
ShellWord = Annotated[Text, AfterValidator(shell_word)]
EndpointUrl = Annotated[Text, AfterValidator(endpoint_url)]
VariableName = Annotated[Text, AfterValidator(variable_name)]
Naming = Annotated[Text, AfterValidator(naming_pattern)]

_TEXT_OR_LIST = {
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}
DataFiles = Annotated[
    tuple[Annotated[Text, AfterValidator(data_path)], ...],
    Field(min_length=1),
    BeforeValidator(one_or_more),
    WithJsonSchema(_TEXT_OR_LIST),
]
Baselines = Annotated[
    tuple[Name, ...],
    BeforeValidator(one_or_more),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
Devices = Annotated[
    str,
    BeforeValidator(devices),
    WithJsonSchema({"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}}),
]
Modules = Annotated[
    str | Annotated[tuple[Text, ...], Field(min_length=1)],
    BeforeValidator(known_modules),
    WithJsonSchema({"anyOf": [{"const": "all-linear"}, _TEXT_OR_LIST["anyOf"][1]]}),
]
Lines = Annotated[
    tuple[Text, ...],
    BeforeValidator(stated_lines),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": ["string", "object"]}}),
]

Whole = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
NotNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
ShareBelowOne = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=1)]
