"""Rules on what the model answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tasktune.evaluation.markdown import as_text, shorten
from tasktune.evaluation.sample_size import small_test_set
from tasktune.grammar import is_constrainable
from tasktune.improve.diagnosing.actions import closing_the_gap, train_longer
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import Limit, Rule, found
from tasktune.inference.decoding import long_enough
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity

UNPARSED_WARNING = Limit("share of answers", 0.02, "more than a slip in fifty answers shows in the score")
UNPARSED_ERROR = Limit("share of answers", 0.20, "every fifth answer is lost, whatever the model knows")
SAME = Limit("share of answers", 0.9, "nine answers of ten alike")
SAME_GOLD = Limit("share of right answers", 0.7, "where the right answers are alike less often than that")
FEWEST_SAME = Limit("test rows", 10, "fewer may well be alike by chance")


def unparsed_answers(evidence: Evidence) -> Iterator[Finding]:
    """Answers that cannot be read count as wrong, whatever the model meant."""
    answers = evidence.answers
    if answers is None or not answers.unparsed:
        return
    unparsed = answers.unparsed
    share = len(unparsed) / len(answers.rows)
    severity: Severity = "info"
    if share >= UNPARSED_WARNING.value:
        severity = "error" if share >= UNPARSED_ERROR.value else "warning"
    first = answers.rows[0].record
    task = evidence.task
    can_constrain = answers.decoding == "free" and is_constrainable(
        task, first, task.plugin.build_prompt(first, task.options)
    )
    if can_constrain:
        action = Action(
            code="constrain-answers",
            title=_("let the model write answers of the right form only"),
            expected_effect=_("no unreadable answers"),
            gain=(0.0, share),
            confidence="medium",
            effort="low",
            patch={"evaluation.decoding": "constrained"},
        )
    else:
        action = train_longer(evidence.context, _("answers keep to the format"))
    reasons = Counter(row.answer.error for row in unparsed).most_common(3)
    message = _(
        "{count} of {rows} answers ({share:.1%}) cannot be read; most often: {reason}",
        count=len(unparsed),
        rows=len(answers.rows),
        share=share,
        reason=reasons[0][0],
    )
    yield found(
        "unparsed-answers",
        severity,
        message,
        action,
        record_ids=[row.record.id for row in unparsed],
        evidence={"share": share, "reasons": {str(reason): count for reason, count in reasons}},
    )


def cut_answers(evidence: Evidence) -> Iterator[Finding]:
    """The model may not write as much as the right answers have."""
    answers, audit = evidence.answers, evidence.audit
    limit = evidence.traces.max_new_tokens
    if answers is None or audit is None or limit is None:
        return
    longest = max(split.longest_completion for split in (audit.train, audit.valid) if split is not None)
    if limit >= longest:
        return
    share = len(answers.unparsed) / len(answers.rows)
    severity: Severity = "info"
    if share >= UNPARSED_WARNING.value or evidence.missed:
        severity = "error" if share >= UNPARSED_ERROR.value else "warning"
    message = _(
        "answers are cut off after {limit} tokens, and right ones have up to {longest} (evaluation.max_new_tokens)",
        limit=limit,
        longest=longest,
    )
    needed = long_enough(longest)
    action = Action(
        code="allow-longer-answers",
        title=_("let answers have {tokens} tokens", tokens=needed),
        expected_effect=_("answers come to their end"),
        gain=closing_the_gap(evidence),
        confidence="high",
        effort="low",
        patch={"evaluation.max_new_tokens": needed},
    )
    figures = {"max_new_tokens": limit, "longest": longest, "unparsed": share}
    ids = [row.record.id for row in answers.unparsed]
    yield found("cut-answers", severity, message, action, record_ids=ids, evidence=figures)


def below_baseline(evidence: Evidence) -> Iterator[Finding]:
    """A model that a simple method outdoes has not learned the task; neither has a failed one that only equals it."""
    answers = evidence.answers
    if answers is None:
        return
    verdict, wording = answers.verdict, evidence.wording
    better = {
        name: value
        for name, value in answers.rivals.items()
        if value > verdict.value or (value == verdict.value and not verdict.met)
    }
    if not better:
        return
    metric = verdict.metric
    message = _(
        "the model is no better than simple methods: {metric} {value} against {baselines}",
        metric=wording.title(metric),
        value=wording.value(metric, verdict.value),
        baselines=wording.list(
            f"{wording.baseline(name)} {wording.value(metric, value)}" for name, value in better.items()
        ),
    )
    yield found(
        "below-baseline",
        "warning" if verdict.met else "error",
        message,
        train_longer(evidence.context, _("the model learns what the simple methods see")),
        evidence={"metric": metric, "value": verdict.value, "baselines": better},
    )


def same_answer(evidence: Evidence) -> Iterator[Finding]:
    """The model answers nearly everything alike."""
    answers = evidence.answers
    if answers is None or not evidence.missed:
        return
    parsed = [row for row in answers.rows if row.answer.parsed]
    if len(parsed) < FEWEST_SAME.value:
        return
    [(given, count)] = Counter(as_text(row.answer.value) for row in parsed).most_common(1)
    [(_gold, golds)] = Counter(as_text(row.record.target) for row in answers.rows).most_common(1)
    if count < SAME.value * len(parsed) or golds >= SAME_GOLD.value * len(answers.rows):
        return
    message = _(
        "{count} of {rows} answers are the same: {answer}",
        count=count,
        rows=len(parsed),
        answer=shorten(given, 60),
    )
    yield found(
        "same-answer",
        "warning",
        message,
        train_longer(evidence.context, _("answers that go by the input")),
        record_ids=[row.record.id for row in parsed if as_text(row.answer.value) == given],
        evidence={"answer": given[:200], "count": count, "rows": len(parsed)},
    )


def test_set_too_small(evidence: Evidence) -> Iterator[Finding]:
    """Luck alone can decide whether the target is met."""
    answers = evidence.answers
    if answers is not None:
        yield from small_test_set(answers.verdict, answers.within, answers.split, evidence.wording)


RULES = (
    Rule("unparsed-answers", "answers that cannot be read", (UNPARSED_WARNING, UNPARSED_ERROR), unparsed_answers),
    Rule("cut-answers", "the model may write less than right answers have", (UNPARSED_ERROR,), cut_answers),
    Rule("below-baseline", "simple methods do as well", (), below_baseline),
    Rule("same-answer", "nearly all answers are alike", (SAME, SAME_GOLD, FEWEST_SAME), same_answer),
    Rule("test-set-too-small", "chance can decide whether the target is met", (), test_set_too_small),
)
