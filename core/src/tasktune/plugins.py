"""Find plugins by their metadata, import the one that is needed, and speak to it through a typed facade.

Each loaded plugin has a pluggy manager of its own: in a shared one, a plugin that forgets a guard would answer
for every task, and a None would fall through to another plugin's answer.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Literal

import pluggy

from tasktune import hookspecs
from tasktune.errors import PluginError, TuneError
from tasktune.locale import translate as _
from tasktune.sums import SampledMetrics, Sums
from tasktune.types import (
    Answer,
    Baseline,
    ClassSpan,
    Deployment,
    DeployRequest,
    Finding,
    Metrics,
    Mistake,
    Part,
    PluginInfo,
    Prompt,
    Proposal,
    Record,
    Remark,
    RunContext,
    Scored,
    TaskOptions,
    TaskTypeInfo,
)

Kind = Literal["task type", "deployer"]
GROUPS: dict[Kind, str] = {"task type": "tasktune.task_types", "deployer": "tasktune.deployers"}
REQUIRED: dict[Kind, tuple[str, ...]] = {
    "task type": ("plugin_info", "build_prompt", "parse_output", "compute_metrics"),
    "deployer": ("plugin_info", "deploy"),
}
INFO: dict[Kind, type[PluginInfo]] = {"task type": TaskTypeInfo, "deployer": PluginInfo}


@dataclass(frozen=True)
class PluginRow:
    """One line of ``tune plugins``: ``problem`` says why a broken plugin cannot be used."""

    kind: Kind
    name: str
    origin: str
    summary: str = ""
    problem: str | None = None


def find(kind: Kind) -> dict[str, list[EntryPoint]]:
    """Installed plugins of one kind by name, from metadata alone. Two under one name are both listed."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for entry in entry_points(group=GROUPS[kind]):
        # An editable install can show the same distribution twice on sys.path.
        found.setdefault(entry.name, {})[(entry.value, origin(entry))] = entry
    return {name: list(entries.values()) for name, entries in sorted(found.items())}


def origin(entry: EntryPoint) -> str:
    """Distribution and version that an entry point belongs to, as ``tasktune-x 0.1.0``."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def load_task_type(name: str) -> TaskType:
    """Import the task type ``name``.

    :raises PluginError: unknown name, two distributions with it, a failed import, or a broken contract.
    """
    module, entry = _import("task type", name)
    return TaskType(name, origin(entry), module)


def load_deployer(name: str) -> Deployer:
    """Import the deployer ``name``; raises as :func:`load_task_type` does."""
    module, entry = _import("deployer", name)
    return Deployer(name, origin(entry), module)


def survey() -> list[PluginRow]:
    """Every installed plugin, each imported on its own; one that is broken is a row with its problem."""
    rows = []
    for kind in GROUPS:
        load = load_task_type if kind == "task type" else load_deployer
        for name, entries in find(kind).items():
            origins = ", ".join(origin(entry) for entry in entries)
            try:
                rows.append(PluginRow(kind, name, origins, load(name).info.summary))
            except PluginError as error:
                rows.append(PluginRow(kind, name, origins, problem=error.message))
    return rows


def _import(kind: Kind, name: str) -> tuple[ModuleType, EntryPoint]:
    installed = find(kind)
    if name not in installed:
        close = difflib.get_close_matches(name, installed, n=1)
        hint = _("did you mean {name}?", name=close[0]) if close else None
        known = ", ".join(installed) or _("none")
        raise PluginError(
            _("no {kind} named {name!r} is installed; installed: {known}", kind=_(kind), name=name, known=known),
            hint=hint or _("install the distribution that provides it with pip"),
        )
    entries = installed[name]
    if len(entries) > 1:
        raise PluginError(
            _(
                "two distributions provide the {kind} {name!r}: {origins}",
                kind=_(kind),
                name=name,
                origins=", ".join(origin(entry) for entry in entries),
            ),
            hint=_("uninstall one of them"),
        )
    [entry] = entries
    try:
        module = entry.load()
    except Exception as error:  # a plugin's import can fail with anything at all
        raise PluginError(
            _(
                "the {kind} {name!r} ({origin}) cannot be imported: {error}",
                kind=_(kind),
                name=name,
                origin=origin(entry),
                error=f"{type(error).__name__}: {error}",
            ),
            hint=_("reinstall or uninstall {origin}", origin=origin(entry)),
        ) from error
    return module, entry


class _Plugin:
    """What task types and deployers share: a manager with one plugin in it, checked on construction."""

    kind: Kind

    def __init__(self, name: str, origin: str, module: ModuleType) -> None:
        self.name = name
        self.origin = origin
        self.module = module
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(module, name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise self._broken(str(error).splitlines()[-1]) from error
        # One plugin has one implementation of a hook at most: it is called without the manager, which would find it
        # anew for every row.
        hooks = vars(manager.hook)
        self._hooks = {name: each for name, hook in hooks.items() for each in hook.get_hookimpls()}
        wrappers = [name for name, each in self._hooks.items() if each.wrapper or each.hookwrapper]
        if wrappers:
            raise self._broken(
                _("{hooks}: a wrapper has nothing to wrap in a plugin of its own", hooks=", ".join(wrappers))
            )
        missing = [hook for hook in REQUIRED[self.kind] if not self._implements(hook)]
        if missing:
            raise self._broken(_("it does not implement {hooks}", hooks=", ".join(missing)))
        self.info = self._read_info()

    def _read_info(self) -> Any:
        info = self._call("plugin_info")
        if not isinstance(info, INFO[self.kind]):
            raise self._broken(_("plugin_info() must return {expected}", expected=INFO[self.kind].__name__))
        if info.contract != hookspecs.CONTRACT:
            raise self._broken(
                _(
                    "it was written for contract {theirs}, this tasktune has contract {ours}",
                    theirs=info.contract,
                    ours=hookspecs.CONTRACT,
                )
            )
        return info

    def _implements(self, hook: str) -> bool:
        return hook in self._hooks

    def _broken(self, why: str) -> PluginError:
        return PluginError(
            _("the {kind} {name!r} ({origin}): {why}", kind=_(self.kind), name=self.name, origin=self.origin, why=why),
            hint=_("update {origin} or tasktune", origin=self.origin),
        )

    def _call(self, hook: str, **arguments: Any) -> Any:
        """Call one hook. Errors that a user can act on pass; anything else is the plugin's fault and says so."""
        try:
            implementation = self._hooks[hook]
            result = implementation.function(*[arguments[name] for name in implementation.argnames])
        except PluginError:
            raise
        except Exception as error:  # a plugin can raise anything at all
            if isinstance(error, TuneError):
                raise
            raise self._broken(
                _("{hook}() raised {error}", hook=hook, error=f"{type(error).__name__}: {error}")
            ) from error
        if result is None:
            raise self._broken(_("{hook}() returned None", hook=hook))
        return result


class TaskType(_Plugin):
    """A task type behind one typed method per hook."""

    kind: Kind = "task type"
    info: TaskTypeInfo

    def read_record(self, row: Mapping[str, Any], record_id: str, options: TaskOptions) -> Record:
        """The record of one data row; by default the target field apart and every other field an input."""
        if self._implements("read_record"):
            record: Record = self._call("read_record", row=row, record_id=record_id, options=options)
            return record
        inputs = {key: value for key, value in row.items() if key != self.info.target_field}
        return Record(id=record_id, inputs=inputs, target=row.get(self.info.target_field))

    def propose(self, rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:
        """How well rows fit the task type, and what they say of its options; half, when it does not say."""
        if not self._implements("propose"):
            return Proposal(fit=0.5, reason=_("the rows have the fields that it needs"))
        proposal: Proposal = self._call("propose", rows=rows, classes=classes)
        return proposal

    def target_classes(self, record: Record, options: TaskOptions) -> Sequence[str]:
        """The classes that a record's target shows; none when the task type knows no classes."""
        if record.target is None or not self._implements("target_classes"):
            return ()
        classes: Sequence[str] = self._call("target_classes", record=record, options=options)
        return classes

    def remarks(self, record: Record, options: TaskOptions) -> Sequence[Remark]:
        """What is odd about a labelled record, though it is accepted."""
        if record.target is None or not self._implements("remarks"):
            return ()
        remarks: Sequence[Remark] = self._call("remarks", record=record, options=options)
        return remarks

    def build_prompt(self, record: Record, options: TaskOptions) -> Prompt:
        """The record's prompt, with its gold completion if it has a target."""
        prompt: Prompt = self._call("build_prompt", record=record, options=options)
        return prompt

    def class_spans(self, completion: str, record: Record, options: TaskOptions) -> Sequence[ClassSpan] | None:
        """The parts of a record's gold completion that speak of one class each; None without such a hook.

        :raises PluginError: they are not parts of the completion, or not in order.
        """
        if not self._implements("class_spans"):
            return None
        spans: Sequence[ClassSpan] = self._call("class_spans", completion=completion, record=record, options=options)
        reached = 0
        for span in spans:
            if not isinstance(span, ClassSpan) or not reached <= span.start < span.end <= len(completion):
                raise self._broken(
                    _(
                        "class_spans() returned {span!r}, which is no ClassSpan of characters behind the one before it "
                        "in a completion of {length}",
                        span=span,
                        length=len(completion),
                    )
                )
            reached = span.end
        return spans

    def answer_grammar(self, record: Record, options: TaskOptions) -> str | None:
        """The grammar of the record's answers, whose target the plugin is not shown; None without such a hook."""
        if not self._implements("answer_grammar"):
            return None
        blind = record if record.target is None else record.model_copy(update={"target": None})
        grammar: str = self._call("answer_grammar", record=blind, options=options)
        return grammar

    def parse_output(self, text: str, record: Record, options: TaskOptions) -> Answer:
        """The answer in a model's text; the plugin is shown the record without its target."""
        blind = record if record.target is None else record.model_copy(update={"target": None})
        answer: Answer = self._call("parse_output", text=text, record=blind, options=options)
        return answer

    @property
    def knows_its_classes(self) -> bool:
        """Whether it can tell which classes of an answer are unknown."""
        return self._implements("unknown_classes")

    def unknown_classes(self, row: Scored, options: TaskOptions) -> Sequence[str]:
        """The classes that a parsed answer names and the task does not know; only where :attr:`knows_its_classes`."""
        found: Sequence[str] = self._call("unknown_classes", row=row, options=options)
        return found

    def compute_metrics(self, rows: Sequence[Scored], options: TaskOptions) -> Metrics:
        """The scores of the rows."""
        metrics: Metrics = self._call("compute_metrics", rows=rows, options=options)
        return metrics

    @property
    def adds_up(self) -> bool:
        """Whether the metrics are known as functions of sums over rows (see :mod:`tasktune.sums`)."""
        return self._implements("row_statistics") and self._implements("metrics_of_sums")

    def row_statistics(self, row: Scored, options: TaskOptions) -> Mapping[str, float]:
        """What a labelled row adds to each sum; only where :attr:`adds_up`."""
        statistics: Mapping[str, float] = self._call("row_statistics", row=row, options=options)
        return statistics

    def metrics_of_sums(self, sums: Sums, options: TaskOptions) -> SampledMetrics:
        """The metrics of samples by what their rows add up to; only where :attr:`adds_up`."""
        metrics: SampledMetrics = self._call("metrics_of_sums", sums=sums, options=options)
        return metrics

    def mistakes(self, row: Scored, options: TaskOptions) -> Sequence[Mistake] | None:
        """What is wrong in the parsed answer of a labelled row; None when the task type does not say."""
        if not self._implements("mistakes"):
            return None
        found: Sequence[Mistake] = self._call("mistakes", row=row, options=options)
        return found

    def parts(self, rows: Sequence[Scored], train: Sequence[Record], options: TaskOptions) -> Sequence[Part]:
        """The parts of labelled rows that are to be scored apart; none when the task type does not say."""
        if not self._implements("parts"):
            return ()
        found: Sequence[Part] = self._call("parts", rows=rows, train=train, options=options)
        return found

    def baselines(self, train: Sequence[Record], test: Sequence[Record], options: TaskOptions) -> Sequence[Baseline]:
        """The baselines' answers to the test records, whose targets the plugin is not shown."""
        if not self._implements("baselines"):
            return ()
        blind = [record.model_copy(update={"target": None}) for record in test]
        baselines: Sequence[Baseline] = self._call("baselines", train=train, test=blind, options=options)
        return baselines

    def diagnose(
        self, rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: TaskOptions
    ) -> list[Finding]:
        """The task type's own findings, unsorted."""
        if not self._implements("diagnose"):
            return []
        findings: Sequence[Finding] = self._call(
            "diagnose", rows=rows, metrics=metrics, context=context, options=options
        )
        return list(findings)


class Deployer(_Plugin):
    """A deployer behind one typed method."""

    kind: Kind = "deployer"
    info: PluginInfo

    def deploy(self, request: DeployRequest, options: Any) -> Deployment:
        """Deploy a version, or with ``request.dry_run`` only check that it could be."""
        deployment: Deployment = self._call("deploy", request=request, options=options)
        return deployment
