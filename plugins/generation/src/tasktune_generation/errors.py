"""What is wrong in a generated answer: which fields of a JSON answer, or how a text differs from the right one."""

from __future__ import annotations

from collections.abc import Mapping

from tasktune.answers import clean
from tasktune.types import Mistake, Scored, Words
from tasktune_generation.options import GenerationOptions
from tasktune_generation.schema import same

TITLES: Mapping[str, Words] = {
    "missing-field": {"en": "missing field", "zh-TW": "缺少欄位"},
    "extra-field": {"en": "surplus field", "zh-TW": "多出欄位"},
    "wrong-field": {"en": "wrong value", "zh-TW": "欄位值錯誤"},
    "copied": {"en": "copy of the input", "zh-TW": "照抄輸入"},
    "too-short": {"en": "too short", "zh-TW": "太短"},
    "too-long": {"en": "too long", "zh-TW": "太長"},
    "different": {"en": "other wording", "zh-TW": "用字不同"},
}
LENGTH_RATIO = (0.7, 1.4)
"""A text whose length is outside of this many times the right one's is too short or too long."""


def mistakes(row: Scored, options: GenerationOptions) -> list[Mistake]:
    """The mistakes in a parsed answer, field by field where it is JSON; of a text there is one."""
    target, value = row.record.target, row.answer.value
    if options.answer_schema is not None:
        return _in_fields(target, value)
    if value == target:
        return []
    if value == clean(str(row.record.inputs.get(options.main_field, ""))):
        return [Mistake(kind="copied")]
    low, high = LENGTH_RATIO
    if len(value) < low * len(target):
        return [Mistake(kind="too-short")]
    return [Mistake(kind="too-long" if len(value) > high * len(target) else "different")]


def _in_fields(target: Mapping[str, object], value: Mapping[str, object]) -> list[Mistake]:
    found = [
        Mistake(kind="wrong-field" if name in value else "missing-field", gold=name)
        for name in target
        if name not in value or not same(target[name], value[name])
    ]
    return found + [Mistake(kind="extra-field", predicted=name) for name in value if name not in target]
