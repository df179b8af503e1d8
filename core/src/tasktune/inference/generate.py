"""Records in, model outputs out, for a version: shared by evaluation and prediction."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tasktune.data.encode import Encoder
from tasktune.data.rows import chat
from tasktune.errors import InputError, Problem
from tasktune.grammar import free_text, grammar_of, unenforceable
from tasktune.inference.constraints import ChoiceMatcher, Constraint, GrammarConstraints, GrammarError
from tasktune.inference.decoding import Decoding, read_decoding
from tasktune.inference.probabilities import Choices
from tasktune.inference.prompts import blind_prompt
from tasktune.inference.shots import with_shots
from tasktune.locale import translate as _
from tasktune.training.base import load_tokenizer
from tasktune.types import Message, Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.inference.watch import Watch
    from tasktune.workspace.versions import Version


class Generator:
    """A model behind one method: outputs for records, ``batch_size`` at a time. The model may be one that trains.

    ``shots`` are examples that stand in every prompt before the question.
    """

    def __init__(
        self,
        task: Task,
        model: Any,
        tokenizer: Any,
        decoding: Decoding,
        batch_size: int,
        shots: Sequence[Message] = (),
    ) -> None:
        from tasktune.inference.engine import TransformersEngine

        self._task = task
        self._encoder = Encoder(tokenizer)
        self._decoding = decoding
        self._shots = shots
        self._engine = TransformersEngine(model, tokenizer, decoding, batch_size)
        self._choices = functools.lru_cache(maxsize=64)(self._spelled)

    @classmethod
    def of_version(cls, task: Task, version: Version) -> Generator:
        """The generator of a trained version."""
        from tasktune.inference.engine import load_version_model

        training = task.spec.training
        base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
        model = load_version_model(base, training.revision, version.adapter, version.model)
        return cls(task, model, tokenizer, read_decoding(version.decoding), task.spec.evaluation.batch_size)

    def in_mode(self, mode: Literal["free", "constrained"]) -> Generator:
        """A generator of the same model that decodes in another way."""
        other = copy.copy(self)
        other._decoding = self._decoding.model_copy(update={"mode": mode})
        return other

    @functools.cached_property
    def _grammars(self) -> GrammarConstraints:
        vocabulary = self._engine.model.get_output_embeddings().out_features
        return GrammarConstraints(self._engine.tokenizer, vocabulary, self._engine.stop_ids)

    def watch(self, records: Sequence[Record]) -> Watch:
        """What tells, after :meth:`outputs` of the same records, how probable the answers and the labels are."""
        from tasktune.inference.watch import Watch

        choices = ((number, blind_prompt(self._task, record).choices) for number, record in enumerate(records))
        return Watch({number: self._choices(each) for number, each in choices if each is not None})

    def outputs(
        self, records: Sequence[Record], skip: frozenset[int] = frozenset(), watch: Watch | None = None
    ) -> Iterator[list[tuple[int, str]]]:
        """Batch by batch, the index of each record and what the model answers to it. The model never sees a target."""
        prompts = [blind_prompt(self._task, record) for record in records]
        if not prompts:
            return
        ids = self._encoder.prompts([with_shots(chat(prompt), self._shots) for prompt in prompts])
        refuse_longer_than(self._decoding.context, records, ids)
        try:
            yield from self._engine.generate(ids, self._constraints(records, prompts), skip, watch)
        except GrammarError as error:
            raise InputError("", problems=[unenforceable(self._task, str(error))]) from error

    def _constraints(self, records: Sequence[Record], prompts: Sequence[Prompt]) -> list[Constraint] | None:
        if self._decoding.mode == "free":
            return None
        return [self._constraint(record, prompt) for record, prompt in zip(records, prompts, strict=True)]

    def _constraint(self, record: Record, prompt: Prompt) -> Constraint:
        if prompt.choices is not None:
            trie = self._choices(prompt.choices).trie
            return lambda: ChoiceMatcher(trie)
        grammar = grammar_of(self._task, record, prompt)
        if grammar is None:
            raise InputError("", problems=[free_text(self._task)])
        return self._grammars.of(grammar)

    def _spelled(self, choices: tuple[str, ...]) -> Choices:
        return Choices(self._encoder.completions(choices))


def refuse_longer_than(context: int, records: Sequence[Record], prompts: Sequence[Sequence[int]]) -> None:
    """:raises InputError: prompts are longer than the context that the version was trained with; all are named."""
    problems = [
        Problem(_("{record}: {tokens} tokens", record=record.id, tokens=len(prompt)))
        for record, prompt in zip(records, prompts, strict=True)
        if len(prompt) > context
    ]
    if problems:
        raise InputError(
            _("prompts are longer than the {context} tokens that this version was trained with", context=context),
            hint=_("shorten them, or train a version with a larger training.max_length"),
            problems=problems,
        )
