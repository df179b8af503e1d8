"""A learning curve in words: what was trained, the scores, the law through them, and what it says of the target."""

from __future__ import annotations

from tasktune.evaluation.document import Block, Bullets, Figure, Heading, Paragraph, Table
from tasktune.evaluation.sample_size import about
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.improve.learning_curve.curve_svg import curve_svg
from tasktune.improve.learning_curve.verdict import FURTHEST, LearningCurve, Range

PICTURE = "curve.svg"


def blocks_of(curve: LearningCurve, wording: Wording) -> list[Block]:
    """The whole curve."""
    say = wording.say
    first = say(
        "{count} trainings on up to {rows} of {all} rows, each size with the seeds {seeds}. Every size holds the "
        "smaller ones and keeps the shares of the classes; validation and test rows are always the same.",
        count=len(curve.points),
        rows=f"{curve.most:,}",
        all=f"{curve.rows:,}",
        seeds=wording.list(map(str, curve.seeds)),
    )
    blocks: list[Block] = [Heading(say("{task}: learning curve", task=curve.task_name), 1), Paragraph(first)]
    if curve.fixed_steps is not None:
        text = say(
            "Every training ends after {steps} steps (training.max_steps), so more rows may not have been seen at all: "
            "this curve says little about them.",
            steps=f"{curve.fixed_steps:,}",
        )
        blocks.append(Paragraph("⚠️ " + text))
    title = say("{metric} by training rows", metric=wording.title(curve.metric))
    blocks += [Figure(title, PICTURE, curve_svg(curve, wording)), _table(curve, wording)]
    if curve.forecast is not None:
        law = curve.forecast.law
        text = say(
            "The law through them: 1 − {metric} = {a} · n^(−{b}) + {c} (Hestness et al. 2017); so no number of such "
            "rows would reach more than {best}, if the law holds.",
            metric=wording.title(curve.metric),
            a=f"{law.a:.3g}",
            b=f"{law.b:.2g}",
            c=f"{law.c:.3g}",
            best=wording.value(curve.metric, 1 - law.c),
        )
        blocks.append(Paragraph(text))
    blocks += [Heading(say("Verdict")), Bullets([verdict(curve, wording)])]
    return blocks


def verdict(curve: LearningCurve, wording: Wording) -> str:
    """What the curve says of the target."""
    say, found = wording.say, curve.verdict
    told = {
        "metric": wording.title(curve.metric),
        "target": wording.value(curve.metric, curve.target),
        "rows": f"{curve.most:,}",
        "score": wording.value(curve.metric, curve.sizes[-1].mean),
    }
    if found.answer == "reached":
        return "✅ " + say("The target {target} is reached: {metric} {score} with {rows} rows.", **told)
    needed = found.needed
    if needed is not None and needed.middle is not None and found.answer == "rows":
        text = say(
            "{metric} {score} with {rows} rows; the target {target} needs about {needed} ({low} to {high}), and there "
            "are {all}.",
            **told,
            needed=about(round(needed.middle)),
            low=_rows(needed.low, curve, wording),
            high=_rows(needed.high, curve, wording),
            all=f"{curve.rows:,}",
        )
        return "📈 " + text
    if found.answer == "not by rows":
        text = say(
            "{metric} {score} with {rows} rows; {times} times as many would not reach the target {target}: change "
            "something else than the number of rows.",
            **told,
            times=FURTHEST,
        )
        return "🧱 " + text
    if found.why == "few points":
        return "❓ " + say(
            "{metric} {score} with {rows} rows. Whether more reach the target {target} cannot be said from so few "
            "points: four sizes and six trainings are the least.",
            **told,
        )
    text = say(
        "{metric} {score} with {rows} rows. Whether up to {times} times as many reach the target {target} cannot "
        "be said: {chance} of the curves that fit the points do. More seeds (--seeds) or more test rows would tell.",
        **told,
        times=FURTHEST,
        chance=f"{found.chance or 0:.0%}",
    )
    return "❓ " + text


def _rows(rows: float | None, curve: LearningCurve, wording: Wording) -> str:
    if rows is None:
        return wording.say("more than {rows}", rows=f"{FURTHEST * curve.most:,}")
    return about(round(rows))


def _table(curve: LearningCurve, wording: Wording) -> Table:
    say = wording.say
    header = [say("Rows"), *(say("Seed {seed}", seed=seed) for seed in curve.seeds)]
    header += [say("Mean"), say("Standard deviation"), say("Law (middle 90 %)")]
    rows = []
    for size in curve.sizes:
        scores = [wording.value(curve.metric, size.scores[seed]) for seed in curve.seeds]
        spread = NOTHING if size.deviation is None else wording.value(curve.metric, size.deviation)
        law = _range(size.rows, curve, wording)
        rows.append([f"{size.rows:,}", *scores, wording.value(curve.metric, size.mean), spread, law])
    scores_beyond = {} if curve.forecast is None else curve.forecast.scores
    untried = [NOTHING] * (len(curve.seeds) + 2)
    rows += [[f"{each:,}", *untried, _range(each, curve, wording)] for each in scores_beyond if each > curve.most]
    return Table(header, rows, numbers_from=0)


def _range(rows: int, curve: LearningCurve, wording: Wording) -> str:
    told: Range | None = None if curve.forecast is None else curve.forecast.scores.get(rows)
    if told is None or told.low is None or told.middle is None or told.high is None:
        return NOTHING
    low, middle, high = (wording.value(curve.metric, value) for value in (told.low, told.middle, told.high))
    return f"{middle} ({low} – {high})"
