"""Frozen values that travel between core and plugins. Plain data: every one survives a JSON round trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from tasktune.locale import LANGUAGES
from tasktune.locale import translate as _
from tasktune.templates import Template

Severity = Literal["error", "warning", "info"]


class Value(BaseModel):
    """Base of the boundary values: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Value):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


class Record(Value):
    """One example, its inputs and its target apart.

    ``id`` says where it came from, ``file:line``. ``target`` is in the task type's canonical form (what
    ``parse_output`` returns for a right answer) and None when the row is unlabelled; an empty target, such as
    no entities, is a value and not None.
    """

    id: str
    inputs: Mapping[str, Any]
    target: Any = None


class Prompt(Value):
    """What the model is asked, and the right answer's exact text when the record has a target.

    ``answer_schema`` is the JSON Schema that every right answer meets (None: free text). ``choices`` lists
    every possible completion when the set is closed, as for a label.
    """

    messages: tuple[Message, ...]
    completion: str | None = None
    answer_schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None


class ClassSpan(Value):
    """A part of a right answer's text that speaks of the class ``name``: its characters from ``start`` to ``end``,
    counted from 0, ``end`` exclusive."""

    name: str
    start: int
    end: int


class Answer(Value):
    """The model's text after parsing: a value, or the reason why there is none."""

    value: Any = None
    error: str | None = None

    @property
    def parsed(self) -> bool:
        return self.error is None


class Scored(Value):
    """A record with the model's raw output and the answer parsed from it."""

    record: Record
    output: str
    answer: Answer


class Mistake(Value):
    """One thing that is wrong in an answer.

    ``kind`` is a name in :attr:`TaskTypeInfo.mistakes`. ``gold`` and ``predicted`` are the classes that it is about,
    if any: what should be there, and what is. Mistakes that are equal are counted together.
    """

    kind: str
    gold: str | None = None
    predicted: str | None = None


class Part(Value):
    """Rows cut down to a part of what their targets and answers hold, such as entities that training rows show.

    ``name`` is one in :attr:`TaskTypeInfo.parts`; ``size`` counts what of the targets is left: so many entities, say.
    """

    name: str
    size: int
    rows: tuple[Scored, ...]


class Confusion(Value):
    """Counts by gold label (rows) and predicted label (columns); the last column may count unparsed answers."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Metrics(Value):
    """Scores of one evaluation. ``values[primary]`` is the headline figure, between 0 and 1."""

    primary: str
    values: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]] = {}
    confusion: Confusion | None = None


class Remark(Value):
    """Something odd about a record. Remarks with one ``code`` and one text are counted together; ``fix`` says what to
    do about them."""

    code: str
    message: str
    fix: str


class Action(Value):
    """A change that a finding proposes. ``patch`` maps dotted task.yaml paths to new values.

    ``code`` names it for ``tune improve --apply``; without one it goes by its finding's. ``gain`` is the least and the
    most that the headline metric is expected to rise by, as shares of 1 (None: nobody knows), and ``confidence`` how
    sure that is. Without a patch it is a person's work; ``command`` then begins it, run in the task's folder.
    """

    title: str
    expected_effect: str
    effort: Literal["low", "medium", "high"]
    patch: Mapping[str, Any] = {}
    code: str | None = None
    gain: tuple[float, float] | None = None
    confidence: Literal["low", "medium", "high"] = "low"
    command: str | None = None


class Finding(Value):
    """Something diagnosed, with its evidence. ``reference`` names a page of the knowledge base."""

    code: str
    severity: Severity
    message: str
    record_ids: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = {}
    reference: str | None = None
    actions: tuple[Action, ...] = ()


class Baseline(Value):
    """A simple method's answers to the test records, in their order, for comparison with the model's."""

    name: str
    answers: tuple[Answer, ...]


class RunContext(Value):
    """What ``diagnose`` may know of a run besides its scored rows."""

    task_name: str
    language: str
    threshold: float
    train_rows: int
    class_counts: Mapping[str, int] = {}
    training: Mapping[str, Any] = {}
    loss_curve: tuple[tuple[int, float], ...] = ()


class OutputFormat(Value):
    """The shape of an answer: plain text, or JSON whose properties ``schema`` describes.

    ``schema`` maps a property name to its JSON Schema, as in ``sentiment: {type: string, enum: [正面, 負面]}``;
    a whole JSON Schema (with ``type`` and ``properties``) is taken as it is.
    """

    type: Literal["json", "text"] = "json"
    properties: Annotated[Mapping[str, Any] | None, Field(alias="schema")] = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TaskOptions(Value):
    """What every task type knows of its task; a plugin's options model subclasses it.

    These fields are keys of task.yaml itself. The fields that a subclass adds are the keys of ``options:``.
    """

    language: str = "zh-TW"
    domain: str | None = None
    input_template: str | None = None
    system_prompt: str | None = None
    output_format: OutputFormat | None = None

    default_fields: ClassVar[tuple[str, ...]] = ("text",)
    """The fields of the task type's own templates, which an ``input_template`` replaces."""

    @field_validator("input_template")
    @classmethod
    def _template_has_fields(cls, text: str | None) -> str | None:
        if text is not None and not Template(text).fields:
            raise ValueError(_("the template has no field, so every row would ask the same; add one such as {text}"))
        return text

    @field_validator("system_prompt")
    @classmethod
    def _system_prompt_is_shared(cls, text: str | None, info: ValidationInfo) -> str | None:
        template = info.data.get("input_template")
        for name in (*cls.default_fields, *(Template(template).fields if template else ())):
            if text is not None and f"{{{name}}}" in text:
                raise ValueError(
                    _(
                        "the system prompt is the same for all rows, so it cannot use {field}; "
                        "put it in input_template",
                        field=f"{{{name}}}",
                    )
                )
        return text


class NoOptions(Value):
    """The options model of a deployer that has none."""


class MetricInfo(Value):
    """How to show a metric: its title per language, and whether it is a share (0..1) or a plain number."""

    titles: Mapping[str, str]
    unit: Literal["share", "number"] = "share"
    higher_is_better: bool = True


def _in_both_languages(words: Mapping[str, str]) -> Mapping[str, str]:
    missing = [language for language in LANGUAGES if not words.get(language, "").strip()]
    if missing:
        raise ValueError(_("not said in {languages}", languages=", ".join(missing)))
    return words


Words = Annotated[Mapping[str, str], AfterValidator(_in_both_languages)]
"""Something said in every language of the messages: ``{"en": …, "zh-TW": …}``."""


class Question(Value):
    """Something that ``tune init`` asks about a new task.

    ``id`` names the answer in an answers file; ``path`` is the dotted key of task.yaml that it fills, None when it only
    bears on the advice. ``choices`` are the answers that a ``choice`` takes, each with its title. A question without a
    default may be left unanswered unless it is ``required``. ``when`` maps ids of questions before it to the answers
    that it is asked after; with other answers it is passed over.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    path: str | None = None
    ask: Words
    explain: Words | None = None
    why: Words
    kind: Literal["text", "choice", "list", "number"] = "text"
    choices: Mapping[str, Words] = {}
    default: Any = None
    required: bool = False
    when: Mapping[str, tuple[str, ...]] = {}


class Proposal(Value):
    """What a task type makes of rows that somebody wants to begin a task with.

    ``fit`` says how likely they are rows of this type, from 0 to 1, and ``reason`` why, in words. ``answers`` are
    answers to the task type's own questions that the rows give, by their ids: they are not asked any more.
    ``guesses`` are likely ones: they are asked, with the guess as the default.
    """

    fit: Annotated[float, Field(ge=0, le=1)]
    reason: str
    answers: Mapping[str, Any] = {}
    guesses: Mapping[str, Any] = {}


class PluginInfo(Value):
    """What a plugin says of itself. ``contract`` is the major version of hookspecs that it was written for."""

    contract: int
    summary: str
    options: type[BaseModel] = NoOptions


class TaskTypeInfo(PluginInfo):
    """A task type: how its rows look, which kinds it knows, how it is judged.

    ``target_field`` names the data field with the gold answer. ``examples`` are labelled records that
    ``example_options`` fit; the conformance suite and the docs use them. ``metrics`` describes every metric that
    ``compute_metrics`` reports; a metric absent from it is shown under its own name. ``mistakes`` are the kinds of
    mistakes that the hook of this name finds, each with what it is called; ``parts`` likewise. ``title`` is what the
    type is called, and ``questions`` are what ``tune init`` asks for its options.
    """

    options: type[TaskOptions]
    target_field: str
    examples: tuple[Record, ...]
    example_options: Mapping[str, Any]
    kinds: tuple[str, ...] = ()
    primary_metric: str
    suggested_threshold: float
    metrics: Mapping[str, MetricInfo] = {}
    mistakes: Mapping[str, Words] = {}
    parts: Mapping[str, Words] = {}
    title: Words | None = None
    questions: tuple[Question, ...] = ()


class DeployRequest(Value):
    """What to deploy. With ``dry_run`` a deployer checks everything and changes nothing."""

    task_name: str
    version: str
    version_dir: str
    dry_run: bool = False


class Deployment(Value):
    """The outcome of a deployment: where it is reachable, and what was checked or made."""

    target: str
    location: str
    details: Mapping[str, Any] = {}
