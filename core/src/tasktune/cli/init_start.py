"""What is known of a new task before its questions: what the user said already, and what the data show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.cli import import_view, init_view, output
from tasktune.cli.columns import asked, confirmed, named_values, pairs_option
from tasktune.cli.interview import Interview, ask_text, choose
from tasktune.errors import InputError, PluginError, Problem
from tasktune.locale import current_language, spoken
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.coach.build import Rows
    from tasktune.coach.look import Candidate, Sight
    from tasktune.data.importing.items import Source
    from tasktune.data.importing.offsets import Unit
    from tasktune.data.importing.opening import Reading
    from tasktune.data.importing.rows import Pairs
    from tasktune.plugins import TaskType
    from tasktune.types import Proposal


@dataclass(frozen=True)
class Said:
    """What the user said before anything was asked: answers, columns, keys of task.yaml."""

    answers: Mapping[str, Any]
    data: str | None
    task_type: str | None
    fields: Mapping[str, str]
    pairs: Pairs | None
    settled: Mapping[str, Any]
    offsets: Unit | None
    reading: Reading


@dataclass(frozen=True)
class Start:
    """What is known before the questions: the task type, and what the data show of it."""

    plugin: TaskType
    rows: Rows | None
    sight: Sight | None
    proposal: Proposal | None


def said_before(
    file: Path | None,
    single: tuple[str, ...],
    data: str | None,
    task_type: str | None,
    given: tuple[str, ...],
    pairs: str | None,
    overrides: tuple[str, ...],
    offsets: Unit | None,
    reading: Reading,
) -> Said:
    """The options over the answers file.

    :raises InputError: one of them is not of its form.
    """
    from tasktune.coach.answers import flat, read_answers
    from tasktune.definition.overlays import read_override
    from tasktune.definition.tree import plain

    answers = {} if file is None else read_answers(file)
    of_data = {name: answers.pop(name, None) for name in ("data", "task_type", "fields", "pairs", "set")}
    wrong = [
        Problem(_("must be a section with keys of its own, not {value}", value=of_data[name]), path=name)
        for name in ("fields", "set")
        if not isinstance(of_data[name], (dict, type(None)))
    ]
    wrong += [
        Problem(_("must be text, not {value}", value=of_data[name]), path=name)
        for name in ("data", "task_type", "pairs")
        if not isinstance(of_data[name], (str, type(None)))
    ]
    if wrong:
        raise InputError(_("some answers are missing or cannot be used"), problems=wrong)
    settled = flat(of_data["set"] or {})
    for override in overrides:
        node, problems = read_override(override)
        if problems:
            raise InputError("", problems=problems)
        settled |= flat(plain(node))
    source = data or of_data["data"]
    if (
        data is None
        and source is not None
        and file is not None
        and "://" not in source
        and not source.startswith("hf:")
    ):
        # A path in a file is meant from where the file is.
        source = str(file.parent / source)
    return Said(
        answers={**answers, **named_values(single, "--answer", "NAME=ANSWER")},
        data=source,
        task_type=task_type or of_data["task_type"],
        fields={**(of_data["fields"] or {}), **named_values(given, "--field", "NAME=COLUMN")},
        pairs=pairs_option(pairs or of_data["pairs"]),
        settled=settled,
        offsets=offsets,
        reading=reading,
    )


def start(said: Said, interview: Interview | None, *, quiet: bool) -> Start:
    """Which task type, after a look at the data if there are any."""
    from tasktune.plugins import load_task_type

    name = said.data
    if name is None and interview is not None:
        name = ask_text(_("Is there a file with labelled rows? Its path, or Enter if there is none yet.")) or None
    about_rows = {"--field": said.fields, "--pairs": said.pairs, "--offsets": said.offsets, **said.reading.given()}
    if name is None and any(about_rows.values()):
        given = ", ".join(option for option, value in about_rows.items() if value)
        raise InputError(_("{given}: there are no rows", given=given), hint=_("give the rows with --data"))
    if name is None:
        return Start(load_task_type(said.task_type or _asked_type(interview)), None, None, None)
    return _looked(name, said, interview, quiet=quiet)


def _looked(name: str, said: Said, interview: Interview | None, *, quiet: bool) -> Start:
    from tasktune.coach.build import Rows
    from tasktune.coach.look import candidates, sight
    from tasktune.data.importing.opening import open_source

    say = (lambda text: None) if quiet else output.say
    source = open_source(name, said.reading)
    found, unsuited = candidates(source, said.fields, said.pairs, said.task_type, said.offsets)
    say(import_view.source_words(source))
    fields = dict(said.fields)
    if found:
        chosen = found[0]
        if interview is not None and said.task_type is None and (len(found) > 1 or chosen.proposal.fit < 0.5):
            reasons = {each.plugin.name: f"{_title(each.plugin)} ({each.proposal.reason})" for each in found}
            picked = choose(_("What kind of task is it? The rows could be:"), reasons, chosen.plugin.name)
            chosen = next(each for each in found if each.plugin.name == picked)
    elif interview is not None:
        chosen, fields = _with_columns(source, said, interview)
    else:
        raise unsuited[0].error if said.task_type else init_view.unclear(unsuited)
    say(init_view.chosen_words(chosen))
    say(import_view.field_table(chosen.mapped, chosen.sample))
    if interview is not None and chosen.mapped.guessed:
        chosen, fields = _confirmed(source, chosen, fields, said.offsets)
    seen, proposal = sight(source, chosen)
    say(init_view.sight_words(seen))
    return Start(chosen.plugin, Rows(source, chosen, fields), seen, proposal)


def _with_columns(source: Source, said: Said, interview: Interview) -> tuple[Candidate, dict[str, str]]:
    """The columns as the user names them, where nothing could be told."""
    from tasktune.coach.look import candidate
    from tasktune.data.importing.run import look
    from tasktune.data.importing.wanted import wanted_by_type
    from tasktune.plugins import load_task_type

    plugin = load_task_type(said.task_type or _asked_type(interview))
    wanted = wanted_by_type(plugin)
    sample = look(source, said.pairs)
    missing = [name for name in (*wanted.inputs, wanted.target) if name not in said.fields]
    fields = {**said.fields, **{name: asked(name, sample, None) for name in missing}}
    return candidate(source, plugin, fields, said.pairs, said.offsets), fields


def _confirmed(
    source: Source, chosen: Candidate, fields: Mapping[str, str], offsets: Unit | None
) -> tuple[Candidate, dict[str, str]]:
    """The columns after the user's yes; those that were named stay named."""
    from tasktune.coach.look import candidate

    named = dict(fields)

    def choose_columns(given: Mapping[str, str]) -> Any:
        named.update(given)
        return candidate(source, chosen.plugin, given, chosen.pairs, offsets).mapped

    confirmed(chosen.mapped, chosen.sample, chosen.wanted, fields, choose_columns)
    return candidate(source, chosen.plugin, named, chosen.pairs, offsets), named


def _asked_type(interview: Interview | None) -> str:
    """The task type as the user chooses it.

    :raises InputError: nobody can be asked.
    """
    from tasktune.coach.answers import required_first
    from tasktune.plugins import find, load_task_type

    titles = {}
    for name in find("task type"):
        try:
            titles[name] = _title(load_task_type(name))
        except PluginError:
            continue
    if interview is None:
        first = Problem(
            _("What kind of task is it?"), _("one of {known}: --task-type NAME", known=", ".join(titles)), "task_type"
        )
        raise InputError(_("some answers are missing or cannot be used"), problems=[first, *required_first()])
    return choose(_("What kind of task is it?"), titles, next(iter(titles), None))


def _title(plugin: TaskType) -> str:
    return spoken(plugin.info.title) if plugin.info.title else plugin.info.summary


def known(
    begun: Start, said: Said, folder: Path | None, server: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers that need not be asked, and those that are likely; ``server`` is what earlier tasks were told of it."""
    from tasktune.coach.draft import name_from

    seen: dict[str, Any] = dict(server)
    guesses: dict[str, Any] = {"language": current_language(), **({"compute": "remote"} if server else {})}
    if begun.sight is not None:
        seen["rows"] = begun.sight.rows
        if begun.sight.language is not None:
            seen["language"] = begun.sight.language
    if begun.proposal is not None:
        seen |= begun.proposal.answers
        guesses |= begun.proposal.guesses
    name = None if folder is None else name_from(folder.resolve().name)
    if name is None and said.data is not None:
        name = name_from(Path(said.data).stem)
    guesses["task_name"] = name or name_from(begun.plugin.name)
    return seen, guesses
