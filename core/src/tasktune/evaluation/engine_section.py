"""The report's part on an engine that is not the version's own."""

from __future__ import annotations

from collections.abc import Iterator

from tasktune.evaluation.markdown import escape
from tasktune.evaluation.score import Evaluation
from tasktune.evaluation.wording import Wording
from tasktune.inference.engines import EngineUse


def engine_section(evaluation: Evaluation, wording: Wording) -> str:
    """How the answers compare with the version's own, and what was not followed to the letter; empty without either."""
    use = evaluation.engine
    return "" if use is None else "\n".join(f"- {escape(text)}" for text in engine_remarks(use, wording))


def engine_remarks(use: EngineUse, wording: Wording) -> Iterator[str]:
    """The same as sentences."""
    if use.agreement is not None:
        yield wording.say(
            "{same} of {rows} answers are those of the version's own evaluation",
            same=f"{use.agreement.same:,}",
            rows=f"{use.agreement.rows:,}",
        )
    if use.answered_by and use.answered_by != (use.model,):
        yield wording.say("the server says that {models} answered", models=wording.list(use.answered_by))
    yield from (f"⚠️ {note}" for note in use.notes)
