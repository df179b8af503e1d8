"""The status of a task on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tasktune.cli.layout import table
from tasktune.cli.sizes import size
from tasktune.evaluation.markdown import plain
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.locale import current_language
from tasktune.locale import translate as _
from tasktune.workspace.decisions import Adoption

if TYPE_CHECKING:
    import datetime

    from tasktune.improve.status import Rows, Scores, Status, VersionRow
    from tasktune.types import MetricInfo
    from tasktune.workspace.decisions import Decision

LAST_DECISIONS = 5
MOST_CLASSES = 30


def words(found: Status, metrics: Mapping[str, MetricInfo]) -> str:
    """All of a status, in sections with a title each."""
    wording = Wording(current_language(), metrics)
    sections = [_("Task: {name}", name=found.task), *_basics(found)]
    if found.scores is not None:
        sections += ["", _scores(found.scores, wording), *_baselines(found, wording), *_engines(found, wording)]
        sections += _classes(found.scores)
    if found.rows is not None:
        sections += ["", *_rows(found.rows, wording)]
    if found.versions:
        sections += ["", _versions(found.versions, wording)]
    last = found.decisions[: -LAST_DECISIONS - 1 : -1]
    if last:
        sections += ["", _("Last decisions"), *(_decision(each, wording) for each in last)]
    sections += ["", *(f"⚠️ {text}" for text in found.remarks)] if found.remarks else []
    sections += ["", *(_("Next: {text}", text=text) for text in found.next)] if found.next else []
    return "\n".join(sections)


def _basics(found: Status) -> Iterator[str]:
    if found.description:
        yield found.description.strip()
    yield ""
    kind = f" ({found.kind})" if found.kind else ""
    yield _("- type: {type}", type=found.title + kind)
    yield _("- base model: {model}", model=found.base_model)
    yield _("- training: {method}", method=found.method)


def _scores(scores: Scores, wording: Wording) -> str:
    """The metrics of the version that counts, the one with a target first."""
    why = _("the adopted version") if scores.why == "adopted" else _("the newest that is evaluated; none is adopted")
    verdict = scores.verdict
    rows = []
    if verdict is not None:
        sign = "+" if verdict.value >= verdict.threshold else "-"
        mark = "✅" if verdict.met else "❌"
        gap = f"{sign}{wording.gap(verdict)} {mark}"
        rows.append((wording.title(verdict.metric), wording.judged(verdict), wording.target(verdict), gap))
    listed = dict.fromkeys([*wording.metrics, *scores.metrics])
    others = [name for name in listed if name in scores.metrics and (verdict is None or name != verdict.metric)]
    rows += [(wording.title(name), wording.value(name, scores.metrics[name]), NOTHING, NOTHING) for name in others]
    title = _("Score of {version} ({why})", version=scores.version, why=why)
    return title + "\n" + table([_("metric"), _("score"), _("target"), _("gap")], rows, numbers=frozenset({1, 2}))


def _baselines(found: Status, wording: Wording) -> Iterator[str]:
    """What else there is, on the metric that decides."""
    if not found.baselines or found.scores is None or found.scores.verdict is None:
        return
    metric = found.scores.verdict.metric
    rows = []
    for row in found.baselines:
        name = plain(wording.baseline(row.name))
        name = _("{name} (stated in task.yaml)", name=name) if row.stated else name
        rows.append((name, wording.value(metric, row.value) + wording.interval(metric, row.interval)))
    yield ""
    yield table([_("baseline"), wording.title(metric)], rows)


def _engines(found: Status, wording: Wording) -> Iterator[str]:
    """What the same version scores by other engines."""
    if not found.engines or found.scores is None:
        return
    rows = []
    for row in found.engines:
        metric, agreement = row.verdict.metric, row.agreement
        score = wording.judged(row.verdict) + wording.interval(metric, row.interval)
        same = NOTHING if agreement is None else f"{agreement.same:,} / {agreement.rows:,}"
        rows.append((plain(row.engine), f"{wording.title(metric)} {score}", "✅" if row.verdict.met else "❌", same))
    yield ""
    yield _("{version} by other engines", version=found.scores.version)
    yield table([_("engine"), _("score"), _("target met"), _("same answers")], rows, numbers=frozenset({3}))


def _classes(scores: Scores) -> Iterator[str]:
    """Each class; of very many, the lowest."""
    if not scores.classes:
        return
    shown = scores.classes
    title = _("Per class (⚠️: F1 under {limit})", limit=f"{scores.low_below:.0%}")
    if len(shown) > MOST_CLASSES:
        shown = tuple(sorted(shown, key=lambda row: row.f1)[:MOST_CLASSES])
        title += _(", the {shown} lowest of {count}", shown=MOST_CLASSES, count=len(scores.classes))
    remarks = {"low": _("⚠️ low"), "few": _("few test rows"), None: "-"}
    rows = [(plain(row.name), f"{row.f1:.1%}", f"{row.support:,}", remarks[row.remark]) for row in shown]
    yield ""
    yield title
    yield table([_("class"), "F1", _("test rows"), _("problem")], rows, numbers=frozenset({1, 2}))


def _rows(found: Rows, wording: Wording) -> Iterator[str]:
    splits = wording.list(f"{name} {count:,}" for name, count in found.splits.items())
    if found.version is None:
        yield _("Data")
    else:
        yield _("Data of {version}", version=found.version)
    yield _("- rows: {splits}", splits=splits)
    train = found.splits.get("train", 0)
    if not train or not found.classes:
        return
    ranked = sorted(found.classes.items(), key=lambda pair: -pair[1])
    shares = [f"{plain(name)} {count / train:.1%}" for name, count in ranked[:MOST_CLASSES]]
    if len(ranked) > MOST_CLASSES:
        shares.append(_("… and {more} more", more=f"{len(ranked) - MOST_CLASSES:,}"))
    if found.without_class:
        shares.append(f"{_('(no class)')} {found.without_class / train:.1%}")
    yield _("- classes in train: {shares}", shares=wording.list(shares))


def _versions(rows: tuple[VersionRow, ...], wording: Wording) -> str:
    header = [_("version"), _("state"), _("score"), _("target met"), _("adopted"), _("begun"), _("size")]
    return table(header, [_version(row, wording) for row in rows], numbers=frozenset({6}))


def _version(row: VersionRow, wording: Wording) -> tuple[str, ...]:
    states = {
        "running": _("running"),
        "failed": _("failed"),
        "stopped": _("not finished"),
        "trained": _("trained, not evaluated"),
        "finished": _("finished"),
        "pruned": _("weights pruned"),
    }
    verdict = row.verdict
    score = NOTHING if verdict is None else f"{wording.title(verdict.metric)} {wording.judged(verdict)}"
    met = NOTHING if verdict is None else "✅" if verdict.met else "❌"
    mark = _("adopted") if row.adopted else ""
    return row.version, states[row.state], score, met, mark, _local(row.when), size(row.size)


def _decision(decision: Decision, wording: Wording) -> str:
    if not isinstance(decision, Adoption):
        names = wording.list(decision.versions)
        if decision.whole:
            what = _("deleted {names} ({size})", names=names, size=size(decision.freed))
        else:
            what = _("pruned the weights of {names} ({size})", names=names, size=size(decision.freed))
    elif decision.action == "adopt":
        what = _("adopted {version}", version=decision.version)
        if decision.overruled:
            what += _(" (forced)")
    else:
        what = _(
            "rolled back from {before} to {version}", before=decision.before, version=decision.version or _("none")
        )
    reason = _(": {evidence}", evidence=plain(decision.reason)) if decision.reason else ""
    return f"- {_local(decision.when)} {plain(decision.who)} {what}{reason}"


def _local(when: datetime.datetime | None) -> str:
    return NOTHING if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M")
