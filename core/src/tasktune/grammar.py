"""What an answer may be, as a grammar: written by the task type for a record, or derived from its JSON Schema.

Grammars are Lark text in the dialect of the llguidance package, which also knows JSON Schema (``%json``) and
substrings (``%regex``); see its documentation, "Syntax of LLGuidance Grammars".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tasktune.errors import Problem
from tasktune.locale import translate as _
from tasktune.types import Prompt, Record

if TYPE_CHECKING:
    from tasktune.definition import Task


def grammar_of(task: Task, record: Record, prompt: Prompt) -> str | None:
    """The grammar of the answers to a record; None when its answers are free text."""
    written = task.plugin.answer_grammar(record, task.options)
    if written is not None:
        return written
    if prompt.answer_schema is None:
        return None
    return f"start: %json {json.dumps(prompt.answer_schema)}\n"


def is_constrainable(task: Task, record: Record, prompt: Prompt) -> bool:
    """Whether the answers to a record have a form that decoding can enforce."""
    return prompt.choices is not None or grammar_of(task, record, prompt) is not None


def constraint_problem(task: Task, record: Record, prompt: Prompt) -> Problem | None:
    """Why ``evaluation.decoding: constrained`` cannot be had for this record's answers, or None."""
    if prompt.choices is not None:
        return None
    grammar = grammar_of(task, record, prompt)
    if grammar is None:
        return free_text(task)
    try:
        mistake = mistake_in(grammar)
    except ImportError:
        message = _("constrained needs the package llguidance for answers of this form")
        return _problem(task, message, _("pip install 'tasktune[constrained]', or set evaluation.decoding: free"))
    return None if mistake is None else unenforceable(task, mistake)


def free_text(task: Task) -> Problem:
    """The problem of answers that have neither a closed set nor a known form."""
    message = _("constrained needs answers from a closed set or of a known form; here they are free text")
    return _problem(task, message, _("set evaluation.decoding: free"))


def unenforceable(task: Task, mistake: str) -> Problem:
    """The problem of a grammar that the library refuses."""
    message = _("the form of the answers cannot be enforced: {problem}", problem=mistake)
    return _problem(task, message, _("simplify output_format.schema, or set evaluation.decoding: free"))


def _problem(task: Task, message: str, hint: str) -> Problem:
    return task.problem(("evaluation", "decoding"), message, hint)


def mistake_in(grammar: str) -> str | None:
    """What the library finds wrong with a grammar, or None.

    :raises ImportError: the library is not installed.
    """
    from llguidance import LLMatcher, LLTokenizer, grammar_from

    mistake: str = LLMatcher.validate_grammar(grammar_from("lark", grammar), LLTokenizer("byte"))
    return mistake or None


def accepts(grammar: str, text: str) -> bool:
    """Whether a text is a whole answer of the grammar, which is one by :func:`mistake_in`.

    :raises ImportError: the library is not installed.
    """
    from llguidance import LLMatcher, LLTokenizer, grammar_from

    matcher: Any = LLMatcher(LLTokenizer("byte"), grammar_from("lark", grammar))
    written = list(text.encode())
    return matcher.try_consume_tokens(written) == len(written) and bool(matcher.is_accepting())
