"""Rules on how the model is asked: other prompts than in training, long ones, a vocabulary that does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from tasktune.improve.diagnosing.actions import by_hand, closing_the_gap
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import Limit, Rule, found, points
from tasktune.locale import translate as _
from tasktune.types import Finding, Severity

LONG_PROMPT = Limit(
    "tokens of a prompt, on the mean",
    1000,
    "accuracy falls with length long before the context is full (Levy et al. 2024, Same Task, More Tokens)",
)
NEAR_LIMIT = Limit("share of training.max_length", 0.9, "rows a tenth longer than the longest one would be refused")
WIDE_TOKENS = Limit(
    "tokens per Chinese, Japanese or Korean character",
    1.6,
    "a vocabulary of the language takes one or less, bytes three",
)
NARROW_TOKENS = Limit(
    "tokens per character of other writing", 0.8, "a vocabulary of the language takes a quarter or a half, bytes one"
)


def changed_prompts(evidence: Evidence) -> Iterator[Finding]:
    """Rows are asked in another way than in training."""
    facts = evidence.prompts
    if facts is None or not facts.changed:
        return
    message = _(
        "the prompts have changed since training: {count} of {rows} rows that were looked at are asked in another way",
        count=len(facts.changed),
        rows=facts.looked_at,
    )
    gain = closing_the_gap(evidence)
    action = by_hand(
        "restore-prompts",
        _("bring the template and the task type back to what they were, or train anew with these"),
        _("the model is asked as it was taught") if gain is None else points(*gain),
        "tune run .",
        gain=gain,
        confidence="high",
        effort="low",
    )
    yield found(
        "prompts-changed",
        "error",
        message,
        action,
        record_ids=facts.changed,
        evidence={"rows": facts.looked_at, "before": facts.before, "after": facts.after},
    )


def long_prompts(evidence: Evidence) -> Iterator[Finding]:
    """Prompts of very many tokens, and the target is missed; or rows that hardly fit."""
    audit = evidence.audit
    if audit is None or not audit.train.rows:
        return
    split = audit.train
    mean = split.prompt_tokens / split.rows
    full = split.longest > NEAR_LIMIT.value * audit.max_length
    if mean < LONG_PROMPT.value and not full:
        return
    severity: Severity = "warning" if evidence.missed and mean >= LONG_PROMPT.value else "info"
    message = _(
        "prompts are long: {mean:.0f} tokens on the mean, {prefix} of which all rows share; the longest row has "
        "{longest} of {limit}",
        mean=mean,
        prefix=split.prefix,
        longest=split.longest,
        limit=audit.max_length,
    )
    action = by_hand(
        "shorten-prompts",
        _("say in the prompt only what cannot be learnt from the rows, and leave out what the answer does not need"),
        points(0.0, 0.05),
        "tune data preview .",
        gain=(0.0, 0.05) if severity == "warning" else None,
        effort="low",
    )
    figures = {"mean": mean, "prefix": split.prefix, "longest": split.longest, "max_length": audit.max_length}
    yield found("long-prompts", severity, message, action, evidence=figures)


def base_does_not_fit(evidence: Evidence) -> Iterator[Finding]:
    """The base model's vocabulary takes the texts apart: it has seen little of their language."""
    audit, rows = evidence.audit, evidence.rows
    if audit is None or rows is None or not rows.characters or not rows.rows["train"]:
        return
    per_row = rows.characters / rows.rows["train"]
    rate = audit.train.prompt_tokens / max(1, audit.train.rows) / per_row
    limit = WIDE_TOKENS if 2 * rows.wide > rows.characters else NARROW_TOKENS
    if rate < limit.value:
        return
    message = _(
        "the base model {model} takes {rate:.2g} tokens for a character of these prompts: it hardly knows their "
        "language",
        model=evidence.spec.base_model,
        rate=rate,
    )
    action = by_hand(
        "fitting-base",
        _("take a base model that was trained on this language"),
        points(0.0, max(evidence.gap, 0.03)),
        "tune plan .",
        gain=(0.0, max(evidence.gap, 0.03)),
        confidence="medium",
        effort="medium",
    )
    severity: Severity = "warning" if evidence.missed else "info"
    yield found("base-does-not-fit", severity, message, action, evidence={"tokens_per_character": rate})


RULES = (
    Rule("prompts-changed", "rows are asked in another way than in training", (), changed_prompts),
    Rule("long-prompts", "prompts of very many tokens", (LONG_PROMPT, NEAR_LIMIT), long_prompts),
    Rule(
        "base-does-not-fit",
        "the base model's vocabulary takes the texts apart",
        (WIDE_TOKENS, NARROW_TOKENS),
        base_does_not_fit,
    ),
)
