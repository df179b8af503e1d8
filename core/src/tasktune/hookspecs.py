"""The contract between core and plugins: every hook, when it is called, and what it owes.

A plugin is a module of stateless functions marked with :data:`tasktune.hookimpl` and found by an entry point in
the group ``tasktune.task_types`` or ``tasktune.deployers``. ``options`` is always the plugin's own model
(:class:`~tasktune.types.TaskTypeInfo` names it), already validated. A hook may leave out parameters that it does
not need, as pluggy allows. :class:`tasktune.testing.TaskTypeSuite` tests a task type against the laws below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    )

PROJECT = "tasktune"
CONTRACT = 1
"""Major version of this contract. A plugin written for another major is refused."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def plugin_info() -> PluginInfo:  # type: ignore[empty-body]
    """Describe the plugin: a :class:`TaskTypeInfo` for a task type, a :class:`PluginInfo` for a deployer.

    Required of every plugin; called right after import, so it must be cheap.
    """


@hookspec(firstresult=True)
def read_record(row: Mapping[str, Any], record_id: str, options: TaskOptions) -> Record:  # type: ignore[empty-body]
    """Turn one data row into a record whose target is in canonical form.

    Optional: by default the field ``target_field`` is the target and every other field an input. Implement it to
    check labels, to accept several spellings of a target, or to fill in what can be derived (character offsets).
    A row without the target field is unlabelled: target None.

    :raises tasktune.errors.RecordError: with all problems of the row, each naming its field and a fix.
    """


@hookspec(firstresult=True)
def propose(rows: Sequence[Mapping[str, Any]], classes: Mapping[str, int]) -> Proposal:  # type: ignore[empty-body]
    """Say whether rows that a task is to begin with are of this type, and what they say of its options.

    Optional: by default rows that have the type's fields fit it half. Called by ``tune init`` before there is a
    task. ``rows`` are the first rows of the source under the type's field names, ``classes`` counts the labels, or the
    types of spans, over them or over the whole source. Never raises, whatever the rows hold.
    """


@hookspec(firstresult=True)
def target_classes(record: Record, options: TaskOptions) -> Sequence[str]:  # type: ignore[empty-body]
    """The classes that a record's target shows: its label, its entity types (with repeats), or none.

    Optional. Splits are stratified by it and the loss audit counts by it.
    """


@hookspec(firstresult=True)
def remarks(record: Record, options: TaskOptions) -> Sequence[Remark]:  # type: ignore[empty-body]
    """What is odd about a labelled record that ``read_record`` accepts: an entity that ends inside a word, say.

    Optional; ``tune check`` calls it once for each row and adds up equal remarks. What is plainly wrong belongs into
    ``read_record``. A remark's text does not name the row, so that a thousand rows make one finding.
    """


@hookspec(firstresult=True)
def build_prompt(record: Record, options: TaskOptions) -> Prompt:  # type: ignore[empty-body]
    """Build the chat prompt of a record, with the gold completion if and only if it has a target.

    Laws: the messages do not depend on the target; equal records give equal prompts;
    ``parse_output(build_prompt(r).completion, r) == r.target``; ``answer_schema`` accepts every completion.

    :raises tasktune.errors.RecordError: when an input that the template needs is missing.
    """


@hookspec(firstresult=True)
def class_spans(  # type: ignore[empty-body]
    completion: str, record: Record, options: TaskOptions
) -> Sequence[ClassSpan]:
    """The parts of a gold completion that speak of one class each: the objects of its entities, say.

    Optional: by default a whole answer speaks of all classes of its target. ``training.class_weights`` go by it. Called
    for labelled records, with ``build_prompt``'s completion.

    Laws: spans hold characters of the completion, are in their order and do not overlap; the classes that they name are
    those of ``target_classes``, so that each can be weighed.
    """


@hookspec(firstresult=True)
def answer_grammar(record: Record, options: TaskOptions) -> str:  # type: ignore[empty-body]
    """The grammar of the answers that are possible for a record, narrower than ``answer_schema`` can say.

    Optional, called for constrained decoding only, and not where a prompt has ``choices``. Lark text in the dialect of
    the llguidance package, beginning with ``start:``. The grammar accepts the record's gold completion, and does not
    depend on the target.
    """


@hookspec(firstresult=True)
def parse_output(text: str, record: Record, options: TaskOptions) -> Answer:  # type: ignore[empty-body]
    """Read a model's raw text. Returns an :class:`Answer` for any text whatever: never None, never raises.

    ``record.target`` is None when evaluation calls this: the answer cannot depend on it.
    """


@hookspec(firstresult=True)
def unknown_classes(row: Scored, options: TaskOptions) -> Sequence[str]:  # type: ignore[empty-body]
    """The classes that an answer names and the task does not know: a label outside the label set, say.

    Optional: by default it is not known how many answers are out of the set. Called for answers that could be parsed.

    Law: a right answer names none.
    """


@hookspec(firstresult=True)
def compute_metrics(rows: Sequence[Scored], options: TaskOptions) -> Metrics:  # type: ignore[empty-body]
    """Score parsed answers. Gold answers score 1.0 on the primary metric, all-unparsed ones 0.0.

    Laws: the order of the rows does not matter; every value is a finite number; no rows score 0.0.
    """


@hookspec(firstresult=True)
def row_statistics(row: Scored, options: TaskOptions) -> Mapping[str, float]:  # type: ignore[empty-body]
    """What one labelled row adds to the sums that the metrics are made of, by name: 1 to the right answers, say.

    Optional, together with ``metrics_of_sums``: with both, confidence intervals and tests of differences are exact and
    quick; without, ``compute_metrics`` is called for every resample, of which there are fewer then. A name may be left
    out where the row adds 0. Does not depend on other rows.
    """


@hookspec(firstresult=True)
def metrics_of_sums(sums: Sums, options: TaskOptions) -> SampledMetrics:  # type: ignore[empty-body]
    """The metrics of many samples of rows at once, by the sums of ``row_statistics``; see :mod:`tasktune.sums`.

    Law: for any rows it gives what ``compute_metrics`` gives for them, class by class.
    """


@hookspec(firstresult=True)
def mistakes(row: Scored, options: TaskOptions) -> Sequence[Mistake]:  # type: ignore[empty-body]
    """What is wrong in the answer of a labelled row that could be parsed: an entity that ends too early, say.

    Optional: by default an answer that is not its target is one mistake. The report counts equal mistakes and shows the
    commonest.

    Laws: a right answer has none, and the empty list says so; every kind is one that ``plugin_info`` describes.
    """


@hookspec(firstresult=True)
def parts(  # type: ignore[empty-body]
    rows: Sequence[Scored], train: Sequence[Record], options: TaskOptions
) -> Sequence[Part]:
    """Labelled rows cut down to parts of what they hold that are to be scored apart: entities that ``train`` shows, and
    those that it does not, say.

    Optional. The report has the headline score of each part that is not empty.

    Law: every name is one that ``plugin_info`` describes.
    """


@hookspec(firstresult=True)
def baselines(  # type: ignore[empty-body]
    train: Sequence[Record], test: Sequence[Record], options: TaskOptions
) -> Sequence[Baseline]:
    """What simple methods learn from ``train`` and answer to ``test`` (targets hidden), the model's yardstick.

    Optional. Must be deterministic; heavy imports belong inside the function.
    """


@hookspec
def diagnose(  # type: ignore[empty-body]
    rows: Sequence[Scored], metrics: Metrics, context: RunContext, options: TaskOptions
) -> list[Finding]:
    """Explain what went wrong, with evidence. Collected from the task type and from core, then sorted."""


@hookspec(firstresult=True)
def deploy(request: DeployRequest, options: Any) -> Deployment:  # type: ignore[empty-body]
    """Deploy a finished version. ``request.dry_run``: check everything (credentials, server, names, space) and
    change nothing; that call comes before training."""
