"""What pydantic found, said for people: the place as written, the rule in words, and the likeliest intention."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tasktune.definition.spellings import SPELLINGS
from tasktune.definition.suggest import closest, did_you_mean
from tasktune.definition.tree import KeyPath, Node, dotted, find, place_of
from tasktune.errors import Problem
from tasktune.locale import translate as _


def problems_of(
    error: ValidationError,
    root: Node,
    model: type[BaseModel],
    *,
    prefix: Callable[[KeyPath], KeyPath] = lambda loc: (),
    elsewhere: Mapping[str, str] | None = None,
    skip: Collection[str] = (),
) -> list[Problem]:
    """The problems in a validation error of ``model``, each at its place in ``root``.

    ``prefix`` gives, for a path in the model, what stands before it in ``root``; ``elsewhere`` gives, for a key that is
    known in another section, its whole path. Problems below the top-level keys in ``skip`` are left out.
    """
    by_path: dict[KeyPath, list[tuple[str, str | None]]] = {}
    words: set[KeyPath] = set()
    for item in error.errors(include_url=False):
        if item["loc"] and item["loc"][0] in skip:
            continue
        before = prefix(item["loc"])
        path = _followed(root, (*before, *item["loc"]), model, len(before), missing=item["type"] == "missing")
        if item["type"] == "extra_forbidden":
            said = (_("unknown key"), _meant(path, len(before), model, elsewhere or {}))
        else:
            said = describe(item["type"], item["input"], item.get("ctx", {}), item["msg"])
        said_here = by_path.setdefault(path, [])
        if said not in said_here:
            said_here.append(said)
        if item["type"] == "literal_error" and isinstance(item["input"], Mapping):
            words.add(path)
    # A section that might have been a word is one with a problem inside, and not a word.
    inner = {path[:-1] for path in by_path}
    return [_combined(root, path, said) for path, said in by_path.items() if path not in words & inner]


def keys_of(model: type[BaseModel]) -> list[str]:
    """A model's keys as they are written in YAML."""
    return [field.alias or name for name, field in model.model_fields.items()]


def model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the section at ``path`` below ``model``, or None where no model describes it."""
    for part in path:
        if isinstance(part, int):
            continue  # an item of a list of sections, which the list's own field describes
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        inner = [] if field is None else [kind for kind in _types(field.annotation) if issubclass(kind, BaseModel)]
        if not inner:
            return None
        model = inner[0]
    return model


def describe(kind: str, value: Any, context: Mapping[str, Any], fallback: str) -> tuple[str, str | None]:
    """Message and hint for one kind of pydantic error."""
    if kind == "missing":
        return _("missing"), _("add it")
    if kind == "value_error" and "error" in context:
        reason = context["error"]
        return str(reason), getattr(reason, "hint", None)
    if value is None and (kind.endswith("_type") or kind == "literal_error"):
        return _("is empty"), _("give a value, or remove the key")
    shown = _shown(value)
    if kind == "literal_error":
        choices = [choice.strip("'") for choice in _split_choices(str(context["expected"]))]
        message = _("must be one of {choices}, not {value}", choices=", ".join(choices), value=shown)
        return message, did_you_mean(value, choices) if isinstance(value, str) else None
    if kind == "string_type":
        hint = _("text that begins with a brace needs quotes") if isinstance(value, Mapping) else None
        hint = _('put it in quotes: "{value}"', value=shown) if isinstance(value, (int, float)) else hint
        return _("must be text, not {value}", value=shown), hint
    if kind.startswith("int_"):
        return _("must be a whole number, not {value}", value=shown), _numeric_hint(value)
    if kind.startswith("float_"):
        return _("must be a number, not {value}", value=shown), _numeric_hint(value)
    if kind.startswith("bool_"):
        return _("must be true or false, not {value}", value=shown), None
    if kind == "finite_number":
        return _("must be a finite number, not {value}", value=shown), None
    if kind in ("dict_type", "mapping_type", "model_type", "model_attributes_type"):
        return _("must be a section with keys of its own, not {value}", value=shown), None
    if kind in ("tuple_type", "list_type"):
        return _("must be a list, not {value}", value=shown), None
    if kind in ("too_short", "string_too_short"):
        return _("must not be empty"), None
    return _bound(kind, shown, context) or (fallback, None)


def _bound(kind: str, shown: str, context: Mapping[str, Any]) -> tuple[str, str | None] | None:
    if kind == "greater_than":
        return _("must be greater than {limit}, not {value}", limit=f"{context['gt']:g}", value=shown), None
    if kind == "greater_than_equal":
        return _("must be at least {limit}, not {value}", limit=f"{context['ge']:g}", value=shown), None
    if kind == "less_than":
        return _("must be less than {limit}, not {value}", limit=f"{context['lt']:g}", value=shown), None
    if kind == "less_than_equal":
        hint = _("a share: 0.80 means 80 %") if context["le"] == 1 else None
        return _("must be at most {limit}, not {value}", limit=f"{context['le']:g}", value=shown), hint
    return None


def _meant(path: KeyPath, skip: int, model: type[BaseModel], elsewhere: Mapping[str, str]) -> str | None:
    """The hint for an unknown key: the same key of another section, or a like one of this section."""
    *section, key = path
    if elsewhere.get(str(key), dotted(path)) != dotted(path):
        return _("did you mean {name}?", name=elsewhere[str(key)])
    here = model_at(model, section[skip:])
    known = keys_of(here) if here else []
    if not path[:-1]:
        known += [spelling[0] for spelling, _canonical in SPELLINGS if spelling[0] not in known]
    hint = did_you_mean(str(key), known)
    if hint is None:
        far = closest(str(key), elsewhere, cutoff=0.85)
        hint = _("did you mean {name}?", name=elsewhere[far]) if far else None
    if hint or not 0 < len(known) <= 12:
        return hint
    return _("the keys here are {known}", known=", ".join(known))


def _followed(root: Node, path: KeyPath, model: type[BaseModel], skip: int, *, missing: bool) -> KeyPath:
    """``path`` without the parts that pydantic puts in for the branch of a union: they are neither in the data nor
    keys of the model. A key of the model that is not in the data is one that is missing, or whose default is wrong."""
    kept: KeyPath = ()
    for depth, part in enumerate(path):
        here = model_at(model, kept[skip:]) if depth >= skip else None
        known = depth < skip or (missing and depth == len(path) - 1) or (here is not None and part in keys_of(here))
        if known or find(root, (*kept, part)) is not None:
            kept = (*kept, part)
    return kept


def _combined(root: Node, path: KeyPath, said: list[tuple[str, str | None]]) -> Problem:
    """One problem for one place; the branches of a union have each said theirs."""
    place = place_of(root, path)
    message = _("; or ").join(message for message, _hint in said)
    hint = next((hint for _message, hint in said if hint), None)
    return Node(None, place).problem(message, hint)


def _types(annotation: Any) -> list[type]:
    """The classes in an annotation: of ``OutputFormat | None``, OutputFormat and NoneType."""
    if isinstance(annotation, type):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _types(part)]


def _split_choices(expected: str) -> list[str]:
    """``'a', 'b' or 'c'`` apart."""
    return expected.replace(" or ", ", ").split(", ")


def _numeric_hint(value: Any) -> str | None:
    if isinstance(value, str) and value.strip().endswith("%"):
        return _("a share: 0.80 means 80 %")
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return None
        return _("write it without quotes")
    return None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return _("a section")
    if isinstance(value, (list, tuple)):
        return _("a list")
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    return str(value)
