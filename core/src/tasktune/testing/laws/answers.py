"""Laws of parse_output: any text at all becomes an answer, and only the text decides which."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

from tasktune.plugins import TaskType
from tasktune.testing import hostile
from tasktune.testing.laws.base import (
    LawBase,
    blind,
    broken,
    completion,
    gold_row,
    parsed,
    scores,
    shorten,
    unparsed_row,
)
from tasktune.types import Answer, Record, Scored, TaskOptions


class AnswerLaws(LawBase):
    """parse_output never raises, always returns plain data, and cannot see the target."""

    @pytest.mark.parametrize("text", hostile.TEXTS.values(), ids=list(hostile.TEXTS))
    def test_hostile_text_is_an_answer(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record], text: str
    ) -> None:
        for record in labelled:
            answer = parsed(plugin, text, record, valid)
            survives_json(answer, record, text)
            repeat = parsed(plugin, text, record, valid)
            assert answer == repeat, broken(
                "the same text is read in the same way",
                record,
                f"{answer!r} and {repeat!r}",
                "parse_output: keep no state",
            )

    def test_any_text_is_an_answer(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Right answers cut off anywhere, as too few new tokens leave them; then arbitrary text and JSON."""
        completions = [completion(plugin, record, valid) for record in labelled]
        record = labelled[0]
        for text in {right[:length] for right in completions for length in range(min(len(right), 500))}:
            survives_json(parsed(plugin, text, record, valid), record, text)

        @hypothesis.settings(max_examples=80, deadline=None, derandomize=True, database=None)
        @hypothesis.given(text=hostile.texts(completions))
        def check(text: str) -> None:
            survives_json(parsed(plugin, text, record, valid), record, text)

        check()

    def test_answer_does_not_see_the_target(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """An answer that depends on the gold one scores well in tests and fails its users."""
        for index, record in enumerate(labelled):
            texts = [completion(plugin, record, valid), completion(plugin, labelled[index - 1], valid), "?", "[]", "{}"]
            for text in texts:
                without = plugin.module.parse_output(**_taken(plugin, text, blind(record), valid))
                seen = plugin.module.parse_output(**_taken(plugin, text, record, valid))
                assert seen == without, broken(
                    "the answer does not depend on record.target",
                    record,
                    f"{seen!r} with the target, {without!r} without, for the text {text!r}",
                    "parse_output: use text, record.inputs and options only",
                )

    def test_hostile_answers_are_scored(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """One strange answer among thousands must not stop an evaluation."""
        rows = [
            Scored(record=record, output=text, answer=parsed(plugin, text, record, valid))
            for record in labelled
            for text in hostile.TEXTS.values()
        ]
        metrics = plugin.compute_metrics(rows, valid)
        outside = {name: number for name, number in scores(metrics).items() if not abs(number) < float("inf")}
        assert not outside, broken(
            "every metric is finite, whatever was answered",
            None,
            outside,
            "compute_metrics: 0.0 where there is nothing",
        )

    def test_empty_target_is_an_answer(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """No entities is a right answer that the model must give, not a missing one."""
        empty = [record for record in labelled if is_empty(record.target)]
        if self.has_empty_target is False:
            assert not empty, broken(
                "has_empty_target = False: no record has an empty target", empty[0], "one has", "leave it at None"
            )
            pytest.skip(f"task type {self.name} has no empty target")
        if not empty:
            assert self.has_empty_target is None, broken(
                "has_empty_target = True: a record shows it", None, "none does", "add an example with an empty target"
            )
            pytest.skip("no record has an empty target: add an example, or set has_empty_target = False")
        for record in empty:
            row = gold_row(plugin, record, valid)
            assert row.answer == Answer(value=record.target), broken(
                "the empty target is a first-class answer",
                record,
                f"{row.output!r} was read as {row.answer!r}",
                "build_prompt and parse_output: write and read the empty answer; ask `is None`, not truth",
            )
            right, wrong = (plugin.compute_metrics([each], valid) for each in (row, unparsed_row(record)))
            found = (right.values[right.primary], wrong.values[wrong.primary])
            assert found == (1.0, 0.0), broken(
                "an empty target is right when answered and wrong when unparsed",
                record,
                f"{right.primary} {found[0]} and {found[1]}",
                "compute_metrics: nothing to find, nothing found and all parsed is 1.0",
            )


def survives_json(answer: Answer, record: Record, text: str) -> None:
    """predictions.jsonl holds every answer: it must be plain data that JSON keeps."""
    law = "an answer survives a JSON round trip"
    change = "parse_output: answer with finite numbers, text without lone surrogates, lists, dicts with text keys"
    try:
        again = Answer.model_validate_json(answer.model_dump_json())
    except ValueError as error:
        pytest.fail(broken(law, record, f"{shorten(answer)} for the text {shorten(text)!r}: {error}", change))
    assert again == answer, broken(law, record, f"{answer!r} became {again!r} for the text {shorten(text)!r}", change)


def is_empty(target: Any) -> bool:
    """Whether a target is the empty text, list or object."""
    return isinstance(target, (str, list, dict)) and not target


def _taken(plugin: TaskType, text: str, record: Record, options: TaskOptions) -> dict[str, Any]:
    """The arguments of parse_output that this plugin's function declares."""
    given = {"text": text, "record": record, "options": options}
    code = plugin.module.parse_output.__code__
    return {name: given[name] for name in code.co_varnames[: code.co_argcount]}
