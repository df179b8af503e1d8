"""Laws of build_prompt, answer_grammar and class_spans: the question does not know the answer, whose text is exact."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

from tasktune.errors import PluginError, RecordError, TuneError
from tasktune.grammar import accepts, mistake_in
from tasktune.plugins import TaskType
from tasktune.testing.laws.base import LawBase, blind, broken, completion, parsed
from tasktune.types import Prompt, Record, TaskOptions


class PromptLaws(LawBase):
    """Prompts with and without target agree; completions meet the schema and the choices."""

    def test_prompt_does_not_know_the_target(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        """Evaluation asks with target None; a question that changes then leaks the answer in training."""
        for record in labelled:
            seen, unseen = plugin.build_prompt(record, valid), plugin.build_prompt(blind(record), valid)
            for field in ("messages", "answer_schema", "choices"):
                assert getattr(seen, field) == getattr(unseen, field), broken(
                    f"the prompt's {field} are identical with and without target",
                    record,
                    f"{getattr(seen, field)!r}\n   and {getattr(unseen, field)!r}",
                    "build_prompt: use record.target for the completion only",
                )

    def test_completion_iff_target(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            assert completion(plugin, record, valid), broken(
                "a completion is never the empty text: there would be nothing to learn",
                record,
                "",
                "build_prompt: write a marker for the empty answer, such as []",
            )
            unasked = plugin.build_prompt(blind(record), valid).completion
            assert unasked is None, broken(
                "a record without target has no completion", record, unasked, "build_prompt: completion=None then"
            )

    def test_prompt_asks_the_model(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            prompt = plugin.build_prompt(record, valid)
            assert isinstance(prompt, Prompt), broken(
                "build_prompt returns a Prompt", record, prompt, "use types.Prompt"
            )
            roles = [message.role for message in prompt.messages]
            asks = roles[-1:] == ["user"] and "system" not in roles[1:]
            assert asks, broken(
                "a prompt ends with a user message, and only its first may be a system message",
                record,
                roles,
                "build_prompt: order the messages",
            )

    def test_prompt_is_deterministic(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            again = Record.model_validate_json(record.model_dump_json())
            first, second = plugin.build_prompt(record, valid), plugin.build_prompt(again, valid)
            assert first == second, broken(
                "equal records give equal prompts",
                record,
                f"{first!r}\n   and {second!r}",
                "build_prompt: no counters, time or random numbers; inputs survive JSON",
            )

    def test_completion_parses_back(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """What the model is taught to write is read as the target it was taught from."""
        for record in labelled:
            text = completion(plugin, record, valid)
            answer = parsed(plugin, text, record, valid)
            same = answer.parsed and answer.value == record.target
            assert same, broken(
                "parse_output(build_prompt(r).completion, r) == r.target",
                record,
                f"completion {text!r} was read as {answer!r}",
                "make parse_output and the completion mirror each other, or the example's target canonical",
            )

    def test_answer_schema_accepts_gold(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Constrained decoding cannot write a right answer that the schema refuses."""
        for record in labelled:
            schema = plugin.build_prompt(record, valid).answer_schema
            if schema is None:
                continue
            text = completion(plugin, record, valid)
            law = "answer_schema accepts every gold completion"
            try:
                Draft202012Validator.check_schema(schema)
                value = json.loads(text)
            except SchemaError as error:
                pytest.fail(broken("answer_schema is a JSON Schema", record, error.message, "correct answer_schema"))
            except ValueError as error:
                pytest.fail(
                    broken(
                        law,
                        record,
                        f"{text!r} is not JSON: {error}",
                        "answer_schema=None for answers that are not JSON",
                    )
                )
            problems = [error.message for error in Draft202012Validator(schema).iter_errors(value)]
            assert not problems, broken(
                law, record, f"{text!r}: {problems}", "widen answer_schema or mend the completion"
            )

    def test_answer_grammar_accepts_gold(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Constrained decoding cannot write a right answer that the grammar refuses."""
        for record in labelled:
            grammar = plugin.answer_grammar(record, valid)
            if grammar is None:
                continue
            assert mistake_in(grammar) is None, broken(
                "answer_grammar is a grammar", record, mistake_in(grammar), "correct the grammar"
            )
            text = completion(plugin, record, valid)
            assert accepts(grammar, text), broken(
                "answer_grammar accepts every gold completion", record, text, "widen answer_grammar"
            )

    def test_class_spans_are_parts_of_gold(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Class weights count by them: a part that lies elsewhere would weigh the wrong tokens unseen."""
        for record in labelled:
            text = completion(plugin, record, valid)
            try:
                plugin.class_spans(text, record, valid)
            except PluginError as error:
                pytest.fail(
                    broken(
                        "class_spans are parts of the gold completion, in order and without overlap",
                        record,
                        f"{error} for {text!r}",
                        "class_spans: count characters of the completion from 0, the end exclusive",
                    )
                )

    def test_class_spans_name_the_classes_of_the_target(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        """A class that no part speaks of could not be weighed."""
        for record in labelled:
            spans = plugin.class_spans(completion(plugin, record, valid), record, valid)
            if spans is None:
                continue
            named, shown = {span.name for span in spans}, set(plugin.target_classes(record, valid))
            assert named == shown, broken(
                "class_spans name the classes of target_classes, each of them",
                record,
                f"class_spans: {sorted(named)}, target_classes: {sorted(shown)}",
                "class_spans: one span or more for every class, under its name",
            )

    def test_choices_contain_gold(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            choices = plugin.build_prompt(record, valid).choices
            if choices is None:
                continue
            text = completion(plugin, record, valid)
            assert text in choices, broken(
                "choices contain every gold completion",
                record,
                f"{text!r} not in {choices!r}",
                "build_prompt: complete choices",
            )
            assert len(set(choices)) == len(choices), broken(
                "choices differ", record, choices, "drop the repeated ones"
            )
            for choice in choices:
                answer = parsed(plugin, choice, record, valid)
                assert answer.parsed, broken(
                    "every choice can be read",
                    record,
                    f"{choice!r}: {answer.error}",
                    "make parse_output read every choice",
                )

    def test_missing_input_is_a_record_error(self, plugin: TaskType, valid: TaskOptions) -> None:
        """A row without the text to work on is the user's to mend, not a crash."""
        bare = Record(id="bare.jsonl:1", inputs={})
        law = "build_prompt raises RecordError when an input is missing"
        try:
            prompt = plugin.build_prompt(bare, valid)
        except RecordError as error:
            problems = error.problems
        except TuneError as error:
            pytest.fail(broken(law, bare, error, "build_prompt: raise RecordError(Problem(...)) and name the input"))
        else:
            pytest.fail(broken(law, bare, prompt, "build_prompt: a prompt without any input asks nothing"))
        assert problems, broken(law, bare, "no problems", "raise RecordError(Problem(...)) with one for each input")
