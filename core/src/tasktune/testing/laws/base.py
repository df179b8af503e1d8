"""What all the laws share: the plugin, its options, its records, and how a broken law reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from tasktune.errors import TuneError
from tasktune.plugins import TaskType, load_task_type
from tasktune.types import Answer, Metrics, Record, Scored, TaskOptions


class LawBase:
    """Fixtures of the suite; see :class:`~tasktune.testing.TaskTypeSuite` for what a subclass sets."""

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    records: ClassVar[Sequence[Record]] = ()
    with_examples: ClassVar[bool] = True
    has_empty_target: ClassVar[bool | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith(__package__):
            return
        laws = {name for base in cls.__mro__ if base.__module__.startswith(__package__) for name in vars(base)}
        replaced = sorted(name for name in vars(cls) if name.startswith("test_") and name in laws)
        if replaced:
            raise TypeError(
                f"{cls.__name__} replaces laws of the suite: {', '.join(replaced)}. "
                "Change the plugin so that the law holds, or give your own test another name."
            )

    @pytest.fixture(scope="class")
    @classmethod
    def plugin(cls) -> TaskType:
        """The task type under test, as core loads it."""
        return load_task_type(cls.name)

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, plugin: TaskType) -> Mapping[str, Any]:
        """The options as a task.yaml would give them."""
        return cls.options or plugin.info.example_options

    @pytest.fixture(scope="class")
    @classmethod
    def valid(cls, plugin: TaskType, settings: Mapping[str, Any]) -> TaskOptions:
        """The options, validated."""
        return plugin.info.options.model_validate(settings)

    @pytest.fixture(scope="class")
    @classmethod
    def labelled(cls, plugin: TaskType) -> list[Record]:
        """The labelled records that the laws are tried on."""
        examples = plugin.info.examples if cls.with_examples else ()
        records = [record for record in (*examples, *cls.records) if record.target is not None]
        assert records, broken(
            "there are labelled records to try the laws on", None, "none", "add examples to plugin_info, or set records"
        )
        return records


def blind(record: Record) -> Record:
    """The record without its target."""
    return record.model_copy(update={"target": None})


def broken(law: str, record: Record | None, found: object, change: str) -> str:
    """The message of a broken law: what it is, where it broke, what was seen and what to change."""
    lines = [f"law: {law}"]
    if record is not None:
        lines.append(f"record: {shorten(record.id)} inputs={shorten(record.inputs)} target={shorten(record.target)}")
    lines += [f"found: {shorten(found, 2_000)}", f"change: {change}"]
    return "\n" + "\n".join(lines)


def shorten(value: object, limit: int = 200) -> str:
    """``value`` in at most about ``limit`` printable characters."""
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 2 :]}"


def completion(plugin: TaskType, record: Record, options: TaskOptions) -> str:
    """The record's gold completion."""
    text = plugin.build_prompt(record, options).completion
    assert text is not None, broken(
        "a record with a target has a completion", record, None, "build_prompt: write the gold answer into completion"
    )
    return text


def parsed(plugin: TaskType, text: str, record: Record, options: TaskOptions) -> Answer:
    """What ``parse_output`` makes of ``text``, with the law that it always makes something."""
    law = "parse_output returns an Answer for any text: never None, never raises"
    change = "parse_output: return Answer(error=...) for what cannot be read"
    try:
        answer = plugin.parse_output(text, record, options)
    except TuneError as error:
        pytest.fail(broken(law, record, f"{error} for the text {shorten(text)!r}", change))
    assert isinstance(answer, Answer), broken(law, record, f"{answer!r} for the text {shorten(text)!r}", change)
    return answer


def gold_row(plugin: TaskType, record: Record, options: TaskOptions) -> Scored:
    """The record answered with its own gold completion."""
    text = completion(plugin, record, options)
    return Scored(record=record, output=text, answer=parsed(plugin, text, record, options))


def unparsed_row(record: Record) -> Scored:
    """The record with an answer that could not be read."""
    return Scored(record=record, output="?", answer=Answer(error="not an answer"))


def mixed_rows(plugin: TaskType, records: Sequence[Record], options: TaskOptions) -> list[Scored]:
    """Each record answered right, not at all, and with the next record's answer; ids are unique."""
    rows = [unparsed_row(record) for record in records]
    for index, record in enumerate(records):
        other = completion(plugin, records[(index + 1) % len(records)], options)
        rows.append(gold_row(plugin, record, options))
        rows.append(Scored(record=record, output=other, answer=parsed(plugin, other, record, options)))
    return [
        row.model_copy(update={"record": row.record.model_copy(update={"id": f"rows.jsonl:{number}"})})
        for number, row in enumerate(rows, start=1)
    ]


def scores(metrics: Metrics) -> dict[str, float]:
    """Every number of the metrics under one flat name each."""
    flat = dict(metrics.values)
    for name, numbers in metrics.per_class.items():
        flat.update({f"per_class[{name}].{key}": number for key, number in numbers.items()})
    return flat
