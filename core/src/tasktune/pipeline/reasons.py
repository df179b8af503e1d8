"""Why `tune improve` made the changes that a version has, for its ``changes.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tasktune.evaluation.markdown import as_text, escape, shorten
from tasktune.locale import translate
from tasktune.workspace.improvements import Change

_LONGEST_VALUE = 60


def reasons(changes: Sequence[tuple[Change, bool]], language: str) -> Iterator[str]:
    """Each change as lines of Markdown: what was set, the findings that spoke for it, and what was expected."""
    for change, several in changes:
        keys = ", ".join(f"{key}: {_shown(value)}" for key, value in change.patch.items())
        yield f"- **{escape(change.code)}**: {escape(change.title)} ({escape(keys)})"
        for why in change.why:
            figures = ", ".join(f"{name} {_shown(value)}" for name, value in why.evidence.items())
            yield f"  - {escape(why.code)}: {escape(why.message)}" + (f" ({escape(figures)})" if figures else "")
        expected = translate("expected: {effect}", language=language, effect=escape(change.expected_effect))
        yield f"  - {expected}" + (translate("; made together with others", language=language) if several else "")


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shorten(as_text(value), _LONGEST_VALUE)
