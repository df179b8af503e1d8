"""A comparison in words: what changed, the scores, the classes, rows fixed and broken, and what to decide.

The shape is that of requirements/iterate-mode.md, step 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasktune.evaluation.document import Block, Bullets, Heading, Paragraph, Table
from tasktune.evaluation.markdown import as_text, shorten
from tasktune.evaluation.sample_size import about
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.improve.comparing.changes import Changes, KeyChange
from tasktune.improve.comparing.compare import Comparison, Pair
from tasktune.improve.comparing.differences import Answered, Correctness, Difference, Verdict

MOST_CLASSES = 100
_LONGEST_VALUE = 80
_MARKS: dict[Verdict, str] = {"better": "✅", "worse": "❌", "not distinguishable": "≈"}
_TITLES = {
    "training.base_model": "Base model",
    "training.method": "Training method",
    "training.tuning": "Tuning",
    "training.lora.r": "LoRA rank",
    "training.lora.alpha": "LoRA alpha",
    "training.lora.dropout": "LoRA dropout",
    "training.epochs": "Epochs",
    "training.learning_rate": "Learning rate",
    "training.batch_size": "Batch size",
    "training.seed": "Seed",
    "evaluation.decoding": "Decoding",
    "success_criteria.threshold": "Target",
}
_FILES = {"changed": "{path} changed", "added": "{path} was added", "removed": "{path} is gone"}


def blocks_of(comparison: Comparison, wording: Wording, *, most_rows: int) -> list[Block]:
    """The whole comparison; of rows fixed and broken, and of classes beyond a hundred, the first."""
    say = wording.say
    first, *others = comparison.versions
    level = 2 if len(others) == 1 else 3
    names = say("{first} → {others}", first=first, others=wording.list(others))
    blocks: list[Block] = [
        Heading(say("{task}: {versions} compared", task=comparison.task_name, versions=names), 1),
        Paragraph(_basis(comparison, wording)),
    ]
    blocks += [Paragraph("⚠️ " + text) for text in warnings(comparison, wording)]
    for pair in comparison.pairs:
        if len(others) > 1:
            blocks.append(Heading(f"{pair.before} → {pair.after}"))
        blocks += _pair(pair, wording, level, most_rows)
    blocks.append(Heading(say("Decision")))
    blocks.append(Bullets([decision(pair, comparison, wording) for pair in comparison.pairs]))
    return blocks


def warnings(comparison: Comparison, wording: Wording) -> Iterator[str]:
    """What makes the comparison less than it looks."""
    if any(comparison.left_out.values()):
        left = (f"{name} {count:,}" for name, count in comparison.left_out.items() if count)
        yield wording.say(
            "The test sets differ: compared on the {rows} rows that all versions answered; left out: {left}.",
            rows=f"{comparison.rows:,}",
            left=wording.list(left),
        )
    for pair in comparison.pairs:
        if pair.changes.decoding:
            yield wording.say(
                "{before} and {after} answered under different decoding rules ({keys}): a part of the difference may "
                "be theirs.",
                before=pair.before,
                after=pair.after,
                keys=wording.list(change.key for change in pair.changes.decoding),
            )


def decision(pair: Pair, comparison: Comparison, wording: Wording) -> str:
    """What to do, and why, in a sentence or two."""
    headline = pair.headline
    told = {
        "after": pair.after,
        "before": pair.before,
        "metric": wording.title(headline.metric),
        "score": wording.value(headline.metric, headline.after),
        "target": wording.value(headline.metric, comparison.threshold),
    }
    if headline.verdict == "worse":
        return "❌ " + wording.say("{after} is worse than {before} on {metric}: keep {before}", **told)
    if headline.verdict == "not distinguishable":
        text = wording.say("{after} and {before} are not distinguishable on {metric}: keep {before}", **told)
        if pair.rows_needed is not None:
            needed = about(pair.rows_needed)
            text += wording.say(
                "; about {needed} test rows could tell them apart, if the difference stays", needed=needed
            )
        return "≈ " + text
    if pair.advice == "adjust":
        return "🔁 " + wording.say(
            "{after} is better than {before}, but {metric} {score} misses the target {target}: go on from {after}",
            **told,
        )
    text = wording.say("{after} is better than {before} and reaches the target {target} with {metric} {score}", **told)
    if pair.after != comparison.best:
        return "✅ " + text + wording.say("; {best} scores higher", best=comparison.best)
    return "✅ " + text + wording.say(": adopt {after}", **told)


def _basis(comparison: Comparison, wording: Wording) -> str:
    return wording.say(
        "{rows} test rows; {level} intervals by paired bootstrap ({resamples} samples), p by approximate randomisation "
        "({exchanges} exchanges) and, for rows answered rightly, McNemar's exact test, adjusted by Holm's method. "
        "A difference counts with p < {alpha}.",
        rows=f"{comparison.rows:,}",
        level=f"{comparison.level:.0%}",
        resamples=f"{comparison.resamples:,}",
        exchanges=f"{comparison.exchanges:,}",
        alpha=comparison.alpha,
    )


def _pair(pair: Pair, wording: Wording, level: int, most_rows: int) -> Iterator[Block]:
    say = wording.say
    yield Heading(say("What changed"), level)
    yield Bullets(list(_changes(pair.changes, wording)) or [say("nothing that is recorded")])
    yield Heading(say("Scores"), level)
    header = [say("Metric"), pair.before, pair.after, say("Change"), say("Verdict")]
    rows = [[wording.title(each.metric), *_scores(each, wording)] for each in pair.metrics]
    yield Table(header, [*rows, _correctness(pair.correctness, wording)], numbers_from=1)
    if pair.classes:
        yield Heading(say("Classes"), level)
        shown = pair.classes
        if len(shown) > MOST_CLASSES:
            shown = tuple(sorted(shown, key=lambda each: -abs(each.difference))[:MOST_CLASSES])
            text = say("The {shown} of {count} classes that changed most.", shown=MOST_CLASSES, count=len(pair.classes))
            yield Paragraph(text)
        score = "F1" if shown[0].metric == "f1" else wording.title(shown[0].metric)
        header = [say("Class"), f"{pair.before} {score}", f"{pair.after} {score}", say("Change"), say("Verdict")]
        yield Table(header, [[each.name, *_scores(each, wording)] for each in shown], numbers_from=1)
    correctness = pair.correctness
    yield from _answered(say("Rows fixed"), correctness.fixed, pair, wording, level, most_rows)
    yield from _answered(say("Rows broken"), correctness.broken, pair, wording, level, most_rows)


def _changes(changes: Changes, wording: Wording) -> Iterator[str]:
    say = wording.say
    for change in changes.definition:
        yield _key(change, wording)
    for each in changes.rows:
        name = say("Training rows") if each.name is None else say("Training rows of {name}", name=each.name)
        yield f"{name}: {each.before:,} → {each.after:,} ({each.after - each.before:+,})"
    for file in changes.files:
        yield say(_FILES[file.what], path=file.path)
    for change in changes.decoding:
        yield say("decoding rule {change}", change=_key(change, wording))
    for difference in changes.environment:
        yield f"{say(difference.name)}: {difference.then} → {difference.now}"


def _key(change: KeyChange, wording: Wording) -> str:
    name = f"{wording.say(_TITLES[change.key])} ({change.key})" if change.key in _TITLES else change.key
    before, after = (
        wording.say("not set") if value is None else shorten(as_text(value), _LONGEST_VALUE)
        for value in (change.before, change.after)
    )
    return f"{name}: {before} → {after}"


def _scores(each: Difference, wording: Wording) -> list[str]:
    before, after = (wording.value(each.metric, value) for value in (each.before, each.after))
    change = _signed(each.metric, each.difference, wording)
    if each.interval is not None:
        low, high = (_signed(each.metric, end, wording) for end in (each.interval.low, each.interval.high))
        change += wording.say(" ({low} to {high})", low=low, high=high)
    return [before, after, change, _verdict(each.verdict, each.p, wording)]


def _signed(metric: str, value: float, wording: Wording) -> str:
    """+9.5%, and 0.0% for what rounds to nothing."""
    text = wording.value(metric, abs(value))
    return text if not any(digit in text for digit in "123456789") else ("+" if value > 0 else "−") + text


def _correctness(each: Correctness, wording: Wording) -> list[str]:
    change = wording.say(
        "{change} ({fixed} fixed, {broken} broken)",
        change=f"{each.after - each.before:+,}",
        fixed=f"{len(each.fixed):,}",
        broken=f"{len(each.broken):,}",
    )
    verdict = _verdict(each.verdict, each.p, wording)
    return [wording.say("Correct to the letter"), f"{each.before:,}", f"{each.after:,}", change, verdict]


def _verdict(verdict: Verdict, p: float, wording: Wording) -> str:
    shown = f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
    return f"{_MARKS[verdict]} {wording.say(verdict)} ({shown})"


def _answered(
    title: str, rows: Sequence[Answered], pair: Pair, wording: Wording, level: int, most_rows: int
) -> Iterator[Block]:
    if not rows:
        return
    yield Heading(f"{title} ({len(rows):,})", level)
    header = [wording.say("Record"), wording.say("Input"), wording.say("Gold"), pair.before, pair.after]
    shown = [
        [row.id, _input(row), *(shorten(as_text(text)) or NOTHING for text in (row.target, row.before, row.after))]
        for row in rows[:most_rows]
    ]
    yield Table(header, shown)
    if len(rows) > most_rows:
        yield Paragraph(wording.say("… and {more} more", more=f"{len(rows) - most_rows:,}"))


def _input(row: Answered) -> str:
    if len(row.inputs) == 1:
        return shorten(as_text(next(iter(row.inputs.values()))))
    return "; ".join(f"{name}: {shorten(as_text(value))}" for name, value in row.inputs.items())
