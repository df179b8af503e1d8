"""What a language model is asked for: examples with a task's input fields, and the answer as the task's model gives it.

The answer is asked for in the form of ``build_prompt``'s completion (``answer_schema``, or text), which is what models
write well; ``parse_output`` makes the target of it. Offsets, for one, are never asked for.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasktune.data.generating.stream import LIST
from tasktune.data.importing.wanted import wanted_by_task
from tasktune.errors import InputError, Problem, RecordError
from tasktune.locale import translate as _
from tasktune.types import Message, Prompt, Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class Asking(Value):
    """What every request of a run has in common.

    ``fixed`` is the answer's exact text when the class leaves only one; it is not asked for then. ``answer_schema``
    is that of the answer; ``as_json`` says that the answer's text is the JSON of a value that meets it, and not
    the value itself, a text. ``system`` is the task's own system prompt, ``shown`` one of its rows as the task's model
    gets to see it. ``language`` is the language of the request.
    """

    inputs: tuple[str, ...]
    target: str
    wanted_class: str | None
    fixed: str | None
    answer_schema: Mapping[str, Any]
    as_json: bool
    system: str
    shown: str
    language: str

    @property
    def reply_schema(self) -> dict[str, Any]:
        """The JSON Schema of a whole answer: an object with a list of examples."""
        properties: dict[str, Any] = {name: {"type": "string"} for name in self.inputs}
        if self.fixed is None:
            path = f"#/properties/{LIST}/items/properties/{_pointer(self.target)}"
            properties[self.target] = _moved(self.answer_schema, path)
        example = _object(properties)
        return _object({LIST: {"type": "array", "items": example}})

    def example(self, record: Record, prompt: Prompt) -> dict[str, Any]:
        """A row of the task in the form that examples are asked for.

        :raises RecordError: an input is not text.
        """
        wrong = [name for name in self.inputs if not isinstance(record.inputs.get(name), str)]
        if wrong:
            raise RecordError(*(Problem(_("only fields of text can be generated"), path=name) for name in wrong))
        fields = {name: record.inputs[name] for name in self.inputs}
        if self.fixed is not None:
            return fields
        assert prompt.completion is not None, "only labelled rows are shown"
        return {**fields, self.target: json.loads(prompt.completion) if self.as_json else prompt.completion}

    def answer(self, example: Mapping[str, Any]) -> str:
        """The text of an example's answer, as the task's model would have given it.

        :raises RecordError: it has none.
        """
        if self.fixed is not None:
            return self.fixed
        answer = example.get(self.target)
        if self.as_json and answer is not None:
            return json.dumps(answer, ensure_ascii=False)
        if not isinstance(answer, str):
            raise RecordError(Problem(_("the example has no answer"), path=self.target))
        return answer

    def messages(self, shots: Sequence[Mapping[str, Any]], count: int) -> tuple[Message, Message]:
        """The request for ``count`` new examples, with ``shots`` as the ones to learn from."""

        task = _(
            "You write training examples for another language model. Between the lines is what that model is told; "
            "do not carry it out, but write new examples of it. They must be right, natural, and different from one "
            "another in topic, wording and length.",
            language=self.language,
        )
        lines = [json.dumps(shot, ensure_ascii=False) for shot in shots]
        asked = [_("So the model is shown an example:", language=self.language) + "\n" + self.shown]
        if lines:
            asked.append(_("Examples that there are, one a line:", language=self.language) + "\n" + "\n".join(lines))
        asked.append(self._order(count))
        asked.append(
            _("Answer with one JSON object that meets this JSON Schema, and nothing else:", language=self.language)
            + "\n"
            + json.dumps(self.reply_schema, ensure_ascii=False)
        )
        rule = "\n---\n"
        return (
            Message(role="system", content=f"{task}{rule}{self.system}{rule}".strip()),
            Message(role="user", content="\n\n".join(asked)),
        )

    def _order(self, count: int) -> str:
        if self.wanted_class is None:
            return _(
                "Write {count} new examples in the language of these. Copy none of them, and do not only reword them.",
                language=self.language,
                count=count,
            )
        return _(
            "Write {count} new examples of the class {name} in the language of these. Copy none of them, and do not "
            "only reword them.",
            language=self.language,
            count=count,
            name=self.wanted_class,
        )


def asking_for(task: Task, sample: Record, wanted_class: str | None, seen: Iterable[str]) -> Asking:
    """What to ask for, told by a row of the task; ``seen`` are the classes that training rows show.

    :raises InputError: the task type knows no such class.
    """
    wanted = wanted_by_task(task)
    order = [*sample.inputs, *wanted.inputs]
    prompt = task.plugin.build_prompt(sample, task.options)
    answers: list[str] = []
    if wanted_class is not None:
        by_choice = {choice: _classes(task, sample, choice) for choice in prompt.choices or ()}
        answers = [choice for choice, classes in by_choice.items() if wanted_class in classes]
        known = list(dict.fromkeys([name for classes in by_choice.values() for name in classes] + sorted(seen)))
        if wanted_class not in known:
            raise _unknown(wanted_class, known)
    text: dict[str, Any] = {"type": "string"}
    if prompt.choices:
        text["enum"] = answers or list(prompt.choices)
    return Asking(
        inputs=tuple(sorted(wanted.inputs, key=order.index)),
        target=wanted.target,
        wanted_class=wanted_class,
        fixed=answers[0] if len(answers) == 1 else None,
        answer_schema=text if prompt.answer_schema is None else prompt.answer_schema,
        as_json=prompt.answer_schema is not None,
        system="\n\n".join(message.content for message in prompt.messages if message.role == "system"),
        shown="\n\n".join(message.content for message in prompt.messages if message.role == "user"),
        language=task.spec.language,
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _moved(node: Any, path: str) -> Any:
    """A schema that lies at ``path`` now: its references to itself (``#/…``) point there."""
    if isinstance(node, Mapping):
        return {
            key: path + value[1:] if key == "$ref" and str(value).startswith("#") else _moved(value, path)
            for key, value in node.items()
        }
    return [_moved(each, path) for each in node] if isinstance(node, (list, tuple)) else node


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _classes(task: Task, sample: Record, choice: str) -> Sequence[str]:
    """The classes that a right answer shows."""
    value = task.plugin.parse_output(choice, sample, task.options).value
    return task.plugin.target_classes(sample.model_copy(update={"target": value}), task.options)


def _unknown(name: str, known: Sequence[str]) -> InputError:
    message = _("no training row shows the class {name!r}", name=name)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return InputError(message, hint=_("did you mean {name}?", name=close[0]))
    if known:
        return InputError(message, hint=_("use one of {classes}", classes=", ".join(known)))
    return InputError(message, hint=_("the rows of this task show no classes; leave --class out"))
