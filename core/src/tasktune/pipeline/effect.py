"""Whether what was expected of `tune improve`'s changes has come: a section of ``changes.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasktune.definition.differences import differing_keys
from tasktune.errors import InputError
from tasktune.evaluation.criteria import Verdict
from tasktune.evaluation.markdown import escape
from tasktune.evaluation.wording import Wording
from tasktune.locale import nearest_language, translate
from tasktune.pipeline.iteration import definition_of, parent_of
from tasktune.workspace.files import read_json, write_text_atomically
from tasktune.workspace.improvements import Change, changes_between
from tasktune.workspace.versions import Version

if TYPE_CHECKING:
    from tasktune.definition import Task

LEAST = 1e-9
"""Scores that differ by less are the same."""


def write_effect(task: Task, version: Version, verdict: Verdict) -> None:
    """Add to ``changes.md`` what came of the changes, by the scores of the version and of the one before it.

    Nothing is written where `tune improve` changed nothing, or the version before has no such score.
    """
    parent = parent_of(task, version)
    if parent is None or not version.changes.exists() or not parent.results.exists():
        return
    now = definition_of(version)
    try:
        keys = {key: value for key, _was, value in differing_keys(definition_of(parent), now)}
        changes = changes_between(task.folder, parent.name, keys)
    except InputError:
        # A score is worth more than a sentence about it; `tune improve` says what is wrong with the file.
        return
    before = read_json(parent.results).get("metrics", {}).get(verdict.metric)
    if not changes or before is None:
        return
    language = nearest_language(str(now.get("language", "en")))
    wording = Wording(language, task.plugin.info.metrics)
    title = "## " + translate("What came of it", language=language)
    came = translate(
        "{metric} {before} → {after}. Expected: {expected}. {came}",
        language=language,
        metric=escape(wording.title(verdict.metric)),
        before=wording.value(verdict.metric, before),
        after=wording.value(verdict.metric, verdict.value),
        expected="; ".join(f"{escape(change.code)} {escape(change.expected_effect)}" for change, _ in changes),
        came=_came(changes, verdict.value - before, language),
    )
    compare = translate(
        "Whether this is more than chance: `tune compare {parent} {version}`",
        language=language,
        parent=parent.name,
        version=version.name,
    )
    # Judged anew, the section is written anew.
    text = version.changes.read_text("utf-8").split(title)[0].rstrip()
    write_text_atomically(version.changes, "\n\n".join([text, title, came, compare]) + "\n")


def _came(changes: Sequence[tuple[Change, bool]], gained: float, language: str) -> str:
    if gained < LEAST:
        return translate("It has not come: the score has not risen.", language=language)
    least = max((change.gain[0] for change, _several in changes if change.gain is not None), default=0.0)
    if gained < least - LEAST:
        return translate("It has come in part.", language=language)
    return translate("It has come.", language=language)
