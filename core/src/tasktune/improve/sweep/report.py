"""A sweep in words: the trials, what matters, the best setting beside the task's own, and how to take it."""

from __future__ import annotations

from statistics import stdev

from tasktune.evaluation.document import Block, Bullets, Heading, Paragraph, Table
from tasktune.evaluation.markdown import as_text
from tasktune.evaluation.wording import NOTHING, Wording
from tasktune.improve.sweep.results import Sweep, Trial

MOST_TRIALS = 50
OVERLAY = "sweep-best"
"""The overlay that has the best setting: ``configs/sweep-best.yaml``."""


def blocks_of(sweep: Sweep, wording: Wording) -> list[Block]:
    """The whole sweep."""
    say = wording.say
    counts = {state: sum(each.state == state for each in sweep.trials) for state in ("complete", "pruned", "failed")}
    first = say(
        "{count} trials in {minutes} minutes, judged by {metric} on the validation rows; the test rows had no part: "
        "{complete} complete, {pruned} ended early, {failed} failed.",
        count=len(sweep.trials),
        minutes=f"{sweep.minutes:.1f}",
        metric=wording.title(sweep.metric),
        **{name: str(count) for name, count in counts.items()},
    )
    blocks: list[Block] = [Heading(say("{task}: sweep", task=sweep.task_name), 1), Paragraph(first)]
    blocks += [Heading(say("Trials")), _trials(sweep, wording)]
    if sweep.importance:
        header = [say("Key"), say("Importance")]
        shares = [[key, f"{share:.0%}"] for key, share in sweep.importance.items()]
        blocks += [Heading(say("What matters")), Table(header, shares, numbers_from=1)]
    if sweep.repeats:
        blocks += [Heading(say("Again, with other seeds")), _repeats(sweep, wording)]
    return [*blocks, Heading(say("Verdict")), Bullets([verdict(sweep, wording)])]


def verdict(sweep: Sweep, wording: Wording) -> str:
    """What came of it, and what to do."""
    say, found = wording.say, sweep.verdict
    if found == "nothing":
        return "❓ " + say("No trial is complete: try more of them, or other values.")
    if found == "own":
        return "≈ " + say("Nothing that was tried does better than the setting that the task has.")
    told = {
        "best": wording.value(sweep.metric, sweep.best_mean),
        "own": wording.value(sweep.metric, sweep.own_mean),
        "changes": wording.list(f"{key}: {shown(value)}" for key, value in sweep.changes.items()),
        "seeds": str(len(sweep.repeats)),
        "overlay": OVERLAY,
    }
    if found == "not better":
        return "≈ " + say(
            "The best trial was lucky: with {seeds} other seeds its setting reaches {best} and the task's own {own}. "
            "Keep the task's own.",
            **told,
        )
    if found == "perhaps":
        return "≈ " + say(
            "{changes} reaches {best} with {seeds} other seeds, the task's own setting {own}; seeds alone can make "
            "such a difference. To take it: tune run --config {overlay}",
            **told,
        )
    return "✅ " + say(
        "{changes} reaches {best} with {seeds} other seeds, the task's own setting {own}. To take it: tune run "
        "--config {overlay}",
        **told,
    )


def _trials(sweep: Sweep, wording: Wording) -> Table:
    """The best first, then those without a score."""
    say = wording.say
    keys = list(dict.fromkeys(key for trial in sweep.trials for key in trial.params))
    states = {"complete": say("complete"), "pruned": say("ended early"), "failed": say("failed")}
    ordered = sorted(sweep.trials, key=lambda each: (each.value is None, -(each.value or 0.0), each.number))

    def line(trial: Trial) -> list[str]:
        score = NOTHING if trial.value is None else wording.value(sweep.metric, trial.value)
        values = [shown(trial.params[key]) if key in trial.params else NOTHING for key in keys]
        return [str(trial.number), states[trial.state], score, *values, f"{trial.seconds:,.0f}"]

    header = [say("Trial"), say("State"), wording.title(sweep.metric), *keys, say("Seconds")]
    return Table(header, [line(trial) for trial in ordered[:MOST_TRIALS]], numbers_from=2)


def _repeats(sweep: Sweep, wording: Wording) -> Table:
    say = wording.say
    rows = [
        [str(each.seed), wording.value(sweep.metric, each.own), wording.value(sweep.metric, each.best)]
        for each in sweep.repeats
    ]
    rows.append([say("Mean"), *(wording.value(sweep.metric, mean) for mean in (sweep.own_mean, sweep.best_mean))])
    if len(sweep.repeats) > 1:
        spreads = (stdev(each.own for each in sweep.repeats), stdev(each.best for each in sweep.repeats))
        rows.append([say("Standard deviation"), *(wording.value(sweep.metric, spread) for spread in spreads)])
    return Table([say("Seed"), say("The task's own setting"), say("The best setting")], rows, numbers_from=1)


def shown(value: object) -> str:
    """A value of a setting, as many digits of it as one can tell apart."""
    return f"{value:.4g}" if isinstance(value, float) else as_text(value)
