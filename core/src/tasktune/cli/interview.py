"""Questions of ``tune init`` on a terminal: each with its explanation, why it is asked, and what Enter answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tasktune.cli import layout, output
from tasktune.locale import spoken
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.coach.questions import Asked, Stage


class Interview:
    """Asks, and shows a title before the first question of each stage."""

    def __init__(self) -> None:
        self._stage: Stage | None = None

    def __call__(self, question: Asked, offered: Any) -> Any:
        """The user's answer, or what was offered; asked again while it cannot be one.

        :raises click.Abort: Ctrl-C, or the input ended.
        """
        from tasktune.coach.answers import checked

        self._begin(question.stage)
        self._show(question)
        while True:
            said = _prompt(_shown(offered))
            answer = offered if not said.strip() else _by_number(said, question.choices)
            value, problem = checked(question, answer)
            if problem is None and value is None and question.required:
                output.say("  " + _("This has to be answered."))
            elif problem is None:
                return value
            else:
                output.say(f"  {problem.message}" + (f" ({problem.hint})" if problem.hint else ""))

    def _begin(self, stage: Stage) -> None:
        if stage == self._stage:
            return
        self._stage = stage
        titles = {
            "business": _("1. The problem"),
            "task": _("2. The task"),
            "resources": _("3. What there is"),
            "success": _("4. When it is a success"),
            "versions": _("5. Versions"),
        }
        output.say("\n" + titles[stage] + "\n" + "─" * layout.width(titles[stage]))

    def _show(self, question: Asked) -> None:
        columns = layout.terminal_width()
        lines = ["", *layout.wrap(spoken(question.ask), columns)]
        if question.explain is not None:
            lines.append(layout.paragraph(spoken(question.explain), columns, 2))
        lines.append(layout.paragraph(_("Why we ask: {why}", why=spoken(question.why)), columns, 2))
        for number, (name, title) in enumerate(question.choices.items(), start=1):
            lines.append(f"  {number}. {name}: {spoken(title)}")
        output.say("\n".join(lines))


def choose(ask: str, choices: Mapping[str, str], likely: str | None) -> str:
    """One of ``choices`` (a name and what it is called), by its number or its name."""
    output.say("\n" + ask)
    for number, (name, title) in enumerate(choices.items(), start=1):
        output.say(f"  {number}. {name}: {title}")
    while True:
        said = _by_number(_prompt(likely or "").strip() or likely or "", choices)
        if said in choices:
            return said
        output.say("  " + _("must be one of {choices}, not {value}", choices=", ".join(choices), value=said))


def ask_text(ask: str) -> str:
    """A text, or nothing."""
    output.say("\n" + ask)
    return _prompt("").strip()


def _prompt(offered: str) -> str:
    prompt = f"[{offered}] > " if offered else "> "
    said: str = click.prompt(prompt, default="", show_default=False, prompt_suffix="", err=True)
    return said


def _by_number(said: str, choices: Mapping[str, Any]) -> str:
    names = list(choices)
    number = int(said) if said.strip().isdecimal() else 0
    return names[number - 1] if 0 < number <= len(names) and said.strip() not in names else said


def _shown(offered: Any) -> str:
    if offered is None:
        return ""
    return ", ".join(map(str, offered)) if isinstance(offered, (list, tuple)) else str(offered)
